//! What can be wrong with the ledger, or with what it knows.

use std::path::Path;

use kirin_ledger::LedgerError;
use kirin_types::ExternalTaskId;

use super::Failure;
use crate::exit_code;

impl Failure {
    /// There is no place for a ledger.
    pub(crate) fn no_ledger() -> Self {
        Self::new(
            exit_code::DISK,
            "there is no place for the ledger, and what is not written down is not spent",
            "Set HOME, or KIRIN_LEDGER to a file that only you may read.",
        )
    }

    /// The ledger was opened, and then could not be read or written: what it would have said of an
    /// earlier command, nobody knows.
    pub(crate) fn in_ledger(error: &LedgerError) -> Self {
        Self::ledger(error).of_earlier()
    }

    /// The ledger cannot be opened.
    pub(crate) fn ledger(error: &LedgerError) -> Self {
        let failure = Self::new(exit_code::DISK, error.to_string(), next_step(error));
        match error {
            LedgerError::Missing { .. }
            | LedgerError::Outdated { .. }
            | LedgerError::Replaced { .. } => failure.of_earlier(),
            _ => failure,
        }
    }

    /// There is no ledger of which a backup could be made.
    pub(crate) fn nothing_to_back_up(path: &Path) -> Self {
        Self::new(
            exit_code::DISK,
            format!("there is no ledger at {}", path.display()),
            "Set KIRIN_LEDGER to the file that it is, or mount its disk.",
        )
    }

    /// There is no backup of the ledger.
    pub(crate) fn backup(error: &LedgerError) -> Self {
        let what = match error {
            LedgerError::File { path, error } => {
                format!("the backup {} cannot be written: {error}", path.display())
            }
            error => format!("there is no backup: {error}"),
        };
        let next_step = "Choose a file that is not there yet, in a folder that you can write to.";
        Self::new(exit_code::DISK, what, next_step)
    }

    /// The id of an earlier create, with another request.
    pub(crate) fn other_request(id: &ExternalTaskId) -> Self {
        let what = format!("the external task id {id} was used for another request");
        Self::usage(what, "See what it was for, or choose another id:")
            .resumed_by("show", id.as_str())
    }

    /// The external id of several creates, each of another account.
    pub(crate) fn several_accounts(id: &str) -> Self {
        let what = format!("{id} is the id of creates of several accounts");
        let next_step =
            "Choose another id, or name the task that you mean by its own id. See them:";
        Self::usage(what, next_step)
            .resumed_by("show", id)
            .of_earlier()
    }

    /// The ledger has no such entry.
    pub(crate) fn not_in_ledger(id: &str) -> Self {
        let what = format!("the ledger has no create or task with the id {id}");
        Self::new(exit_code::NOT_FOUND, what, "See what it has: kirin list")
    }
}

fn next_step(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Newer { .. } => "Use the newer version of kirin that wrote it.",
        LedgerError::Damaged { .. } => {
            "Keep the file: it says what may be charged. Restore it from a backup, or set KIRIN_LEDGER to a \
             new file."
        }
        LedgerError::HardLinked { .. } => {
            "Leave it one name, and make backups with a copy, or mount its folder, not the file; or set \
             KIRIN_LEDGER to another file."
        }
        LedgerError::Mounted { .. } => {
            "Mount its folder, not the file, and set KIRIN_LEDGER to the file in it."
        }
        LedgerError::NetworkFileSystem { .. } => {
            "Move it to a disk of this machine, with its -wal file if there is one, and set KIRIN_LEDGER to the \
             file there."
        }
        LedgerError::Missing { .. } | LedgerError::Outdated { .. } => {
            "Put the latest one back that you have. If there is none that knows more, go on with what there \
             is: kirin ledger accept"
        }
        LedgerError::Replaced { .. } => "Run the command again, when the ledger is in its place.",
        _ => "Make the file readable and writable, or set KIRIN_LEDGER to another one.",
    }
}
