//! hyper's errors, read for the one question that matters: may the request have left?

use std::error::Error;

use hyper_util::client::legacy;

use crate::{Sent, TransportError, TransportErrorKind};

pub(crate) fn transport_error(error: legacy::Error) -> TransportError {
    let (kind, sent) = classify(&error);
    // hyper-util's own layer says only "client error": its cause is what a person can use.
    let source: Box<dyn Error + Send + Sync> = describe(&error).into();
    TransportError::new(kind, sent).with_source(source)
}

fn classify(error: &legacy::Error) -> (TransportErrorKind, Sent) {
    if error.is_connect() {
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
        _ if error.is_parse() => (TransportErrorKind::Protocol, Sent::Maybe),
        _ if error.is_timeout() => (TransportErrorKind::Timeout, Sent::Maybe),
        _ => (TransportErrorKind::Closed, Sent::Maybe),
    }
}

/// REFUSED_STREAM says that the server has not processed the stream (RFC 9113, section 8.7).
#[cfg(feature = "http2")]
fn was_refused_by_http2(error: &legacy::Error) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<h2::Error>())
        .any(|error| {
            error.is_remote()
                && error.is_reset()
                && error.reason() == Some(h2::Reason::REFUSED_STREAM)
        })
}

#[cfg(not(feature = "http2"))]
fn was_refused_by_http2(_error: &legacy::Error) -> bool {
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

fn causes(error: &legacy::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let outermost: &(dyn Error + 'static) = error;
    std::iter::successors(Some(outermost), |cause| (*cause).source())
}

#[cfg(test)]
mod tests;
