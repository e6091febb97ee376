//! What a generation starts with.

use std::{sync::Arc, time::Duration};

use kirin_types::{
    ExternalTaskId, GenerationRequest, KIRIN_V2_5_TURBO_T2V, Model, TaskId, TaskRef,
};

use super::{Client, claims::Claim};
use crate::{
    AccountName, BaseUrl, Budget, Control, CreateId, GenerationHandle, Intent, PollSchedule,
    account::are_different,
    clock::Clock,
    machine::{Cause, Machine, Outcome, Settings, Withheld},
};

/// A generation before its first poll.
pub(super) struct Plan {
    pub(super) start: Start,
    pub(super) id_origin: IdOrigin,
    /// In place of the model's, if it is set.
    pub(super) deadline: Option<Option<Duration>>,
    /// Beside the client's.
    pub(super) budget: Option<Arc<Budget>>,
    /// In place of the model's, or of the one for callbacks, if it is set.
    pub(super) schedule: Option<PollSchedule>,
    /// An earlier operation has seen the end of the task.
    pub(super) had_ended: bool,
}

/// Where the external task id of a create is from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum IdOrigin {
    /// From the caller, who may have used it for something else.
    #[default]
    Chosen,
    /// It follows from what is asked for: it is ours, and an earlier run may have used it.
    Derived,
    /// It was made up a moment ago: no one has used it.
    Minted,
}

impl IdOrigin {
    pub(super) fn is_ours(self) -> bool {
        self != Self::Chosen
    }

    /// Whether a task of it may be there although no one here knows of one.
    pub(super) fn may_be_known(self) -> bool {
        self != Self::Minted
    }
}

pub(super) enum Start {
    Generate(GenerationRequest),
    Reconcile(Box<Intent>),
    /// The create was refused, and nothing was looked up after it.
    Repeat(Box<Intent>),
    Resume(GenerationHandle),
    SendAgain(Box<Intent>),
    Wait(TaskRef),
}

impl Start {
    fn model(&self) -> Option<&'static Model> {
        match self {
            Self::Generate(request) => request.model(),
            Self::Reconcile(intent) | Self::Repeat(intent) | Self::SendAgain(intent) => {
                intent.request.model()
            }
            Self::Resume(handle) => Model::find(handle.model.as_deref()?),
            Self::Wait(_) => None,
        }
    }

    /// Name of the model, also of one that is not in the catalogue.
    pub(super) fn model_id(&self) -> Option<String> {
        match self {
            Self::Generate(request) => Some(request.model_id().to_owned()),
            Self::Reconcile(intent) | Self::Repeat(intent) | Self::SendAgain(intent) => {
                Some(intent.request.model_id().to_owned())
            }
            Self::Resume(handle) => handle.model.clone(),
            Self::Wait(_) => None,
        }
    }

    /// The id of the create that it is about, or by which a task is asked for.
    pub(super) fn external_task_id(&self) -> Option<&ExternalTaskId> {
        match self {
            Self::Generate(request) => request.external_task_id(),
            Self::Reconcile(intent) | Self::Repeat(intent) | Self::SendAgain(intent) => {
                intent.request.external_task_id()
            }
            Self::Resume(handle) => handle.external_task_id.as_ref(),
            Self::Wait(TaskRef::External(id)) => Some(id),
            Self::Wait(TaskRef::Id(_)) => None,
        }
    }

    /// The create that it is about, at this client's place. Who waits for a task by an id of it is about
    /// no create.
    pub(super) fn create_id(&self, client: &Client) -> Option<CreateId> {
        if let Self::Wait(_) = self {
            return None;
        }
        let create = client.create_id(self.external_task_id()?.clone());
        let account = self.account().or(create.account.as_ref()).cloned();
        Some(create.with_account(account))
    }

    /// The account of the create or task that it continues.
    fn account(&self) -> Option<&AccountName> {
        match self {
            Self::Reconcile(intent) | Self::Repeat(intent) | Self::SendAgain(intent) => {
                intent.account.as_ref()
            }
            Self::Resume(handle) => handle.account.as_ref(),
            Self::Generate(_) | Self::Wait(_) => None,
        }
    }

    /// Whether what it continues was sent with another key than the client's, as far as it knows itself.
    pub(super) fn is_of_another_key(&self, client: &Client) -> bool {
        let key = match self {
            Self::Reconcile(intent) | Self::Repeat(intent) | Self::SendAgain(intent) => &intent.key,
            Self::Resume(handle) => &handle.key,
            Self::Generate(_) | Self::Wait(_) => return false,
        };
        *key != client.0.fingerprint
    }

    /// What is to be created.
    ///
    /// # Panics
    ///
    /// It continues a task.
    pub(super) fn request(&self) -> &GenerationRequest {
        match self {
            Self::Generate(request) => request,
            Self::Reconcile(intent) | Self::Repeat(intent) | Self::SendAgain(intent) => {
                &intent.request
            }
            Self::Resume(_) | Self::Wait(_) => unreachable!("only creates are recalled"),
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
            Self::Wait(TaskRef::Id(id)) => Some(id),
            Self::Wait(TaskRef::External(_))
            | Self::Generate(_)
            | Self::Reconcile(_)
            | Self::Repeat(_)
            | Self::SendAgain(_) => None,
        }
    }
}

/// What is known before a machine is made.
#[derive(Default)]
pub(super) struct Known {
    pub(super) origin: IdOrigin,
    pub(super) controls: Vec<Control>,
    pub(super) repetitions_after_absence: u32,
    pub(super) looks_up_first: bool,
    pub(super) ended: Option<Cause>,
    /// Of one that has a task, or may have one: nothing is sent, and nothing written but a task that is found.
    pub(super) is_of_another_key: bool,
}

