//! What `kirin ledger` can be told.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Ledger {
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) act: Option<LedgerCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Go on with a ledger that was restored from a backup, or with a new one where it is lost.
    ///
    /// kirin refuses a ledger that knows less than what is written beside it, or that is gone: creates
    /// that only the lost one knew may be paid, and nothing here knows of them. Restore the latest one
    /// that you have before you accept it. For 7 days after that, kirin looks for a task with the same id
    /// before it creates one under an id that you chose, or that a batch derives from a line.
    Accept,
    /// Write a whole copy of the ledger to a new file, also while other commands run.
    ///
    /// A copy of the file alone lacks what is in its log (-wal): use this for backups. A file that is
    /// there is never replaced. To use a backup, copy it to the place of the ledger, and then:
    /// kirin ledger accept
    Backup {
        /// The file to write
        file: PathBuf,
    },
}
