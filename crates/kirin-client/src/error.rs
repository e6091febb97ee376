//! Errors by what happened to the money.

use std::{fmt, time::Duration};

use kirin_types::{Amount, ErrorReason, ExternalTaskId, InvalidRequest, Task, TaskId, TaskState};

mod kind;
pub use kind::{Billing, ErrorKind};

use kind::{is_about_the_key, not_created, not_found};

use crate::{
    GenerationHandle, JournalError,
    last_word::{last_heard, reason, said},
    machine::{Cause, Knowledge, KnownCreate, Outcome, Withheld, names_output},
};

/// A generation that did not end with a video. It says what happened, what that means for your
/// money, and what to do next.
///
/// ```
/// use kirin_client::{Billing, Error, ErrorKind};
///
/// fn explain(error: &Error) -> String {
///     match (error.kind(), error.task_id()) {
///         (ErrorKind::StillRunning, Some(id)) => format!("come back later for {id}"),
///         _ => format!("{}. {}. {}.", error.what(), error.money(), error.next_step()),
///     }
/// }
/// # let _ = explain;
/// ```
#[derive(Clone, Debug)]
pub struct Error {
    outcome: Box<Outcome>,
    handle: Option<Box<GenerationHandle>>,
    not_recorded: Option<Box<JournalError>>,
    invalid_request: Option<Box<InvalidRequest>>,
}

impl Error {
    /// The error that an end is, or the finished task if it is none.
    ///
    /// # Errors
    ///
    /// Every end but [`Outcome::Completed`], and [`Outcome::OtherEnd`] with an output.
    pub fn check(outcome: Outcome) -> Result<Task, Self> {
        match outcome {
            Outcome::Completed(task) => Ok(task),
            Outcome::OtherEnd(task) if names_output(&task) => Ok(task),
            outcome => Err(Self::of(outcome)),
        }
    }

    pub(crate) fn of(outcome: Outcome) -> Self {
        Self {
            outcome: Box::new(outcome),
            handle: None,
            not_recorded: None,
            invalid_request: None,
        }
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn with_handle(mut self, handle: GenerationHandle) -> Self {
        self.handle = Some(Box::new(handle));
        self
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn recorded(mut self, recorded: Result<(), JournalError>) -> Self {
        self.not_recorded = recorded.err().map(Box::new);
        self
    }

    /// Why this end is not in the journal, if it was to be written there and could not be.
    /// The journal then knows less than happened: it may still say that the create was sent, and
    /// whoever reconciles it may send it again.
    pub fn not_recorded(&self) -> Option<&JournalError> {
        self.not_recorded.as_deref()
    }

    /// What `Client::resume` takes to continue the task, in this process or another: every
    /// error of a generation whose task was accepted has it.
    pub fn resume(&self) -> Option<&GenerationHandle> {
        self.handle.as_deref()
    }

    /// The end behind the error.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// What kind of end it was.
    pub fn kind(&self) -> ErrorKind {
        match self.outcome() {
            outcome if outcome.was_in_async_task() => ErrorKind::InAsyncTask,
            Outcome::CannotQuery { cause, .. } | Outcome::Unresolved { cause, .. }
                if matches!(cause, Cause::Withheld(Withheld::Known { .. })) =>
            {
                ErrorKind::Known
            }
            Outcome::Unresolved {
                cause: Cause::Withheld(Withheld::UnderWay),
                ..
            } => ErrorKind::UnderWay,
            Outcome::CannotQuery {
                cause: Cause::Refused(refusal),
                ..
            } => match refusal.reason {
                ErrorReason::Authentication | ErrorReason::Permission => ErrorKind::Authentication,
                _ => ErrorKind::CannotQuery,
            },
            Outcome::CannotQuery { .. } | Outcome::Completed(_) => ErrorKind::CannotQuery,
            Outcome::CompletedWithoutOutput(_) => ErrorKind::CompletedWithoutOutput,
            Outcome::Failed(_) => ErrorKind::TaskFailed,
            Outcome::Lost { .. } => ErrorKind::NotFound,
            Outcome::NotCreated { cause } => not_created(cause),
            Outcome::NotFound { cause, .. } => not_found(cause),
            Outcome::OtherEnd(_) => ErrorKind::OtherEnd,
            Outcome::StillRunning { .. } => ErrorKind::StillRunning,
            Outcome::Unresolved { .. } => ErrorKind::Unresolved,
        }
    }

    /// How long the service asks to wait (`Retry-After`), where its last answer said so.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use kirin_client::{BaseUrl, Error, machine::{Cause, Outcome}};
    /// use kirin_client::wire::{CreateAnswer, Endpoint, Exchange};
    /// use kirin_types::GenerationRequest;
    ///
    /// let endpoint = Endpoint::new(BaseUrl::default(), "a-secret".parse()?)?;
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let busy = http::Response::builder().status(429).header("retry-after", "30").body(Bytes::new())?;
    /// let event = endpoint.create(&request).read(Exchange::Whole(busy), None);
    /// let Some(CreateAnswer::Refused(refusal)) = event.create_answer().cloned() else {
    ///     unreachable!()
    /// };
    /// let error = Error::check(Outcome::NotCreated { cause: Cause::Refused(refusal) }).unwrap_err();
    /// assert_eq!(error.http_status(), Some(429));
    /// assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(30)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        match self.outcome().cause()? {
            Cause::Refused(refusal) => refusal.retry_after,
            Cause::Trouble(trouble) => trouble.retry_after,
            Cause::Withheld(_) => None,
        }
    }

