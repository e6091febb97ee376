//! hyper's errors, read for the one question that matters: may the request have left?

use std::error::Error;

use hyper_util::client::legacy;

use crate::{Sent, TransportError, TransportErrorKind};

/// What an error of hyper-util's client, or one that it caused, says: the kind of failure, and
/// whether the request may have left.
///
/// For whoever puts hyper's client under a transport of their own.
///
/// ```
/// use kirin_transport::{Sent, TransportErrorKind, read_hyper_error};
///
/// // What is not hyper's proves nothing.
/// let (kind, sent) = read_hyper_error(&std::io::Error::other("reset"));
/// assert_eq!((kind, sent), (TransportErrorKind::Other, Sent::Maybe));
/// ```
pub fn read_hyper_error(error: &(dyn Error + 'static)) -> (TransportErrorKind, Sent) {
    let mut legacy = causes(error).filter_map(|cause| cause.downcast_ref::<legacy::Error>());
    if legacy.next().is_some_and(legacy::Error::is_connect) {
        return (TransportErrorKind::Connect, Sent::No);
    }
    if was_refused_by_http2(error) {
        return (TransportErrorKind::Closed, Sent::No);
    }
    let Some(error) = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>()) else {
        return (TransportErrorKind::Other, Sent::Maybe);
    };
    match error {
        // The connection ended while the request still waited for it: hyper has handed it back.
        _ if error.is_canceled() => (TransportErrorKind::Closed, Sent::No),
        // `IncompleteMessage` is not "not sent": a server may act and then close.
        _ if error.is_incomplete_message() => (TransportErrorKind::Closed, Sent::Maybe),
        _ if is_too_large(error) => (TransportErrorKind::TooLarge, Sent::Maybe),
        _ if error.is_parse() => (TransportErrorKind::Protocol, Sent::Maybe),
        _ if error.is_timeout() => (TransportErrorKind::Timeout, Sent::Maybe),
        _ => (TransportErrorKind::Closed, Sent::Maybe),
    }
}

pub(super) fn of_hyper(error: legacy::Error) -> TransportError {
    let (kind, sent) = read_hyper_error(&error);
    // hyper-util's own layer says only "client error": its cause is what a person can use.
    let source: Box<dyn Error + Send + Sync> = describe(&error).into();
    TransportError::new(kind, sent).with_source(source)
}

/// hyper has no other way to tell this from the rest of what cannot be parsed.
fn is_too_large(error: &hyper::Error) -> bool {
    error.is_parse() && error.to_string() == "message head is too large"
}

/// REFUSED_STREAM says that the server has not processed the stream (RFC 9113, section 8.7).
#[cfg(feature = "http2")]
fn was_refused_by_http2(error: &(dyn Error + 'static)) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<h2::Error>())
        .any(|error| {
            error.is_remote()
                && error.is_reset()
                && error.reason() == Some(h2::Reason::REFUSED_STREAM)
        })
}

#[cfg(not(feature = "http2"))]
fn was_refused_by_http2(_error: &(dyn Error + 'static)) -> bool {
    false
}

/// The causes below hyper-util's own layer, as one line.
fn describe(error: &legacy::Error) -> String {
    let causes: Vec<String> = causes(error).skip(1).map(ToString::to_string).collect();
    match causes.is_empty() {
        true => error.to_string(),
        false => causes.join(": "),
    }
}

fn causes<'a>(
    outermost: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(outermost), |cause| (*cause).source())
}
