//! The first phase: from the intent to a task, to the proof that there is none, or to neither.
//!
//! This is the create rule. A create is sent again only where its earlier attempts were not sent,
//! were refused, are proved absent, or cannot be charged twice because the host refuses duplicates.

use std::time::Duration;

use kirin_types::{ErrorReason, ExternalTaskId, GenerationRequest, Task, TaskId};
use serde::{Deserialize, Serialize};

use super::{
    Action, Cause, Event, Knowledge, Notice, Outcome, SendReason, Withheld, WrongEvent,
    absence::{PROOF_HOLDS, Progress, Row},
    clocks::LATEST,
    doubt::{Doubt, FIRST_LOOK_UP, Next},
    generation::Step,
    refused::{Check, Then},
    settings::Context,
    wait::SHORTEST_GAP,
};
use crate::{
    DuplicateIds, Lookup,
    backoff::LONGEST_HINT,
    wire::{CreateAnswer, Probe, QueryAnswer, Refusal, Trouble},
};

/// Calls in a row that certainly did not reach the server before it counts as unreachable.
const MAX_NOT_SENT: u32 = 4;

/// Creates that may have been sent, in all, before the rest is left to a person.
const MAX_MAYBE_SENT: u32 = 4;

/// Creates that follow from a proof of absence, over all processes and machines.
pub(crate) const MAX_REPETITIONS_AFTER_ABSENCE: u32 = 1;

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
    /// A wake came during a call: the next look-up or query does not wait.
    woken: bool,
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
        };
        if context.settings.follows_refusal {
            context.clocks.intended_before = true;
        }
        if context.settings.follows_refusal {
            phase.refused_at = Some(Duration::ZERO);
            phase.refusals = 1;
            if context.can_look_up() && !context.refuses_duplicates() {
                phase.begin_check(Duration::ZERO, Then::Send(None));
                let until = context.repeats_from(Duration::ZERO);
                phase.state = State::CheckPaused { until };
            }
        } else if context.settings.looks_up_first && context.can_look_up() {
            phase.begin_check(Duration::ZERO, Then::Send(None));
        }
        phase
    }

    /// An attempt may have been sent before, by a process that has ended, and nobody knows what came
    /// of it. The first look-up is due at once; but the call may have been under way until the end of
    /// that process, so a miss proves something only from the end of its time-out on.
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

    /// As [`in_doubt`](Self::in_doubt), and a person has decided to send it again.
    pub(super) fn sent_again(
        request: GenerationRequest,
        external_task_id: ExternalTaskId,
        context: &mut Context,
    ) -> Self {
        let mut phase = Self::in_doubt(request, external_task_id, context);
        phase.state = State::Sending;
        phase.reason = SendReason::Person;
        phase
    }

    /// The process that may have sent the create has ended. Where one was sent before, nobody knows
    /// how long ago that is, so every wait begins again.
    pub(super) fn interrupted(&mut self, now: Duration, context: &Context) {
        let was_sending = self.state == State::Sending;
        if was_sending {
            self.maybe_sent += 1;
            self.repetitions += u32::from(self.reason == SendReason::Absence);
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

    /// Whether a wake came that no look-up has followed yet.
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
                Ok(self.go(State::Checking))
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

    fn go(&mut self, state: State) -> Step {
        self.state = state;
        Step::Stay(Notice::Nothing)
    }

    fn send(&mut self, reason: SendReason, send_by: Option<Duration>) -> Step {
        self.reason = reason;
        self.send_by = send_by;
        self.go(State::Sending)
    }

    /// The next look-up comes at once, but never sooner after the last than the shortest gap. A row
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

    /// The wait before a create is over; after the deadline nothing is spent any more, and after a day
    /// nothing that an earlier attempt may have bought already.
    fn send_again(&mut self, now: Duration, context: &mut Context) -> Step {
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
        let was_refused = self.refused_at.is_some() && !context.refuses_duplicates();
        match was_refused && context.can_look_up() {
            true => self.begin_check(now, Then::Send(cause)),
            false => self.go(State::Sending),
        }
    }

    fn create_answered(
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
            CreateAnswer::NotSent(trouble) if self.not_sent + 1 >= MAX_NOT_SENT => {
                self.stop(now, Cause::Trouble(trouble), context)
            }
            CreateAnswer::NotSent(trouble) => {
                self.not_sent += 1;
                let hint = trouble.retry_after;
                self.pause(now, Cause::Trouble(trouble), hint, context)
            }
            CreateAnswer::Refused(refusal) => {
                self.refused_at = Some(now);
                self.refusals += 1;
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

    /// Somebody else may be at the create, and then that nothing was sent here says nothing of it.
    fn withheld(&mut self, now: Duration, withheld: Withheld, context: &mut Context) -> Step {
        match withheld.outcome(&self.external_task_id) {
            Outcome::NotCreated { cause } => self.stop(now, cause, context),
            outcome => Step::Finish(outcome),
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
    fn send_delayed(&mut self, now: Duration, context: &mut Context) -> Step {
        self.send_by = None;
        let cause = self.repeats_after.take();
        match self.reason {
            SendReason::Absence => self.prove_again(now, cause, context),
            _ => self.begin_check(now, Then::Send(cause)),
        }
    }

    /// The proof is spent, or came too late: the next create takes a new row.
    fn prove_again(&mut self, from: Duration, cause: Option<Cause>, context: &mut Context) -> Step {
        self.repeats_after = cause;
        if let Some(doubt) = &mut self.doubt {
            doubt.prove_again(from);
        }
        self.next_look_up(from, None, Notice::Nothing, context)
    }

    fn became_ambiguous(&mut self, now: Duration, cause: Trouble, context: &mut Context) -> Step {
        if self.maybe_sent == 0 {
            self.refused_duplicates_before = context.refuses_duplicates();
        }
        self.repeated = 0;
        self.not_sent = 0;
        self.maybe_sent += 1;
        self.repetitions += u32::from(self.reason == SendReason::Absence);
        self.looked_up();
        self.repeats_after = None;
        let notice = Notice::LostAnswer {
            cause: cause.to_string(),
        };
        self.doubt = Some(Doubt::about(now, cause, context));
        self.next_look_up(now, None, notice, context)
    }

    /// It exists, whoever made it. Something on the way may have sent this very create twice.
    fn refused_as_duplicate(
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
    fn stop(&mut self, now: Duration, cause: Cause, context: &mut Context) -> Step {
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
        self.next_look_up(now, None, notice, context)
    }

    /// Nothing that was refused is still to be looked up.
    fn looked_up(&mut self) {
        self.refused_at = None;
        self.refusals = 0;
    }

    fn begin_check(&mut self, now: Duration, then: Then) -> Step {
        self.check = Some(Check::begin(now, then));
        self.go(State::Checking)
    }

    fn check_answered(
        &mut self,
        now: Duration,
        answer: QueryAnswer,
        context: &mut Context,
    ) -> Step {
        let trouble = match answer {
            QueryAnswer::NotFound(_) => {
                let next = self.check.as_mut().and_then(|check| check.missed(context));
                return match next {
                    Some(at) => self.go(State::CheckPaused {
                        until: context.cut(at).max(now),
                    }),
                    None => self.end_check(now, context),
                };
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
        let Some(check) = self.check.as_mut().filter(|_| !context.is_over(now)) else {
            return self.give_up_check(trouble, context);
        };
        if !check.failed() {
            return self.give_up_check(trouble, context);
        }
        let wait = context.backoff.delay(check.failures, trouble.retry_after);
        self.state = State::CheckPaused {
            until: context.cut(now.saturating_add(wait)).max(now),
        };
        Step::Stay(Notice::Trouble {
            cause: trouble.to_string(),
        })
    }

    /// Nothing was found, at the times at which it would have been.
    fn end_check(&mut self, now: Duration, context: &mut Context) -> Step {
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
            None => self.go(State::Sending),
        }
    }

    /// Whether a look-up is refused for what the create was refused for; or its host cannot be asked by
    /// external id, as far as is known.
    fn stays_refused(&self, refusal: &Refusal, context: &Context) -> bool {
        match (
            is_about_the_key(refusal),
            self.check.as_ref().map(|check| &check.then),
        ) {
            // The first attempt will be refused as well, and say why.
            (true, Some(Then::Send(None))) => !context.settings.follows_refusal,
            (true, Some(Then::End(Cause::Refused(create)))) => {
                is_about_the_key(create) && self.refusals == 1
            }
            (true, _) => false,
            (false, _) => context.settings.capabilities.lookup == Lookup::Unproven,
        }
    }

    /// Nothing is sent without the look-up before it, and what was refused and could not be looked up may
    /// exist.
    fn give_up_check(&mut self, trouble: Trouble, context: &Context) -> Step {
        match (self.check.take().map(|check| check.then), &self.doubt) {
            (Some(Then::End(cause) | Then::Send(Some(cause))), None) => self.unresolved(cause),
            (_, None) if !context.settings.follows_refusal => {
                Self::not_created(Cause::Trouble(trouble))
            }
            _ => self.unresolved(Cause::Trouble(trouble)),
        }
    }

    fn look_up(&mut self, now: Duration) -> Step {
        let Some(doubt) = &mut self.doubt else {
            return self.go(State::LookingUp);
        };
        doubt.looked_up_at = Some(now);
        match doubt.cause.hint.take() {
            Some(id) => self.go(State::AskingByHint(id)),
            None => self.go(State::LookingUp),
        }
    }

    /// An answer that named both an id and an error is asked about, not believed.
    fn hint_answered(&mut self, now: Duration, answer: QueryAnswer, context: &mut Context) -> Step {
        let State::AskingByHint(id) = std::mem::replace(&mut self.state, State::LookingUp) else {
            return self.go(State::LookingUp);
        };
        match answer {
            QueryAnswer::Task(task)
                if *task.id() == id
                    && !task.names_another_than(&self.external_task_id)
                    && self.is_ours(&task, context) =>
            {
                Step::Accepted {
                    task,
                    adopted: true,
                }
            }
            _ => self.look_up(now),
        }
    }

    fn look_up_answered(
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

    fn not_found(&mut self, now: Duration, context: &mut Context) -> Step {
        if self.duplicates_are_harmless(now, context) && self.may_send(now, context) {
            return self.send(SendReason::RefusesDuplicates, None);
        }
        if let Some(doubt) = &mut self.doubt {
            doubt.failures = 0;
        }
        self.next_look_up(now, None, Notice::Nothing, context)
    }

    fn begin_row(&mut self, now: Duration, context: &mut Context) -> Step {
        let broken_rows = self.doubt.as_ref().map_or(0, |doubt| doubt.broken_rows);
        match context.intent_is_recent(now) {
            true => self.go(State::Proving(Row::begin(now, broken_rows))),
            false => self.next_look_up(now, None, Notice::Nothing, context),
        }
    }

    fn probed(&mut self, now: Duration, probe: Probe, context: &mut Context) -> Step {
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
    fn proved_absent(&mut self, now: Duration, context: &mut Context) -> Step {
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

    /// The host does not answer this look-up. Unless the key is to blame, a host that refuses
    /// duplicates can be asked by sending again.
    fn look_up_refused(&mut self, now: Duration, refusal: Refusal, context: &Context) -> Step {
        let key = is_about_the_key(&refusal);
        let resend_at = now.saturating_add(FIRST_LOOK_UP);
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
        let is_harmless =
            self.duplicates_are_harmless(now, context) && self.may_send(resend_at, context);
        let next = self
            .doubt
            .as_mut()
            .and_then(|doubt| doubt.next(now, context));
        self.state = match next {
            Some(Next::LookUp(at)) => State::LookUpPaused {
                until: context.cut(at.max(now.saturating_add(hint))),
            },
            Some(Next::Row(at)) => State::RowPaused {
                until: at.max(now.saturating_add(hint)),
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
    fn duplicates_are_harmless(&self, now: Duration, context: &Context) -> bool {
        let open = |doubt: &Doubt| !doubt.exists && doubt.stopped.is_none();
        context.refuses_duplicates()
            && context.intent_is_recent(now)
            && self.doubt.as_ref().is_none_or(open)
    }

    /// The look-up has found a task, which is proof that it works.
    fn found(&mut self, task: Task, context: &mut Context) -> Step {
        let duplicate = self.duplicate.as_ref();
        if duplicate.is_some_and(|refusal| refusal.body.names_duplicate_of(&self.external_task_id))
        {
            context.settings.capabilities.duplicate_ids = DuplicateIds::Refused;
        }
        if !self.is_ours(&task, context) {
            return self.found_other_task(&task);
        }
        context.settings.capabilities.lookup = Lookup::Proven;
        Step::Accepted {
            task,
            adopted: true,
        }
    }

    /// A minted id is ours, whoever minted it. Under an id that the caller chose, a task of another
    /// model, or one that is older than the intent, is another one.
    fn is_ours(&self, task: &Task, context: &Context) -> bool {
        let settings = &context.settings;
        if settings.external_task_id_is_minted {
            return true;
        }
        let model = task
            .model()
            .is_none_or(|model| model == self.request.model_id());
        let earliest = context.clocks.intended_at_service(settings);
        let earliest = earliest.map(|at| at.milliseconds());
        let created_at = task.created_at().map(|at| at.milliseconds());
        let is_older = created_at
            .zip(earliest)
            .is_some_and(|(created_at, earliest)| {
                // Zero is no time.
                created_at > 0 && created_at < earliest.saturating_sub(CLOCK_TOLERANCE_MILLISECONDS)
            });
        model && !is_older
    }

    /// The caller's error, where nothing of ours can have been accepted.
    fn found_other_task(&self, task: &Task) -> Step {
        let id = task.id().clone();
        if self.maybe_sent == 0 || self.refused_duplicates_before {
            let refused = match self.check.as_ref().map(|check| &check.then) {
                Some(Then::End(cause)) => Some(cause.clone()),
                _ => self.duplicate.clone().map(Cause::Refused),
            };
            let in_use = || Cause::Withheld(Withheld::IdInUse { id });
            return Self::not_created(refused.unwrap_or_else(in_use));
        }
        Step::Finish(Outcome::Unresolved {
            external_task_id: self.external_task_id.clone(),
            knowledge: Knowledge::OtherTask { id },
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

fn is_about_the_key(refusal: &Refusal) -> bool {
    matches!(
        refusal.reason,
        ErrorReason::Authentication | ErrorReason::Permission
    )
}
