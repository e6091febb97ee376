//! The answers to a query.

use bytes::Bytes;
use http::Response;
use kirin_transport::TransportError;
use kirin_types::{ErrorReason, Task};
use serde::{Deserialize, Serialize};

use super::{Refusal, Trouble};

/// What came of one query, by either id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a closed alphabet: who drives a machine handles all"
)]
pub enum QueryAnswer {
    /// The service knows no such task, at least not yet.
    NotFound(Refusal),
    /// The service refused to say: key, right or request are wrong, and asking again is useless.
    Refused(Refusal),
    /// The task.
    Task(Task),
    /// Nothing was learned: try again.
    Trouble(Trouble),
}

impl QueryAnswer {
    /// Reads a complete answer.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use kirin_client::wire::QueryAnswer;
    ///
    /// let body = r#"{"id":"d5u5obte8783ap44qtj0","status":"in_progress","progress":0.5}"#;
    /// let answer = QueryAnswer::decode(&http::Response::new(Bytes::from(body)));
    /// assert!(matches!(answer, QueryAnswer::Task(_)));
    /// ```
    pub fn decode(response: &Response<Bytes>) -> Self {
        let refusal = Refusal::new(response.status(), response.headers(), response.body());
        match refusal.effective_status() {
            200..=299 => match Task::from_json(response.body()) {
                Ok(task) => Self::Task(task),
                Err(_) if is_about_the_key(&refusal) => Self::Refused(refusal),
                Err(error) => Self::Trouble(Trouble::unreadable(
                    "an unreadable answer",
                    &error,
                    response.body(),
                )),
            },
            // A proxy says 404 too. Only the service's own words say that there is no task, and
            // that is what a second create may be decided by.
            404 if refusal.body.message.is_some() => Self::NotFound(refusal),
            404 => Self::Trouble(refusal.into()),
            // Below 200 is a code of an envelope that nobody listed.
            ..200 | 408 | 409 | 425 | 429 | 500.. => Self::Trouble(refusal.into()),
            _ => Self::Refused(refusal),
        }
    }

    /// Reads a failed exchange.
    ///
    /// ```
    /// use kirin_client::wire::QueryAnswer;
    /// use kirin_transport::{Sent, TransportError, TransportErrorKind};
    ///
    /// let reset = TransportError::new(TransportErrorKind::Closed, Sent::Maybe);
    /// assert!(matches!(QueryAnswer::failed(&reset), QueryAnswer::Trouble(_)));
    /// ```
    pub fn failed(error: &TransportError) -> Self {
        Self::Trouble(error.into())
    }
}

/// The service also refuses a key under HTTP 200.
fn is_about_the_key(refusal: &Refusal) -> bool {
    matches!(
        refusal.reason,
        ErrorReason::Authentication | ErrorReason::Permission
    )
}
