//! How far a task is, and how it ends.

use std::{sync::Arc, time::Duration};

use crate::lifecycle::{Ending, Failure, Lifecycle};

use super::drawn_time::drawn_time;

/// What a task goes through. The time that passes ends it only where [`Tasks`](super::Tasks) says
/// so, so that every end has one moment and everyone hears of it.
#[derive(Debug)]
pub(super) struct Course {
    created_after: Duration,
    basis: Basis,
    failure: Option<Failure>,
    end: Option<End>,
}

/// What its progress follows.
#[derive(Clone, Copy, Debug)]
enum Basis {
    Hand,
    Queries { counted: u32, needed: u32 },
    Time(Duration),
}

/// The end of a task, which never changes.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// When it was, after the start of the world.
    pub(super) after: Duration,
    pub(super) outcome: Outcome,
}

/// What became of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Completed,
    Failed { code: Arc<str> },
}

impl Course {
    /// Begins; `typical` is the model's typical time, and `number` draws from it.
    pub(super) fn new(
        lifecycle: &Lifecycle,
        created_after: Duration,
        typical: Duration,
        number: u64,
    ) -> Self {
        Self {
            created_after,
            basis: match lifecycle.ending {
                Ending::After(time) => Basis::Time(time),
                Ending::AfterQueries(needed) => Basis::Queries { counted: 0, needed },
                Ending::ByHand => Basis::Hand,
                Ending::Drawn => Basis::Time(drawn_time(typical, number)),
            },
            failure: lifecycle.failure.clone(),
            end: None,
        }
    }

    /// When its task was created, after the start of the world.
    pub(super) fn created_after(&self) -> Duration {
        self.created_after
    }

    /// The end, once there is one.
    pub(super) fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// When the time ends it, if time does.
    pub(super) fn due(&self) -> Option<Duration> {
        let percent = self.failure.as_ref().map_or(100, |failure| failure.percent);
        match self.basis {
            Basis::Time(time) => {
                let time = time.saturating_mul(percent.into()) / 100;
                Some(self.created_after.saturating_add(time))
            }
            // It fails at once, whatever it would have waited for.
            _ if percent == 0 => Some(self.created_after),
            Basis::Hand | Basis::Queries { .. } => None,
        }
    }

    /// From 0 to 99, whole hundredths, because a shorter time and a longer one are exact in them.
    pub(super) fn percent(&self, elapsed: Duration) -> u8 {
        let percent = match self.basis {
            Basis::Hand | Basis::Time(Duration::ZERO) => 0,
            Basis::Queries { counted, needed } => u64::from(counted) * 100 / u64::from(needed),
            Basis::Time(time) => {
                let age = elapsed.saturating_sub(self.created_after).min(time);
                // It is 100 at most.
                (age.as_nanos() * 100 / time.as_nanos()) as u64
            }
        };
        percent.min(99) as u8
    }

    /// Counts a query; whether it ends the task.
    pub(super) fn count_query(&mut self) -> bool {
        let percent = self.failure.as_ref().map_or(100, |failure| failure.percent);
        match &mut self.basis {
            Basis::Queries { counted, needed } => {
                *counted = counted.saturating_add(1);
                u64::from(*counted) * 100 >= u64::from(*needed) * u64::from(percent)
            }
            Basis::Hand | Basis::Time(_) => false,
        }
    }

    /// What becomes of it where no one decides otherwise.
    pub(super) fn own_outcome(&self) -> Outcome {
        match &self.failure {
            None => Outcome::Completed,
            Some(Failure { code, .. }) => Outcome::Failed {
                code: Arc::clone(code),
            },
        }
    }

    /// Ends it; `false` if it has ended before.
    pub(super) fn finish(&mut self, after: Duration, outcome: Outcome) -> bool {
        let is_new = self.end.is_none();
        if is_new {
            self.end = Some(End { after, outcome });
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(lifecycle: &Lifecycle) -> Course {
        let created_after = Duration::from_secs(1);
        Course::new(lifecycle, created_after, Duration::from_secs(60), 1 << 63)
    }

    #[test]
    fn progress_follows_the_elapsed_time() {
        let check = |elapsed, task, expected| {
            let course = course(&Lifecycle::after(Duration::from_millis(task)));
            let percent = course.percent(Duration::from_millis(elapsed));
            assert_eq!(percent, expected, "{elapsed} of {task}");
        };
        check(1000, 3000, 0);
        check(1029, 3000, 0);
        check(1030, 3000, 1);
        check(2500, 3000, 50);
        check(3999, 3000, 99);
        check(u64::MAX, 3000, 99);
        check(1000, 0, 0);
        // A query that overtook the create on its way to the world.
        check(999, 3000, 0);
    }

    #[test]
    fn time_ends_what_waits_for_time() {
        let check = |lifecycle: Lifecycle, expected: Option<u64>| {
            let due = course(&lifecycle).due();
            assert_eq!(due, expected.map(Duration::from_millis), "{lifecycle:?}");
        };
        let seconds = |seconds| Lifecycle::after(Duration::from_secs(seconds));
        check(Lifecycle::at_once(), Some(1000));
        check(seconds(3), Some(4000));
        check(seconds(3).fail_with("a"), Some(4000));
        check(seconds(3).fail_at(50, "a"), Some(2500));
        check(seconds(3).fail_at(255, "a"), Some(4000));
        check(Lifecycle::drawn(), Some(61_000));
        check(Lifecycle::after_queries(0), Some(1000));
        check(Lifecycle::after_queries(3), None);
        check(Lifecycle::after_queries(3).fail_at(0, "a"), Some(1000));
        check(Lifecycle::by_hand(), None);
        check(Lifecycle::by_hand().fail_at(0, "a"), Some(1000));
    }

    #[test]
    fn an_end_never_changes() {
        let mut course = course(&Lifecycle::by_hand());
        assert!(course.finish(Duration::from_secs(2), Outcome::Completed));
        let failed = Outcome::Failed { code: "a".into() };
        assert!(!course.finish(Duration::from_secs(3), failed));
        let end = course.end().unwrap();
        assert_eq!(
            (end.after.as_secs(), &end.outcome),
            (2, &Outcome::Completed)
        );
    }
}
