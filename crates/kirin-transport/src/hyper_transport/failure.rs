//! hyper's errors, read for the one question that matters: may the request have left?

use std::error::Error;

use hyper_util::client::legacy;

use crate::{SendWatch, Sent, TransportError, TransportErrorKind};

/// What an error of hyper-util's client, or one that it caused, says of a request with a body: the
/// kind of failure, and whether the request may have left.
///
/// For whoever puts hyper's client under a transport of their own. Of a request *without* a body
/// only a failed connection is proof: its head is the whole of it.
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
    if was_refused(error) || is_above_go_away(error) {
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

/// What an error says of a request whose body `watch` watches, which hyper gives up with it.
pub(super) fn of_hyper(error: &legacy::Error, watch: &SendWatch, has_body: bool) -> TransportError {
    if watch.is_withdrawn() {
        return TransportError::new(TransportErrorKind::Withdrawn, Sent::No);
    }
    let (kind, sent) = match read_hyper_error(error) {
        (kind, Sent::No) if !has_body && is_above_go_away(error) => (kind, Sent::Maybe),
        read => read,
    };
    // Whatever it is: where hyper has not taken the body, it never will.
    let waited = watch.given_up() == Sent::No;
    let sent = if waited { Sent::No } else { sent };
    // hyper-util's own layer says only "client error": its cause is what a person can use. Of what
    // waited for a stream that cause says no more than that a task is gone.
    let cause = describe(error);
    let cause = match (waited, kind) {
        (true, TransportErrorKind::Closed) => format!("the request was still waiting: {cause}"),
        _ => cause,
    };
    TransportError::new(kind, sent).with_source(cause)
}

/// hyper has no other way to tell this from the rest of what cannot be parsed.
fn is_too_large(error: &hyper::Error) -> bool {
    error.is_parse() && error.to_string() == "message head is too large"
}

/// REFUSED_STREAM says that the server has not processed the stream (RFC 9113, section 8.7).
#[cfg(feature = "http2")]
fn was_refused(error: &(dyn Error + 'static)) -> bool {
    h2_errors(error).any(|error| {
        error.is_remote() && error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM)
    })
}

/// Whether the stream lies above the last id of the server's GOAWAY, whatever its code: the server
/// has not acted on it and will not (RFC 9113, section 6.8).
///
/// h2 does not give the last id, but it gives this error to no other stream. Read in h2 0.4.20:
/// `Inner::recv_go_away` (proto/streams/streams.rs) sets it for the streams above the last id alone.
/// The streams at or below it live on, and end with an answer, a reset, or `recv_eof`'s I/O error.
/// `send_request` returns it too, and opens no stream then. With hyper 1.12.0 (proto/h2/client.rs) a
/// third place is `poll_ready` directly after `send_request`: the head may have left, on a stream
/// that may lie below the last id, but hyper drops the body without a look at it. So the error proves
/// nothing of a request that has no body. What waits in hyper's queue is handed back as canceled, and
/// what waits for a place to open its stream ends with hyper's `DispatchGone` and a body never
/// looked at. The one way to a wrong "no" is a server that pushes, which is switched off, on a stream
/// above its own last id: h2 then ends every stream with the stored error.
#[cfg(feature = "http2")]
fn is_above_go_away(error: &(dyn Error + 'static)) -> bool {
    h2_errors(error).any(|error| error.is_remote() && error.is_go_away())
}

#[cfg(feature = "http2")]
fn h2_errors<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a h2::Error> {
    causes(error).filter_map(|cause| cause.downcast_ref::<h2::Error>())
}

#[cfg(not(feature = "http2"))]
fn was_refused(_error: &(dyn Error + 'static)) -> bool {
    false
}

#[cfg(not(feature = "http2"))]
fn is_above_go_away(_error: &(dyn Error + 'static)) -> bool {
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
