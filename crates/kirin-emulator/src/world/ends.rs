//! The ends of tasks: every one comes through here once, whatever brought it about.

use std::time::Duration;

use super::{Outcome, Place, World};
use crate::CannotEnd;

impl World {
    /// Completes a task now, by either of its ids, whatever it was waiting for.
    ///
    /// # Errors
    ///
    /// There is no such task, or it has ended already.
    pub fn complete(&mut self, elapsed: Duration, id: &str) -> Result<(), CannotEnd> {
        self.end_by_hand(elapsed, id, Outcome::Completed)
    }

    /// Lets a task fail now with this `error.code`, by either of its ids.
    ///
    /// # Errors
    ///
    /// There is no such task, or it has ended already.
    pub fn fail(&mut self, elapsed: Duration, id: &str, code: &str) -> Result<(), CannotEnd> {
        self.end_by_hand(elapsed, id, Outcome::Failed { code: code.into() })
    }

    /// Ends the tasks whose time has come. It costs nothing where none has.
    pub(super) fn settle(&mut self, elapsed: Duration) {
        while let Some((after, place)) = self.tasks.next_due(elapsed) {
            let outcome = self.tasks.get(place).course.own_outcome();
            self.end(place, after, outcome);
        }
    }

    /// Counts a query of a task, which may be what it was waiting for.
    pub(super) fn count_query(&mut self, place: Place, elapsed: Duration) {
        let course = &mut self.tasks.get_mut(place).course;
        if course.count_query() {
            let outcome = course.own_outcome();
            self.end(place, elapsed, outcome);
        }
    }

    fn end_by_hand(
        &mut self,
        elapsed: Duration,
        id: &str,
        outcome: Outcome,
    ) -> Result<(), CannotEnd> {
        self.settle(elapsed);
        let place = self.tasks.find_any(id).ok_or(CannotEnd::NoSuchTask)?;
        match self.end(place, elapsed, outcome) {
            true => Ok(()),
            false => Err(CannotEnd::HasEnded),
        }
    }

    /// Ends a task; `false` if it has ended before.
    fn end(&mut self, place: Place, after: Duration, outcome: Outcome) -> bool {
        let is_new = self.tasks.finish(place, after, outcome.clone());
        if is_new {
            self.book_end(place, after, &outcome);
            self.call_back(place, after);
        }
        is_new
    }
}