    /// The HTTP status of the answer that is the cause, where there was one.
    pub fn http_status(&self) -> Option<u16> {
        match self.outcome().cause()? {
            Cause::Refused(refusal) => Some(refusal.status),
            Cause::Trouble(trouble) => trouble.http_status,
            Cause::Withheld(_) => None,
        }
    }

    /// What is known of a charge.
    pub fn billing(&self) -> Billing {
        match self.outcome() {
            Outcome::NotCreated { .. } => Billing::None,
            Outcome::CompletedWithoutOutput(task)
            | Outcome::Completed(task)
            | Outcome::Failed(task) => billed(is_failed(task), task.cost()),
            _ => match self.known_end() {
                Some((has_failed, cost)) => billed(has_failed, cost),
                None => Billing::Unknown,
            },
        }
    }

    /// Whether a task of which the journal knows that it has ended failed, and what it cost.
    fn known_end(&self) -> Option<(bool, Option<&Amount>)> {
        match self.outcome().cause()? {
            Cause::Withheld(Withheld::Known {
                state:
                    KnownCreate::Ended {
                        has_failed, cost, ..
                    },
            }) => Some((*has_failed, cost.as_ref())),
            _ => None,
        }
    }

    /// The service's id of the task, wherever one is known: the task can be waited for again.
    pub fn task_id(&self) -> Option<&TaskId> {
        self.outcome.task_id()
    }

    /// The external task id that the create was sent under, or the task was asked for by: of one that is
    /// unresolved or was not found, and of every task whose [handle](Self::resume) has it.
    pub fn external_task_id(&self) -> Option<&ExternalTaskId> {
        match self.outcome() {
            Outcome::Unresolved {
                external_task_id, ..
            }
            | Outcome::NotFound {
                external_task_id, ..
            } => Some(external_task_id),
            _ => self.resume()?.external_task_id.as_ref(),
        }
    }

    fn has_failed(&self) -> bool {
        let is_known = || self.known_end().is_some_and(|(has_failed, _)| has_failed);
        matches!(self.outcome(), Outcome::Failed(_)) || is_known()
    }

