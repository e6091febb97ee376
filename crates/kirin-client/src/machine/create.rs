//! The first phase: from the intent to a task, to the proof that there is none, or to neither.
//!
//! This is the create rule. A create is sent again only where its earlier attempts were not sent,
//! were refused, are proved absent, or cannot be charged twice because the host refuses duplicates.

use std::time::Duration;

use kirin_types::{ErrorReason, ExternalTaskId, GenerationRequest, Task, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Action, Cause, Event, Knowledge, Notice, Outcome, WrongEvent,
    doubt::{Doubt, FIRST_LOOK_UP},
    generation::Step,
    settings::Context,
    wait::SHORTEST_GAP,
};
use crate::{
    DuplicateIds, Lookup,
    backoff::LONGEST_HINT,
    wire::{CreateAnswer, QueryAnswer, Refusal, Trouble},
};

/// Calls in a row that certainly did not reach the server before it counts as unreachable.
const MAX_NOT_SENT: u32 = 4;

/// Creates that may have been sent, in all, before the rest is left to a person.
const MAX_MAYBE_SENT: u32 = 4;

/// How much earlier than the intent a task's `created_at` may be: clocks differ.
const CLOCK_TOLERANCE_MILLISECONDS: i64 = 5 * 60 * 1000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CreatePhase {
    request: GenerationRequest,
    external_task_id: ExternalTaskId,
    state: State,
    /// Calls in a row that created nothing and may be repeated, and why the last one waits.
    repeated: u32,
    repeats_after: Option<Cause>,
    /// Calls in a row that never reached the server.
    not_sent: u32,
    /// Attempts that may have been sent, in all.
    maybe_sent: u32,
    /// What is unclear, as long as it is.
    doubt: Option<Doubt>,
    /// A wake came during a call: the next look-up or query does not wait.
    woken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum State {
    LookingUp { since: Duration },
    LookUpPaused { until: Duration },
    Paused { until: Duration },
    Sending,
}

impl CreatePhase {
    pub(super) fn new(request: GenerationRequest, external_task_id: ExternalTaskId) -> Self {
        Self {
            request,
            external_task_id,
            state: State::Sending,
            repeated: 0,
            repeats_after: None,
            not_sent: 0,
            maybe_sent: 0,
            doubt: None,
            woken: false,
        }
    }

    /// An attempt may have been sent before, by a process that has ended, and nobody knows what came
    /// of it. The first look-up is due at once; but the call may have been under way until the end of
    /// that process, so a miss proves something only from the end of its time-out on.
    pub(super) fn in_doubt(request: GenerationRequest, external_task_id: ExternalTaskId) -> Self {
        let mut phase = Self::new(request, external_task_id);
        phase.interrupted(Duration::ZERO);
        phase
    }

    /// As [`in_doubt`](Self::in_doubt), and a person has decided to send it again.
    pub(super) fn sent_again(request: GenerationRequest, external_task_id: ExternalTaskId) -> Self {
        let mut phase = Self::in_doubt(request, external_task_id);
        phase.state = State::Sending;
        phase
    }

    /// The process that may have sent the create has ended.
    pub(super) fn interrupted(&mut self, now: Duration) {
        if self.state != State::Sending {
            return;
        }
        let cause = Trouble::new("the program ended before the answer was known");
        let mut doubt = Doubt::about(now, cause);
        doubt.looked_up_at = Some(now);
        self.doubt = Some(doubt);
        self.maybe_sent += 1;
        self.state = State::LookingUp { since: now };
    }

    pub(super) fn external_task_id(&self) -> &ExternalTaskId {
        &self.external_task_id
    }

    /// Whether a wake came that no look-up has followed yet.
    pub(super) fn woken(&self) -> bool {
        self.woken
    }

    pub(super) fn action(&self) -> Action<'_> {
        match self.state {
            State::LookingUp { .. } => Action::LookUp(&self.external_task_id),
            State::LookUpPaused { until } | State::Paused { until } => Action::Wait { until },
            State::Sending => Action::Create(&self.request),
        }
    }

    pub(super) fn handle(
        &mut self,
        now: Duration,
        event: Event,
        context: &mut Context,
    ) -> Result<Step, WrongEvent> {
        match (self.state, event) {
            (State::Sending, Event::CreateAnswered(answer)) => {
                Ok(self.create_answered(now, answer, context))
            }
            (State::Sending, Event::Withheld(withheld)) => {
                Ok(self.stop(now, Cause::Withheld(withheld), context))
            }
            (State::LookingUp { since }, Event::QueryAnswered(answer)) => {
                Ok(self.look_up_answered(now, since, answer, context))
            }
            (State::Paused { until }, Event::WaitEnded) if now >= until => {
                Ok(self.send_again(now, context))
            }
            (State::LookUpPaused { until }, Event::WaitEnded) if now >= until => {
                Ok(self.look_up(now))
            }
            // A callback can come before the create's answer does.
            (_, Event::Woken) => {
                self.woken = true;
                self.wake(now);
                Ok(Step::Stay(Notice::Woken))
            }
            _ => Err(WrongEvent),
        }
    }

    fn go(&mut self, state: State) -> Step {
        self.state = state;
        Step::Stay(Notice::Nothing)
    }

    /// The next look-up comes at once, but never sooner after the last than the shortest gap.
    fn wake(&mut self, now: Duration) {
        let State::LookUpPaused { until } = self.state else {
            return;
        };
        let last = self.doubt.as_ref().and_then(|doubt| doubt.looked_up_at);
        let earliest = last.map_or(now, |last| last.saturating_add(SHORTEST_GAP).max(now));
        self.woken = false;
        self.state = State::LookUpPaused {
            until: until.min(earliest),
        };
    }

    /// The wait before a create is over; after the deadline nothing is spent any more.
    fn send_again(&mut self, now: Duration, context: &mut Context) -> Step {
        let cause = self.repeats_after.take();
        if !context.is_over(now) {
            return self.go(State::Sending);
        }
        let cause = cause.unwrap_or_else(|| self.cause_of_doubt());
        let step = self.stop(now, cause, context);
        match self.state {
            // The last look-up is due already.
            State::LookUpPaused { until } if until <= now => self.look_up(now),
            _ => step,
        }
    }

    fn create_answered(
        &mut self,
        now: Duration,
        answer: CreateAnswer,
        context: &mut Context,
    ) -> Step {
        match answer {
            CreateAnswer::Ambiguous(trouble) => self.became_ambiguous(now, trouble, context),
            CreateAnswer::Created(task) => Step::Accepted {
                task,
                adopted: false,
            },
            CreateAnswer::Duplicate(refusal) => self.refused_as_duplicate(now, refusal, context),
            CreateAnswer::NotSent(trouble) if self.not_sent + 1 >= MAX_NOT_SENT => {
                self.stop(now, Cause::Trouble(trouble), context)
            }
            CreateAnswer::NotSent(trouble) => {
                self.not_sent += 1;
                let hint = trouble.retry_after;
                self.pause(now, Cause::Trouble(trouble), hint, context)
            }
            CreateAnswer::Refused(refusal) => match refusal.reason {
                ErrorReason::RateLimit | ErrorReason::ParallelTaskLimit => {
                    self.not_sent = 0;
                    let hint = refusal.retry_after;
                    self.pause(now, Cause::Refused(refusal), hint, context)
                }
                _ => self.stop(now, Cause::Refused(refusal), context),
            },
        }
    }

    /// Nothing was created: the same create follows after a wait, unless the deadline comes first.
    fn pause(
        &mut self,
        now: Duration,
        cause: Cause,
        hint: Option<Duration>,
        context: &mut Context,
    ) -> Step {
        self.repeated = self.repeated.saturating_add(1);
        let wait = context.backoff.delay(self.repeated, hint);
        let until = now.saturating_add(wait);
        if context.is_over(until) {
            return self.stop(now, cause, context);
        }
        let notice = Notice::Retrying {
            cause: cause.to_string(),
            wait,
        };
        self.repeats_after = Some(cause);
        self.state = State::Paused { until };
        Step::Stay(notice)
    }

    fn became_ambiguous(&mut self, now: Duration, cause: Trouble, context: &mut Context) -> Step {
        self.repeated = 0;
        self.not_sent = 0;
        self.maybe_sent += 1;
        let notice = Notice::LostAnswer {
            cause: cause.to_string(),
        };
        self.doubt = Some(Doubt::about(now, cause));
        self.next_look_up(now, None, notice, context)
    }

    fn refused_as_duplicate(
        &mut self,
        now: Duration,
        refusal: Refusal,
        context: &mut Context,
    ) -> Step {
        if refusal.body.names_duplicate() {
            context.settings.capabilities.duplicate_ids = DuplicateIds::Refused;
        }
        // Nobody else has a minted id: something on the way sent the create twice.
        if self.maybe_sent == 0 && !context.settings.external_task_id_is_minted {
            return Self::not_created(Cause::Refused(refusal));
        }
        let notice = Notice::LostAnswer {
            cause: refusal.to_string(),
        };
        let doubt = self
            .doubt
            .get_or_insert_with(|| Doubt::about(now, refusal.clone().into()));
        doubt.exists = true;
        doubt.look_again_from(now);
        self.next_look_up(now, None, notice, context)
    }

    /// Nothing is sent again. What an earlier attempt did is still open if it was.
    fn stop(&mut self, now: Duration, cause: Cause, context: &mut Context) -> Step {
        let Some(doubt) = &mut self.doubt else {
            return Self::not_created(cause);
        };
        let notice = Notice::LostAnswer {
            cause: cause.to_string(),
        };
        doubt.stopped = Some(cause);
        doubt.look_again_from(now);
        self.next_look_up(now, None, notice, context)
    }

    fn look_up(&mut self, now: Duration) -> Step {
        if let Some(doubt) = &mut self.doubt {
            doubt.looked_up_at = Some(now);
        }
        self.go(State::LookingUp { since: now })
    }

    fn look_up_answered(
        &mut self,
        now: Duration,
        since: Duration,
        answer: QueryAnswer,
        context: &mut Context,
    ) -> Step {
        match answer {
            QueryAnswer::NotFound(_) => self.not_found(now, since, context),
            QueryAnswer::Refused(refusal) => self.look_up_refused(now, refusal, context),
            QueryAnswer::Task(task) if self.is_ours(&task, context) => {
                context.settings.capabilities.lookup = Lookup::Proven;
                Step::Accepted {
                    task,
                    adopted: true,
                }
            }
            QueryAnswer::Task(task) => self.found_other_task(&task),
            QueryAnswer::Trouble(trouble) => {
                let notice = Notice::Trouble {
                    cause: trouble.to_string(),
                };
                if let Some(doubt) = &mut self.doubt {
                    doubt.failures = doubt.failures.saturating_add(1);
                }
                self.next_look_up(now, trouble.retry_after, notice, context)
            }
        }
    }

    fn not_found(&mut self, now: Duration, since: Duration, context: &mut Context) -> Step {
        let doubt = self.doubt.as_ref();
        let settled = doubt
            .and_then(|doubt| doubt.settles_at(context))
            .is_some_and(|settles_at| since >= settles_at);
        if settled && let Some(doubt) = self.doubt.take_if(|doubt| !doubt.exists) {
            // It is proved that the earlier attempts created nothing.
            return match doubt.stopped {
                Some(cause) => Self::not_created(cause),
                None if self.may_send(now, context) => self.go(State::Sending),
                None => Self::not_created(Cause::Trouble(doubt.cause)),
            };
        }
        if self.duplicates_are_harmless(context) && self.may_send(now, context) {
            return self.go(State::Sending);
        }
        if let Some(doubt) = &mut self.doubt {
            doubt.failures = 0;
        }
        self.next_look_up(now, None, Notice::Nothing, context)
    }

    /// The host does not answer this look-up. Unless the key is to blame, a host that refuses
    /// duplicates can be asked by sending again.
    fn look_up_refused(&mut self, now: Duration, refusal: Refusal, context: &Context) -> Step {
        let key = matches!(
            refusal.reason,
            ErrorReason::Authentication | ErrorReason::Permission
        );
        let resend_at = now.saturating_add(FIRST_LOOK_UP);
        if key || !self.duplicates_are_harmless(context) || !self.may_send(resend_at, context) {
            return self.unresolved(Cause::Refused(refusal));
        }
        self.state = State::Paused { until: resend_at };
        Step::Stay(Notice::Trouble {
            cause: refusal.to_string(),
        })
    }

    fn look_up_after_failure(&self, hint: Duration, context: &mut Context) -> Option<Duration> {
        self.doubt.as_ref()?.failed_look_up_again(hint, context)
    }

    fn may_send(&self, now: Duration, context: &Context) -> bool {
        self.maybe_sent < MAX_MAYBE_SENT && !context.is_over(now)
    }

    /// Goes on looking, and where there is nothing more to look for, sends again or gives up.
    fn next_look_up(
        &mut self,
        now: Duration,
        hint: Option<Duration>,
        notice: Notice,
        context: &mut Context,
    ) -> Step {
        let hint = hint.unwrap_or_default().min(LONGEST_HINT);
        let resend_at = now.saturating_add(hint.max(FIRST_LOOK_UP));
        let next = self
            .doubt
            .as_mut()
            .and_then(|doubt| doubt.next_look_up_at(now, context));
        self.state = match next {
            Some(at) => State::LookUpPaused {
                until: context.cut(at.max(now.saturating_add(hint))),
            },
            None if self.duplicates_are_harmless(context) && self.may_send(resend_at, context) => {
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

    /// Whether sending again cannot charge twice: the host refuses duplicates, and nothing that
    /// was refused since would be refused again.
    fn duplicates_are_harmless(&self, context: &Context) -> bool {
        let refuses = context.settings.capabilities.duplicate_ids == DuplicateIds::Refused;
        let open = |doubt: &Doubt| !doubt.exists && doubt.stopped.is_none();
        refuses && self.doubt.as_ref().is_none_or(open)
    }

    /// A task found by our id that is older than the intent, or of another model, is another one.
    fn is_ours(&self, task: &Task, context: &Context) -> bool {
        let model = task
            .model()
            .is_none_or(|model| model == self.request.model_id());
        let newer = |created_at: Timestamp| {
            // A clock that is wrong makes no other task have a minted id.
            let started_at = context.settings.started_at;
            let started_at = started_at.filter(|_| !context.settings.external_task_id_is_minted);
            started_at.is_none_or(|started_at| {
                let started_at = started_at.milliseconds();
                let earliest = started_at.saturating_sub(CLOCK_TOLERANCE_MILLISECONDS);
                created_at.milliseconds() >= earliest
            })
        };
        model && task.created_at().is_none_or(newer)
    }

    fn found_other_task(&self, task: &Task) -> Step {
        Step::Finish(Outcome::Unresolved {
            external_task_id: self.external_task_id.clone(),
            knowledge: Knowledge::OtherTask {
                id: task.id().clone(),
            },
            cause: self.cause_of_doubt(),
        })
    }

    fn not_created(cause: Cause) -> Step {
        Step::Finish(Outcome::NotCreated { cause })
    }

    fn unresolved(&self, cause: Cause) -> Step {
        let exists = self.doubt.as_ref().is_some_and(|doubt| doubt.exists);
        Step::Finish(Outcome::Unresolved {
            external_task_id: self.external_task_id.clone(),
            knowledge: if exists {
                Knowledge::Exists
            } else {
                Knowledge::MayExist
            },
            cause,
        })
    }

    fn cause_of_doubt(&self) -> Cause {
        let cause = self.doubt.as_ref().map(|doubt| doubt.cause.clone());
        Cause::Trouble(cause.unwrap_or_else(|| Trouble::new("the answer was lost")))
    }
}
