//! The kinds of an end, and what is known of a charge.

use std::fmt;

use kirin_types::ErrorReason;
use serde::Serialize;

use crate::machine::{Cause, Withheld};

/// What kind of end it was. Its serde form and what is displayed are its name in `snake_case`, as
/// `rate_limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The key is missing, invalid, or has no right to this.
    Authentication,
    /// No balance.
    Balance,
    /// The budget does not allow it; nothing was created.
    Budget,
    /// The task exists and could not be asked any more.
    CannotQuery,
    /// The service says completed and names no output.
    CompletedWithoutOutput,
    /// The client is being drained; nothing was created.
    Draining,
    /// The external task id is in use already.
    DuplicateExternalTaskId,
    /// A blocking call (`blocking::Client`) was made in an async task, which must not block; it did nothing.
    InAsyncTask,
    /// The service found the request illegal.
    InvalidRequest,
    /// The journal could not be written; nothing was created.
    Journal,
    /// The journal knows the create already: it may be charged, and is to be continued, not made again.
    Known,
    /// The service does not know the task.
    NotFound,
    /// The service says an end of the task in other words than the documented ones, as `cancelled`. It may
    /// still finish.
    OtherEnd,
    /// The journal knows the external task id, for another request; nothing was created.
    OtherRequest,
    /// Too many requests or too many tasks at once; nothing was created.
    RateLimit,
    /// The service refused for another reason; nothing was created.
    Refused,
    /// It was sent twice, or may have been, and each time proved to be absent: it is not sent again under its
    /// id unless a person decides so (`Client::send_again`).
    Repeated,
    /// The deadline passed while the task was running.
    StillRunning,
    /// The task failed at the service.
    TaskFailed,
    /// The create did not get through: nothing was sent, or it is proved that nothing was created.
    Unreachable,
    /// Another operation is at the same create, or has taken it over.
    UnderWay,
    /// A create may have been charged, and its task could not be found.
    Unresolved,
}

/// What is known of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "known to be charged, known not to be, or not known"
)]
pub enum Billing {
    /// The service charged for the task.
    Charged,
    /// Nothing was spent.
    None,
    /// The task may be charged.
    Unknown,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

impl fmt::Display for Billing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

pub(super) fn not_created(cause: &Cause) -> ErrorKind {
    let refusal = match cause {
        Cause::Refused(refusal) => refusal,
        Cause::Trouble(_) => return ErrorKind::Unreachable,
        Cause::Withheld(Withheld::Budget { .. } | Withheld::UnknownPrice { .. }) => {
            return ErrorKind::Budget;
        }
        Cause::Withheld(Withheld::Deadline) => return ErrorKind::RateLimit,
        Cause::Withheld(Withheld::InvalidRequest { .. }) => return ErrorKind::InvalidRequest,
        Cause::Withheld(Withheld::Draining) => return ErrorKind::Draining,
        Cause::Withheld(Withheld::IdInUse { .. }) => return ErrorKind::DuplicateExternalTaskId,
        Cause::Withheld(Withheld::OtherRequest) => return ErrorKind::OtherRequest,
        Cause::Withheld(Withheld::Known { .. }) => return ErrorKind::Known,
        Cause::Withheld(Withheld::RepetitionUsed) => return ErrorKind::Repeated,
        // The other reasons are about creates that may have been sent before.
        Cause::Withheld(_) => return ErrorKind::Journal,
    };
    match refusal.reason {
        ErrorReason::Authentication | ErrorReason::Permission => ErrorKind::Authentication,
        ErrorReason::Balance => ErrorKind::Balance,
        ErrorReason::DuplicateExternalTaskId => ErrorKind::DuplicateExternalTaskId,
        ErrorReason::InvalidRequest => ErrorKind::InvalidRequest,
        ErrorReason::NotFound => ErrorKind::NotFound,
        ErrorReason::ParallelTaskLimit | ErrorReason::RateLimit => ErrorKind::RateLimit,
        _ => ErrorKind::Refused,
    }
}

/// The kind of an answer that showed nothing of a task.
pub(super) fn not_found(cause: &Cause) -> ErrorKind {
    match cause {
        Cause::Refused(refusal) if refusal.effective_status() == 404 => ErrorKind::NotFound,
        Cause::Refused(refusal) if is_about_the_key(refusal.reason) => ErrorKind::Authentication,
        _ => ErrorKind::CannotQuery,
    }
}

pub(super) fn is_about_the_key(reason: ErrorReason) -> bool {
    matches!(
        reason,
        ErrorReason::Authentication | ErrorReason::Permission
    )
}
