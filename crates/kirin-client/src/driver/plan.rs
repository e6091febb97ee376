//! What a generation starts with.

use std::time::Duration;

use kirin_types::{
    ExternalTaskId, GenerationRequest, KIRIN_V2_5_TURBO_T2V, Model, TaskId, Timestamp,
};

use super::{Client, claims::Claim, randomness};
use crate::{
    BaseUrl, DuplicateIds, GenerationHandle, Intent, KeyFingerprint, PollSchedule,
    machine::{Cause, Knowledge, Machine, Outcome, Settings, Withheld},
};

/// A generation before its first poll.
pub(super) struct Plan {
    pub(super) start: Start,
    /// In place of the model's, if it is set.
    pub(super) deadline: Option<Option<Duration>>,
}

pub(super) enum Start {
    Generate(GenerationRequest),
    Reconcile(Intent),
    Resume(GenerationHandle),
    SendAgain(Intent),
    Wait(TaskId),
}

impl Start {
    fn model(&self) -> Option<&'static Model> {
        match self {
            Self::Generate(request) => request.model(),
            Self::Reconcile(intent) | Self::SendAgain(intent) => intent.request.model(),
            Self::Resume(handle) => Model::find(handle.model.as_deref()?),
            Self::Wait(_) => None,
        }
    }

    /// Name of the model, also of one that is not in the catalogue.
    pub(super) fn model_id(&self) -> Option<String> {
        match self {
            Self::Generate(request) => Some(request.model_id().to_owned()),
            Self::Reconcile(intent) | Self::SendAgain(intent) => {
                Some(intent.request.model_id().to_owned())
            }
            Self::Resume(handle) => handle.model.clone(),
            Self::Wait(_) => None,
        }
    }

    /// Whether the external task id is made up for it.
    fn mints(&self) -> bool {
        matches!(self, Self::Generate(request) if request.external_task_id().is_none())
    }

    /// The id of the create that it is about, unless that is still to be minted.
    pub(super) fn external_task_id(&self) -> Option<&ExternalTaskId> {
        match self {
            Self::Generate(request) => request.external_task_id(),
            Self::Reconcile(intent) | Self::SendAgain(intent) => intent.request.external_task_id(),
            Self::Resume(handle) => handle.external_task_id.as_ref(),
            Self::Wait(_) => None,
        }
    }

    /// Whether callbacks will come to this process. Those of an earlier process's create may still go
    /// to where that one listened.
    fn asks_for_callbacks(&self) -> bool {
        matches!(self, Self::Generate(request) if request.callback_url().is_some())
    }

    /// The task, where there is one from the start.
    pub(super) fn task_id(&self) -> Option<&TaskId> {
        match self {
            Self::Resume(handle) => Some(&handle.task_id),
            Self::Wait(id) => Some(id),
            Self::Generate(_) | Self::Reconcile(_) | Self::SendAgain(_) => None,
        }
    }
}

impl Plan {
    /// Made at the first poll: what other generations learned until then counts.
    pub(super) fn settings(&self, client: &Client) -> Settings {
        let start = &self.start;
        let shared = &client.0;
        let model = start.model().unwrap_or(&KIRIN_V2_5_TURBO_T2V);
        let mut settings = Settings::for_model(model);
        if shared.expects_callbacks && start.asks_for_callbacks() {
            settings.schedule = PollSchedule::seldom(model.typical_time.duration);
        }
        if let Some(deadline) = self.deadline {
            settings.deadline = deadline;
        }
        if let Some(schedule) = &shared.schedule {
            settings.schedule = schedule.clone();
        }
        settings.capabilities = client.capabilities();
        settings.started_at = client.wall_time();
        settings.seed = client.jitter_seed();
        settings.external_task_id_is_minted = start.mints();
        if let Start::Reconcile(intent) | Start::SendAgain(intent) = start {
            if !is_recent(intent, settings.started_at) {
                // What the host remembers of it, nobody has declared.
                settings.capabilities.duplicate_ids = DuplicateIds::Unknown;
                settings.capabilities.lookup_lag = None;
            }
            settings.started_at = intent.intended_at;
        }
        settings
    }

