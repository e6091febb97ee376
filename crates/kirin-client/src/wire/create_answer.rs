//! The three kinds of answer to a create, and what never left.

use bytes::Bytes;
use http::Response;
use kirin_transport::{Sent, TransportError};
use kirin_types::{ErrorReason, Task};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Refusal, Trouble};

/// What came of one create call.
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
    /// server error, or 408 or 409.
    Ambiguous(Trouble),
    /// A 2xx with an id.
    Created(Task),
    /// The external task id is in use already.
    Duplicate(Refusal),
    /// The call certainly never reached the server.
    NotSent(Trouble),
    /// The server refused: a 3xx, a 4xx but 408 and 409, or a 2xx with an error that it is known
    /// to send.
    Refused(Refusal),
}

impl CreateAnswer {
    /// Reads a complete answer.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use kirin_client::wire::CreateAnswer;
    ///
    /// let mut lost = http::Response::new(Bytes::from("<html>bad gateway</html>"));
    /// *lost.status_mut() = http::StatusCode::BAD_GATEWAY;
    /// assert!(matches!(CreateAnswer::decode(&lost), CreateAnswer::Ambiguous(_)));
    /// ```
    pub fn decode(response: &Response<Bytes>) -> Self {
        let status = response.status();
        let refusal = || Refusal::new(status, response.headers(), response.body());
        match status.as_u16() {
            200..=299 => Self::decode_success(response),
            300..=399 => Self::Refused(refusal()),
            400..=499 => Self::decode_refusal(refusal()),
            _ => Self::Ambiguous(refusal().into()),
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

    fn decode_success(response: &Response<Bytes>) -> Self {
        let unreadable = match Task::from_json(response.body()) {
            Ok(task) => return Self::Created(task),
            Err(unreadable) => unreadable,
        };
        let refusal = Refusal::new(response.status(), response.headers(), response.body());
        match refusal.effective_status() {
            200..=299 | 400..=499 if refusal.body.is_known() && !names_an_id(response.body()) => {
                Self::decode_refusal(refusal)
            }
            _ => Self::Ambiguous(Trouble::unreadable(
                "an answer without a task",
                &unreadable,
                response.body(),
            )),
        }
    }

    fn decode_refusal(refusal: Refusal) -> Self {
        match (refusal.reason, refusal.effective_status()) {
            (ErrorReason::DuplicateExternalTaskId, _) => Self::Duplicate(refusal),
            (_, 408 | 409) => Self::Ambiguous(refusal.into()),
            _ => Self::Refused(refusal),
        }
    }
}

/// Whether an answer may name an id, bare or in the older envelope, even one that cannot be used:
/// a task may stand behind it, whatever error stands beside it.
fn names_an_id(body: &[u8]) -> bool {
    let named = |object: &Value| object.get("id").is_some_and(|id| !id.is_null());
    match serde_json::from_slice::<Value>(body) {
        Ok(answer) => named(&answer) || answer.get("data").is_some_and(named),
        Err(_) => true,
    }
}
