//! The first phase: from the intent to a task, to the proof that there is none, or to neither.
//!
//! This is the create rule. A create is sent again only where its earlier attempts were not sent,
//! were refused, are proved absent, or cannot be charged twice because the host refuses duplicates.

use std::time::Duration;

use kirin_types::{ErrorReason, ExternalTaskId, GenerationRequest, TaskId};
use serde::{Deserialize, Serialize};

use super::{
    Action, Cause, Event, Knowledge, Notice, Outcome, SendReason, Withheld, WrongEvent,
    absence::Row,
    context::Context,
    doubt::Doubt,
    refused::{Check, Then},
    step::Step,
    wait::SHORTEST_GAP,
};
use crate::wire::{Refusal, Trouble};

mod checking;

mod finding;

mod looking;

mod proving;

mod sending;

/// Creates that follow from a proof of absence, over all processes and machines.
pub(crate) const MAX_REPETITIONS_AFTER_ABSENCE: u32 = 1;

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
    /// Of these, the ones that a proof of absence allowed.
    repetitions: u32,
    /// Why the create at hand may be sent.
    reason: SendReason,
    /// By when it has to be, because a proof does not hold longer.
    send_by: Option<Duration>,
    /// What is unclear, as long as it is.
    doubt: Option<Doubt>,
    /// The host was known to refuse duplicates before anything became unclear.
    refused_duplicates_before: bool,
    /// The refusal as a duplicate, if there was one.
    duplicate: Option<Refusal>,
    /// When an attempt was refused after which nothing was looked up yet.
    refused_at: Option<Duration>,
    /// How many of them there are.
    refusals: u32,
    /// What is looked up between a refusal and what follows from it.
    check: Option<Check>,
    /// A wake came during a call: the next lookup or query does not wait.
    woken: bool,
    /// It was sent with another key than the one that asks.
    was_sent_with_another_key: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum State {
    AskingByHint(TaskId),
    Checking,
    CheckPaused { until: Duration },
    LookingUp,
    LookUpPaused { until: Duration },
    Paused { until: Duration },
    Proving(Row),
    RowPaused { until: Duration },
    Sending,
}

impl CreatePhase {
    pub(super) fn new(
        request: GenerationRequest,
        external_task_id: ExternalTaskId,
        context: &mut Context,
    ) -> Self {
        let mut phase = Self {
            request,
            external_task_id,
            state: State::Sending,
            repeated: 0,
            repeats_after: None,
            not_sent: 0,
            maybe_sent: 0,
            repetitions: context.settings.repetitions_after_absence,
            reason: SendReason::Unsent,
            send_by: None,
            doubt: None,
            refused_duplicates_before: false,
            duplicate: None,
            refused_at: None,
            refusals: 0,
            check: None,
            woken: false,
            was_sent_with_another_key: context.settings.was_sent_with_another_key,
        };
        if let Some(cause) = context.settings.ended.clone() {
            context.clocks.intended_before = true;
            phase.refusals = 1;
            phase.check = Some(Check::once(Then::End(cause)));
            phase.state = State::Checking;
        } else if context.settings.follows_refusal {
            context.clocks.intended_before = true;
            phase.refused_at = Some(Duration::ZERO);
            phase.refusals = 1;
            if context.looks_up_before_repeating(Duration::ZERO) {
                phase.begin_check(Duration::ZERO, Then::Send(None));
                let until = context.repeats_from(Duration::ZERO);
                phase.state = State::CheckPaused { until };
            }
        } else if context.settings.looks_up_first && context.can_look_up() {
            phase.begin_check(Duration::ZERO, Then::Send(None));
        }
        phase
    }

    /// An attempt may have been sent before, by a process that has ended, and no one knows what came
    /// of it. The first lookup is due at once; but the call may have been under way until the end of
    /// that process, so a miss proves something only from the end of its timeout on.
    pub(super) fn in_doubt(
        request: GenerationRequest,
        external_task_id: ExternalTaskId,
        context: &mut Context,
    ) -> Self {
        context.clocks.intended_before = true;
        context.settings.looks_up_first = false;
        context.settings.follows_refusal = false;
        let mut phase = Self::new(request, external_task_id, context);
        phase.interrupted(Duration::ZERO, context);
        phase
    }

    /// As [`in_doubt`](Self::in_doubt), and a person has decided to send it again. What is looked up first was
    /// proved to be absent before.
    pub(super) fn sent_again(
        request: GenerationRequest,
        external_task_id: ExternalTaskId,
        context: &mut Context,
    ) -> Self {
        let looks_up_first = context.settings.looks_up_first && context.can_look_up();
        let mut phase = Self::in_doubt(request, external_task_id, context);
        phase.reason = SendReason::Person;
        phase.state = State::Sending;
        if looks_up_first {
            phase.doubt = None;
            phase.maybe_sent = 0;
            phase.begin_check(Duration::ZERO, Then::Send(None));
        }
        phase
    }

