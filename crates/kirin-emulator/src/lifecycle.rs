//! How a task goes from its create to its end.

use std::{error::Error, fmt, sync::Arc, time::Duration};

/// How long a task takes unless it is set.
pub(crate) const TASK_TIME: Duration = Duration::from_secs(3);

/// How a task goes from its create to its end, and what its end is.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_emulator::{EmulatorConfig, Lifecycle, Which};
///
/// let config = EmulatorConfig::new()
///     .lifecycle(Lifecycle::after(Duration::from_secs(10)))
///     .lifecycle_of(Which::Model("kirin_v1_t2v".into()), Lifecycle::drawn())
///     .lifecycle_of(Which::Nth(3), Lifecycle::after_queries(4).fail_at(50, "002011095"))
///     .lifecycle_of(Which::ExternalTaskId("order-42".into()), Lifecycle::by_hand());
/// # let _ = config;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    pub(crate) ending: Ending,
    pub(crate) failure: Option<Failure>,
}

/// What ends a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    After(Duration),
    AfterQueries(u32),
    ByHand,
    Drawn,
}

/// A task that fails: with which code, and at which progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) percent: u8,
    pub(crate) code: Arc<str>,
}

impl Lifecycle {
    /// Completed in the answer to the create.
    pub fn at_once() -> Self {
        Self::after(Duration::ZERO)
    }

    /// Completed so long after the create.
    pub fn after(time: Duration) -> Self {
        Self::new(Ending::After(time))
    }

    /// Completed in the answer to this query of the task, counted from 1 by whichever id it goes;
    /// 0 is at once.
    pub fn after_queries(queries: u32) -> Self {
        Self::new(match queries {
            0 => Ending::After(Duration::ZERO),
            queries => Ending::AfterQueries(queries),
        })
    }

    /// In progress until [`Emulator::complete`](crate::Emulator::complete) or
    /// [`Emulator::fail`](crate::Emulator::fail).
    pub fn by_hand() -> Self {
        Self::new(Ending::ByHand)
    }

    /// Completed after a time that the seed draws around the typical time of the task's model: half
    /// of the tasks take less than that, four of five 0.68 to 1.47 times as long, all 0.5 to 2 times.
    pub fn drawn() -> Self {
        Self::new(Ending::Drawn)
    }

    /// Failed with this `error.code`, such as `002011095`, at its end.
    pub fn fail_with(self, code: impl Into<String>) -> Self {
        self.fail_at(100, code)
    }

    /// Failed with this `error.code` as soon as its progress is so many percent: 0 is in the answer
    /// to the create, and whatever is above 99 is at its end.
    pub fn fail_at(mut self, percent: u8, code: impl Into<String>) -> Self {
        self.failure = Some(Failure {
            percent: percent.min(100),
            code: code.into().into(),
        });
        self
    }

    fn new(ending: Ending) -> Self {
        Self {
            ending,
            failure: None,
        }
    }
}

impl Default for Lifecycle {
    /// Completed after [`EmulatorConfig::TASK_TIME`](crate::EmulatorConfig::TASK_TIME).
    fn default() -> Self {
        Self::after(TASK_TIME)
    }
}

/// Which tasks something is set for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// Those with this external task id.
    ExternalTaskId(String),
    /// Those of this model.
    Model(String),
    /// The one that is created as the n-th, counted from 1.
    Nth(u64),
}

impl Which {
    /// Whether a task is meant; `number` counts from 0.
    pub(crate) fn fits(&self, external_task_id: Option<&str>, model: &str, number: u64) -> bool {
        match self {
            Self::ExternalTaskId(id) => external_task_id == Some(id),
            Self::Model(id) => model == id,
            Self::Nth(nth) => number.checked_add(1) == Some(*nth),
        }
    }
}

/// Why a task was not ended by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CannotEnd {
    /// It has ended already, and an end never changes.
    HasEnded,
    /// There is no such task.
    NoSuchTask,
}

impl fmt::Display for CannotEnd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::HasEnded => "the task has ended already",
            Self::NoSuchTask => "there is no such task",
        })
    }
}

impl Error for CannotEnd {}