    /// What happened, as a sentence without its full stop.
    pub fn what(&self) -> String {
        match self.outcome() {
            Outcome::CannotQuery {
                id,
                cause: Cause::Withheld(Withheld::Known { .. }),
                ..
            } => {
                let end = match self.known_end() {
                    Some((true, _)) => ", which failed".into(),
                    Some((false, Some(cost))) => {
                        format!(", which is completed and cost {cost} USD")
                    }
                    Some((false, None)) => ", which is completed".into(),
                    None => String::new(),
                };
                format!("this create was made before, as task {id}{end}")
            }
            Outcome::CannotQuery { id, cause, task } => format!(
                "task {id} cannot be queried: {cause}{}",
                last_heard(task.as_deref())
            ),
            Outcome::Completed(task) => format!("task {} is completed", task.id()),
            Outcome::CompletedWithoutOutput(task) => {
                format!(
                    "task {} is completed, but the service names no output",
                    task.id()
                )
            }
            Outcome::Failed(task) => format!(
                "task {} failed: {}",
                task.id(),
                reason(task).unwrap_or_else(|| "no reason given".into())
            ),
            Outcome::Lost { id } => format!("the service does not know task {id}"),
            Outcome::NotCreated {
                cause: Cause::Refused(refusal),
            } => {
                format!("the service refused the request: {refusal}")
            }
            Outcome::NotCreated {
                cause: Cause::Trouble(trouble),
            } => {
                format!("the request did not get through to the service: {trouble}")
            }
            Outcome::NotCreated {
                cause: Cause::Withheld(withheld),
            } => format!("nothing was created: {withheld}"),
            Outcome::NotFound {
                external_task_id: id,
                cause,
            } => match self.kind() {
                ErrorKind::NotFound => format!("the service does not know task {id}"),
                _ => format!("task {id} cannot be queried: {cause}"),
            },
            Outcome::OtherEnd(task) => format!(
                "task {} seems to have ended: the service says {}",
                task.id(),
                said(task)
            ),
            Outcome::StillRunning { id, task } => format!(
                "task {id} was not finished when the time to wait was over{}",
                last_heard(task.as_deref())
            ),
            Outcome::Unresolved {
                external_task_id,
                knowledge,
                cause,
            } => {
                format!("{}: {cause}", unresolved(external_task_id, knowledge))
            }
        }
    }

