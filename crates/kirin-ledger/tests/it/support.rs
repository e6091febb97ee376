//! What the tests share.

use std::path::{Path, PathBuf};

use kirin_client::{BaseUrl, Intent, Journal as _, machine::Outcome};
use kirin_ledger::{Ledger, LedgerJournal};
use kirin_types::{ExternalTaskId, GenerationRequest, Task, Timestamp};
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

    pub(crate) fn journal(&self) -> LedgerJournal {
        self.ledger.journal(base_url())
    }

    /// The same file, as another process opens it.
    pub(crate) fn another(&self) -> Ledger {
        Ledger::open(path(self.folder.path())).unwrap()
    }
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

pub(crate) fn intent_at(external_task_id: &str, milliseconds: i64) -> Intent {
    let request = GenerationRequest::builder("a fox").external_task_id(external_task_id);
    let key = "0123456789abcdef".parse().unwrap();
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

/// Everything that happens to a create, up to the acceptance.
pub(crate) async fn accept(journal: &LedgerJournal, external_task_id: &str, task: &str) {
    journal.intent(&intent(external_task_id)).await.unwrap();
    let id = id(external_task_id);
    journal.sent(&id).await.unwrap();
    journal.accepted(&id, &task.parse().unwrap()).await.unwrap();
}
