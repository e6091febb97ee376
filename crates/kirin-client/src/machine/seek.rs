//! Before the wait: a task that is known by its external id only, until an answer tells its own.

use std::time::Duration;

use kirin_types::{ExternalTaskId, TaskRef};
use serde::{Deserialize, Serialize};

use super::{
    Action, Cause, Event, Notice, Outcome, WrongEvent,
    context::Context,
    step::Step,
    wait::{GRACE_AFTER_RESUME, MAX_FAILURES, SHORTEST_GAP},
};
use crate::{
    Lookup,
    wire::{QueryAnswer, Trouble},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SeekPhase {
    external_task_id: ExternalTaskId,
    /// The end of the pause; `None` as long as the task is asked for.
    paused_until: Option<Duration>,
    /// When the last query began.
    asked_at: Duration,
    /// Queries in a row that showed nothing.
    failures: u32,
    /// Queries that did not find the task.
    misses: u32,
    /// A wake came since the last query began.
    woken: bool,
}

impl SeekPhase {
    pub(super) fn new(external_task_id: ExternalTaskId) -> Self {
        Self {
            external_task_id,
            paused_until: None,
            asked_at: Duration::ZERO,
            failures: 0,
            misses: 0,
            woken: false,
        }
    }

    pub(super) fn external_task_id(&self) -> &ExternalTaskId {
        &self.external_task_id
    }

    pub(super) fn woken(&self) -> bool {
        self.woken
    }

    pub(super) fn action(&self) -> Action<'_> {
        match self.paused_until {
            Some(until) => Action::Wait { until },
            None => Action::LookUp(&self.external_task_id),
        }
    }

    pub(super) fn handle(
        &mut self,
        now: Duration,
        event: Event,
        context: &mut Context,
    ) -> Result<Step, WrongEvent> {
        match (self.paused_until, event) {
            (None, Event::QueryAnswered(answer)) => Ok(self.answered(now, answer, context)),
            (Some(until), Event::WaitEnded) if now >= until => {
                self.paused_until = None;
                self.asked_at = now;
                self.woken = false;
                Ok(Step::Stay(Notice::Nothing))
            }
            (_, Event::Woken) => {
                let was_woken = std::mem::replace(&mut self.woken, true);
                let is_sooner = self.bring_forward(now);
                Ok(Step::Stay(match is_sooner || !was_woken {
                    true => Notice::Woken,
                    false => Notice::Nothing,
                }))
            }
            _ => Err(WrongEvent),
        }
    }

    /// Cuts a pause after a miss, as in the wait; one after trouble stays. Whether it ends sooner.
    fn bring_forward(&mut self, now: Duration) -> bool {
        let before = self.paused_until;
        if self.failures == 0 {
            let earliest = self.asked_at.saturating_add(SHORTEST_GAP).max(now);
            self.paused_until = before.map(|until| until.min(earliest));
        }
        self.paused_until != before
    }

    fn answered(&mut self, now: Duration, answer: QueryAnswer, context: &mut Context) -> Step {
        match answer {
            QueryAnswer::Task(task) => {
                let asked = TaskRef::from(&self.external_task_id);
                if !asked.is_answered_by(&task) {
                    return self.fail(now, Trouble::new("an answer about another task"), context);
                }
                if task.id().as_str() != asked.as_str() {
                    context.settings.capabilities.lookup = Lookup::Proven;
                }
                Step::Found { task }
            }
            QueryAnswer::NotFound(refusal) => {
                if now >= GRACE_AFTER_RESUME {
                    return self.not_found(Cause::Refused(refusal));
                }
                self.misses = self.misses.saturating_add(1);
                self.failures = 0;
                let gap = context.backoff.delay(self.misses, refusal.retry_after);
                self.pause(now, gap, Cause::Refused(refusal), context)
            }
            QueryAnswer::Refused(refusal) => self.not_found(Cause::Refused(refusal)),
            QueryAnswer::Trouble(trouble) => self.fail(now, trouble, context),
        }
    }

    fn fail(&mut self, now: Duration, trouble: Trouble, context: &mut Context) -> Step {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= context.settings.call_policy.query_attempts_or(MAX_FAILURES) {
            return self.not_found(Cause::Trouble(trouble));
        }
        let gap = context.backoff.delay(self.failures, trouble.retry_after);
        self.pause(now, gap, Cause::Trouble(trouble), context)
    }

    /// Waits for `gap`, at most until the deadline; at the deadline the task is asked for once more.
    fn pause(&mut self, now: Duration, gap: Duration, cause: Cause, context: &Context) -> Step {
        if context.is_over(self.asked_at) {
            return self.not_found(cause);
        }
        self.paused_until = Some(context.cut(now.saturating_add(gap)).max(now));
        if self.woken {
            self.bring_forward(now);
        }
        Step::Stay(Notice::Trouble {
            cause: cause.to_string(),
        })
    }

    fn not_found(&self, cause: Cause) -> Step {
        Step::Finish(Outcome::NotFound {
            external_task_id: self.external_task_id.clone(),
            cause,
        })
    }
}
