//! The lookups after an attempt that may have created a task.

use std::time::Duration;

use super::{CreatePhase, State, is_about_the_key};
use crate::{
    backoff::LONGEST_HINT,
    machine::{
        Cause, Notice, SendReason,
        context::Context,
        doubt::{Doubt, Next, SHORTEST_WAIT},
        step::Step,
    },
    wire::{QueryAnswer, Refusal, Trouble},
};

/// Creates that may have been sent, in all, before the rest is left to a person.
const MAX_MAYBE_SENT: u32 = 4;

impl CreatePhase {
    pub(super) fn look_up(&mut self, now: Duration) -> Step {
        let Some(doubt) = &mut self.doubt else {
            return self.enter(State::LookingUp);
        };
        doubt.looked_up_at = Some(now);
        match doubt.cause.hint.take() {
            Some(id) => self.enter(State::AskingByHint(id)),
            None => self.enter(State::LookingUp),
        }
    }

    /// An answer that named both an id and an error is asked about, not believed.
    pub(super) fn hint_answered(
        &mut self,
        now: Duration,
        answer: QueryAnswer,
        context: &mut Context,
    ) -> Step {
        let State::AskingByHint(id) = std::mem::replace(&mut self.state, State::LookingUp) else {
            return self.enter(State::LookingUp);
        };
        match answer {
            QueryAnswer::Task(task)
                if *task.id() == id
                    && !task.names_another_than(&self.external_task_id)
                    && self.fits(&task, context) =>
            {
                Step::Accepted {
                    task,
                    adopted: true,
                }
            }
            _ => self.look_up(now),
        }
    }

    pub(super) fn look_up_answered(
        &mut self,
        now: Duration,
        answer: QueryAnswer,
        context: &mut Context,
    ) -> Step {
        let trouble = match answer {
            QueryAnswer::NotFound(_) => return self.not_found(now, context),
            QueryAnswer::Refused(refusal) => return self.look_up_refused(now, refusal, context),
            QueryAnswer::Task(task) if !task.names_another_than(&self.external_task_id) => {
                return self.found(task, context);
            }
            QueryAnswer::Task(_) => Trouble::new("an answer about another external task id"),
            QueryAnswer::Trouble(trouble) => trouble,
        };
        let notice = Notice::Trouble {
            cause: trouble.to_string(),
        };
        if let Some(doubt) = &mut self.doubt {
            doubt.failures = doubt.failures.saturating_add(1);
        }
        self.next_look_up(now, trouble.retry_after, notice, context)
    }

    pub(super) fn not_found(&mut self, now: Duration, context: &mut Context) -> Step {
        if self.duplicates_are_harmless(now, context) && self.may_send(now, context) {
            return self.send(SendReason::RefusesDuplicates, None);
        }
        if let Some(doubt) = &mut self.doubt {
            doubt.failures = 0;
        }
        self.next_look_up(now, None, Notice::Nothing, context)
    }

    /// The host does not answer this lookup. Unless the key is to blame, a host that refuses
    /// duplicates can be asked by sending again.
    pub(super) fn look_up_refused(
        &mut self,
        now: Duration,
        refusal: Refusal,
        context: &Context,
    ) -> Step {
        let key = is_about_the_key(&refusal);
        let resend_at = now.saturating_add(SHORTEST_WAIT);
        let is_harmless = self.duplicates_are_harmless(now, context);
        if key || !is_harmless || !self.may_send(resend_at, context) {
            return self.unresolved(Cause::Refused(refusal));
        }
        self.reason = SendReason::RefusesDuplicates;
        self.state = State::Paused { until: resend_at };
        Step::Stay(Notice::Trouble {
            cause: refusal.to_string(),
        })
    }

    pub(super) fn look_up_after_failure(
        &self,
        hint: Duration,
        context: &mut Context,
    ) -> Option<Duration> {
        self.doubt.as_ref()?.failed_look_up_again(hint, context)
    }

    pub(super) fn may_send(&self, now: Duration, context: &Context) -> bool {
        self.maybe_sent < MAX_MAYBE_SENT && !context.is_over(now)
    }

    /// Continues looking, and where there is nothing more to look for, sends again or gives up.
    pub(super) fn next_look_up(
        &mut self,
        now: Duration,
        hint: Option<Duration>,
        notice: Notice,
        context: &mut Context,
    ) -> Step {
        let hint = hint.unwrap_or_default().min(LONGEST_HINT);
        let resend_at = now.saturating_add(hint.max(SHORTEST_WAIT));
        let is_harmless =
            self.duplicates_are_harmless(now, context) && self.may_send(resend_at, context);
        let next = self
            .doubt
            .as_mut()
            .and_then(|doubt| doubt.next(now, context));
        let not_before = |at: Duration| at.max(now.saturating_add(hint));
        self.state = match next {
            Some(Next::Row(at)) if not_before(at) <= context.cut(not_before(at)) => {
                State::RowPaused {
                    until: not_before(at),
                }
            }
            // At the deadline, one look-up takes the place of a row.
            Some(Next::LookUp(at) | Next::Row(at)) => State::LookUpPaused {
                until: context.cut(not_before(at)),
            },
            None if is_harmless => {
                self.reason = SendReason::RefusesDuplicates;
                State::Paused { until: resend_at }
            }
            None => match self.look_up_after_failure(hint, context) {
                Some(wait) => State::LookUpPaused {
                    until: context.cut(now.saturating_add(wait)),
                },
                None => return self.unresolved(self.cause_of_doubt()),
            },
        };
        if self.woken {
            self.wake(now);
        }
        Step::Stay(notice)
    }

    /// Whether sending again cannot charge twice: the host refuses duplicates, remembers the id, and
    /// nothing that was refused since would be refused again.
    pub(super) fn duplicates_are_harmless(&self, now: Duration, context: &Context) -> bool {
        let open = |doubt: &Doubt| !doubt.exists && doubt.stopped.is_none();
        !self.was_sent_with_another_key
            && context.refuses_duplicates()
            && context.intent_is_recent(now)
            && self.doubt.as_ref().is_none_or(open)
    }
}
