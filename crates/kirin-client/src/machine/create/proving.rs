//! The row of controls, and what it allows.

use std::time::Duration;

use super::{CreatePhase, MAX_REPETITIONS_AFTER_ABSENCE, State};
use crate::{
    backoff::LONGEST_HINT,
    machine::{
        Cause, Notice, SendReason,
        absence::{PROOF_HOLDS, Progress, Row},
        context::Context,
        step::Step,
    },
    wire::Probe,
};

impl CreatePhase {
    /// The proof is spent, or came too late: the next create takes a new row.
    pub(super) fn prove_again(
        &mut self,
        from: Duration,
        cause: Option<Cause>,
        context: &mut Context,
    ) -> Step {
        self.repeats_after = cause;
        if let Some(doubt) = &mut self.doubt {
            doubt.prove_again(from);
        }
        self.next_look_up(from, None, Notice::Nothing, context)
    }

    pub(super) fn begin_row(&mut self, now: Duration, context: &mut Context) -> Step {
        let broken_rows = self.doubt.as_ref().map_or(0, |doubt| doubt.broken_rows);
        match context.intent_is_recent(now) {
            true => self.enter(State::Proving(Row::begin(now, broken_rows))),
            false => self.next_look_up(now, None, Notice::Nothing, context),
        }
    }

    pub(super) fn probed(&mut self, now: Duration, probe: Probe, context: &mut Context) -> Step {
        let State::Proving(row) = &mut self.state else {
            return Step::Stay(Notice::Nothing);
        };
        let hint = probe.retry_after();
        match row.answered(now, probe, &self.external_task_id, context) {
            Progress::Next => Step::Stay(Notice::Nothing),
            Progress::Found(task) => self.found(*task, context),
            Progress::Broken(reason) => {
                let began_at = row.began_at();
                if let Some(doubt) = &mut self.doubt {
                    doubt.row_broke(now, hint.min(LONGEST_HINT));
                    doubt.looked_up_at = Some(began_at);
                }
                let notice = Notice::Trouble { cause: reason };
                self.next_look_up(now, None, notice, context)
            }
            Progress::Proved => self.proved_absent(now, context),
        }
    }

    /// The earlier attempts have created nothing.
    pub(super) fn proved_absent(&mut self, now: Duration, context: &mut Context) -> Step {
        self.looked_up();
        let Some(doubt) = &mut self.doubt else {
            return Step::Stay(Notice::Nothing);
        };
        doubt.is_proved_absent = true;
        if let Some(cause) = doubt.stopped.take() {
            return Self::not_created(cause);
        }
        let cause = self.repeats_after.take();
        let is_allowed = self.repetitions < MAX_REPETITIONS_AFTER_ABSENCE
            && self.may_send(now, context)
            && context.intent_is_recent(now);
        match is_allowed {
            true => self.send(SendReason::Absence, Some(now.saturating_add(PROOF_HOLDS))),
            false => Self::not_created(cause.unwrap_or_else(|| self.cause_of_doubt())),
        }
    }
}