    /// The process that may have sent the create has ended. Where one was sent before, no one knows
    /// how long ago that is, so every wait begins again.
    pub(super) fn interrupted(&mut self, now: Duration, context: &Context) {
        let was_sending = self.state == State::Sending;
        if was_sending {
            self.maybe_sent = self.maybe_sent.saturating_add(1);
            let repeated = u32::from(self.reason == SendReason::Absence);
            self.repetitions = self.repetitions.saturating_add(repeated);
        }
        let earlier = self.doubt.take().filter(|_| !was_sending);
        if earlier.is_none() && !was_sending {
            return;
        }
        let cause =
            match &earlier {
                Some(doubt) => doubt.cause.clone(),
                None => {
                    Trouble::new(context.settings.doubt.clone().unwrap_or_else(|| {
                        "the program ended before the answer was known".to_owned()
                    }))
                }
            };
        let mut doubt = Doubt::about(now, cause, context);
        doubt.looked_up_at = Some(now);
        if let Some(earlier) = earlier {
            doubt.exists = earlier.exists;
            doubt.stopped = earlier.stopped;
        }
        self.doubt = Some(doubt);
        self.check = None;
        self.send_by = None;
        self.state = State::LookingUp;
    }

    pub(super) fn external_task_id(&self) -> &ExternalTaskId {
        &self.external_task_id
    }

    /// Whether a wake came that no lookup has followed yet.
    pub(super) fn woken(&self) -> bool {
        self.woken
    }

    pub(super) fn send_reason(&self) -> SendReason {
        self.reason
    }

    pub(super) fn send_by(&self) -> Option<Duration> {
        self.send_by
    }

    pub(super) fn action<'a>(&'a self, context: &'a Context) -> Action<'a> {
        match &self.state {
            State::AskingByHint(id) => Action::Query(id),
            State::Checking | State::LookingUp => Action::LookUp(&self.external_task_id),
            State::CheckPaused { until }
            | State::LookUpPaused { until }
            | State::Paused { until }
            | State::RowPaused { until } => Action::Wait { until: *until },
            State::Proving(row) => Action::Probe(row.target(&self.external_task_id, context)),
            State::Sending => Action::Create(&self.request),
        }
    }

    pub(super) fn handle(
        &mut self,
        now: Duration,
        event: Event,
        context: &mut Context,
    ) -> Result<Step, WrongEvent> {
        match (&self.state, event) {
            (State::Sending, Event::CreateAnswered(answer)) => {
                Ok(self.create_answered(now, answer, context))
            }
            (State::Sending, Event::Withheld(withheld)) => {
                Ok(self.withheld(now, withheld, context))
            }
            (State::Sending, Event::SendDelayed) if self.send_by.is_some() => {
                Ok(self.send_delayed(now, context))
            }
            (State::AskingByHint(_), Event::QueryAnswered(answer)) => {
                Ok(self.hint_answered(now, answer, context))
            }
            (State::Checking, Event::QueryAnswered(answer)) => {
                Ok(self.check_answered(now, answer, context))
            }
            (State::LookingUp, Event::QueryAnswered(answer)) => {
                Ok(self.look_up_answered(now, answer, context))
            }
            (State::Proving(_), Event::Probed(probe)) => Ok(self.probed(now, probe, context)),
            (State::Paused { until }, Event::WaitEnded) if now >= *until => {
                Ok(self.send_again(now, context))
            }
            (State::CheckPaused { until }, Event::WaitEnded) if now >= *until => {
                Ok(self.enter(State::Checking))
            }
            (State::LookUpPaused { until }, Event::WaitEnded) if now >= *until => {
                Ok(self.look_up(now))
            }
            (State::RowPaused { until }, Event::WaitEnded) if now >= *until => {
                Ok(self.begin_row(now, context))
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

    fn enter(&mut self, state: State) -> Step {
        self.state = state;
        Step::Stay(Notice::Nothing)
    }

    fn send(&mut self, reason: SendReason, send_by: Option<Duration>) -> Step {
        self.reason = reason;
        self.send_by = send_by;
        self.enter(State::Sending)
    }

    /// The next lookup comes at once, but never sooner after the last than the shortest gap. A row
    /// keeps its time: sooner it would prove nothing.
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

    fn not_created(cause: Cause) -> Step {
        Step::Finish(Outcome::NotCreated { cause })
    }

    fn unresolved(&self, cause: Cause) -> Step {
        let cause = match self.was_sent_with_another_key {
            true => Cause::Withheld(Withheld::OtherKey),
            false => cause,
        };
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

fn is_about_the_key(refusal: &Refusal) -> bool {
    matches!(
        refusal.reason,
        ErrorReason::Authentication | ErrorReason::Permission
    )
}
