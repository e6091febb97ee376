//! The lookups between a refusal and what follows from it, and before the first attempt of an id that may
//! be known.

use std::time::Duration;

use super::{CreatePhase, State, is_about_the_key};
use crate::{
    Lookup,
    machine::{
        Cause, Notice, Withheld,
        absence::PROOF_HOLDS,
        clocks::LATEST,
        context::Context,
        refused::{Check, Then},
        step::Step,
    },
    wire::{QueryAnswer, Refusal, Trouble},
};

impl CreatePhase {
    pub(super) fn begin_check(&mut self, now: Duration, then: Then) -> Step {
        self.check = Some(Check::begin(now, then));
        self.enter(State::Checking)
    }

    pub(super) fn check_answered(
        &mut self,
        now: Duration,
        answer: QueryAnswer,
        context: &mut Context,
    ) -> Step {
        let trouble = match answer {
            QueryAnswer::NotFound(_) => {
                let next = self.check.as_mut().and_then(|check| check.missed(context));
                return match next {
                    // Also past the deadline: sooner, a miss says nothing of what was refused.
                    Some(at) => self.enter(State::CheckPaused { until: at.max(now) }),
                    None => self.end_check(now, context),
                };
            }
            QueryAnswer::Refused(refusal) if self.refuses_the_first(&refusal, context) => {
                self.check = None;
                return Self::not_created(Cause::Refused(refusal));
            }
            // It says nothing, and what was refused stays refused.
            QueryAnswer::Refused(refusal) if self.stays_refused(&refusal, context) => {
                return self.end_check(now, context);
            }
            QueryAnswer::Refused(refusal) => refusal.into(),
            QueryAnswer::Task(task) if !task.names_another_than(&self.external_task_id) => {
                return self.found(task, context);
            }
            QueryAnswer::Task(_) => Trouble::new("an answer about another external task id"),
            QueryAnswer::Trouble(trouble) => trouble,
        };
        let Some(check) = self.check.as_mut() else {
            return self.give_up_check(trouble, context);
        };
        let is_end = matches!(check.then, Then::End(_));
        if !check.failed(context) || (!is_end && context.is_over(now)) {
            return self.give_up_check(trouble, context);
        }
        let wait = context.backoff.delay(check.failures, trouble.retry_after);
        let until = now.saturating_add(wait);
        self.state = State::CheckPaused {
            until: if is_end {
                until
            } else {
                context.cut(until).max(now)
            },
        };
        Step::Stay(Notice::Trouble {
            cause: trouble.to_string(),
        })
    }

    /// Nothing was found, at the times at which it would have been.
    pub(super) fn end_check(&mut self, now: Duration, context: &mut Context) -> Step {
        let then = self.check.take().map(|check| check.then);
        let was_refused = self.refused_at.is_some() || context.settings.follows_refusal;
        // The host may have forgotten it.
        let proves = match self.refused_at {
            Some(at) if !context.settings.follows_refusal => now.saturating_sub(at) <= LATEST,
            _ => !was_refused || context.intent_is_recent(now),
        };
        match then {
            Some(Then::End(cause) | Then::Send(Some(cause))) if !proves => self.unresolved(cause),
            _ if !proves => self.unresolved(self.cause_of_doubt()),
            Some(Then::End(cause)) => Self::not_created(cause),
            Some(Then::Send(cause)) if context.is_over(now) && (cause.is_some() || was_refused) => {
                self.looked_up();
                let cause = cause.unwrap_or(Cause::Withheld(Withheld::Deadline));
                self.stop(now, cause, context)
            }
            Some(Then::Send(cause)) => {
                let is_repeated = cause.is_some() || was_refused;
                self.repeats_after = cause;
                let send_by = is_repeated.then(|| now.saturating_add(PROOF_HOLDS));
                self.send(self.reason, send_by)
            }
            None => self.enter(State::Sending),
        }
    }

    /// Whether a lookup is refused for what the create was refused for; or its host cannot be asked by
    /// external id, as far as is known.
    pub(super) fn stays_refused(&self, refusal: &Refusal, context: &Context) -> bool {
        match (
            is_about_the_key(refusal),
            self.check.as_ref().map(|check| &check.then),
        ) {
            (true, Some(Then::End(Cause::Refused(create)))) => {
                is_about_the_key(create) && self.refusals == 1
            }
            (true, _) => false,
            (false, _) => {
                let has_no_look_up = matches!(refusal.status, 400 | 405);
                has_no_look_up && context.settings.capabilities.lookup == Lookup::Unproven
            }
        }
    }

    /// Whether the key is refused by the lookup before the first attempt, which it would refuse as well.
    fn refuses_the_first(&self, refusal: &Refusal, context: &Context) -> bool {
        let then = self.check.as_ref().map(|check| &check.then);
        let is_first = matches!(then, Some(Then::Send(None))) && !context.settings.follows_refusal;
        is_first && is_about_the_key(refusal)
    }

    /// Nothing is sent without the lookup before it, and what was refused and could not be looked up may
    /// exist.
    pub(super) fn give_up_check(&mut self, trouble: Trouble, context: &Context) -> Step {
        match (self.check.take().map(|check| check.then), &self.doubt) {
            (Some(Then::End(cause) | Then::Send(Some(cause))), None) => self.unresolved(cause),
            (_, None) if !context.settings.follows_refusal => {
                Self::not_created(Cause::Trouble(trouble))
            }
            _ => self.unresolved(Cause::Trouble(trouble)),
        }
    }
}