impl Plan {
    fn model(&self) -> &'static Model {
        self.start.model().unwrap_or(&KIRIN_V2_5_TURBO_T2V)
    }

    /// How long the whole operation may take, from its first poll; `None` if it has no end.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let of_model = || Settings::for_model(self.model(), None).deadline;
        self.deadline.unwrap_or_else(of_model)
    }

    /// Made at the first poll: what other generations learned until then counts.
    pub(super) fn settings(&self, client: &Client, clock: &Clock, known: Known) -> Settings {
        let start = &self.start;
        let shared = &client.0;
        let model = self.model();
        let mut settings = Settings::for_model(model, clock.started_at);
        if shared.expects_callbacks && start.asks_for_callbacks() {
            settings.schedule = PollSchedule::seldom(model.typical_time.duration);
        }
        settings.deadline = self.deadline();
        if let Some(schedule) = &self.schedule {
            settings.schedule = schedule.clone();
        }
        settings.longest_call = Settings::longest_call_under(&shared.call_policy);
        settings.call_policy = shared.call_policy.clone();
        settings.capabilities = client.capabilities();
        settings.clock_difference = client.clock_difference();
        settings.seed = client.jitter_seed();
        settings.external_task_id_is_minted = known.origin.is_ours();
        settings.controls = known.controls;
        settings.repetitions_after_absence = known.repetitions_after_absence;
        settings.looks_up_first = known.looks_up_first;
        settings.ended = known.ended;
        settings.was_sent_with_another_key = known.is_of_another_key;
        settings.follows_refusal = matches!(start, Start::Repeat(_));
        if let Start::Reconcile(intent) | Start::Repeat(intent) | Start::SendAgain(intent) = start {
            settings.intended_at = intent.intended_at;
            settings.clock_difference = intent.clock_difference;
            settings.doubt = intent.doubt.clone();
        }
        settings
    }

    pub(super) fn machine(self, settings: Settings) -> Machine {
        let with_id = "a request with an external task id";
        match self.start {
            // Its request was given an external task id, and an intent is written down with one.
            Start::Generate(request) => Machine::generate(request, settings).expect(with_id),
            Start::Repeat(intent) => Machine::generate(intent.request, settings).expect(with_id),
            Start::Reconcile(intent) if settings.ended.is_some() => {
                Machine::generate(intent.request, settings).expect(with_id)
            }
            Start::Reconcile(intent) => {
                Machine::reconcile(intent.request, settings).expect(with_id)
            }
            Start::SendAgain(intent) => {
                Machine::send_again(intent.request, settings).expect(with_id)
            }
            Start::Resume(handle) => Machine::wait(handle.task_id, settings),
            Start::Wait(TaskRef::External(id)) => Machine::find(id, settings),
            Start::Wait(TaskRef::Id(id)) => Machine::wait(id, settings),
        }
    }
}

impl Start {
    /// The right to begin, which whoever is about a create holds to its end.
    ///
    /// # Errors
    ///
    /// It was sent to another host or for another account, or another operation of the client is about the
    /// same create: nothing may be asked, sent or written down.
    pub(super) fn claim(&self, client: &Client) -> Result<Option<Claim>, Withheld> {
        match self {
            Self::Generate(request) => claim(client, request),
            Self::Reconcile(intent) | Self::Repeat(intent) | Self::SendAgain(intent) => {
                host(client, &intent.base_url)?;
                account(client, self.account())?;
                claim(client, &intent.request)
            }
            Self::Resume(handle) => {
                host(client, &handle.base_url)?;
                account(client, self.account())?;
                Ok(None)
            }
            Self::Wait(_) => Ok(None),
        }
    }

    /// The end of what may not begin.
    pub(super) fn withheld(&self, withheld: Withheld) -> Outcome {
        match (self.task_id(), self.external_task_id()) {
            (Some(id), _) => Outcome::CannotQuery {
                cause: Cause::Withheld(withheld),
                id: id.clone(),
                task: None,
            },
            (None, Some(id)) => match self {
                Self::Generate(_) => withheld.outcome(id),
                _ => withheld.outcome_in_doubt(id),
            },
            (None, None) => Outcome::NotCreated {
                cause: Cause::Withheld(withheld),
            },
        }
    }

    /// The handle of the task, if it was given.
    pub(super) fn handle(&self) -> Option<&GenerationHandle> {
        match self {
            Self::Resume(handle) => Some(handle),
            _ => None,
        }
    }
}

/// No one else is about a create whose id is not made yet.
fn claim(client: &Client, request: &GenerationRequest) -> Result<Option<Claim>, Withheld> {
    match request.external_task_id() {
        Some(id) => Ok(Some(client.0.claims.take(id).ok_or(Withheld::UnderWay)?)),
        None => Ok(None),
    }
}

fn host(client: &Client, base_url: &BaseUrl) -> Result<(), Withheld> {
    match base_url == client.base_url() {
        true => Ok(()),
        false => Err(Withheld::OtherBaseUrl {
            sent_to: base_url.to_string(),
        }),
    }
}

fn account(client: &Client, account: Option<&AccountName>) -> Result<(), Withheld> {
    match account {
        Some(name) if are_different(Some(name), client.account()) => {
            Err(Withheld::OtherAccount { name: name.clone() })
        }
        _ => Ok(()),
    }
}
