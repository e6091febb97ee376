//! Secrets for a run of the tests, and the proof that nothing showed them.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::process::Command;

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

/// A sentence for each line that shows a secret of the run which the command belongs to.
pub(crate) fn leaks(command: &Command, lines: &[String]) -> Vec<String> {
    let salt = command.get_envs().find(|(name, _)| *name == SALT);
    let Some(salt) = salt.and_then(|(_, value)| value?.to_str()) else {
        return Vec::new();
    };
    let leaks = lines.iter().filter(|line| line.contains(salt));
    leaks
        .map(|line| format!("a secret was printed: {}", line.replace(salt, "<secret>")))
        .collect()
}

/// How many looks there were.
pub(crate) fn summary(report: &str) -> String {
    format!("secrets: looked for in {} texts", report.lines().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_must_be_looked_at() {
        let report = PLACES.join("\n");
        assert_eq!(unseen(&report), [""; 0]);
        let lacking = report.replace("trace", "");
        assert_eq!(
            unseen(&lacking),
            ["no test looked for secrets in `trace`; see kirin_tests::canary"]
        );
        assert_eq!(unseen("").len(), PLACES.len());
    }

    #[test]
    fn a_printed_secret_is_found_and_not_printed_again() {
        let mut command = Command::new("a");
        let lines = ["test a ... ok", "Bearer canary-key-12ab"].map(str::to_owned);
        assert_eq!(leaks(&command, &lines), [""; 0]);
        command.env(SALT, "12ab");
        assert_eq!(
            leaks(&command, &lines),
            ["a secret was printed: Bearer canary-key-<secret>"]
        );
    }

    #[test]
    fn salts_differ() {
        assert_ne!(salt(), salt());
    }
}
