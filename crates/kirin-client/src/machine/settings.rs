//! What a machine is told at its start.

use std::time::Duration;

use kirin_types::{Model, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{HostCapabilities, PollSchedule, backoff::Backoff};

/// How a machine goes about its work.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_client::machine::Settings;
/// use kirin_types::KIRIN_V2_5_TURBO_T2V;
///
/// let settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V);
/// // Twenty times the typical 45 s.
/// assert_eq!(settings.deadline, Some(Duration::from_secs(15 * 60)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Settings {
    /// The elapsed time at which the machine stops waiting; `None` waits for ever.
    pub deadline: Option<Duration>,
    /// When to query.
    pub schedule: PollSchedule,
    /// What the host can do.
    pub capabilities: HostCapabilities,
    /// Wall time at the start: a task that is older is another one.
    pub started_at: Option<Timestamp>,
    /// The external task id was made up for this generation, so no other task has it.
    #[serde(default)]
    pub external_task_id_is_minted: bool,
    /// Source of the jitter.
    pub seed: u64,
}

impl Settings {
    /// The default deadline, as a multiple of the model's typical time.
    const DEADLINE_FACTOR: u32 = 20;

    /// The defaults for a model.
    pub fn for_model(model: &Model) -> Self {
        Self {
            deadline: Some(model.typical_time.duration * Self::DEADLINE_FACTOR),
            schedule: PollSchedule::optimum(model.typical_time.duration),
            capabilities: HostCapabilities::default(),
            started_at: None,
            external_task_id_is_minted: false,
            seed: 0,
        }
    }
}

/// What the phases of a machine share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Context {
    pub(super) settings: Settings,
    pub(super) backoff: Backoff,
}

impl Context {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            backoff: Backoff::new(settings.seed),
            settings,
        }
    }

    /// `until`, cut to the deadline.
    pub(super) fn cut(&self, until: Duration) -> Duration {
        self.settings
            .deadline
            .map_or(until, |deadline| until.min(deadline))
    }

    /// Whether the deadline has come at `now`.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        self.settings
            .deadline
            .is_some_and(|deadline| now >= deadline)
    }
}
