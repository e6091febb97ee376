//! What the tests share.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use kirin_client::{
    BaseUrl, CreateId, Intent, Journal as _, JournalChange, JournalEntry, JournalError,
    JournalWrite, OperationId, TakenBack,
    machine::{Cause, Knowledge, Outcome, SendReason, Withheld},
};
use kirin_ledger::{Ledger, LedgerJournal};
use kirin_types::{ExternalTaskId, GenerationRequest, Task, TaskId, Timestamp};
use tempfile::TempDir;

/// 2026-11-25, noon.
pub(crate) const NOON: i64 = 1_795_608_000_000;

/// A ledger in a folder of its own.
pub(crate) struct Desk {
    pub(crate) ledger: Ledger,
    pub(crate) folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(path(folder.path())).unwrap();
        Self { ledger, folder }
    }

    pub(crate) fn journal(&self) -> Scribe {
        scribe(&self.ledger)
    }

    /// The same file, as another process opens it.
    pub(crate) fn another(&self) -> Ledger {
        Ledger::open(path(self.folder.path())).unwrap()
    }
}

/// A journal, and who writes to it: one client, with an operation for each create that counts its
/// attempts.
pub(crate) struct Scribe {
    pub(crate) journal: LedgerJournal,
    works: Mutex<BTreeMap<ExternalTaskId, Work>>,
}

#[derive(Clone, Copy)]
struct Work {
    operation: OperationId,
    attempts: u32,
}

/// A client of its own, that writes to this ledger.
pub(crate) fn scribe(ledger: &Ledger) -> Scribe {
    Scribe::new(ledger.journal(base_url()))
}

impl Scribe {
    pub(crate) fn new(journal: LedgerJournal) -> Self {
        Self {
            journal,
            works: Mutex::default(),
        }
    }

    /// With this limit of what a day may cost.
    pub(crate) fn budget_per_day(self, limit: &str) -> Self {
        Self::new(self.journal.budget_per_day(limit.parse().unwrap()))
    }

    pub(crate) async fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
        let change = JournalChange::Intend(Box::new(intent.clone()));
        self.write(&intent.create_id().unwrap(), change).await
    }

    /// Goes on with what the operation of the intent began.
    pub(crate) async fn take_over(&self, intent: &Intent) -> Result<(), JournalError> {
        let change = JournalChange::TakeOver(Box::new(intent.clone()));
        self.write(&intent.create_id().unwrap(), change).await
    }

    /// The next attempt, which nobody could have charged for before if it is the first.
    pub(crate) async fn send(&self, id: &ExternalTaskId) -> Result<(), JournalError> {
        let reason = match self.work(id).attempts {
            0 => SendReason::Unsent,
            _ => SendReason::RefusesDuplicates,
        };
        self.send_because(id, reason).await
    }

    pub(crate) async fn send_because(
        &self,
        id: &ExternalTaskId,
        reason: SendReason,
    ) -> Result<(), JournalError> {
        let attempt = self.work(id).attempts + 1;
        let change = JournalChange::Send { attempt, reason };
        self.write(&create(id), change).await?;
        let mut works = self.works.lock().unwrap();
        works.get_mut(id).unwrap().attempts = attempt;
        Ok(())
    }

    pub(crate) async fn take_back(
        &self,
        id: &ExternalTaskId,
        reason: SendReason,
    ) -> Result<(), JournalError> {
        let attempt = self.work(id).attempts;
        let why = TakenBack::NotSent;
        let change = JournalChange::TakeBack {
            attempt,
            why,
            reason,
        };
        self.write(&create(id), change).await
    }

    /// The latest attempt was refused, and is still to be looked up.
    pub(crate) async fn refuse(&self, id: &ExternalTaskId) -> Result<(), JournalError> {
        let change = JournalChange::TakeBack {
            attempt: self.work(id).attempts,
            why: TakenBack::Refused,
            reason: SendReason::Unsent,
        };
        self.write(&create(id), change).await
    }

    pub(crate) async fn accept(
        &self,
        id: &ExternalTaskId,
        task: &TaskId,
    ) -> Result<(), JournalError> {
        let change = JournalChange::Accept(task.clone());
        self.write(&create(id), change).await
    }

    pub(crate) async fn end(
        &self,
        id: &ExternalTaskId,
        outcome: &Outcome,
    ) -> Result<(), JournalError> {
        let change = JournalChange::End(Box::new(outcome.clone()));
        self.write(&create(id), change).await
    }

    pub(crate) async fn deliver(&self, id: &ExternalTaskId) -> Result<(), JournalError> {
        self.write(&create(id), JournalChange::Deliver).await
    }

    /// The operation at this create is dropped; the next write begins another one.
    pub(crate) fn drop_operation(&self, id: &ExternalTaskId) {
        let work = self.works.lock().unwrap().remove(id);
        self.journal.operation_ended(&work.unwrap().operation);
    }

    /// The operation at this create.
    pub(crate) fn operation(&self, id: &ExternalTaskId) -> OperationId {
        self.work(id).operation
    }

    /// What is known of this create.
    pub(crate) async fn entry(&self, id: &ExternalTaskId) -> Option<JournalEntry> {
        self.journal.recall(&create(id)).await.unwrap().entry
    }

    fn work(&self, id: &ExternalTaskId) -> Work {
        let new = || Work {
            operation: new_operation(),
            attempts: 0,
        };
        let mut works = self.works.lock().unwrap();
        *works.entry(id.clone()).or_insert_with(new)
    }

    async fn write(&self, create: &CreateId, change: JournalChange) -> Result<(), JournalError> {
        let operation = self.work(&create.external_task_id).operation;
        let write = JournalWrite::new(create.clone(), operation, change);
        self.journal.write(&write).await
    }
}

