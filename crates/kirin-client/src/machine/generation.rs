//! The machine itself: it hands each event to the phase it is in.

use std::{fmt, time::Duration};

use kirin_types::{ExternalTaskId, GenerationRequest, Task, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Action, Event, Notice, Outcome, SendReason, Settings, WrongEvent, context::Context,
    create::CreatePhase, seek::SeekPhase, step::Step, wait::WaitPhase,
};
use crate::HostCapabilities;

/// The life of one generation. See the [module](super) for the states and an example.
///
/// It can be serialized at any time. Where the process that drove it has ended, it continues
/// [`taken_up`](Self::taken_up), or with [`after_restart`](Self::after_restart) by the same clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    context: Context,
    phase: Phase,
    /// The latest elapsed time that was reported: time never goes back.
    now: Duration,
    /// What had elapsed when the process began that drives it now, wall time included.
    #[serde(default)]
    earlier: Duration,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Phase {
    Create(Box<CreatePhase>),
    Finished(Outcome),
    Seek(SeekPhase),
    Wait(WaitPhase),
}

impl Machine {
    /// A machine for a whole generation, from the create on.
    ///
    /// # Errors
    ///
    /// The request has no external task id: without one a lost create could never be found.
    pub fn generate(
        request: GenerationRequest,
        settings: Settings,
    ) -> Result<Self, MissingExternalTaskId> {
        Self::begin(request, settings, CreatePhase::new)
    }

    /// A machine for a generation whose create may have been sent before, by a process that ended
    /// without an answer: it looks the task up before anything is sent again, and sends again only
    /// where the create rule allows it. [`Settings::intended_at`] is when it was intended first.
    ///
    /// ```
    /// use kirin_client::machine::{Action, Machine, Settings};
    /// use kirin_types::{GenerationRequest, KIRIN_V2_5_TURBO_T2V, Timestamp};
    ///
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let now = Timestamp::from_milliseconds(1_769_757_744_021);
    /// let settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, Some(now));
    /// let machine = Machine::reconcile(request, settings)?;
    /// assert!(matches!(machine.action(), Action::LookUp(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The request has no external task id.
    pub fn reconcile(
        request: GenerationRequest,
        settings: Settings,
    ) -> Result<Self, MissingExternalTaskId> {
        Self::begin(request, settings, CreatePhase::in_doubt)
    }

    /// As [`reconcile`](Self::reconcile), and the create is sent again first, by the decision of a
    /// person: where the host accepts duplicates, it may charge twice. With
    /// [`looks_up_first`](Settings::looks_up_first) it was proved to be absent before, and is looked up once
    /// more.
    ///
    /// ```
    /// use kirin_client::machine::{Action, Machine, Settings};
    /// use kirin_types::{GenerationRequest, KIRIN_V2_5_TURBO_T2V, Timestamp};
    ///
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let now = Timestamp::from_milliseconds(1_769_757_744_021);
    /// let settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, Some(now));
    /// let machine = Machine::send_again(request, settings)?;
    /// assert!(matches!(machine.action(), Action::Create(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The request has no external task id.
    pub fn send_again(
        request: GenerationRequest,
        settings: Settings,
    ) -> Result<Self, MissingExternalTaskId> {
        Self::begin(request, settings, CreatePhase::sent_again)
    }

    /// A machine that waits for a task that exists.
    ///
    /// ```
    /// use kirin_client::machine::{Action, Machine, Settings};
    /// use kirin_types::{KIRIN_V2_5_TURBO_T2V, Timestamp};
    ///
    /// let now = Timestamp::from_milliseconds(1_769_757_744_021);
    /// let settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, Some(now));
    /// let machine = Machine::wait("d5u5obte8783ap44qtj0".parse()?, settings);
    /// assert!(matches!(machine.action(), Action::Query(_)));
    /// # Ok::<(), kirin_types::InvalidIdentifier>(())
    /// ```
    pub fn wait(id: TaskId, settings: Settings) -> Self {
        let context = Context::new(settings);
        Self::start(Phase::Wait(WaitPhase::resumed(id)), context)
    }

    /// A machine that waits for a task that exists, and is known by its external id only: the first answer
    /// tells its own.
    ///
    /// ```
    /// use kirin_client::machine::{Action, Machine, Settings};
    /// use kirin_types::KIRIN_V2_5_TURBO_T2V;
    ///
    /// let settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, None);
    /// let machine = Machine::find("order-42".parse()?, settings);
    /// assert!(matches!(machine.action(), Action::LookUp(_)));
    /// # Ok::<(), kirin_types::InvalidIdentifier>(())
    /// ```
    pub fn find(external_task_id: ExternalTaskId, settings: Settings) -> Self {
        let context = Context::new(settings);
        Self::start(Phase::Seek(SeekPhase::new(external_task_id)), context)
    }

