//! `kirin ledger`: the money by day and model, and the care of the file. It needs no key.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, Subcommand};
use kirin_ledger::{Entry, Ledger, LedgerError, Money};
use kirin_types::Amount;
use serde::Serialize;

use super::Run;
use crate::{
    arguments::GlobalOptions,
    clock, exit_code,
    failure::Failure,
    ledger_file,
    report::{Json, print_path},
    table::{aligned_columns, print_reports, print_table},
    terminal::print_stderr,
};

/// Show the money, in USD by day and model: settled, reserved, failed and unresolved.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct LedgerOptions {
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<LedgerCommand>,
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
    /// Accept a ledger that was restored from a backup, or start a new one if it is lost.
    ///
    /// kirin refuses a ledger that knows less than the records beside it, or that is gone: creates
    /// that only the lost one recorded may have been charged, and nothing here knows of them.
    /// Restore your latest backup before you accept it. For 7 days after that, kirin looks for a
    /// task with the same id before it creates one under an id that you chose, or that a batch
    /// derived from a line.
    Accept,
    /// Write a complete copy of the ledger to a new file, even while other commands run.
    ///
    /// A copy of the file alone lacks what is in its log (-wal), so use this for backups. An
    /// existing file is never replaced. To restore a backup, copy it to the ledger's path, then
    /// run:
    /// kirin ledger accept
    Backup {
        /// The file to write
        file: PathBuf,
    },
}

impl Run for LedgerOptions {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        match self.command {
            Some(LedgerCommand::Accept) => accept_ledger()?,
            Some(LedgerCommand::Backup { file }) => back_up(file)?,
            None => {
                let rows =
                    sums_by_day_and_model(&ledger_file::open_to_read()?.ledger.entries().await?);
                match self.json {
                    true => print_reports(rows.iter())?,
                    false => {
                        let lines = aligned_columns(rows.iter().map(Sum::table_cells), Sum::HEAD);
                        print_table(lines)?;
                    }
                }
            }
        }
        Ok(exit_code::DONE)
    }

    fn json_format(&mut self) -> Option<Json> {
        self.json.then_some(Json::Result)
    }
}

/// Accepts the ledger as it is, or makes a new one where it is gone; prints its path.
fn accept_ledger() -> Result<(), Failure> {
    let ledger = ledger_file::accept()?;
    print_stderr(
        "This is the ledger from now on. Creates that only the lost one recorded may have been charged, and \
         nothing here knows of them: compare the service's bill with kirin list.",
    );
    print_stderr(
        "For 7 days kirin looks for a task with the same id before it creates one under an id that you \
         chose, or that a batch derived from a line.",
    );
    Ok(print_path(ledger.path())?)
}

/// Writes a whole copy of the ledger, and prints its path.
fn back_up(file: PathBuf) -> Result<(), Failure> {
    let path = ledger_file::path()?;
    if Ledger::would_be_new(&path) {
        let what = format!("there is no ledger at {}", path.display());
        let next_step = "Set KIRIN_LEDGER to the ledger's file, or mount its disk.";
        return Err(Failure::new(exit_code::DISK, what, next_step));
    }
    let reading = ledger_file::open_to_read()?;
    reading.ledger.backup(&file).map_err(|error| {
        let what = match error {
            LedgerError::File { path, error } => {
                format!("the backup {} cannot be written: {error}", path.display())
            }
            error => format!("the backup failed: {error}"),
        };
        let next_step = "Choose a file that does not exist yet, in a writable folder.";
        Failure::new(exit_code::DISK, what, next_step)
    })?;
    Ok(print_path(&file)?)
}

/// The money of a day and a model, in USD.
#[derive(Default, Serialize)]
struct Sum {
    day: String,
    model: String,
    settled: Amount,
    reserved: Amount,
    failed: Amount,
    unresolved: Amount,
}

impl Sum {
    const HEAD: &[&str] = &[
        "DAY",
        "MODEL",
        "SETTLED",
        "RESERVED",
        "FAILED",
        "UNRESOLVED",
    ];

    fn table_cells(&self) -> Vec<String> {
        let amounts = [
            &self.settled,
            &self.reserved,
            &self.failed,
            &self.unresolved,
        ];
        [self.day.clone(), self.model.clone()]
            .into_iter()
            .chain(amounts.map(ToString::to_string))
            .collect()
    }
}

/// The money by day and model. A create without a known price counts nothing.
fn sums_by_day_and_model(entries: &[Entry]) -> Vec<Sum> {
    let mut sums: BTreeMap<(String, &str), Sum> = BTreeMap::new();
    for entry in entries {
        let column: fn(&mut Sum) -> &mut Amount = match entry.money() {
            Money::None => continue,
            Money::Settled => |sum| &mut sum.settled,
            Money::Reserved => |sum| &mut sum.reserved,
            Money::Failed => |sum| &mut sum.failed,
            Money::Unresolved => |sum| &mut sum.unresolved,
        };
        let day = entry.intended_at.map(clock::utc_day).unwrap_or_default();
        let sum = sums.entry((day.clone(), &entry.model)).or_default();
        (sum.day, sum.model) = (day, entry.model.clone());
        let amount = column(sum);
        *amount = amount.clone() + entry.amount().cloned().unwrap_or_default();
    }
    sums.into_values().collect()
}
