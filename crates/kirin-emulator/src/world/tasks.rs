//! All tasks, found by either id.

use std::{collections::HashMap, time::Duration};

use kirin_types::ExternalTaskId;

use super::task::Task;
use crate::Lookup;

/// Where a task is in the order of creation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(usize);

/// The tasks of the one user that an emulator has.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    tasks: Vec<Task>,
    by_id: HashMap<String, Place>,
    by_external_id: HashMap<String, Place>,
}

impl Tasks {
    /// Adds a task; of two with the same external id, the newer one is found by it.
    pub(super) fn insert(&mut self, task: Task) -> Place {
        let place = Place(self.tasks.len());
        self.by_id.insert(task.id.clone(), place);
        if let Some(id) = &task.external_task_id {
            self.by_external_id.insert(id.as_str().into(), place);
        }
        self.tasks.push(task);
        place
    }

    /// The task at a place that `insert` gave.
    pub(super) fn get(&self, place: Place) -> &Task {
        &self.tasks[place.0]
    }

    /// The task with the service's own id.
    pub(super) fn find_own(&self, id: &str) -> Option<&Task> {
        self.by_id.get(id).map(|place| self.get(*place))
    }

    /// The task with the caller's id.
    pub(super) fn find_external(&self, id: &ExternalTaskId) -> Option<&Task> {
        let place = self.by_external_id.get(id.as_str())?;
        Some(self.get(*place))
    }

    /// The task with either id; the service's own goes before the caller's.
    pub(super) fn find(&self, id: &str, lookup: Lookup, elapsed: Duration) -> Option<&Task> {
        self.find_own(id).or_else(|| {
            let lag = match lookup {
                Lookup::Lags(lag) => lag,
                Lookup::Missing => return None,
                Lookup::Works => Duration::ZERO,
            };
            let task = self.find_external(&id.parse().ok()?)?;
            (elapsed >= task.created_after.saturating_add(lag)).then_some(task)
        })
    }
}
