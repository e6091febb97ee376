//! What a ledger knows of one create.

use std::{fmt, path::PathBuf};

use kirin_client::{
    AccountName, BaseUrl, GenerationHandle, JournalState, KeyFingerprint, machine::Outcome,
};
use kirin_types::{Amount, ExternalTaskId, Task, TaskId, Timestamp};
use serde::{Serialize, Serializer};

/// One create, as far as the ledger knows of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// Its place in the order of the intents, counted from 1.
    pub number: i64,
    /// Where it went, or was to go.
    pub base_url: BaseUrl,
    /// The id under which it was, or was to be, sent.
    pub external_task_id: ExternalTaskId,
    /// The key that pays.
    pub key: KeyFingerprint,
    /// The user that the key is of, where the caller named it.
    pub account: Option<AccountName>,
    /// Name of the model.
    pub model: String,
    /// What the video shows, where the request says it in one prompt.
    pub prompt: Option<String>,
    /// List price in USD; `None` where none is known.
    pub price: Option<Amount>,
    /// When it was intended; `None` if there was no wall clock.
    pub intended_at: Option<Timestamp>,
    /// How often it may have been sent.
    pub attempts: u32,
    /// How far it is.
    pub state: JournalState,
    /// The service's id of the task, once it is known.
    pub task_id: Option<TaskId>,
    /// When it ended here.
    pub ended_at: Option<Timestamp>,
    /// What it cost in USD, where the service said it.
    pub cost: Option<Amount>,
    /// Where its files are wanted, a file or a folder; `None` if no one said that they are.
    pub output: Option<PathBuf>,
    /// An attempt was refused, and is still to be looked up: something on the way may have sent it twice.
    /// One that has ended so is looked up once more.
    pub is_refusal_open: bool,
    /// What came of the task is where it is wanted, as it was told (`Client::delivered`).
    pub is_delivered: bool,
    /// Where its files are, as far as they were downloaded.
    pub files: Vec<DownloadedFile>,
}

/// What an entry means for the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_enums,
    reason = "it was charged, it may be, or it was not"
)]
pub enum Money {
    /// It is proved that nothing was created, or nothing was sent.
    None,
    /// The task is completed.
    Settled,
    /// It is on its way, and may be charged.
    Reserved,
    /// The task failed; whether that is charged is not documented, unless it says what it cost.
    Failed,
    /// It may have created a task that could not be found.
    Unresolved,
}

impl Money {
    /// The word for it: `none`, `settled`, `reserved`, `failed` or `unresolved`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Settled => "settled",
            Self::Reserved => "reserved",
            Self::Failed => "failed",
            Self::Unresolved => "unresolved",
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Entry {
    /// The task, where it is known to be completed.
    pub fn completed(&self) -> Option<&Task> {
        match &self.state {
            JournalState::Ended(outcome) => match &**outcome {
                Outcome::Completed(task) => Some(task),
                _ => None,
            },
            _ => None,
        }
    }

    /// The task, where its videos can be downloaded: it is completed, or it ended in other words and names an
    /// output. Of the second it is not known that it was charged.
    pub fn task_with_output(&self) -> Option<&Task> {
        match &self.state {
            JournalState::Ended(outcome) => outcome.task_with_output(),
            _ => None,
        }
    }

    /// What it means for the money.
    pub fn money(&self) -> Money {
        match &self.state {
            JournalState::Intended if self.is_refusal_open => Money::Unresolved,
            JournalState::Intended => Money::None,
            JournalState::Ended(outcome) => match **outcome {
                Outcome::Completed(_) => Money::Settled,
                Outcome::CompletedWithoutOutput(_) | Outcome::Failed(_) => Money::Failed,
                Outcome::NotCreated { .. } => Money::None,
                Outcome::Unresolved { .. } => Money::Unresolved,
                _ => Money::Reserved,
            },
            _ => Money::Reserved,
        }
    }

    /// What it cost in USD, or may: what the service said, or the list price.
    pub fn amount(&self) -> Option<&Amount> {
        self.cost.as_ref().or(self.price.as_ref())
    }

    /// The handle that continues its task, if it has one.
    pub fn handle(&self) -> Option<GenerationHandle> {
        let (base_url, key) = (self.base_url.clone(), self.key.clone());
        let mut handle = GenerationHandle::new(base_url, key, self.task_id.clone()?);
        handle.model = Some(self.model.clone());
        handle.external_task_id = Some(self.external_task_id.clone());
        handle.account.clone_from(&self.account);
        Some(handle)
    }
}

/// A video of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DownloadedFile {
    /// Where it is.
    pub path: PathBuf,
    /// How many bytes it had when it was downloaded.
    pub bytes: u64,
}
