//! A journal over a database server: transactions that fail and are tried again, and answers that are lost.

mod server;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kirin_client::{
    CreateId, Journal, JournalChange, JournalEntry, JournalError, JournalWrite, Recalled,
    journal_conformance::{Clause, JournalMaker, check},
};

use server::{Isolation, Key, Server, SqlError, Trouble};

/// How often a transaction is begun, at most: far more often than any is overtaken.
const MOST_TRIES: usize = 1000;

/// How it is wrong, if it is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    /// What may have been committed is written once more.
    ForgetsWhatItWrote,
    /// A lost answer is taken for a commit.
    HopesForTheBest,
    /// What another transaction wrote meanwhile is written over.
    ReadsCommitted,
    /// That a create leaves is written later, together with what comes of it.
    WritesBehind,
}

struct PostgresJournal {
    server: Arc<Server>,
    wrong: Option<Wrong>,
    /// Of the one that writes behind.
    behind: Mutex<HashMap<Key, Vec<JournalEntry>>>,
}

impl PostgresJournal {
    fn connect(server: Arc<Server>, wrong: Option<Wrong>) -> Self {
        Self {
            server,
            wrong,
            behind: Mutex::default(),
        }
    }

    fn is(&self, wrong: Wrong) -> bool {
        self.wrong == Some(wrong)
    }

    async fn begin(&self) -> Result<server::Transaction<'_>, SqlError> {
        let isolation = match self.is(Wrong::ReadsCommitted) {
            true => Isolation::ReadCommitted,
            false => Isolation::RepeatableRead,
        };
        self.server.begin(isolation).await
    }

    /// A row holds the entries of all accounts under its id.
    async fn entries(&self, key: &Key) -> Result<Vec<JournalEntry>, SqlError> {
        let row = self.begin().await?.select(key).await?;
        Ok(row.map_or_else(Vec::new, |json| serde_json::from_str(&json).unwrap()))
    }

    /// One transaction: either the write is refused, or the row and the number of the write are there.
    async fn transaction(
        &self,
        write: &JournalWrite,
        number: &Key,
    ) -> Result<Result<(), JournalError>, SqlError> {
        let mut transaction = self.begin().await?;
        let was_committed = transaction.select(number).await?.is_some();
        if was_committed && !self.is(Wrong::ForgetsWhatItWrote) {
            return Ok(Ok(()));
        }
        let key = key(&write.create);
        let row = transaction.select(&key).await?;
        let before: Option<Vec<JournalEntry>> =
            row.as_ref().map(|json| serde_json::from_str(json).unwrap());
        let behind = self.behind.lock().unwrap().get(&key).cloned();
        let mut after = behind.or(before).unwrap_or_default();
        if let Err(refused) = JournalEntry::apply_among(&mut after, write) {
            return Ok(Err(refused));
        }
        if self.is(Wrong::WritesBehind) && matches!(write.change, JournalChange::Send { .. }) {
            self.behind.lock().unwrap().insert(key, after);
            return Ok(Ok(()));
        }
        let json = serde_json::to_string(&after).unwrap();
        match row {
            None => transaction.insert(&key, json).await?,
            Some(_) => transaction.update(&key, json).await?,
        }
        if !was_committed {
            transaction.insert(number, String::new()).await?;
        }
        transaction.commit().await?;
        self.behind.lock().unwrap().remove(&key);
        Ok(Ok(()))
    }
}

fn key(create: &CreateId) -> Key {
    let place = format!("{}\n{}", create.base_url, create.external_task_id);
    ("creates", place)
}

#[async_trait]
impl Journal for PostgresJournal {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        let key = key(create);
        if let Some(entries) = self.behind.lock().unwrap().get(&key) {
            return Ok(Recalled::new(create.entry_among(entries).cloned()));
        }
        for _ in 0..MOST_TRIES {
            if let Ok(entries) = self.entries(&key).await {
                return Ok(Recalled::new(create.entry_among(entries)));
            }
        }
        Err(JournalError::new("the database does not answer"))
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        // It is unique among all processes: a random one, outside of a test.
        let number: Key = ("writes", self.server.next_number().to_string());
        for _ in 0..MOST_TRIES {
            match self.transaction(write, &number).await {
                Ok(written) => return written,
                Err(SqlError::ConnectionLost) if self.is(Wrong::HopesForTheBest) => return Ok(()),
                Err(_) => {}
            }
        }
        Err(JournalError::new("the database does not answer"))
    }
}

/// One server for each journal that is made, which stays when the journal is closed.
struct Servers {
    wrong: Option<Wrong>,
    made: Mutex<Vec<Arc<Server>>>,
}

impl Servers {
    fn new(wrong: Option<Wrong>) -> Arc<Self> {
        Arc::new(Self {
            wrong,
            made: Mutex::default(),
        })
    }

    fn count(&self, trouble: Trouble) -> u64 {
        let servers = self.made.lock().unwrap();
        servers.iter().map(|server| server.count(trouble)).sum()
    }
}

/// Shared with the test, which looks at what has gone wrong.
struct Maker(Arc<Servers>);

#[async_trait]
impl JournalMaker for Maker {
    async fn make(&self) -> Arc<dyn Journal> {
        let server = Arc::<Server>::default();
        self.0.made.lock().unwrap().push(Arc::clone(&server));
        Arc::new(PostgresJournal::connect(server, self.0.wrong))
    }

    async fn reopen(&self, journal: Arc<dyn Journal>) -> Option<Arc<dyn Journal>> {
        drop(journal);
        let server = self.0.made.lock().unwrap().last().cloned()?;
        Some(Arc::new(PostgresJournal::connect(server, self.0.wrong)))
    }
}

async fn conforms() {
    let servers = Servers::new(None);
    let report = check(Maker(Arc::clone(&servers))).await;
    assert!(report.is_conforming(), "{report}");
    assert!(!report.to_string().contains("(not offered)"), "{report}");
    for trouble in [
        Trouble::Error(SqlError::ConnectionLost),
        Trouble::Error(SqlError::SerializationFailure),
        Trouble::Error(SqlError::UniqueViolation),
        Trouble::LostAfterCommit,
    ] {
        assert!(servers.count(trouble) > 10, "{trouble:?} hardly came");
    }
}

#[tokio::test]
async fn a_journal_over_a_database_server_conforms() {
    conforms().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_over_a_database_server_conforms_on_several_threads() {
    conforms().await;
}

#[tokio::test]
async fn wrong_journals_over_a_database_server_are_caught() {
    for (wrong, caught) in [
        (Wrong::ForgetsWhatItWrote, Clause::Transitions),
        (Wrong::HopesForTheBest, Clause::Transitions),
        (Wrong::ReadsCommitted, Clause::OneSends),
        (Wrong::WritesBehind, Clause::Reopens),
    ] {
        let report = check(Maker(Servers::new(Some(wrong)))).await;
        assert!(
            report.broken_clauses().contains(&caught),
            "{wrong:?}:\n{report}"
        );
    }
}
