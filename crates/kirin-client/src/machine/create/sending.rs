//! What follows from the answer to a create.

use std::time::Duration;

use kirin_types::ErrorReason;

use super::{CreatePhase, State};
use crate::{
    machine::{
        Cause, Notice, Outcome, SendReason, Withheld, context::Context, doubt::Doubt,
        refused::Then, step::Step,
    },
    wire::{CreateAnswer, Refusal, Trouble},
};

/// Calls in a row that certainly did not reach the server before it counts as unreachable.
const MAX_NOT_SENT: u32 = 4;

impl CreatePhase {
    /// The wait before a create is over; after the deadline nothing is spent any more, and after a day
    /// nothing that an earlier attempt may have bought already.
    pub(super) fn send_again(&mut self, now: Duration, context: &mut Context) -> Step {
        let cause = self.repeats_after.take();
        let may_repeat = match self.reason {
            SendReason::RefusesDuplicates => self.duplicates_are_harmless(now, context),
            _ => true,
        };
        if context.is_over(now) || !may_repeat {
            let cause = cause.unwrap_or_else(|| self.cause_of_doubt());
            let step = self.stop(now, cause, context);
            return match self.state {
                // The last look-up is due already.
                State::LookUpPaused { until } if until <= now => self.look_up(now),
                _ => step,
            };
        }
        let was_refused = self.refused_at.is_some();
        match was_refused && context.looks_up_before_repeating(now) {
            true => self.begin_check(now, Then::Send(cause)),
            false => self.enter(State::Sending),
        }
    }

    pub(super) fn create_answered(
        &mut self,
        now: Duration,
        answer: CreateAnswer,
        context: &mut Context,
    ) -> Step {
        self.send_by = None;
        match answer {
            CreateAnswer::Ambiguous(trouble) => self.became_ambiguous(now, trouble, context),
            CreateAnswer::Created(task) => Step::Accepted {
                task,
                adopted: false,
            },
            CreateAnswer::Duplicate(refusal) => self.refused_as_duplicate(now, refusal, context),
            CreateAnswer::NotSent(trouble) if self.not_sent.saturating_add(1) >= MAX_NOT_SENT => {
                self.stop(now, Cause::Trouble(trouble), context)
            }
            CreateAnswer::NotSent(trouble) => {
                self.not_sent = self.not_sent.saturating_add(1);
                let hint = trouble.retry_after;
                self.pause(now, Cause::Trouble(trouble), hint, context)
            }
            CreateAnswer::Refused(refusal) => {
                self.refused_at = Some(now);
                self.refusals = self.refusals.saturating_add(1);
                match refusal.reason {
                    ErrorReason::RateLimit | ErrorReason::ParallelTaskLimit => {
                        self.not_sent = 0;
                        let hint = refusal.retry_after;
                        self.pause(now, Cause::Refused(refusal), hint, context)
                    }
                    _ => self.stop(now, Cause::Refused(refusal), context),
                }
            }
        }
    }

    /// Someone else may be at the create, and then that nothing was sent here says nothing of it.
    pub(super) fn withheld(
        &mut self,
        now: Duration,
        withheld: Withheld,
        context: &mut Context,
    ) -> Step {
        match withheld.outcome(&self.external_task_id) {
            Outcome::NotCreated { cause } => self.stop(now, cause, context),
            outcome => Step::Finish(outcome),
        }
    }

    /// Nothing was created: the same create follows after a wait, unless the deadline comes first.
    pub(super) fn pause(
        &mut self,
        now: Duration,
        cause: Cause,
        hint: Option<Duration>,
        context: &mut Context,
    ) -> Step {
        self.repeated = self.repeated.saturating_add(1);
        let wait = context.backoff.delay(self.repeated, hint);
        let repeats_from = self.refused_at.map(|at| context.repeats_from(at));
        let until = now
            .saturating_add(wait)
            .max(repeats_from.unwrap_or_default());
        if context.is_over(until) {
            return self.stop(now, cause, context);
        }
        let notice = Notice::Retrying {
            cause: cause.to_string(),
            wait: until.saturating_sub(now),
        };
        if self.reason == SendReason::Absence {
            return match self.prove_again(until, Some(cause), context) {
                Step::Stay(_) => Step::Stay(notice),
                end => end,
            };
        }
        self.repeats_after = Some(cause);
        self.state = State::Paused { until };
        Step::Stay(notice)
    }

    /// What was looked up before the create does not hold any longer, and the create was not sent.
    pub(super) fn send_delayed(&mut self, now: Duration, context: &mut Context) -> Step {
        self.send_by = None;
        let cause = self.repeats_after.take();
        match self.reason {
            SendReason::Absence => self.prove_again(now, cause, context),
            _ => self.begin_check(now, Then::Send(cause)),
        }
    }

    pub(super) fn became_ambiguous(
        &mut self,
        now: Duration,
        cause: Trouble,
        context: &mut Context,
    ) -> Step {
        if self.maybe_sent == 0 {
            self.refused_duplicates_before = context.refuses_duplicates();
        }
        self.repeated = 0;
        self.not_sent = 0;
        self.maybe_sent = self.maybe_sent.saturating_add(1);
        let repeated = u32::from(self.reason == SendReason::Absence);
        self.repetitions = self.repetitions.saturating_add(repeated);
        self.looked_up();
        self.repeats_after = None;
        let notice = Notice::LostAnswer {
            cause: cause.to_string(),
        };
        self.doubt = Some(Doubt::about(now, cause, context));
        self.next_look_up(now, None, notice, context)
    }

    /// It exists, whoever made it. Something on the way may have sent this very create twice.
    pub(super) fn refused_as_duplicate(
        &mut self,
        now: Duration,
        refusal: Refusal,
        context: &mut Context,
    ) -> Step {
        let notice = Notice::LostAnswer {
            cause: refusal.to_string(),
        };
        let doubt = self
            .doubt
            .get_or_insert_with(|| Doubt::about(now, refusal.clone().into(), context));
        doubt.exists = true;
        doubt.look_again_from(now);
        self.duplicate = Some(refusal);
        self.next_look_up(now, None, notice, context)
    }

    /// Nothing is sent again. What an earlier attempt did is still open if it was, and what was refused
    /// is looked for before that is the end.
    pub(super) fn stop(&mut self, now: Duration, cause: Cause, context: &mut Context) -> Step {
        let Some(doubt) = self.doubt.as_mut().filter(|doubt| !doubt.is_proved_absent) else {
            self.doubt = None;
            let notice = Notice::Refused {
                cause: cause.to_string(),
            };
            return match self.refused_at.is_some() && context.can_look_up() {
                true => {
                    self.begin_check(now, Then::End(cause));
                    Step::Stay(notice)
                }
                false => Self::not_created(cause),
            };
        };
        let notice = Notice::LostAnswer {
            cause: cause.to_string(),
        };
        doubt.stopped = Some(cause);
        doubt.look_again_from(now);
        if let Some(refused_at) = self.refused_at {
            // What was refused may have been accepted just now, and is found after the lag.
            let lag = context.settings.capabilities.lookup_lag;
            doubt.no_row_before(refused_at.saturating_add(lag.unwrap_or_default()));
        }
        self.next_look_up(now, None, notice, context)
    }

    /// Nothing that was refused is still to be looked up.
    pub(super) fn looked_up(&mut self) {
        self.refused_at = None;
        self.refusals = 0;
    }
}