    /// What it means for your money, as a sentence without its full stop.
    pub fn money(&self) -> &'static str {
        match (self.outcome(), self.billing()) {
            (Outcome::NotCreated { .. }, _)
                if matches!(
                    self.kind(),
                    ErrorKind::DuplicateExternalTaskId | ErrorKind::OtherRequest
                ) =>
            {
                "Nothing was spent on this request; the task that has the id may have been charged"
            }
            (Outcome::NotCreated { .. }, _) => "Nothing was spent",
            (_, Billing::Charged) => "The task was charged",
            (_, Billing::None) => "The service says that it cost nothing",
            _ if self.has_failed() => "Whether a failed task is charged is not documented",
            _ if self.known_end().is_some() => "The task may have been charged",
            (Outcome::Lost { .. } | Outcome::NotFound { .. }, _) => {
                "If it was created, it may have been charged"
            }
            (
                Outcome::Unresolved {
                    knowledge: Knowledge::Exists,
                    ..
                },
                _,
            ) => "It was accepted, and may have been charged",
            (Outcome::Unresolved { .. }, _) => "It may have been charged once",
            (Outcome::CompletedWithoutOutput(_), _) => "The task may have been charged",
            (Outcome::OtherEnd(_), _) => "The task may still finish and be charged",
            _ => "The task may be charged, whether it is waited for or not",
        }
    }

    /// What to do next, as a sentence without its full stop.
    pub fn next_step(&self) -> String {
        let next_step = self.next_step_of_the_end();
        match &self.not_recorded {
            Some(error) => format!(
                "The journal does not know of this end ({error}): reconcile its entry before you generate again. Then: {next_step}"
            ),
            None => next_step,
        }
    }

    fn next_step_of_the_end(&self) -> String {
        match self.kind() {
            ErrorKind::Authentication if self.is_about_a_task() => {
                "Check the API key and its rights, then wait for the task again".into()
            }
            ErrorKind::Authentication => {
                "Check the API key and its rights, then generate again".into()
            }
            ErrorKind::Balance => "Add credits to the account, then generate again".into(),
            ErrorKind::Budget => match self.outcome().not_created() {
                Some(Cause::Withheld(Withheld::UnknownPrice { .. })) => {
                    "Give its price with `Budget::prices` (of a ledger `LedgerJournal::prices`), or let it \
                     pass with `Budget::allow_unknown_prices`; then generate again"
                        .into()
                }
                _ => "Raise the budget, then generate again".into(),
            },
            ErrorKind::CannotQuery | ErrorKind::StillRunning => match self.outcome() {
                Outcome::CannotQuery {
                    cause: Cause::Withheld(withheld),
                    ..
                } => format!(
                    "Do not generate it again: use the {} it was created with, and wait for the task again",
                    origin(withheld)
                ),
                _ => "Do not generate it again: wait for the task again".into(),
            },
            ErrorKind::CompletedWithoutOutput => {
                "Query the task again later, or ask the vendor's support".into()
            }
            ErrorKind::Draining => "Generate it again after the restart".into(),
            ErrorKind::DuplicateExternalTaskId => {
                "Query the task by this external id, or choose another id".into()
            }
            ErrorKind::InAsyncTask => {
                "Make the call within `tokio::task::spawn_blocking`, or use the async client".into()
            }
            ErrorKind::InvalidRequest => "Change the request".into(),
            ErrorKind::Journal => match self.outcome().not_created() {
                Some(Cause::Withheld(Withheld::JournalOfOtherBaseUrl { .. })) => {
                    "Open the journal for the base URL of the client (of a ledger \
                     `ledger.journal(client.base_url().clone())`), then generate again"
                        .into()
                }
                _ => "Make the journal writable, then generate again".into(),
            },
            ErrorKind::Known if matches!(self.outcome(), Outcome::NotCreated { .. }) => {
                "Generate it to have it created".into()
            }
            ErrorKind::Known if self.has_failed() => {
                "Choose another external id to have it generated again".into()
            }
            ErrorKind::Known => match self.task_id() {
                Some(id) => format!("Do not generate it again: wait for task {id}"),
                None => self.resolve(),
            },
            ErrorKind::NotFound if self.is_about_a_task() => {
                "Check the id, the base URL and the API key, then query the task again".into()
            }
            ErrorKind::NotFound => "Check the base URL and the model, then generate again".into(),
            ErrorKind::OtherEnd => {
                "Ask again later, before you generate it again: wait for the task again".into()
            }
            ErrorKind::OtherRequest => {
                "Choose another external id for this request, then generate it".into()
            }
            ErrorKind::RateLimit => {
                "Generate again later: running tasks may have to end first".into()
            }
            ErrorKind::Refused if self.is_redirect() => {
                "Check the base URL: a redirect is never followed".into()
            }
            ErrorKind::Refused => "Read the reason before you generate again".into(),
            ErrorKind::TaskFailed => "Read the reason before you generate again".into(),
            ErrorKind::Repeated => "Decide whether to send it once more, under the same id".into(),
            ErrorKind::Unreachable => "Check the network, then generate again".into(),
            ErrorKind::UnderWay => {
                "Wait for the other operation: it ends with the task, or says why not".into()
            }
            ErrorKind::Unresolved => self.resolve(),
        }
    }

    /// How to find out about an unresolved create.
    fn resolve(&self) -> String {
        match self.outcome() {
            Outcome::Unresolved {
                knowledge: Knowledge::OtherTask { id },
                ..
            } => format!(
                "Do not generate it again: look at task {id}, and if it is not yours, ask the vendor's support"
            ),
            Outcome::Unresolved {
                external_task_id: id,
                cause: Cause::Withheld(Withheld::Known { .. }),
                ..
            } => format!("Do not generate it again: reconcile the journal's intent of {id}"),
            Outcome::Unresolved {
                external_task_id: id,
                cause: Cause::Refused(refusal),
                ..
            } if is_about_the_key(refusal.reason) => format!(
                "Do not generate it again: check the API key, then query it by its external id {id}"
            ),
            Outcome::Unresolved {
                external_task_id: id,
                cause:
                    Cause::Withheld(
                        withheld @ (Withheld::OtherAccount { .. }
                        | Withheld::OtherBaseUrl { .. }
                        | Withheld::OtherKey),
                    ),
                ..
            } => {
                let names = match withheld {
                    Withheld::OtherKey => {
                        "; if the two keys are of two users, name each with `ClientBuilder::account`"
                    }
                    _ => "",
                };
                format!(
                    "Do not generate it again: use the {} it was sent with, and query it by its external id {id}{names}",
                    origin(withheld)
                )
            }
            Outcome::Unresolved {
                external_task_id: id,
                ..
            } => format!("Do not generate it again: query it later by its external id {id}"),
            _ => "Do not generate it again: query it later".into(),
        }
    }

    /// Whether a task was asked about, by either id.
    fn is_about_a_task(&self) -> bool {
        self.task_id().is_some() || matches!(self.outcome(), Outcome::NotFound { .. })
    }

    fn is_redirect(&self) -> bool {
        matches!(
            self.outcome(),
            Outcome::NotCreated { cause: Cause::Refused(refusal) } if refusal.redirect.is_some()
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}. {}. {}",
            self.what(),
            self.money(),
            self.next_step()
        )
    }
}

