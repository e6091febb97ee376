//! Secrets that tests use, and a look at everything that is shown.
//!
//! A test that sends a key or a signed URL takes it from here, and hands what is shown to people or
//! kept in files to [`shown`]. `cargo xtask test` chooses the secrets again for each run, looks for
//! them in what the tests print, and fails if nothing was shown at all.

use std::sync::OnceLock;

use crate::report;

const SALT: &str = "KIRIN_CANARY";
const REPORT: &str = "KIRIN_CANARY_REPORT";

/// Where something is shown.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the places that xtask knows")]
pub enum Shown {
    /// In a cassette file.
    Cassette,
    /// In an error and all its causes.
    Chain,
    /// By Debug.
    Debug,
    /// By Display.
    Display,
    /// By a program, on stdout or stderr.
    Output,
    /// In a trace.
    Trace,
}

/// An API key that must never be shown.
pub fn key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| format!("canary-key-{}", salt()))
}

/// The signature of a URL, which must never be shown.
pub fn signature() -> &'static str {
    static SIGNATURE: OnceLock<String> = OnceLock::new();
    SIGNATURE.get_or_init(|| format!("canary-signature-{}", salt()))
}

fn salt() -> String {
    variable(SALT).unwrap_or_else(|| "3f9a1c".into())
}

fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "xtask speaks to a test through the environment, the only way into it"
    )]
    std::env::var(name).ok()
}

/// Looks at a text that is shown, and tells xtask that it was looked at.
///
/// # Panics
///
/// The text shows a secret.
#[track_caller]
pub fn shown(place: Shown, text: &str) {
    for secret in [key(), signature()] {
        // The text itself would show it once more.
        assert!(!text.contains(secret), "a secret is shown by {place:?}");
    }
    if let Some(file) = variable(REPORT) {
        let line = format!("{}\n", format!("{place:?}").to_lowercase());
        report::append_to(&file, &line, REPORT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_harmless_may_be_shown() {
        shown(Shown::Display, "no connection to the server");
    }

    #[test]
    #[should_panic(expected = "a secret is shown by Debug")]
    fn a_key_may_not() {
        shown(Shown::Debug, &format!("Bearer {}", key()));
    }

    #[test]
    #[should_panic(expected = "a secret is shown by Trace")]
    fn a_signature_may_not() {
        shown(
            Shown::Trace,
            &format!("https://a.test/b.mp4?s={}", signature()),
        );
    }
}
