//! The three kinds of answer to a create, and what never left.

use bytes::Bytes;
use http::Response;
use kirin_transport::{Sent, TransportError};
use kirin_types::{ErrorBody, ErrorReason, ExternalTaskId, RawJson, Task};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Refusal, Trouble};

/// The result of one create call.
///
/// Only *created* and *not created* are knowledge; everything else is ambiguous, however much it
/// looks like a failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a closed alphabet: who drives a machine handles all"
)]
pub enum CreateAnswer {
    /// The server may have acted, and did not say so: the answer was lost, cut, unreadable, a
    /// server error, or any status that is not listed below.
    Ambiguous(Trouble),
    /// A 2xx with a complete id; beside an error only if a task's status stands there too.
    Created(Task),
    /// The external task id is in use already.
    Duplicate(Refusal),
    /// The call certainly never reached the server.
    NotSent(Trouble),
    /// The server refused: 307, 308, 400 to 406 but 403 with a duplicate's text and the like, 411, 413,
    /// 414, 415, 421, 422, 426, 428, 429, 431, 451, or a 2xx without id and with an error that the
    /// service is known to send.
    Refused(Refusal),
}

impl CreateAnswer {
    /// Reads a complete answer to a create of this external id: a refusal may name it as a duplicate.
    pub(crate) fn decode(response: &Response<Bytes>, id: Option<&ExternalTaskId>) -> Self {
        let status = response.status();
        let refusal = || Refusal::of_create(status, response.headers(), response.body(), id);
        match status.as_u16() {
            200..=299 => Self::decode_success(response, refusal()),
            // 303 says that it was done, and nobody knows what is behind 301 and 302.
            307 | 308 => Self::Refused(refusal()),
            400..=499 => Self::decode_refusal(refusal()),
            _ => Self::Ambiguous(refusal().into()),
        }
    }

    /// Reads a success that was cut after it began: what has come, and why no more came. An id that is
    /// whole is read; nothing else can be learned from it.
    pub(crate) fn decode_cut(
        response: &Response<Bytes>,
        id: Option<&ExternalTaskId>,
        error: &TransportError,
    ) -> Self {
        let failed = Self::failed(error);
        match (Self::decode(response, id), failed) {
            (Self::Created(task), _) => Self::Created(task),
            (Self::Ambiguous(Trouble { hint, .. }), Self::Ambiguous(trouble)) => {
                Self::Ambiguous(Trouble { hint, ..trouble })
            }
            (_, failed) => failed,
        }
    }

    /// Reads a failed exchange.
    ///
    /// ```
    /// use kirin_client::wire::CreateAnswer;
    /// use kirin_transport::{Sent, TransportError, TransportErrorKind};
    ///
    /// let refused = TransportError::new(TransportErrorKind::Connect, Sent::No);
    /// assert!(matches!(CreateAnswer::failed(&refused), CreateAnswer::NotSent(_)));
    /// ```
    pub fn failed(error: &TransportError) -> Self {
        match error.sent() {
            Sent::Maybe => Self::Ambiguous(error.into()),
            Sent::No => Self::NotSent(error.into()),
        }
    }

    fn decode_success(response: &Response<Bytes>, refusal: Refusal) -> Self {
        let unreadable = match Task::from_json(response.body()) {
            Ok(task) if task.status().is_some() || !names_an_error(response.body()) => {
                return Self::Created(task);
            }
            Ok(task) => {
                return Self::Ambiguous(Trouble {
                    hint: Some(task.id().clone()),
                    ..refusal.into()
                });
            }
            Err(unreadable) => unreadable,
        };
        match refusal.effective_status() {
            200..=299 | 400..=499 if refusal.body.is_known() && !names_an_id(response.body()) => {
                Self::decode_refusal(refusal)
            }
            _ => Self::Ambiguous(Trouble::unreadable(
                "an answer without a task",
                &unreadable,
                &refusal,
                response,
            )),
        }
    }

    fn decode_refusal(refusal: Refusal) -> Self {
        match refusal.reason {
            ErrorReason::DuplicateExternalTaskId => Self::Duplicate(refusal),
            _ if creates_nothing(refusal.effective_status()) => Self::Refused(refusal),
            _ => Self::Ambiguous(refusal.into()),
        }
    }
}

/// Whether a status says that nothing was created. The list is closed: others, 408, 409, 424 and 499
/// among them, are also said by something between us and a service that has accepted.
fn creates_nothing(status: u16) -> bool {
    matches!(
        status,
        // A success whose body is a known error.
        200..=299
            | 400..=406
            | 411
            | 413..=415
            | 421
            | 422
            | 426
            | 428
            | 429
            | 431
            | 451
    )
}

/// Whether an answer may name an id, bare or in the older envelope, even one that cannot be used:
/// a task may stand behind it, whatever error is beside it.
fn names_an_id(body: &[u8]) -> bool {
    names(body, "id").unwrap_or(true)
}

/// Whether an error is in an answer, beside a task or around it.
fn names_an_error(body: &[u8]) -> bool {
    let is_error = |body: ErrorBody| body.status_code.is_some() || body.error_code.is_some();
    names(body, "error").unwrap_or(true) || is_error(ErrorBody::decode(body))
}

/// Whether a field that is not null is in an answer or in the envelope's task; `None` where the
/// answer cannot be read, or not all of it.
fn names(body: &[u8], field: &str) -> Option<bool> {
    let named = |object: &Value| object.get(field).is_some_and(|value| !value.is_null());
    let whole = RawJson::read(body).ok().filter(|json| !json.is_damaged())?;
    let answer: Value = serde_json::from_str(whole.as_str()).ok()?;
    Some(named(&answer) || answer.get("data").is_some_and(named))
}
