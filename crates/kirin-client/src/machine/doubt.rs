//! What is open after an attempt whose answer was lost, and when to look the task up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Cause,
    absence::{BETWEEN_ROWS, MAX_ROWS},
    context::Context,
    wait::MAX_FAILURES,
};
use crate::{Lookup, wire::Trouble};

/// The shortest wait before a create is sent again, or a row of lookups begins.
pub(super) const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// An attempt may have created a task, and no one knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Doubt {
    /// From when on nothing of the attempt is on its way any more: the lag of the lookup counts from
    /// here. A connection that breaks early does not call the request back, so it is the timeout.
    is_over_at: Duration,
    /// When the current row of lookups began, and how many of it are done.
    look_ups_from: Duration,
    look_ups: usize,
    /// When the last lookup began.
    pub(super) looked_up_at: Option<Duration>,
    /// Lookups in a row that showed nothing.
    pub(super) failures: u32,
    /// The service refused the id as a duplicate: the task exists.
    pub(super) exists: bool,
    /// Nothing is sent again: a later attempt was refused for good or could not be made.
    pub(super) stopped: Option<Cause>,
    pub(super) cause: Trouble,
    /// Rows of controls that did not come to their end, and from when on another one may begin.
    pub(super) broken_rows: u32,
    next_row_from: Duration,
    /// A complete row has shown that the attempt created nothing.
    pub(super) is_proved_absent: bool,
}

/// What is looked up next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    LookUp(Duration),
    Row(Duration),
}

impl Doubt {
    pub(super) fn about(now: Duration, cause: Trouble, context: &Context) -> Self {
        Self {
            is_over_at: now.saturating_add(context.settings.longest_call),
            look_ups_from: now,
            look_ups: 0,
            looked_up_at: None,
            failures: 0,
            exists: false,
            stopped: None,
            cause,
            broken_rows: 0,
            next_row_from: now,
            is_proved_absent: false,
        }
    }

    /// No row may begin before this time.
    pub(super) fn no_row_before(&mut self, from: Duration) {
        self.next_row_from = self.next_row_from.max(from);
    }

    /// A row did not come to its end; the next one waits, for as long as the service asks at least.
    pub(super) fn row_broke(&mut self, now: Duration, hint: Duration) {
        self.broken_rows = self.broken_rows.saturating_add(1);
        self.next_row_from = now.saturating_add(hint.max(BETWEEN_ROWS));
    }

    /// What allowed the create at hand is spent: it takes new rows.
    pub(super) fn prove_again(&mut self, from: Duration) {
        self.is_proved_absent = false;
        self.broken_rows = 0;
        self.next_row_from = from;
    }

    /// Begins the usual times again.
    pub(super) fn look_again_from(&mut self, now: Duration) {
        self.look_ups_from = now;
        self.look_ups = 0;
        self.failures = 0;
    }

    /// The next of the usual times, or the one from which a row of lookups proves absence, whichever
    /// comes first; none past the deadline but one last lookup at it.
    pub(super) fn next(&mut self, now: Duration, context: &Context) -> Option<Next> {
        if !context.can_look_up() || self.looked_up_at.is_some_and(|last| context.is_over(last)) {
            return None;
        }
        let times = context.settings.call_policy.look_up_times();
        while times
            .get(self.look_ups)
            .is_some_and(|after| self.look_ups_from.saturating_add(*after) <= now)
        {
            self.look_ups += 1;
        }
        let usual = times
            .get(self.look_ups)
            .map(|after| self.look_ups_from.saturating_add(*after));
        let row = self.row_from(now, context).map(|from| from.max(now));
        match (usual, row) {
            (Some(usual), Some(row)) if usual < row => Some(Next::LookUp(context.cut(usual))),
            (_, Some(row)) if row > context.cut(row) => Some(Next::LookUp(context.cut(row))),
            (_, Some(row)) => Some(Next::Row(row)),
            (Some(usual), None) => Some(Next::LookUp(context.cut(usual))),
            (None, None) => self.last_look_up(now, context),
        }
    }

    /// Where no row is made, the task is looked for once more when the declared lag is over: what exists
    /// is found then.
    fn last_look_up(&self, now: Duration, context: &Context) -> Option<Next> {
        let settles_at = self.settles_at(context)?;
        let is_due = self.looked_up_at.is_none_or(|last| last < settles_at);
        is_due.then(|| Next::LookUp(context.cut(settles_at.max(now))))
    }

    /// A lookup that showed nothing does not use up the last of the usual times: it is repeated,
    /// within a budget, before the deadline.
    pub(super) fn failed_look_up_again(
        &self,
        hint: Duration,
        context: &mut Context,
    ) -> Option<Duration> {
        let over = self.looked_up_at.is_none_or(|last| context.is_over(last));
        let attempts = context.settings.call_policy.query_attempts_or(MAX_FAILURES);
        let again = !over && (1..attempts).contains(&self.failures);
        again.then(|| context.backoff.delay(self.failures, Some(hint)))
    }

    /// Twice the declared lag after the attempt must be over, on a host whose lookup is proven.
    fn settles_at(&self, context: &Context) -> Option<Duration> {
        let capabilities = context.settings.capabilities;
        let lag = capabilities
            .lookup_lag
            .filter(|_| capabilities.lookup == Lookup::Proven)?;
        let settling = lag.saturating_mul(2).max(SHORTEST_WAIT);
        Some(self.is_over_at.saturating_add(settling))
    }

    /// From when on a row of lookups tells for sure whether there is a task.
    fn row_from(&self, now: Duration, context: &Context) -> Option<Duration> {
        let settles_at = self.settles_at(context)?;
        let can_prove = !self.exists
            && self.broken_rows < MAX_ROWS
            && !context.settings.controls.is_empty()
            && !context.settings.was_sent_with_another_key
            && context.intent_is_recent(now);
        can_prove.then(|| settles_at.max(self.next_row_from))
    }
}
