//! What can be wrong with the ledger.

use kirin_ledger::LedgerError;

use super::Failure;
use crate::exit_code;

/// The ledger was opened, and then could not be read or written: what it would have said of an earlier
/// command is not known.
impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::ledger_unopened(&error).of_earlier()
    }
}

impl Failure {
    pub(crate) fn ledger_unopened(error: &LedgerError) -> Self {
        let failure = Self::new(exit_code::DISK, error.to_string(), next_step(error));
        match error {
            LedgerError::Missing { .. }
            | LedgerError::Outdated { .. }
            | LedgerError::Replaced { .. } => failure.of_earlier(),
            _ => failure,
        }
    }
}

fn next_step(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Newer { .. } => "Use the newer version of kirin that wrote it.",
        LedgerError::Damaged { .. } => {
            "Keep the file: it records what may be charged. Restore it from a backup, or set KIRIN_LEDGER to a \
             new file."
        }
        LedgerError::HardLinked { .. } => {
            "Give it a single name: make backups with a copy, and mount its folder, not the file. Or set \
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
            "Restore the latest backup that you have. If none knows more, accept the ledger as it is: kirin \
             ledger accept"
        }
        LedgerError::Replaced { .. } => "Run the command again once the ledger is back in place.",
        _ => "Make the file readable and writable, or set KIRIN_LEDGER to another one.",
    }
}
