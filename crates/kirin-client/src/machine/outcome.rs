//! The ends of a generation.

use std::{error::Error, fmt};

use kirin_types::{Amount, ExternalTaskId, Task, TaskId, TaskState};
use serde::{Deserialize, Serialize};

use crate::{
    AccountName,
    signed_url::{serialize_optional_task, serialize_task},
    wire::{Refusal, Trouble},
};

/// How a generation ended, by what happened to the money. Its serde form has the task as it was received,
/// but for [what signs its URLs](crate::without_url_queries).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Outcome {
    /// The task exists and could not be asked any more: key, right, or too much trouble.
    CannotQuery {
        /// The service's id of the task.
        id: TaskId,
        /// Why.
        cause: Cause,
        /// The task as last heard of; `None` if no answer about it came.
        #[serde(default, serialize_with = "serialize_optional_task")]
        task: Option<Box<Task>>,
    },
    /// The task is done and has output.
    Completed(#[serde(serialize_with = "serialize_task")] Task),
    /// The service says completed, twice, and names no output.
    CompletedWithoutOutput(#[serde(serialize_with = "serialize_task")] Task),
    /// The task failed at the service.
    Failed(#[serde(serialize_with = "serialize_task")] Task),
    /// The service does not know the task (any more).
    Lost {
        /// The service's id of the task.
        id: TaskId,
    },
    /// It is proved that no task was created.
    NotCreated {
        /// Why.
        cause: Cause,
    },
    /// A task was asked for by its external id, and no answer has told which it is: the service does not
    /// know it, or could not be asked.
    NotFound {
        /// The id that it was asked for by.
        external_task_id: ExternalTaskId,
        /// Why.
        cause: Cause,
    },
    /// The service has said an end in other words than the documented ones, again and again, as
    /// `cancelled`. The task may still finish, and be charged: it is to be asked again, and nothing is to be
    /// created in its place. Where it names an output, that can be had.
    OtherEnd(#[serde(serialize_with = "serialize_task")] Task),
    /// The deadline passed while the task was running.
    StillRunning {
        /// The service's id of the task.
        id: TaskId,
        /// The task as last heard of; `None` if no answer about it came.
        #[serde(default, serialize_with = "serialize_optional_task")]
        task: Option<Box<Task>>,
    },
    /// A create may have been charged, and its task could not be found.
    Unresolved {
        /// The id under which it was sent, and can be found or sent again.
        external_task_id: ExternalTaskId,
        /// What is known of it.
        knowledge: Knowledge,
        /// What made it unclear, or what keeps it so.
        cause: Cause,
    },
}

impl Outcome {
    /// The service's id of the task, where the end tells it.
    pub fn task_id(&self) -> Option<&TaskId> {
        match self {
            Self::CannotQuery { id, .. } | Self::Lost { id } | Self::StillRunning { id, .. } => {
                Some(id)
            }
            Self::Completed(task)
            | Self::CompletedWithoutOutput(task)
            | Self::Failed(task)
            | Self::OtherEnd(task) => Some(task.id()),
            Self::NotCreated { .. } | Self::NotFound { .. } | Self::Unresolved { .. } => None,
        }
    }

    /// The end as it is written down, without what signs the URLs of its task.
    #[cfg(feature = "tokio")]
    pub(crate) fn unsigned(&self) -> Self {
        let written = self.task().and_then(|_| serde_json::to_string(self).ok());
        let read = written.and_then(|json| serde_json::from_str(&json).ok());
        read.unwrap_or_else(|| self.clone())
    }

    /// What made it end so, where the end has a cause.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::CannotQuery { cause, .. }
            | Self::NotCreated { cause }
            | Self::Unresolved { cause, .. } => Some(cause),
            _ => None,
        }
    }

    /// Whether nothing was done because of where it was asked for.
    pub(crate) fn was_in_async_task(&self) -> bool {
        matches!(self.cause(), Some(Cause::Withheld(Withheld::InAsyncTask)))
    }

    /// Why nothing was created.
    pub(crate) fn not_created(&self) -> Option<&Cause> {
        match self {
            Self::NotCreated { cause } => Some(cause),
            _ => None,
        }
    }

    /// The task as last heard of, where the end tells of it.
    pub fn task(&self) -> Option<&Task> {
        match self {
            Self::Completed(task)
            | Self::CompletedWithoutOutput(task)
            | Self::Failed(task)
            | Self::OtherEnd(task) => Some(task),
            Self::CannotQuery { task, .. } | Self::StillRunning { task, .. } => task.as_deref(),
            _ => None,
        }
    }

    /// The task, where its videos can be downloaded: it is completed, or it ended in other words and names
    /// an output.
    ///
    /// ```
    /// use kirin_client::machine::Outcome;
    /// use kirin_types::Task;
    ///
    /// let done = br#"{"id":"a","status":"done","output":[{"content":[{"url":"https://example.com/a.mp4"}]}]}"#;
    /// let cancelled = br#"{"id":"a","status":"cancelled"}"#;
    /// assert!(Outcome::OtherEnd(Task::from_json(done)?).task_with_output().is_some());
    /// assert!(Outcome::OtherEnd(Task::from_json(cancelled)?).task_with_output().is_none());
    /// # Ok::<(), kirin_types::DecodeError>(())
    /// ```
    pub fn task_with_output(&self) -> Option<&Task> {
        match self {
            Self::Completed(task) => Some(task),
            Self::OtherEnd(task) if names_output(task) => Some(task),
            _ => None,
        }
    }
}

/// Whether there is something to download of a task, whatever word it stands under.
pub(crate) fn names_output(task: &Task) -> bool {
    match task.state() {
        TaskState::Completed { output, .. } | TaskState::OtherEnd { output, .. } => {
            output.iter().any(|content| content.url.is_some())
        }
        _ => false,
    }
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there was an answer, there was none, or nothing was asked"
)]
pub enum Cause {
    /// The service refused.
    Refused(Refusal),
    /// The service could not be reached, or its answers were of no use.
    Trouble(Trouble),
    /// The caller's own rules kept the create from being sent.
    Withheld(Withheld),
}