/// The source is the [`TransportError`](kirin_transport::TransportError) where an exchange failed, and the
/// [`InvalidRequest`] that an error was made of. An outcome that was written down and read again has none.
impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Some(invalid) = &self.invalid_request {
            return Some(&**invalid);
        }
        match self.outcome().cause()? {
            Cause::Trouble(trouble) => trouble.transport_error().map(|error| error as _),
            Cause::Refused(_) | Cause::Withheld(_) => None,
        }
    }
}

/// Nothing was sent, and nothing was spent. So `?` takes a request that cannot be built too.
///
/// ```
/// use kirin_client::{Billing, Error, ErrorKind};
/// use kirin_types::GenerationRequest;
///
/// fn request() -> Result<GenerationRequest, Error> {
///     Ok(GenerationRequest::builder("").build()?)
/// }
/// let error = request().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidRequest);
/// assert_eq!(error.billing(), Billing::None);
/// ```
impl From<InvalidRequest> for Error {
    fn from(invalid: InvalidRequest) -> Self {
        let withheld = Withheld::InvalidRequest {
            description: invalid.to_string(),
        };
        let cause = Cause::Withheld(withheld);
        Self {
            invalid_request: Some(Box::new(invalid)),
            ..Self::of(Outcome::NotCreated { cause })
        }
    }
}

/// What tells the place of a create from this one.
fn origin(withheld: &Withheld) -> &'static str {
    match withheld {
        Withheld::OtherAccount { .. } => "account",
        Withheld::OtherKey => "API key",
        _ => "base URL",
    }
}

fn unresolved(id: &ExternalTaskId, knowledge: &Knowledge) -> String {
    match knowledge {
        Knowledge::Exists => format!(
            "the service says that a task with external id {id} exists, but it could not be found"
        ),
        Knowledge::MayExist => {
            format!("it is not known whether the task with external id {id} was created")
        }
        Knowledge::OtherTask { id: other } => format!(
            "external id {id} belongs to another task, {other}, and it is not known whether this one was created too"
        ),
    }
}

/// What the end of a task says of the charge.
fn billed(has_failed: bool, cost: Option<&Amount>) -> Billing {
    match cost {
        Some(cost) if *cost > Amount::default() => Billing::Charged,
        Some(cost) if has_failed && *cost == Amount::default() => Billing::None,
        _ => Billing::Unknown,
    }
}

fn is_failed(task: &Task) -> bool {
    matches!(task.state(), TaskState::Failed { .. })
}
