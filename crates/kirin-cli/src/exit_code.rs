//! The exit codes: they tell what happened to the money. Where gh has a number for the same
//! thing, it is gh's.

use kirin_client::ErrorKind;

/// Done.
pub(crate) const DONE: u8 = 0;

/// Any other failure.
pub(crate) const OTHER: u8 = 1;

/// Wrong usage or an invalid request, found before sending; nothing spent.
pub(crate) const USAGE: u8 = 2;

/// The task failed at the service, or completed without output.
pub(crate) const TASK_FAILED: u8 = 3;

/// Authentication or permission.
pub(crate) const AUTHENTICATION: u8 = 4;

/// No such task, model or file; output expired.
pub(crate) const NOT_FOUND: u8 = 5;

/// No balance, or over the budget; nothing spent.
pub(crate) const BALANCE: u8 = 6;

/// Network or service unavailable; nothing sent, nothing spent.
pub(crate) const UNREACHABLE: u8 = 7;

/// Accepted but not finished here: still running at the time-out, or it could not be asked;
/// resume.
pub(crate) const NOT_FINISHED: u8 = 8;

/// Rate or parallel-task limit, nothing created.
pub(crate) const RATE_LIMIT: u8 = 9;

/// Some of several did not end well.
pub(crate) const SOME_FAILED: u8 = 10;

/// Unresolved: a create may have been charged and could not be found yet.
pub(crate) const UNRESOLVED: u8 = 11;

/// Disk: the journal or the output could not be written.
pub(crate) const DISK: u8 = 12;

/// Interrupted; the message says how to resume.
pub(crate) const INTERRUPTED: u8 = 130;

/// The one for several: what they have in common, or else what must be told first.
pub(crate) fn of_several(codes: &[u8]) -> u8 {
    let first = codes.first().copied().unwrap_or(DONE);
    match codes {
        codes if codes.contains(&INTERRUPTED) => INTERRUPTED,
        codes if codes.contains(&UNRESOLVED) => UNRESOLVED,
        codes if codes.iter().all(|code| *code == first) => first,
        _ => SOME_FAILED,
    }
}

/// The one for a failure of the client.
pub(crate) fn of(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Authentication => AUTHENTICATION,
        ErrorKind::Balance | ErrorKind::Budget => BALANCE,
        ErrorKind::CannotQuery | ErrorKind::StillRunning => NOT_FINISHED,
        ErrorKind::CompletedWithoutOutput | ErrorKind::TaskFailed => TASK_FAILED,
        ErrorKind::Journal => DISK,
        ErrorKind::NotFound => NOT_FOUND,
        ErrorKind::RateLimit => RATE_LIMIT,
        ErrorKind::Unreachable => UNREACHABLE,
        ErrorKind::Unresolved => UNRESOLVED,
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_have_the_code_that_they_share() {
        for (codes, code) in [
            (&[][..], DONE),
            (&[DONE, DONE], DONE),
            (&[TASK_FAILED], TASK_FAILED),
            (&[TASK_FAILED, DONE], SOME_FAILED),
            (&[DONE, BALANCE], SOME_FAILED),
            (&[TASK_FAILED, UNRESOLVED, DONE], UNRESOLVED),
            (&[UNRESOLVED, INTERRUPTED], INTERRUPTED),
        ] {
            assert_eq!(of_several(codes), code, "{codes:?}");
        }
    }
}
