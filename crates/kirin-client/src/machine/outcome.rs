//! The ends of a generation.

use std::fmt;

use kirin_types::{ExternalTaskId, Task, TaskId};
use serde::{Deserialize, Serialize};

use crate::wire::{Refusal, Trouble};

/// How a generation ended, by what happened to the money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Outcome {
    /// The task exists and could not be asked any more: key, right, or too much trouble.
    CannotQuery {
        /// The service's id of the task.
        id: TaskId,
        /// Why.
        cause: Cause,
    },
    /// The task is done and has output.
    Completed(Task),
    /// The service says completed, twice, and names no output.
    CompletedWithoutOutput(Task),
    /// The task failed at the service.
    Failed(Task),
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
    /// The deadline passed while the task was running.
    StillRunning {
        /// The service's id of the task.
        id: TaskId,
        /// The task as last heard of; `None` if no answer about it came.
        #[serde(default)]
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
    /// The task as last heard of, where the end tells of it.
    pub fn task(&self) -> Option<&Task> {
        match self {
            Self::Completed(task) | Self::CompletedWithoutOutput(task) | Self::Failed(task) => {
                Some(task)
            }
            Self::StillRunning { task, .. } => task.as_deref(),
            _ => None,
        }
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Withheld {
    /// The budget does not allow it.
    Budget {
        /// Why, as a sentence part.
        description: String,
    },
    /// Its turn among the generations of the client did not come before the deadline.
    Deadline,
    /// The journal could not be written, and what is not written down is not spent.
    Journal {
        /// What happened, as a sentence part.
        description: String,
    },
    /// Another operation of the client is about the same create, and has not ended.
    UnderWay,
    /// It was sent to another base URL: what this host does not know proves nothing.
    OtherBaseUrl {
        /// Where it was sent.
        sent_to: String,
    },
    /// It was sent with another key: what this account does not know proves nothing.
    OtherKey,
}

impl fmt::Display for Withheld {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget { description } => {
                write!(formatter, "the budget does not allow it: {description}")
            }
            Self::Deadline => formatter.write_str("its turn did not come before the deadline"),
            Self::Journal { description } => {
                write!(formatter, "the journal cannot be written: {description}")
            }
            Self::OtherBaseUrl { sent_to } => {
                write!(
                    formatter,
                    "it was sent to {sent_to}, which is not asked here"
                )
            }
            Self::UnderWay => formatter
                .write_str("another operation under the same external task id is under way"),
            Self::OtherKey => {
                formatter.write_str("it was sent with another API key than the one used here")
            }
        }
    }
}

/// What is known of an unresolved create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(formatter),
            Self::Trouble(trouble) => trouble.fmt(formatter),
            Self::Withheld(withheld) => withheld.fmt(formatter),
        }
    }
}
