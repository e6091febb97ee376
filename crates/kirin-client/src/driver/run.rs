//! The loop around the machine: it does what the machine asks for, and reports the result to it.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use kirin_types::{ExternalTaskId, Task, TaskId};

use super::{
    Client,
    claims::Claim,
    flow::Place,
    measures::{self, Measures},
    plan::Plan,
    prepare::Prepared,
    record::{Operation, Record},
    shared_progress::SharedProgress,
    trace::{self, Known},
    wakes::Sleeper,
};
use crate::{
    Control, Error, GenerationHandle, JournalError,
    clock::{Clock, SHORTEST_CALL},
    machine::{Action, Event, Notice, Outcome, Withheld},
};

mod creating;
mod querying;

/// A generation under way.
pub(super) struct Run {
    client: Client,
    progress: Arc<SharedProgress>,
    clock: Clock,
    record: Record,
    /// It ends before the claim does: whoever has the claim next finds that no one is at the create.
    operation: Arc<Operation>,
    /// Held to the end, where it is about a create.
    _claim: Option<Claim>,
    measures: Measures,
    place: Place,
    /// The id of the create, or by which the task is asked for.
    external_task_id: Option<ExternalTaskId>,
    by_external_id: Option<Sleeper>,
    by_task_id: Option<Sleeper>,
    model: Option<String>,
    /// Whether no one has set when to query.
    follows_host: bool,
    /// Whether the call before this one, in the same lane, came to nothing.
    repeats: bool,
    /// Whether an attempt may have made a task.
    may_run: bool,
    creates: u32,
    queries: u32,
}

/// What the machine asks for, without a hold on it.
enum Work {
    Create,
    Finished(Box<Outcome>),
    LookUp(ExternalTaskId),
    Probe(ExternalTaskId),
    Query(TaskId),
    Wait { until: Duration },
}

/// Begins what was planned, and runs it to its end.
pub(super) async fn run_generation(
    client: Client,
    plan: Plan,
    progress: Arc<SharedProgress>,
) -> Result<Task, Error> {
    let operation = Operation::begin(&client, &progress);
    let clock = client.clock(plan.deadline());
    let measures = Measures::begin(&plan);
    let prepared = Box::pin(Prepared::new(&client, &operation, &clock, plan)).await;
    let run = match prepared {
        Ok(prepared) => Run::new(client, clock, prepared, operation, measures, progress),
        Err(refused) => {
            progress.locked().handle = refused.handle;
            let ended = Error::check(refused.outcome);
            measures::operation_ended(&ended);
            return ended.map_err(|error| progress.with_handle(error));
        }
    };
    run.operation.under_way.is_about(run.record.create());
    let ended = Box::pin(trace::generation(run.known(), run.follow_machine())).await;
    measures::operation_ended(&ended);
    ended
}

impl Run {
    fn new(
        client: Client,
        clock: Clock,
        prepared: Prepared,
        operation: Arc<Operation>,
        mut measures: Measures,
        progress: Arc<SharedProgress>,
    ) -> Box<Self> {
        let Prepared {
            plan,
            settings,
            record,
            claim,
        } = prepared;
        measures.prepared(&plan);
        let mut place = client.0.flow.parallel.arrive();
        let model = plan.start.model_id();
        let follows_host = plan.schedule.is_none();
        let given = plan.start.handle().cloned();
        let task_id = plan.start.task_id().cloned();
        let external_task_id = plan.start.external_task_id().cloned();
        let machine = plan.machine(settings);
        let wakes = &client.0.wakes;
        let by_external_id = external_task_id
            .as_ref()
            .map(|id| wakes.listen(id.as_str()));
        let by_task_id = task_id.as_ref().map(|id| wakes.listen(id.as_str()));
        if task_id.is_some() {
            place.enter_at_once();
        }
        let run = Self {
            clock,
            record,
            _claim: claim,
            operation,
            client,
            progress,
            measures,
            place,
            external_task_id,
            by_external_id,
            by_task_id,
            model,
            follows_host,
            repeats: false,
            may_run: false,
            creates: 0,
            queries: 0,
        };
        // Of another key it stays, whose it is, until this key has found the task.
        let handle = given.or_else(|| Some(run.handle(task_id?)));
        let mut latest = run.progress.locked();
        latest.machine = Some(machine);
        latest.handle = handle;
        drop(latest);
        Box::new(run)
    }

