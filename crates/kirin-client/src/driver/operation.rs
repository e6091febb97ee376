//! One generation, or a part of one, on its way.

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    time::Duration,
};

use kirin_types::{GenerationRequest, KIRIN_V2_5_TURBO_T2V, Task, TaskId, Timestamp};

use super::{
    Client,
    clock::{Clock, wall_time},
    randomness,
    record::Record,
};
use crate::{
    DuplicateIds, Error, Intent, JournalError,
    machine::{Action, Cause, Event, Knowledge, Machine, Notice, Outcome, Settings, Withheld},
};

/// A create, a wait or both, as [`Client::create`], [`Client::wait`] and [`Client::generate`] give
/// it. Nothing happens until it is awaited; dropping it stops it.
#[must_use = "nothing happens until it is awaited"]
pub struct Operation<'a> {
    client: &'a Client,
    start: Start,
    until_accepted: bool,
    deadline: Option<Option<Duration>>,
    on_notice: Box<dyn FnMut(&Notice) + Send + 'a>,
}

enum Start {
    Generate(GenerationRequest),
    Reconcile(Intent),
    Wait(TaskId),
}

impl<'a> Operation<'a> {
    fn new(client: &'a Client, start: Start) -> Self {
        let deadline = client.0.deadline;
        Self {
            client,
            start,
            until_accepted: false,
            deadline,
            on_notice: Box::new(|_| {}),
        }
    }

    pub(super) fn generate(client: &'a Client, request: GenerationRequest) -> Self {
        Self::new(client, Start::Generate(request))
    }

    pub(super) fn create(client: &'a Client, request: GenerationRequest) -> Self {
        Self {
            until_accepted: true,
            ..Self::generate(client, request)
        }
    }

    pub(super) fn reconcile(client: &'a Client, intent: Intent) -> Self {
        Self::new(client, Start::Reconcile(intent))
    }

    pub(super) fn wait(client: &'a Client, id: TaskId) -> Self {
        Self::new(client, Start::Wait(id))
    }

