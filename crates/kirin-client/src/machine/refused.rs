//! The lookups between a refusal and what follows from it.
//!
//! A create that was refused may have been sent twice on the way, and the first of the two accepted: the
//! refusal is then the second's. So the task is looked for before the refusal is the end, before the
//! create is repeated, and before the first attempt of an id that may have been forgotten.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Cause, context::Context};
use crate::DuplicateIds;

/// When a refused create is looked up before it ends, where no lag is declared.
const LOOK_UPS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// How long after a refusal a create is repeated at the earliest, where no lag is declared.
const REPEATS_AFTER: Duration = Duration::from_secs(30);

/// Lookups that may fail in a row before this is over.
const MAX_FAILURES: u32 = 4;

/// A row of lookups, and what follows where they find nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Check {
    began_at: Duration,
    done: usize,
    pub(super) failures: u32,
    pub(super) then: Then,
}

/// What follows where nothing is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Then {
    /// Nothing was created.
    End(Cause),
    /// The create is sent; why it was not before, if it was sent before.
    Send(Option<Cause>),
}

impl Check {
    pub(super) fn begin(now: Duration, then: Then) -> Self {
        Self {
            began_at: now,
            done: 0,
            failures: 0,
            then,
        }
    }

    /// One lookup, whatever comes of it.
    pub(super) fn once(then: Then) -> Self {
        Self {
            done: LOOK_UPS.len(),
            ..Self::begin(Duration::ZERO, then)
        }
    }

    /// A lookup found nothing: when the next one is due, if there is one.
    pub(super) fn missed(&mut self, context: &Context) -> Option<Duration> {
        self.done = self.done.saturating_add(1);
        self.failures = 0;
        let Then::End(_) = self.then else {
            return None;
        };
        let after = match context.settings.capabilities.lookup_lag {
            Some(lag) => (self.done == 1).then_some(lag),
            None => LOOK_UPS.get(self.done).copied(),
        };
        after.map(|after| self.began_at.saturating_add(after))
    }

    /// A lookup showed nothing: whether it is worth another one.
    pub(super) fn failed(&mut self, context: &Context) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.failures < context.settings.call_policy.query_attempts_or(MAX_FAILURES)
    }
}

impl Context {
    pub(super) fn can_look_up(&self) -> bool {
        self.settings.capabilities.can_look_up()
    }

    pub(super) fn refuses_duplicates(&self) -> bool {
        self.settings.capabilities.duplicate_ids == DuplicateIds::Refused
    }

    /// Whether a refused create is looked up before it is repeated. A host that refuses duplicates may
    /// have forgotten an old one.
    pub(super) fn looks_up_before_repeating(&self, now: Duration) -> bool {
        self.can_look_up() && !(self.refuses_duplicates() && self.intent_is_recent(now))
    }

    /// From when on a create that was refused at this time may be repeated.
    pub(super) fn repeats_from(&self, refused_at: Duration) -> Duration {
        let lag = self.settings.capabilities.lookup_lag;
        match self.refuses_duplicates() {
            true => refused_at,
            false => refused_at.saturating_add(lag.unwrap_or(REPEATS_AFTER)),
        }
    }

    pub(super) fn intent_is_recent(&self, now: Duration) -> bool {
        self.clocks.intent_is_recent(now, &self.settings)
    }
}
