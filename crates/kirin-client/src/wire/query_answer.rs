//! The answers to a query.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use kirin_transport::TransportError;
use kirin_types::{ErrorReason, Task, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Refusal, Trouble, refusal::date};

/// The result of one query, by either id.
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
    pub(crate) fn decode(response: &Response<Bytes>) -> Self {
        let refusal = Refusal::new(response.status(), response.headers(), response.body());
        match refusal.effective_status() {
            200..=299 => match Task::from_json(response.body()) {
                Ok(task) => Self::Task(task),
                Err(_) if is_about_the_key(&refusal) => Self::Refused(refusal),
                Err(error) => Self::Trouble(Trouble::unreadable(
                    "an unreadable answer",
                    &error,
                    &refusal,
                    response,
                )),
            },
            // A proxy says so too, in whatever words: a miss alone proves nothing.
            404 => Self::NotFound(refusal),
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

/// A lookup past every cache, as a row of controls is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Probe {
    /// What was answered.
    pub answer: QueryAnswer,
    /// How long the answer lay in a cache, by its `Age`.
    pub age: Option<Duration>,
    /// When it was made, by its `Date`.
    pub date: Option<Timestamp>,
}

impl Probe {
    /// Reads a complete answer.
    pub(crate) fn decode(response: &Response<Bytes>) -> Self {
        Self {
            answer: QueryAnswer::decode(response),
            age: age(response.headers()),
            date: date(response.headers()),
        }
    }

    /// Reads a failed exchange.
    ///
    /// ```
    /// use kirin_client::wire::{Probe, QueryAnswer};
    /// use kirin_transport::{Sent, TransportError, TransportErrorKind};
    ///
    /// let reset = TransportError::new(TransportErrorKind::Closed, Sent::Maybe);
    /// assert!(matches!(Probe::failed(&reset).answer, QueryAnswer::Trouble(_)));
    /// ```
    pub fn failed(error: &TransportError) -> Self {
        Self::unasked(error.into())
    }

    /// Nothing was asked.
    pub(crate) fn unasked(trouble: Trouble) -> Self {
        Self {
            answer: QueryAnswer::Trouble(trouble),
            age: None,
            date: None,
        }
    }

    /// How long the service asks to wait.
    pub(crate) fn retry_after(&self) -> Duration {
        let hint = match &self.answer {
            QueryAnswer::NotFound(refusal) | QueryAnswer::Refused(refusal) => refusal.retry_after,
            QueryAnswer::Task(_) => None,
            QueryAnswer::Trouble(trouble) => trouble.retry_after,
        };
        hint.unwrap_or_default()
    }
}

/// How long an answer lay in a cache. What cannot be read counts as kept: it came through one.
fn age(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::AGE)?;
    let seconds = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    Some(Duration::from_secs(seconds.unwrap_or(u64::MAX)))
}

/// The service also refuses a key under HTTP 200.
fn is_about_the_key(refusal: &Refusal) -> bool {
    matches!(
        refusal.reason,
        ErrorReason::Authentication | ErrorReason::Permission
    )
}