/// Why a create was not sent by its own sender.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Withheld {
    /// The budget does not allow it.
    Budget {
        /// Why, as a sentence part.
        description: String,
    },
    /// Its turn among the generations of the client did not come before the deadline.
    Deadline,
    /// The client is being drained (`Client::drain`), and begins no create.
    Draining,
    /// The external task id belongs to another task: it is older, or of another model.
    IdInUse {
        /// The service's id of that task.
        id: TaskId,
    },
    /// A blocking call (`blocking::Client`) was made in an async task, which must not block.
    InAsyncTask,
    /// The request is not a legal one.
    InvalidRequest {
        /// What is wrong with it, as a sentence part.
        description: String,
    },
    /// The journal could not be written, and what is not written down is not spent.
    Journal {
        /// What happened, as a sentence part.
        description: String,
    },
    /// The journal is for creates at another base URL, so nothing is written down in it.
    JournalOfOtherBaseUrl {
        /// Which of the two is for which, as a sentence part.
        description: String,
    },
    /// The journal knows a create of this id already, in this state: reconcile that one.
    Known {
        /// How far it is.
        state: KnownCreate,
    },
    /// It is another user's: what this one does not know proves nothing.
    OtherAccount {
        /// Whose it is.
        name: AccountName,
    },
    /// The journal knows the id, for another request.
    OtherRequest,
    /// It was, or may have been, sent again once already because its absence was proved.
    RepetitionUsed,
    /// Another operation is about the same create, and has not ended, or has taken it over.
    UnderWay,
    /// There is a budget, and no one knows what the request costs.
    UnknownPrice {
        /// Name of the model.
        model: String,
    },
    /// It was sent to another base URL: what this host does not know proves nothing.
    OtherBaseUrl {
        /// Where it was sent.
        sent_to: String,
    },
    /// It was sent with another key: what this account does not know proves nothing.
    OtherKey,
}

