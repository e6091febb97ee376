//! What a client writes to.

mod budget;
mod job;
mod prices;

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;
use kirin_client::{
    BaseUrl, CreateId, Journal, JournalChange, JournalError, JournalWrite, OperationId, Recalled,
};
use kirin_types::{Amount, ExternalTaskId, GenerationRequest};
use rusqlite::Connection;

use self::{job::Job, prices::Prices};
use crate::{Ledger, LedgerError, path, rows};

/// The journal of the creates for one base URL, of all accounts. A create that it writes down is this process's own
/// until it ends, so that no other process sends it at the same time.
#[derive(Clone, Debug)]
pub struct LedgerJournal {
    ledger: Ledger,
    base_url: BaseUrl,
    budget_per_day: Option<Amount>,
    prices: Prices,
    outputs: BTreeMap<ExternalTaskId, PathBuf>,
    waits_for_delivery: bool,
}

impl Ledger {
    /// What a client for this base URL writes to.
    pub fn journal(&self, base_url: BaseUrl) -> LedgerJournal {
        LedgerJournal::new(self.clone(), base_url)
    }
}

impl LedgerJournal {
    pub(crate) fn new(ledger: Ledger, base_url: BaseUrl) -> Self {
        Self {
            ledger,
            base_url,
            budget_per_day: None,
            prices: Prices::default(),
            outputs: BTreeMap::new(),
            waits_for_delivery: false,
        }
    }

    /// Says that each create of this journal is unfinished until `Client::delivered` was called for it, or its
    /// files were noted ([`Ledger::downloaded`]); otherwise a completed one is finished unless an
    /// [`output`](Self::output) is named for it. Where videos are to be downloaded after a restart, say one of the two.
    ///
    /// ```
    /// use kirin_client::BaseUrl;
    /// use kirin_ledger::Ledger;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let ledger = Ledger::open(folder.path().join("kirin.sqlite3"))?;
    /// let journal = ledger.journal(BaseUrl::default()).until_delivered();
    /// # let _ = journal;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn until_delivered(mut self) -> Self {
        self.waits_for_delivery = true;
        self
    }

    /// Refuses a create that would cost more than this, in USD, together with all that was intended
    /// on the same day (UTC) by any process, for any account, at any base URL. What is proved not to have created
    /// anything counts nothing; what has no known price is refused: [`prices`](Self::prices) gives one.
    pub fn budget_per_day(mut self, limit: Amount) -> Self {
        self.budget_per_day = Some(limit);
        self
    }

    /// Says what a request costs, in USD, where you know it: in place of its list price, or where there is
    /// none. For `None`, and for a negative price, the list price counts. It is written down with the create, and
    /// is asked on the thread of the ledger, so it must not wait for anything. Where it panics, a create that has to
    /// fit a budget is refused before it is sent; any other is written down without a price.
    ///
    /// ```
    /// use kirin_client::BaseUrl;
    /// use kirin_ledger::Ledger;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("kirin.sqlite3");
    /// let price: kirin_types::Amount = "0.14".parse()?;
    /// let journal = Ledger::open(path)?
    ///     .journal(BaseUrl::default())
    ///     .budget_per_day("20".parse()?)
    ///     .prices(move |request| (request.model_id() == "kirin_v1_t2v").then(|| price.clone()));
    /// # let _ = journal;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn prices(
        mut self,
        prices: impl Fn(&GenerationRequest) -> Option<Amount> + Send + Sync + 'static,
    ) -> Self {
        self.prices = Prices::new(prices);
        self
    }

    /// Says where the files of a create are wanted, a file or a folder, so that whoever continues
    /// it can put them there.
    pub fn output(mut self, id: ExternalTaskId, path: impl Into<PathBuf>) -> Self {
        self.outputs.insert(id, path.into());
        self
    }

    /// What there is to write of a change, once it is known to be allowed.
    fn job(&self, write: &JournalWrite) -> Job {
        Job {
            write: write.clone(),
            process: self.ledger.process(),
            budget_per_day: self.budget_per_day.clone(),
            prices: self.prices.clone(),
            output: self
                .outputs
                .get(&write.create.external_task_id)
                .map(|path| path::to_bytes(path)),
            waits_for_delivery: self.waits_for_delivery,
        }
    }

    /// # Errors
    ///
    /// The create goes to another base URL.
    fn check(&self, base_url: &BaseUrl) -> Result<(), JournalError> {
        match *base_url == self.base_url {
            true => Ok(()),
            false => Err(JournalError::other_base_url(&self.base_url, base_url)),
        }
    }
}

#[async_trait]
impl Journal for LedgerJournal {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        self.check(&create.base_url)?;
        let create = create.clone();
        let read = self.ledger.writer().read(move |connection| {
            let kept = rows::kept(connection, &create)?;
            let entry = kept.map(|kept| kept.entry);
            let intended_at = entry.as_ref().map(|entry| {
                let at = entry.intent.intended_at;
                at.map_or(i64::MIN, |at| at.milliseconds())
            });
            let mut recalled = Recalled::new(entry);
            recalled.controls = rows::controls(connection, &create, intended_at)?;
            Ok(recalled)
        });
        let mut recalled = read.await.map_err(failed)?;
        recalled.may_have_forgotten = self.ledger.looks_up_first();
        recalled.may_have_been_repeated = self.ledger.has_forgotten();
        Ok(recalled)
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        self.write_all(std::slice::from_ref(write)).await
    }

    /// In one transaction, and so with one wait for the disk.
    async fn write_all(&self, writes: &[JournalWrite]) -> Result<(), JournalError> {
        for write in writes {
            self.check(&write.create.base_url)?;
        }
        for write in writes {
            if let JournalChange::Intend(_) | JournalChange::TakeOver(_) = write.change {
                // It is done even if it is dropped from here on, so that has to be told to those who wait.
                self.ledger.process().has_begun(write.operation);
            }
        }
        let jobs: Vec<Job> = writes.iter().map(|write| self.job(write)).collect();
        let is_send = |write: &JournalWrite| matches!(write.change, JournalChange::Send { .. });
        let is_sent = writes.iter().any(is_send);
        let run = move |connection: &Connection| {
            for job in jobs {
                if let Err(refused) = job.run(connection)? {
                    return Ok(Err(refused));
                }
            }
            Ok(Ok(()))
        };
        let writer = self.ledger.writer();
        let written = match is_sent {
            true => writer.send(run).await,
            false => writer.write(run).await,
        };
        written.map_err(failed)?
    }

    /// What was dropped is free for other processes, as soon as that is written; no one waits for it.
    fn operation_ended(&self, operation: &OperationId) {
        if !self.ledger.process().has_ended(operation) {
            return;
        }
        let (operation, name) = (
            operation.to_string(),
            self.ledger.process().name().to_owned(),
        );
        self.ledger.writer().enqueue(move |connection| {
            let sql =
                "UPDATE creates SET claimed_by = NULL WHERE operation = ?1 AND claimed_by = ?2";
            connection.execute(sql, [operation, name]).map(drop)
        });
    }
}

fn failed(error: LedgerError) -> JournalError {
    JournalError::new(error.to_string())
}
