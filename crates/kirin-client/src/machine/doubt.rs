//! What is open after an attempt whose answer was lost, and when to look the task up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Cause, settings::Context, wait::MAX_FAILURES};
use crate::{Lookup, wire::Trouble};

/// When to look a task up, after its create became ambiguous.
const LOOK_UPS: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// How long a call may be on its way. The service may act on it until then, whatever became of the
/// connection, or of the process that made it.
const LONGEST_CALL: Duration = Duration::from_secs(30);

/// The wait before anything is looked up or sent again.
pub(super) const FIRST_LOOK_UP: Duration = LOOK_UPS[0];

/// An attempt may have created a task, and nobody knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Doubt {
    /// From when on nothing of the attempt is on its way any more: the lag of the lookup counts from
    /// here. A connection that breaks early does not call the request back, so it is the time-out.
    is_over_at: Duration,
    /// When the current row of look-ups began, and how many of it are done.
    look_ups_from: Duration,
    look_ups: usize,
    /// When the last look-up began.
    pub(super) looked_up_at: Option<Duration>,
    /// Look-ups in a row that told nothing.
    pub(super) failures: u32,
    /// The service refused the id as a duplicate: the task exists.
    pub(super) exists: bool,
    /// Nothing is sent again: a later attempt was refused for good or could not be made.
    pub(super) stopped: Option<Cause>,
    pub(super) cause: Trouble,
}

impl Doubt {
    pub(super) fn about(now: Duration, cause: Trouble) -> Self {
        Self {
            is_over_at: now.saturating_add(LONGEST_CALL),
            look_ups_from: now,
            look_ups: 0,
            looked_up_at: None,
            failures: 0,
            exists: false,
            stopped: None,
            cause,
        }
    }

    /// Begins the usual times anew.
    pub(super) fn look_again_from(&mut self, now: Duration) {
        self.look_ups_from = now;
        self.look_ups = 0;
        self.failures = 0;
    }

    /// The next of the usual times, or the one at which a 404 becomes a proof, whichever comes
    /// first; none past the deadline but one last look-up at it.
    pub(super) fn next_look_up_at(&mut self, now: Duration, context: &Context) -> Option<Duration> {
        if context.settings.capabilities.lookup == Lookup::Missing {
            return None;
        }
        let settles_at = self.settles_at(context);
        let last = self.looked_up_at;
        if last.is_some_and(|last| context.is_over(last)) {
            return None;
        }
        while LOOK_UPS
            .get(self.look_ups)
            .is_some_and(|after| self.look_ups_from.saturating_add(*after) <= now)
        {
            self.look_ups += 1;
        }
        let usual = LOOK_UPS
            .get(self.look_ups)
            .map(|after| self.look_ups_from.saturating_add(*after));
        let settling = settles_at.filter(|at| last.is_none_or(|last| last < *at));
        usual.into_iter().chain(settling).min()
    }

    /// A look-up that told nothing does not use up the last of the usual times: it is repeated,
    /// within a budget, before the deadline.
    pub(super) fn failed_look_up_again(
        &self,
        hint: Duration,
        context: &mut Context,
    ) -> Option<Duration> {
        let over = self.looked_up_at.is_none_or(|last| context.is_over(last));
        let again = !over && (1..MAX_FAILURES).contains(&self.failures);
        again.then(|| context.backoff.delay(self.failures, Some(hint)))
    }

    /// From when on a look-up tells for sure whether there is a task: twice the declared lag
    /// after the attempt must be over, on a host whose lookup is proven.
    pub(super) fn settles_at(&self, context: &Context) -> Option<Duration> {
        let capabilities = context.settings.capabilities;
        let lag = capabilities
            .lookup_lag
            .filter(|_| capabilities.lookup == Lookup::Proven)?;
        let settling = lag.saturating_mul(2).max(LOOK_UPS[0]);
        Some(self.is_over_at.saturating_add(settling))
    }
}
