//! Errors as text to read, without what differs from machine to machine.

use std::error::Error;

#[cfg(feature = "hyper")]
use kirin_tests::canary::{self, Shown};
use kirin_transport::TransportError;

/// Looks for secrets in all that an error shows.
#[cfg(feature = "hyper")]
pub(crate) fn shown(error: &TransportError) {
    canary::shown(Shown::Debug, &format!("{error:?} {error:#?}"));
    canary::shown(Shown::Display, &error.to_string());
    canary::shown(Shown::Chain, &whole_chain(error));
}

/// `kind, sent: what failed: why`.
pub(crate) fn error(error: &TransportError) -> String {
    let (kind, sent) = (error.kind(), error.sent());
    format!("{kind:?}, sent {sent:?}: {}", chain(error))
}

/// An error and all its sources on one line, redacted.
pub(crate) fn chain(error: &TransportError) -> String {
    redact(&whole_chain(error))
}

fn whole_chain(error: &TransportError) -> String {
    let outermost: &dyn Error = error;
    let errors = std::iter::successors(Some(outermost), |error| (*error).source());
    let texts: Vec<String> = errors.map(ToString::to_string).collect();
    texts.join(": ")
}

/// An operating system's own words differ, so they are left out.
fn redact(text: &str) -> String {
    let parts = text
        .split(": ")
        .map(|part| match part.contains("(os error") {
            true => "<words of the operating system>",
            false => part,
        });
    parts.collect::<Vec<_>>().join(": ")
}

#[test]
fn only_the_words_of_the_operating_system_are_redacted() {
    assert_eq!(
        redact("no connection: tcp: Connection refused (os error 111): why"),
        "no connection: tcp: <words of the operating system>: why"
    );
    assert_eq!(redact("no connection: why"), "no connection: why");
}
