//! The exit codes: they say what happened to the money. Where gh has a number for the same
//! thing, it is gh's.

use kirin_client::ErrorKind;

/// Defines the codes and the table of them, so that none is missing in it.
macro_rules! exit_codes {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub(crate) const $name: u8 = $code;
        )*

        /// Each code with its meaning.
        const MEANINGS: &[(u8, &str)] = &[$(($name, $meaning)),*];
    };
}

exit_codes! {
    DONE = 0, "done";
    OTHER = 1, "any other failure";
    USAGE = 2, "wrong usage or an invalid request, found before sending; nothing spent";
    TASK_FAILED = 3, "the task failed at the service, or completed without output";
    AUTHENTICATION = 4, "authentication or permission";
    NOT_FOUND = 5, "no such task, model or file; output expired";
    BALANCE = 6, "no balance, or over the budget; nothing spent";
    UNREACHABLE = 7, "network or service unavailable; nothing sent, nothing spent";
    NOT_FINISHED = 8, "accepted but not finished here; resume";
    RATE_LIMIT = 9, "rate or parallel-task limit, nothing created";
    SOME_FAILED = 10, "some of several failed";
    UNRESOLVED = 11, "unresolved: a create may have been charged and could not be found yet";
    DISK = 12, "disk: the ledger or the output could not be written";
    INTERRUPTED = 130, "interrupted; the message says how to resume";
}

/// The table for people: in the help, in the manual and alone.
pub(crate) fn describe_all() -> String {
    let lines = MEANINGS
        .iter()
        .map(|(code, meaning)| format!("\n  {code:<5}{meaning}"));
    format!("Exit codes:{}", lines.collect::<String>())
}

/// The one for several: what they have in common, or else the most urgent.
pub(crate) fn of_several(codes: &[u8]) -> u8 {
    let first = codes.first().copied().unwrap_or(DONE);
    match codes {
        codes if codes.contains(&INTERRUPTED) => INTERRUPTED,
        codes if codes.contains(&UNRESOLVED) => UNRESOLVED,
        codes if codes.iter().all(|code| *code == first) => first,
        _ => SOME_FAILED,
    }
}

/// The one for a batch: the reason why none of it was begun, or that the disk stopped it on the way, or
/// else that some failed.
pub(crate) fn of_batch(codes: &[u8], stopped_by: Option<u8>) -> u8 {
    match of_several(codes) {
        code @ (DONE | AUTHENTICATION | BALANCE | UNREACHABLE | UNRESOLVED) => code,
        // The same command fetches paid videos, wherever else there is no room for them.
        _ if stopped_by == Some(DISK) => DISK,
        _ => SOME_FAILED,
    }
}

/// The one for a failure of the client.
pub(crate) fn of_error_kind(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Authentication => AUTHENTICATION,
        ErrorKind::Balance | ErrorKind::Budget => BALANCE,
        ErrorKind::CannotQuery | ErrorKind::OtherEnd | ErrorKind::StillRunning => NOT_FINISHED,
        ErrorKind::CompletedWithoutOutput | ErrorKind::TaskFailed => TASK_FAILED,
        ErrorKind::Journal => DISK,
        ErrorKind::NotFound => NOT_FOUND,
        ErrorKind::OtherRequest => USAGE,
        ErrorKind::RateLimit => RATE_LIMIT,
        ErrorKind::Unreachable => UNREACHABLE,
        ErrorKind::Known | ErrorKind::UnderWay | ErrorKind::Unresolved => UNRESOLVED,
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_in_the_table_once_and_in_order() {
        let codes: Vec<_> = MEANINGS.iter().map(|(code, _)| *code).collect();
        assert!(codes.is_sorted_by(|one, other| one < other), "{codes:?}");
        let table = describe_all();
        for (code, meaning) in MEANINGS {
            let line = format!("  {code:<5}{meaning}");
            assert!(table.lines().any(|it| it == line), "{table}");
        }
    }

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

    #[test]
    fn a_batch_has_the_code_of_what_kept_all_of_it_from_being_begun() {
        for (codes, code) in [
            (&[DONE, DONE][..], DONE),
            (&[BALANCE, BALANCE], BALANCE),
            (&[DONE, BALANCE], SOME_FAILED),
            (&[TASK_FAILED], SOME_FAILED),
            (&[UNRESOLVED, DONE], UNRESOLVED),
            (&[DONE, DISK], SOME_FAILED),
            (&[DISK, DISK], SOME_FAILED),
        ] {
            assert_eq!(of_batch(codes, None), code, "{codes:?}");
        }
    }

    #[test]
    fn a_batch_that_lost_its_ledger_on_the_way_has_the_code_of_that() {
        for (codes, code) in [
            (&[DONE, DISK, TASK_FAILED][..], DISK),
            (&[DISK, DISK], DISK),
            (&[DISK, UNRESOLVED], UNRESOLVED),
        ] {
            assert_eq!(of_batch(codes, Some(DISK)), code, "{codes:?}");
        }
        assert_eq!(of_batch(&[DONE, BALANCE], Some(BALANCE)), SOME_FAILED);
    }
}