impl Withheld {
    /// Whether the create itself may have been sent, by someone else: that this one sent nothing says
    /// nothing about the charge.
    pub(crate) fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Known { .. }
                | Self::OtherAccount { .. }
                | Self::OtherBaseUrl { .. }
                | Self::OtherKey
                | Self::UnderWay
        )
    }

    /// The end of a create of which nothing was sent here before it was withheld.
    pub(crate) fn outcome(self, id: &ExternalTaskId) -> Outcome {
        match self.is_open() {
            true => self.outcome_in_doubt(id),
            false => Outcome::NotCreated {
                cause: Cause::Withheld(self),
            },
        }
    }

    /// The end of a create that may have been sent before.
    pub(crate) fn outcome_in_doubt(self, id: &ExternalTaskId) -> Outcome {
        let task = match &self {
            Self::Known {
                state: KnownCreate::Accepted { id } | KnownCreate::Ended { id, .. },
            } => Some(id.clone()),
            _ => None,
        };
        let created_nothing = matches!(
            self,
            Self::Known {
                state: KnownCreate::NotCreated
            }
        );
        let cause = Cause::Withheld(self);
        match task {
            None if created_nothing => Outcome::NotCreated { cause },
            Some(id) => Outcome::CannotQuery {
                id,
                cause,
                task: None,
            },
            None => Outcome::Unresolved {
                external_task_id: id.clone(),
                knowledge: Knowledge::MayExist,
                cause,
            },
        }
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget { description } => {
                write!(formatter, "the budget does not allow it: {description}")
            }
            Self::Deadline => formatter.write_str("its turn did not come before the deadline"),
            Self::Draining => {
                formatter.write_str("the client is being drained, and begins no create")
            }
            Self::IdInUse { id } => {
                write!(
                    formatter,
                    "its external task id belongs to another task, {id}"
                )
            }
            Self::InAsyncTask => formatter
                .write_str("a blocking call was made in an async task, which must not block"),
            Self::InvalidRequest { description } | Self::JournalOfOtherBaseUrl { description } => {
                formatter.write_str(description)
            }
            Self::Journal { description } => {
                write!(formatter, "the journal cannot be written: {description}")
            }
            Self::Known { state } => {
                write!(formatter, "the journal knows a create of this id, {state}")
            }
            Self::OtherAccount { name } => {
                write!(
                    formatter,
                    "it is of the account {name}, which is not asked here"
                )
            }
            Self::OtherRequest => {
                formatter.write_str("the journal knows a create of this id, for another request")
            }
            Self::OtherBaseUrl { sent_to } => {
                write!(
                    formatter,
                    "it was sent to {sent_to}, which is not asked here"
                )
            }
            Self::RepetitionUsed => formatter
                .write_str("it was, or may have been, sent again once already after it was proved to be absent"),
            Self::UnderWay => formatter
                .write_str("another operation under the same external task id is under way"),
            Self::UnknownPrice { model } => write!(
                formatter,
                "the budget does not allow it: what it costs is not known, for {model} has no list price"
            ),
            Self::OtherKey => {
                formatter.write_str("it was sent with another API key than the one used here")
            }
        }
    }
}

impl Error for Withheld {}

/// How far a create is that a journal knows already.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum KnownCreate {
    /// The service has the task of this id.
    Accepted {
        /// The service's id.
        id: TaskId,
    },
    /// The task of this id has ended.
    Ended {
        /// The service's id.
        id: TaskId,
        /// Whether it failed.
        #[serde(default)]
        has_failed: bool,
        /// What it cost in USD, where the service said it.
        #[serde(default)]
        cost: Option<Amount>,
    },
    /// It may have been sent, and its result is not known.
    InDoubt,
    /// Nothing was created.
    NotCreated,
}

impl fmt::Display for KnownCreate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted { id } => write!(formatter, "which was accepted as task {id}"),
            Self::Ended { id, .. } => write!(formatter, "whose task {id} has ended"),
            Self::InDoubt => formatter.write_str("which may have been sent"),
            Self::NotCreated => formatter.write_str("which created nothing"),
        }
    }
}

/// What is known of an unresolved create.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Knowledge {
    /// The task exists: the service refused its external id as a duplicate.
    Exists,
    /// The task may exist.
    MayExist,
    /// Another task has the external id: an older one, or one of another model.
    OtherTask {
        /// The service's id of that task.
        id: TaskId,
    },
}

impl fmt::Display for Knowledge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists => formatter.write_str("the task exists"),
            Self::MayExist => formatter.write_str("the task may exist"),
            Self::OtherTask { id } => write!(formatter, "task {id} has its external task id"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(formatter),
            Self::Trouble(trouble) => trouble.fmt(formatter),
            Self::Withheld(withheld) => withheld.fmt(formatter),
        }
    }
}