    pub(super) fn machine(self, settings: Settings) -> Machine {
        match self.start {
            Start::Generate(request) => {
                let id = request.external_task_id().cloned();
                let id = id.unwrap_or_else(randomness::external_task_id);
                // It is given an external task id here.
                Machine::generate(request.with_external_task_id(id), settings)
                    .expect("a request with an external task id")
            }
            // An intent is written down with the external task id of its request.
            Start::Reconcile(intent) => Machine::reconcile(intent.request, settings)
                .expect("a request with an external task id"),
            Start::SendAgain(intent) => Machine::send_again(intent.request, settings)
                .expect("a request with an external task id"),
            Start::Resume(handle) => Machine::wait(handle.task_id, settings),
            Start::Wait(id) => Machine::wait(id, settings),
        }
    }
}

impl Start {
    /// The right to begin, which whoever is about a create holds to its end.
    ///
    /// # Errors
    ///
    /// It was sent to another host or in the name of another account, or another operation of the
    /// client is about the same create: nothing may be asked, sent or written down.
    pub(super) fn claim(&self, client: &Client) -> Result<Option<Claim>, Withheld> {
        match self {
            Self::Generate(request) => claim(client, request),
            Self::Reconcile(intent) | Self::SendAgain(intent) => {
                origin(client, &intent.base_url, &intent.key)?;
                claim(client, &intent.request)
            }
            Self::Resume(handle) => {
                origin(client, &handle.base_url, &handle.key)?;
                Ok(None)
            }
            Self::Wait(_) => Ok(None),
        }
    }

    /// The end of what may not begin.
    pub(super) fn withheld(&self, withheld: Withheld) -> Outcome {
        let cause = Cause::Withheld(withheld);
        match (self.task_id(), self) {
            (Some(id), _) => Outcome::CannotQuery {
                cause,
                id: id.clone(),
            },
            (None, Self::Reconcile(intent) | Self::SendAgain(intent)) => {
                let id = intent.request.external_task_id();
                Outcome::Unresolved {
                    cause,
                    // An intent is written down with the external task id of its request.
                    external_task_id: id.expect("an external task id").clone(),
                    knowledge: Knowledge::MayExist,
                }
            }
            (None, _) => Outcome::NotCreated { cause },
        }
    }

    /// What goes on with the task, where it was given.
    pub(super) fn handle(&self) -> Option<&GenerationHandle> {
        match self {
            Self::Resume(handle) => Some(handle),
            _ => None,
        }
    }
}

/// A minted id needs none: nobody else is about it.
fn claim(client: &Client, request: &GenerationRequest) -> Result<Option<Claim>, Withheld> {
    match request.external_task_id() {
        Some(id) => Ok(Some(client.0.claims.take(id).ok_or(Withheld::UnderWay)?)),
        None => Ok(None),
    }
}

fn origin(client: &Client, base_url: &BaseUrl, key: &KeyFingerprint) -> Result<(), Withheld> {
    if base_url != client.base_url() {
        let sent_to = base_url.to_string();
        return Err(Withheld::OtherBaseUrl { sent_to });
    }
    match *key == client.0.fingerprint {
        true => Ok(()),
        false => Err(Withheld::OtherKey),
    }
}

/// How long after an intent its create may be sent again at all.
const LATEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether an intent is so young that what is declared of its host holds for it: a host may forget
/// external ids, and then it neither finds a task nor refuses a duplicate.
fn is_recent(intent: &Intent, now: Option<Timestamp>) -> bool {
    let age = |now: Timestamp, then: Timestamp| now.milliseconds().abs_diff(then.milliseconds());
    let ages = now.zip(intent.intended_at);
    ages.is_some_and(|(now, then)| u128::from(age(now, then)) <= LATEST.as_millis())
}
