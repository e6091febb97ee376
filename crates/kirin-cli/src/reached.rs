//! How far a generation got: that decides what a person reads when it ends.

use std::sync::{Mutex, MutexGuard, PoisonError};

use kirin_client::machine::Notice;
use kirin_ledger::Entry;
use kirin_types::{Task, TaskId, TaskState};

use crate::{failure::Ids, terminal::status_text};

/// How far a generation got, kept up to date by its notices.
#[derive(Debug, Default)]
pub(crate) struct Reached(Mutex<Ids>);

impl Reached {
    /// A task that is known from the start.
    pub(crate) fn of_task(id: TaskId) -> Self {
        Self(Mutex::new(Ids {
            id: Some(id),
            ..Ids::default()
        }))
    }

    /// A create that an earlier run has sent, and its task where that is known.
    pub(crate) fn of_entry(entry: &Entry) -> Self {
        let reached = Self::default();
        reached.set_begun(entry);
        reached
    }

    /// Another run has begun it: what that one sent may be charged.
    pub(crate) fn set_begun(&self, entry: &Entry) {
        *self.lock() = Ids {
            external_task_id: Some(entry.external_task_id.clone()),
            id: entry.task_id.clone(),
            completed: entry.completed().is_some(),
            last_status: None,
        };
    }

    /// The video of the task is being downloaded. A task that ended in other words may still continue.
    pub(crate) fn set_downloading(&self, task: &Task) {
        let mut ids = self.lock();
        ids.id = Some(task.id().clone());
        ids.completed = matches!(task.state(), TaskState::Completed { .. });
    }

    pub(crate) fn update_from(&self, notice: &Notice) {
        let mut ids = self.lock();
        match notice {
            Notice::Accepted { id, .. } | Notice::Found { id } => ids.id = Some(id.clone()),
            Notice::Submitting { external_task_id } => {
                ids.external_task_id = Some(external_task_id.clone());
            }
            Notice::Progress { status, reason, .. } | Notice::UnknownStatus { status, reason } => {
                ids.last_status = Some(status_text(status.as_deref(), reason.as_deref()));
            }
            _ => {}
        }
    }

    pub(crate) fn ids(&self) -> Ids {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Ids> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
