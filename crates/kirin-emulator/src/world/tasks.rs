//! All tasks, found by either id.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    time::Duration,
};

use super::{course::Outcome, ids::TaskId, task::Task};
use crate::Lookup;

/// Where a task is in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place(usize);

/// The tasks of the one user that an emulator has.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    tasks: Vec<Task>,
    by_external_id: HashMap<String, Place>,
    /// When time ends which task, the earliest first.
    due: BinaryHeap<Reverse<(Duration, Place)>>,
    running: usize,
}

impl Tasks {
    /// Adds the task with the next number; of two with the same external id, the newer one is found by it.
    pub(super) fn insert(&mut self, task: Task) -> Place {
        let place = Place(self.tasks.len());
        if let Some(id) = &task.external_task_id {
            self.by_external_id.insert(id.as_str().into(), place);
        }
        if let Some(due) = task.course.due() {
            self.due.push(Reverse((due, place)));
        }
        self.running += 1;
        self.tasks.push(task);
        place
    }

    /// Takes out the next task that time should have ended by now, and when. One that has ended
    /// in another way comes too.
    pub(super) fn next_due(&mut self, elapsed: Duration) -> Option<(Duration, Place)> {
        let Reverse((due, _)) = self.due.peek()?;
        if *due > elapsed {
            return None;
        }
        self.due.pop().map(|Reverse(next)| next)
    }

    /// Ends a task; `false` if it has ended before.
    pub(super) fn finish(&mut self, place: Place, after: Duration, outcome: Outcome) -> bool {
        let is_new = self.get_mut(place).course.finish(after, outcome);
        self.running -= usize::from(is_new);
        is_new
    }

    /// How many are in progress.
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// When time ends the next task, if it ends any.
    pub(super) fn due_next(&self) -> Option<Duration> {
        self.due.peek().map(|Reverse((due, _))| *due)
    }

    /// The task at a place that `insert` gave.
    pub(super) fn get_mut(&mut self, place: Place) -> &mut Task {
        &mut self.tasks[place.0]
    }

    /// The task at a place that `insert` gave.
    pub(super) fn get(&self, place: Place) -> &Task {
        &self.tasks[place.0]
    }

    /// All of them, the newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().rev()
    }

    /// The task with the service's own id.
    pub(super) fn find_own(&self, id: &str) -> Option<&Task> {
        self.place_of_own(id).map(|place| self.get(place))
    }

    /// Where it is: the number in its id is its place, so nothing else has to be looked up.
    fn place_of_own(&self, id: &str) -> Option<Place> {
        TaskId::numbers(id)
            .take_while(|number| *number < self.tasks.len())
            .map(Place)
            .find(|place| *self.get(*place).id == *id)
    }

    /// Where the task with the caller's id is.
    pub(super) fn find_external(&self, id: &str) -> Option<Place> {
        self.by_external_id.get(id).copied()
    }

    /// Where the task with either id is; the service's own goes before the caller's.
    pub(super) fn find_any(&self, id: &str) -> Option<Place> {
        let own = self.place_of_own(id);
        own.or_else(|| self.find_external(id))
    }

    /// The same as far as a query finds it.
    pub(super) fn find(&self, id: &str, lookup: Lookup, elapsed: Duration) -> Option<Place> {
        if let Some(place) = self.place_of_own(id) {
            return Some(place);
        }
        let lag = match lookup {
            Lookup::Lags(lag) => lag,
            Lookup::Missing => return None,
            Lookup::Works => Duration::ZERO,
        };
        let place = self.find_external(id)?;
        let visible_after = self.get(place).course.created_after().saturating_add(lag);
        (elapsed >= visible_after).then_some(place)
    }
}