    /// The machine as the next process takes it up, if elapsed time continues to count from its beginning: a
    /// create that was to be sent may have been sent after the machine was written down, so its task is looked up
    /// before anything is sent again. Write it down after each event, before you do what it asks for next: one
    /// that was written while it waited does not know what was sent after the wait.
    ///
    /// ```
    /// use kirin_client::machine::{Action, Machine, Settings};
    /// use kirin_types::{GenerationRequest, KIRIN_V2_5_TURBO_T2V, Timestamp};
    ///
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let now = Timestamp::from_milliseconds(1_769_757_744_021);
    /// let settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, Some(now));
    /// let machine = Machine::generate(request, settings)?;
    /// let written = serde_json::to_string(&machine)?;
    /// // ... the process sends the create, and ends.
    /// let machine: Machine = serde_json::from_str(&written)?;
    /// assert!(matches!(machine.after_restart().action(), Action::LookUp(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn after_restart(mut self) -> Self {
        if let Phase::Create(phase) = &mut self.phase {
            phase.interrupted(self.now, &self.context);
        }
        self
    }

    /// As [`after_restart`](Self::after_restart), in a process whose clock begins again: elapsed time counts
    /// from here on. `ours` is what the computer's clock shows now. The wall time that has passed since it was
    /// told last ([`Event::ClocksRead`], or [`Settings::started_at`]) counts for the gap to the next query and
    /// for the deadline; a clock that went back counts as no time. What has to pass before a create is sent
    /// again begins again.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kirin_client::machine::{Action, Event, Machine, Settings};
    /// use kirin_client::wire::QueryAnswer;
    /// use kirin_types::{KIRIN_V2_5_TURBO_T2V, Task, Timestamp};
    ///
    /// let at = |seconds: i64| Timestamp::from_milliseconds(1_795_608_000_000 + seconds * 1000);
    /// let mut settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, Some(at(0)));
    /// settings.schedule = kirin_client::PollSchedule::Fixed(Duration::from_secs(60));
    /// let mut machine = Machine::wait("d5u5obte8783ap44qtj0".parse()?, settings);
    /// let task = Task::from_json(br#"{"id":"d5u5obte8783ap44qtj0","status":"in_progress"}"#)?;
    /// machine.handle(Duration::from_secs(12), Event::QueryAnswered(QueryAnswer::Task(task)))?;
    /// assert_eq!(machine.action(), Action::Wait { until: Duration::from_secs(72) });
    ///
    /// // Another process takes it up, 52 seconds after it was begun.
    /// let machine = machine.taken_up(Some(at(52)));
    /// assert_eq!(machine.action(), Action::Wait { until: Duration::from_secs(20) });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn taken_up(self, ours: Option<Timestamp>) -> Self {
        let mut machine = self.after_restart();
        let Context {
            settings, clocks, ..
        } = &mut machine.context;
        let passed = ours.map(|ours| clocks.passed(machine.now, ours, settings));
        let passed = passed.unwrap_or_default();
        match machine.phase {
            // Nothing but the deadline may seem to have waited.
            Phase::Create(_) => {
                let deadline = settings.deadline;
                settings.deadline = deadline.map(|deadline| deadline.saturating_sub(passed));
            }
            _ => machine.now = machine.now.saturating_add(passed),
        }
        if let Some(ours) = ours {
            clocks.read(machine.now, ours, None);
        }
        machine.earlier = machine.now;
        machine
    }

    fn begin(
        request: GenerationRequest,
        settings: Settings,
        phase: fn(GenerationRequest, ExternalTaskId, &mut Context) -> CreatePhase,
    ) -> Result<Self, MissingExternalTaskId> {
        let id = request
            .external_task_id()
            .cloned()
            .ok_or(MissingExternalTaskId)?;
        let mut context = Context::new(settings);
        let phase = phase(request, id, &mut context);
        Ok(Self::start(Phase::Create(Box::new(phase)), context))
    }

    fn start(phase: Phase, context: Context) -> Self {
        Self {
            context,
            phase,
            now: Duration::ZERO,
            earlier: Duration::ZERO,
        }
    }

    /// Reports the result of the action, `elapsed` after the machine was made or [taken up](Self::taken_up).
    ///
    /// # Errors
    ///
    /// The event does not answer the action, or ends a wait too early; nothing has changed.
    pub fn handle(&mut self, elapsed: Duration, event: Event) -> Result<Notice, WrongEvent> {
        let now = self.at(elapsed);
        match event {
            Event::Answered {
                answer,
                ours,
                service,
            } => return self.handle_answer(elapsed, *answer, ours, service),
            Event::ClocksRead { ours, service } => {
                self.now = now;
                self.context.read_clocks(now, ours, service);
                return Ok(Notice::Nothing);
            }
            Event::HostLearned(capabilities) => {
                self.now = now;
                self.context.settings.capabilities.learn_from(capabilities);
                return Ok(Notice::Nothing);
            }
            Event::TypicalTime(typical) => {
                self.now = now;
                self.context.settings.schedule.set_typical(typical);
                return Ok(Notice::Nothing);
            }
            _ => {}
        }
        let step = match &mut self.phase {
            Phase::Create(phase) => phase.handle(now, event, &mut self.context)?,
            Phase::Finished(_) => return Err(WrongEvent),
            Phase::Seek(phase) => phase.handle(now, event, &mut self.context)?,
            Phase::Wait(phase) => phase.handle(now, event, &mut self.context)?,
        };
        self.now = now;
        Ok(self.take(step))
    }

    /// Time never goes back.
    fn at(&self, elapsed: Duration) -> Duration {
        elapsed.saturating_add(self.earlier).max(self.now)
    }

    /// What the clocks show comes first: it decides what the answer means.
    fn handle_answer(
        &mut self,
        elapsed: Duration,
        answer: Event,
        ours: Option<Timestamp>,
        service: Option<Timestamp>,
    ) -> Result<Notice, WrongEvent> {
        let before = (self.context.clocks, self.context.settings.clock_difference);
        if let Some(ours) = ours {
            self.context.read_clocks(self.at(elapsed), ours, service);
        }
        let handled = self.handle(elapsed, answer);
        if handled.is_err() {
            (self.context.clocks, self.context.settings.clock_difference) = before;
        }
        handled
    }

    fn take(&mut self, step: Step) -> Notice {
        match step {
            Step::Accepted { task, adopted } => {
                let id = task.id().clone();
                self.accept(task, adopted);
                Notice::Accepted { id, adopted }
            }
            Step::Found { task } => {
                let id = task.id().clone();
                self.accept(task, true);
                Notice::Found { id }
            }
            Step::Finish(outcome) => {
                self.phase = Phase::Finished(outcome);
                Notice::Finished
            }
            Step::Stay(notice) => notice,
        }
    }

    /// Continues to the wait, with the task as the create or the lookup described it.
    fn accept(&mut self, task: Task, adopted: bool) {
        // This key has found it.
        self.context.settings.was_sent_with_another_key = false;
        let (external_task_id, woken) = match &self.phase {
            Phase::Create(phase) => (
                (!adopted).then(|| phase.external_task_id().clone()),
                phase.woken(),
            ),
            Phase::Seek(phase) => (None, phase.woken()),
            _ => (None, false),
        };
        let (phase, step) =
            WaitPhase::accepted(self.now, task, external_task_id, woken, &self.context);
        self.phase = Phase::Wait(phase);
        if let Step::Finish(outcome) = step {
            self.phase = Phase::Finished(outcome);
        }
    }

    /// What is to be done next. Asking changes nothing.
    pub fn action(&self) -> Action<'_> {
        let action = match &self.phase {
            Phase::Create(phase) => phase.action(&self.context),
            Phase::Finished(outcome) => Action::Finished(outcome),
            Phase::Seek(phase) => phase.action(),
            Phase::Wait(phase) => phase.action(),
        };
        match action {
            Action::Wait { until } => Action::Wait {
                until: until.saturating_sub(self.earlier),
            },
            action => action,
        }
    }

    /// The task as last heard of, once the service has it.
    pub fn task(&self) -> Option<&Task> {
        match &self.phase {
            Phase::Create(_) | Phase::Seek(_) => None,
            Phase::Finished(outcome) => outcome.task(),
            Phase::Wait(phase) => phase.task(),
        }
    }

    /// The external task id, as long as there is a create to make or a task to look up by it.
    pub fn external_task_id(&self) -> Option<&ExternalTaskId> {
        match &self.phase {
            Phase::Create(phase) => Some(phase.external_task_id()),
            Phase::Seek(phase) => Some(phase.external_task_id()),
            Phase::Finished(_) | Phase::Wait(_) => None,
        }
    }

    /// Why the create at hand may be sent, where [`action`](Self::action) asks for one: for a journal.
    pub fn send_reason(&self) -> Option<SendReason> {
        match (&self.phase, self.action()) {
            (Phase::Create(phase), Action::Create(_)) => Some(phase.send_reason()),
            _ => None,
        }
    }

    /// The elapsed time by which the create at hand has to be on its way, where what allows it does not
    /// hold longer. Where it is not, tell [`Event::SendDelayed`].
    pub fn send_by(&self) -> Option<Duration> {
        match (&self.phase, self.action()) {
            (Phase::Create(phase), Action::Create(_)) => {
                Some(phase.send_by()?.saturating_sub(self.earlier))
            }
            _ => None,
        }
    }

    /// What is declared or was learned of the host.
    pub fn capabilities(&self) -> HostCapabilities {
        self.context.settings.capabilities
    }
}

/// A request without an external task id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MissingExternalTaskId;

impl fmt::Display for MissingExternalTaskId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a request needs an external task id before it is sent")
    }
}

impl std::error::Error for MissingExternalTaskId {}
