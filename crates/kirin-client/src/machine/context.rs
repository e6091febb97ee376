//! What the phases of a machine share.

use std::time::Duration;

use kirin_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Settings,
    clock_difference::ClockDifference,
    clocks::{Clocks, was_put_back},
};
use crate::backoff::Backoff;

/// What the phases of a machine share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Context {
    pub(super) settings: Settings,
    pub(super) backoff: Backoff,
    pub(super) clocks: Clocks,
}

impl Context {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            backoff: Backoff::new(settings.seed),
            clocks: Clocks::default(),
            settings,
        }
    }

    /// Takes what the clocks show at `now`. The first answer to a machine that is its own intent tells how
    /// far they were apart at the intent, unless ours was put back since then.
    pub(super) fn read_clocks(
        &mut self,
        now: Duration,
        ours: Timestamp,
        service: Option<Timestamp>,
    ) {
        self.clocks.read(now, ours, service);
        if !self.clocks.intended_before && self.settings.clock_difference.is_none() {
            let known = service.zip(self.settings.started_at);
            let known = known.filter(|(_, started_at)| !was_put_back(*started_at, now, ours));
            self.settings.clock_difference =
                known.map(|(service, _)| ClockDifference::between(ours, service));
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