    /// Sets how long to wait, in place of the client's setting.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(Some(deadline));
        self
    }

    /// Waits for ever.
    pub fn forever(mut self) -> Self {
        self.deadline = Some(None);
        self
    }

    /// Calls `on_notice` with whatever there is to tell while it goes on: it was submitted,
    /// accepted, is so far, had trouble.
    pub fn on_notice(mut self, on_notice: impl FnMut(&Notice) + Send + 'a) -> Self {
        self.on_notice = Box::new(on_notice);
        self
    }

    async fn run(mut self) -> Result<Task, Error> {
        let mut machine = self.machine();
        let mut record = self.record(&machine);
        if let Some(elsewhere) = self.sent_elsewhere() {
            return Error::check(elsewhere);
        }
        let clock = Clock::start();
        loop {
            let event = match machine.action() {
                Action::Create(request) => match record.sending(request).await {
                    Ok(()) => {
                        if let Some(id) = request.external_task_id() {
                            (self.on_notice)(&Notice::Submitting {
                                external_task_id: id.clone(),
                            });
                        }
                        Event::CreateAnswered(self.client.create_once(request).await)
                    }
                    Err(withheld) => Event::Withheld(withheld),
                },
                Action::Finished(outcome) => {
                    let outcome = outcome.clone();
                    let recorded = record.ended(&outcome).await;
                    self.tell_if_lost(recorded);
                    return self.finish(outcome);
                }
                Action::LookUp(id) => {
                    Event::QueryAnswered(self.client.query_once(id.as_str()).await)
                }
                Action::Query(id) => {
                    Event::QueryAnswered(self.client.query_once(id.as_str()).await)
                }
                Action::Wait { until } => clock.wait(until).await,
            };
            // Each event above answers the action it stands beside.
            let notice = machine
                .handle(clock.elapsed(), event)
                .expect("an event that answers");
            self.client.learn(machine.capabilities());
            (self.on_notice)(&notice);
            if let Notice::Accepted { id, .. } = &notice {
                let recorded = record.accepted(id).await;
                self.tell_if_lost(recorded);
            }
            if self.until_accepted
                && let Some(task) = machine.task()
            {
                if let Action::Finished(outcome) = machine.action() {
                    let recorded = record.ended(outcome).await;
                    self.tell_if_lost(recorded);
                }
                return Ok(task.clone());
            }
        }
    }

    /// The end of a create that was sent to another host, or in the name of another account.
    fn sent_elsewhere(&self) -> Option<Outcome> {
        let Start::Reconcile(intent) = &self.start else {
            return None;
        };
        let withheld = if intent.base_url != *self.client.base_url() {
            let sent_to = intent.base_url.to_string();
            Withheld::OtherBaseUrl { sent_to }
        } else if intent.key != self.client.0.fingerprint {
            Withheld::OtherKey
        } else {
            return None;
        };
        Some(Outcome::Unresolved {
            external_task_id: intent.request.external_task_id()?.clone(),
            knowledge: Knowledge::MayExist,
            cause: Cause::Withheld(withheld),
        })
    }

    fn tell_if_lost(&mut self, recorded: Result<(), JournalError>) {
        if let Err(error) = recorded {
            (self.on_notice)(&Notice::NotRecorded {
                cause: error.to_string(),
            });
        }
    }

    fn record(&self, machine: &Machine) -> Record<'a> {
        match &self.start {
            Start::Reconcile(intent) => Record::intended(self.client, intent),
            _ => Record::new(self.client, machine.external_task_id()),
        }
    }

    /// A create that was answered with a task has done its work, however that task ended.
    fn finish(&self, outcome: Outcome) -> Result<Task, Error> {
        match outcome {
            Outcome::CompletedWithoutOutput(task) | Outcome::Failed(task)
                if self.until_accepted =>
            {
                Ok(task)
            }
            outcome => Error::check(outcome),
        }
    }

    fn machine(&mut self) -> Machine {
        let settings = self.settings();
        match &self.start {
            Start::Generate(request) => {
                let id = request.external_task_id().cloned();
                let id = id.unwrap_or_else(Client::mint_external_task_id);
                let request = request.clone().with_external_task_id(id);
                // It was given an external task id in the line above.
                Machine::generate(request, settings).expect("a request with an external task id")
            }
            Start::Reconcile(intent) => {
                let mut settings = Settings {
                    started_at: intent.intended_at,
                    ..settings
                };
                if !is_recent(intent) {
                    // What the host remembers of it, nobody has declared.
                    settings.capabilities.duplicate_ids = DuplicateIds::Unknown;
                    settings.capabilities.lookup_lag = None;
                }
                // An intent is written down with the external task id of its request.
                Machine::reconcile(intent.request.clone(), settings)
                    .expect("a request with an external task id")
            }
            Start::Wait(id) => Machine::wait(id.clone(), settings),
        }
    }

    fn settings(&self) -> Settings {
        let model = match &self.start {
            Start::Generate(request) => request.model(),
            Start::Reconcile(intent) => intent.request.model(),
            Start::Wait(_) => None,
        };
        let mut settings = Settings::for_model(model.unwrap_or(&KIRIN_V2_5_TURBO_T2V));
        if let Some(deadline) = self.deadline {
            settings.deadline = deadline;
        }
        if let Some(schedule) = &self.client.0.schedule {
            settings.schedule = schedule.clone();
        }
        settings.capabilities = self.client.capabilities();
        settings.started_at = wall_time();
        settings.seed = randomness::seed();
        settings
    }
}

/// How long after an intent its create may be sent again at all.
const LATEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether an intent is so young that what is declared of its host holds for it: a host may forget
/// external ids, and then it neither finds a task nor refuses a duplicate.
fn is_recent(intent: &Intent) -> bool {
    let age = |now: Timestamp, then: Timestamp| now.milliseconds().abs_diff(then.milliseconds());
    let ages = wall_time().zip(intent.intended_at);
    ages.is_some_and(|(now, then)| u128::from(age(now, then)) <= LATEST.as_millis())
}

impl<'a> IntoFuture for Operation<'a> {
    type Output = Result<Task, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Operation<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Operation")
            .field("client", self.client)
            .finish_non_exhaustive()
    }
}