/// The service had no balance for it.
pub(crate) fn refused() -> Outcome {
    let json = r#"{"NotCreated":{"cause":{"Refused":{"status":402,"reason":"balance","body":{},"retry_after":null,"redirect":null}}}}"#;
    serde_json::from_str(json).unwrap()
}

/// An operation that no other test has, and no other process.
pub(crate) fn new_operation() -> OperationId {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    OperationId::new(std::process::id().into(), number)
}

pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("kirin.sqlite3")
}

pub(crate) fn base_url() -> BaseUrl {
    "http://127.0.0.1:4010".parse().unwrap()
}

pub(crate) fn id(text: &str) -> ExternalTaskId {
    text.parse().unwrap()
}

/// The create that goes to [`base_url`] under this id.
pub(crate) fn create(id: &ExternalTaskId) -> CreateId {
    CreateId::new(base_url(), KEY.parse().unwrap(), id.clone())
}

const KEY: &str = "0123456789abcdef";

pub(crate) fn intent_at(external_task_id: &str, milliseconds: i64) -> Intent {
    let request = GenerationRequest::builder("a fox").external_task_id(external_task_id);
    let key = KEY.parse().unwrap();
    let at = Timestamp::from_milliseconds(milliseconds);
    Intent::new(request.build().unwrap(), base_url(), key, Some(at)).unwrap()
}

pub(crate) fn intent(external_task_id: &str) -> Intent {
    intent_at(external_task_id, NOON)
}

/// A task that cost 0.20 USD, one cent less than its list price.
pub(crate) fn completed(task: &str) -> Outcome {
    let json = format!(
        r#"{{"id": "{task}", "status": "completed", "usage": {{"cost": 0.20}},
            "output": [{{"content": [{{"type": "video", "url": "https://example.com/a.mp4"}}]}}]}}"#
    );
    Outcome::Completed(Task::from_json(json.as_bytes()).unwrap())
}

pub(crate) fn still_running(task: &str) -> Outcome {
    let id = task.parse().unwrap();
    Outcome::StillRunning { id, task: None }
}

/// Whether there is a task is not known.
pub(crate) fn unresolved(external_task_id: &str) -> Outcome {
    Outcome::Unresolved {
        external_task_id: id(external_task_id),
        knowledge: Knowledge::MayExist,
        cause: Cause::Withheld(Withheld::Deadline),
    }
}

pub(crate) fn not_created() -> Outcome {
    let cause = Cause::Withheld(Withheld::Deadline);
    Outcome::NotCreated { cause }
}

/// Everything that happens to a create, up to the acceptance.
pub(crate) async fn accept(journal: &Scribe, external_task_id: &str, task: &str) {
    journal.intend(&intent(external_task_id)).await.unwrap();
    let id = id(external_task_id);
    journal.send(&id).await.unwrap();
    journal.accept(&id, &task.parse().unwrap()).await.unwrap();
}
