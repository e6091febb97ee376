//! Who continues an entry: one process at a time.

use std::sync::Arc;

use kirin_client::BaseUrl;
use kirin_types::ExternalTaskId;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    Entry, Ledger, LedgerError, Owner,
    ledger::{number, one},
    process::Process,
};

/// What became of an attempt to take an entry.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Claim {
    /// No create is known under the id.
    New,
    /// No one else is at the entry, and until it is released or this process ends, no one else will be.
    Taken(Box<Entry>),
    /// Another process is at it, or one was whose lock cannot be tested.
    UnderWay(Box<Entry>, Owner),
}

impl Ledger {
    /// Takes the entry of a create that has no account, so that no other process continues it at the same
    /// time. It is free again when it is [released](Self::release), or when this process ends, however it does.
    ///
    /// # Errors
    ///
    /// The file could not be read or written, or is not at its path any more.
    pub async fn claim(
        &self,
        base_url: &BaseUrl,
        id: &ExternalTaskId,
    ) -> Result<Claim, LedgerError> {
        let (base_url, id) = (base_url.to_string(), id.to_string());
        let process = self.process();
        let claim = move |connection: &Connection| {
            let number = number(connection, &base_url, &id)?;
            number.map_or(Ok(Claim::New), |number| claim(connection, number, &process))
        };
        self.writer().write(claim).await
    }

    /// As [`claim`](Self::claim), an entry that was read before: of several accounts, the one that is meant.
    ///
    /// ```
    /// # use kirin_ledger::{Claim, Ledger, LedgerError};
    /// # async fn example(ledger: Ledger) -> Result<(), LedgerError> {
    /// for entry in ledger.unfinished().await? {
    ///     match ledger.claim_entry(entry.number).await? {
    ///         Claim::UnderWay(entry, owner) => println!("{owner} is at {}", entry.external_task_id),
    ///         _ => ledger.release(entry.number).await?,
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As of [`claim`](Self::claim), and there is no such entry.
    pub async fn claim_entry(&self, number: i64) -> Result<Claim, LedgerError> {
        let process = self.process();
        let claim = move |connection: &Connection| claim(connection, number, &process).optional();
        let claimed = self.writer().write(claim).await?;
        claimed.ok_or(LedgerError::NoSuchEntry)
    }

    /// Takes an entry from whatever process has it, because a person has decided so: its lock cannot be
    /// tested, or it hangs. The other process sends nothing for the entry from then on; what it has sent
    /// already may be charged, so the task is looked for before anything else.
    ///
    /// ```
    /// # use kirin_ledger::{Claim, Ledger, LedgerError};
    /// # async fn example(ledger: Ledger, id: kirin_types::ExternalTaskId) -> Result<(), LedgerError> {
    /// if let Claim::UnderWay(entry, owner) = ledger.claim(&Default::default(), &id).await? {
    ///     println!("{owner} is at {id}; it is taken over");
    ///     ledger.take_over(entry.number).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no such entry, or the file could not be read or written.
    pub async fn take_over(&self, number: i64) -> Result<Entry, LedgerError> {
        let process: Arc<Process> = self.process();
        let take_over = move |connection: &Connection| {
            let entry = one(connection, number).optional()?;
            if entry.is_some() {
                hold(connection, number, &process)?;
            }
            Ok(entry)
        };
        let entry = self.writer().write(take_over).await?;
        entry.ok_or(LedgerError::NoSuchEntry)
    }

    /// Gives an entry back that was [claimed](Self::claim).
    ///
    /// # Errors
    ///
    /// The file could not be written, or is not at its path any more.
    pub async fn release(&self, number: i64) -> Result<(), LedgerError> {
        let name = self.process().name().to_owned();
        let sql = "UPDATE creates SET claimed_by = NULL WHERE number = ?1 AND claimed_by = ?2";
        let release = move |connection: &Connection| connection.execute(sql, params![number, name]);
        self.writer().write(release).await?;
        Ok(())
    }
}

/// Takes an entry, if no one else has it.
fn claim(connection: &Connection, number: i64, process: &Process) -> rusqlite::Result<Claim> {
    let entry = Box::new(one(connection, number)?);
    match holder(connection, number, process)? {
        Some(holder) => Ok(Claim::UnderWay(entry, process.owner(&holder))),
        None => {
            hold(connection, number, process)?;
            Ok(Claim::Taken(entry))
        }
    }
}

/// Who has an entry, if it is another process that may be alive, or an operation of this one that may
/// still send.
fn holder(
    connection: &Connection,
    number: i64,
    process: &Process,
) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT claimed_by, operation FROM creates WHERE number = ?1";
    let (holder, operation): (Option<String>, Option<String>) =
        connection.query_row(sql, [number], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let operation = operation.and_then(|operation| operation.parse().ok());
    let is_at_work = operation.is_some_and(|operation| process.is_at_work(&operation));
    Ok(holder.filter(|holder| match holder == process.name() {
        true => is_at_work,
        false => process.is_alive(holder),
    }))
}

fn hold(connection: &Connection, number: i64, process: &Process) -> rusqlite::Result<()> {
    let sql = "UPDATE creates SET claimed_by = ?2 WHERE number = ?1";
    connection.execute(sql, params![number, process.name()])?;
    Ok(())
}