    fn known(&self) -> Known {
        let handle = &self.progress.locked().handle;
        Known {
            model: self.model.clone(),
            external_task_id: self.external_task_id.as_ref().map(ToString::to_string),
            tags: self.progress.tags().join(", "),
            task_id: handle.as_ref().map(|handle| handle.task_id.to_string()),
        }
    }

    /// Calls are boxed, because most of the time there is none under way.
    async fn follow_machine(mut self: Box<Self>) -> Result<Task, Error> {
        loop {
            let event = match self.work() {
                Work::Create => Box::pin(self.create()).await,
                Work::LookUp(id) => Box::pin(self.query(id.as_str())).await,
                Work::Probe(id) => Box::pin(self.probe(&id)).await,
                Work::Query(id) => Box::pin(self.query(id.as_str())).await,
                Work::Wait { until } => {
                    let event = self.wait(until).await;
                    self.measures.waited(until);
                    // The computer may have slept.
                    self.read_clock();
                    event
                }
                Work::Finished(outcome) => {
                    let mut recorded = Box::pin(self.end(&outcome)).await;
                    let mut outcome = *outcome;
                    if let Some(overtaken) = self.overtaken(&outcome, &recorded) {
                        (outcome, recorded) = (overtaken, Ok(()));
                    }
                    self.measures.ended(&outcome, &self.client);
                    let ended = Error::check(outcome);
                    return ended
                        .map_err(|error| self.progress.with_handle(error).recorded(recorded));
                }
            };
            let notice = self.handle_event(event);
            if let Notice::Accepted { id, .. } | Notice::Found { id } = &notice {
                Box::pin(self.accepted(id, &notice)).await;
            }
            self.measures.count_notice(&notice);
        }
    }

    fn work(&self) -> Work {
        let latest = self.progress.locked();
        // It was put there before the first turn of the loop.
        let machine = latest.machine.as_ref().expect("a machine");
        match machine.action() {
            Action::Create(_) => Work::Create,
            Action::Finished(outcome) => Work::Finished(Box::new(outcome.clone())),
            Action::LookUp(id) => Work::LookUp(id.clone()),
            Action::Probe(id) => Work::Probe(id.clone()),
            Action::Query(id) => Work::Query(id.clone()),
            Action::Wait { until } => Work::Wait { until },
        }
    }

    fn handle_event(&self, event: Event) -> Notice {
        let now = self.clock.elapsed();
        let known = self.client.capabilities();
        let mut latest = self.progress.locked();
        let machine = latest.machine.as_mut().expect("a machine");
        if machine.capabilities() != known {
            // Others may have learned it since the machine was made. It may be told at any time.
            let _ = machine.handle(now, Event::HostLearned(known));
        }
        if let Some(typical) = self.client.typical_time().filter(|_| self.follows_host) {
            // As above.
            let _ = machine.handle(now, Event::TypicalTime(typical));
        }
        // Each event answers the work it comes from.
        let notice = machine.handle(now, event).expect("an event that answers");
        let capabilities = machine.capabilities();
        match &notice {
            // The journal hears of it first.
            Notice::Accepted { .. } | Notice::Found { .. } | Notice::Nothing => {}
            _ => latest.tell(notice.clone()),
        }
        drop(latest);
        self.client.learn(capabilities);
        notice
    }

    fn tell(&self, notice: Notice) {
        self.progress.locked().tell(notice);
    }

