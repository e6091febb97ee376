//! Secrets for a run of the tests, and the proof that nothing showed them.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// The variable that tells the tests this run's secrets.
pub(crate) const SALT: &str = "KIRIN_CANARY";

/// The variable that names the file in which tests say what they looked at.
pub(crate) const REPORT: &str = "KIRIN_CANARY_REPORT";

/// Where tests must have looked, or the check has checked nothing.
const PLACES: [&str; 6] = ["cassette", "chain", "debug", "display", "output", "trace"];

/// What makes the secrets of this run like no others.
pub(crate) fn salt() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// A sentence for each place at which no test looked.
pub(crate) fn unseen(report: &str) -> Vec<String> {
    let absent = PLACES
        .iter()
        .filter(|place| report.lines().all(|line| line != **place));
    absent
        .map(|place| format!("no test looked for secrets in `{place}`; see kirin_tests::canary"))
        .collect()
}

/// A sentence for each line that shows a secret of the run.
pub(crate) fn leaks(salt: &str, printed: &str) -> Vec<String> {
    let leaks = printed.lines().filter(|line| line.contains(salt));
    leaks
        .map(|line| format!("a secret was printed: {}", line.replace(salt, "<secret>")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_must_be_looked_at() {
        let report = PLACES.join("\n");
        assert_eq!(unseen(&report), [""; 0]);
        let lacking = ["no test looked for secrets in `trace`; see kirin_tests::canary"];
        assert_eq!(unseen(&report.replace("trace", "")), lacking);
        assert_eq!(unseen("").len(), PLACES.len());
    }

    #[test]
    fn a_printed_secret_is_found_and_not_printed_again() {
        assert_eq!(leaks("12ab", "test a ... ok"), [""; 0]);
        let shown = ["a secret was printed: Bearer canary-key-<secret>"];
        assert_eq!(leaks("12ab", "a\nBearer canary-key-12ab\n"), shown);
        assert_ne!(salt(), salt());
    }
}