    fn read_clock(&self) {
        if let Some(ours) = self.client.wall_time() {
            let service = None;
            self.handle_event(Event::ClocksRead { ours, service });
        }
    }

    async fn wait(&mut self, until: Duration) -> Event {
        let mut ended = pin!(self.clock.wait(until));
        let mut by_external_id = pin!(woken(&mut self.by_external_id));
        let mut by_task_id = pin!(woken(&mut self.by_task_id));
        // Its own end comes first: however often it is woken, it ends.
        poll_fn(|context| {
            if let Poll::Ready(event) = ended.as_mut().poll(context) {
                return Poll::Ready(event);
            }
            let woken = by_external_id.as_mut().poll(context).is_ready()
                || by_task_id.as_mut().poll(context).is_ready();
            match woken {
                true => Poll::Ready(Event::Woken),
                false => Poll::Pending,
            }
        })
        .await
    }

    /// Whoever waits for the acceptance is told of it when the journal knows it.
    async fn accepted(&mut self, id: &TaskId, notice: &Notice) {
        // A task that was asked for by its own id, as a person may type it, is not known by another one: a
        // look-up that finds it by that would prove nothing.
        let external_task_id = self.external_task_id.take();
        self.external_task_id = external_task_id.filter(|it| it.as_str() != id.as_str());
        self.repeats = false;
        self.place.enter_at_once();
        self.by_task_id = Some(self.client.0.wakes.listen(id.as_str()));
        // The handle comes before the journal, whose write may take long or never end.
        self.progress
            .locked()
            .being_recorded(self.handle(id.clone()));
        if let Some(external_task_id) = &self.external_task_id {
            let control = Control::new(external_task_id.clone(), id.clone());
            self.client.learn_control(control);
        }
        let recorded = self.record.accepted(&self.client, id).await;
        self.progress.locked().recorded(notice.clone());
        self.tell_if_lost(recorded);
        // A subscriber is somebody else's code, so it comes last.
        trace::accepted(id);
    }

    async fn end(&mut self, outcome: &Outcome) -> Result<(), JournalError> {
        trace::calls(self.creates, self.queries);
        match outcome {
            Outcome::Completed(_) | Outcome::CompletedWithoutOutput(_) | Outcome::Failed(_) => {
                self.place.ended();
            }
            _ => self.place.leave(),
        }
        let recorded = self.record.ended(&self.client, outcome).await;
        self.tell_if_lost(recorded.clone());
        recorded
    }

    /// That nothing was created here says nothing where the journal knows that someone else is at it.
    fn overtaken(&self, outcome: &Outcome, recorded: &Result<(), JournalError>) -> Option<Outcome> {
        let (Outcome::NotCreated { .. }, Err(error)) = (outcome, recorded) else {
            return None;
        };
        let withheld = Withheld::from(error.clone());
        let id = self.external_task_id.as_ref();
        let id = id.filter(|_| withheld.is_open())?;
        Some(withheld.outcome_in_doubt(id))
    }

    fn tell_if_lost(&self, recorded: Result<(), JournalError>) {
        if let Err(error) = recorded {
            self.tell(Notice::NotRecorded {
                cause: error.to_string(),
            });
        }
    }

    /// What a call may take of its own time.
    fn call_time(&self, limit: Duration) -> Duration {
        let left = self.clock.left_at_least(SHORTEST_CALL);
        left.map_or(limit, |left| left.min(limit))
    }

    fn handle(&self, task_id: TaskId) -> GenerationHandle {
        let mut handle = self.client.handle_of_id(task_id);
        if let Some(create) = self.record.create() {
            handle.account.clone_from(&create.account);
        }
        handle.model.clone_from(&self.model);
        handle.external_task_id.clone_from(&self.external_task_id);
        handle
    }
}

async fn woken(sleeper: &mut Option<Sleeper>) {
    match sleeper {
        Some(sleeper) => sleeper.woken().await,
        None => std::future::pending().await,
    }
}
