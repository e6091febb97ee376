//! What is written down of paid work, before and after it is done.

use std::{
    error::Error,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use kirin_types::{ExternalTaskId, GenerationRequest, TaskId, Timestamp};

use crate::{
    BaseUrl, KeyFingerprint,
    machine::{MissingExternalTaskId, Outcome, Withheld},
};

/// Remembers creates, so that none is lost with the process that made it.
///
/// The writes come in this order, and each is durable when it returns: [`intent`](Self::intent)
/// once, [`sent`](Self::sent) before each attempt, [`accepted`](Self::accepted) when the service
/// has the task, [`outcome`](Self::outcome) at the end. Where one of the first two fails, nothing is
/// sent: no journal write, no spend. Where one of the others fails, what is done is done: the
/// generation goes on and says so ([`Notice::NotRecorded`](crate::machine::Notice::NotRecorded)). The
/// journal then knows less than happened; whoever reconciles its entry looks the task up first.
///
/// ```
/// use std::sync::Arc;
///
/// use kirin_client::{Client, MemoryJournal};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = Arc::new(MemoryJournal::default());
/// let client = Client::builder("my-key".parse()?).journal(journal.clone()).build()?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Journal: Send + Sync {
    /// A create is about to be made, for the first time.
    ///
    /// # Errors
    ///
    /// It could not be written, or its external task id is that of an earlier create which is not
    /// proved to have created nothing: the two could not be told apart. Nothing is sent.
    async fn intent(&self, intent: &Intent) -> Result<(), JournalError>;

    /// The create may leave from now on.
    ///
    /// # Errors
    ///
    /// It could not be written; nothing is sent.
    async fn sent(&self, id: &ExternalTaskId) -> Result<(), JournalError>;

    /// The service has the task.
    ///
    /// # Errors
    ///
    /// It could not be written; the generation goes on.
    async fn accepted(&self, id: &ExternalTaskId, task: &TaskId) -> Result<(), JournalError>;

    /// The generation has ended here. An end that is final, a task that has ended or the proof that
    /// there is none, is never replaced by a later one.
    ///
    /// # Errors
    ///
    /// It could not be written; the end is what it is.
    async fn outcome(&self, id: &ExternalTaskId, outcome: &Outcome) -> Result<(), JournalError>;
}

/// A create that is to be made: all that another process needs to go on with it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Intent {
    /// The request, with its external task id.
    pub request: GenerationRequest,
    /// Where it goes.
    pub base_url: BaseUrl,
    /// The key that pays.
    pub key: KeyFingerprint,
    /// When it was intended; `None` if there was no wall clock to ask.
    pub intended_at: Option<Timestamp>,
}

impl Intent {
    /// An intent as it was written down: for whoever keeps a journal.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, Intent};
    /// use kirin_types::{GenerationRequest, Timestamp};
    ///
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let intended_at = Timestamp::from_milliseconds(1_769_757_744_021);
    /// let key = "0123456789abcdef".parse()?;
    /// let intent = Intent::new(request, BaseUrl::default(), key, Some(intended_at))?;
    /// assert_eq!(intent.base_url.as_str(), BaseUrl::SERVICE);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The request has no external task id.
    pub fn new(
        request: GenerationRequest,
        base_url: BaseUrl,
        key: KeyFingerprint,
        intended_at: Option<Timestamp>,
    ) -> Result<Self, MissingExternalTaskId> {
        match request.external_task_id() {
            Some(_) => Ok(Self {
                request,
                base_url,
                key,
                intended_at,
            }),
            None => Err(MissingExternalTaskId),
        }
    }
}

/// Why a journal did not write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalError {
    kind: JournalErrorKind,
    description: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JournalErrorKind {
    Failed,
    OverBudget,
    UnderWay,
}

impl JournalError {
    /// It could not be written; what happened, as a sentence part.
    pub fn new(description: impl Into<String>) -> Self {
        Self {
            kind: JournalErrorKind::Failed,
            description: description.into(),
        }
    }

    /// The journal keeps a budget that does not allow the create; why, as a sentence part.
    pub fn over_budget(description: impl Into<String>) -> Self {
        Self {
            kind: JournalErrorKind::OverBudget,
            description: description.into(),
        }
    }

    /// Another process is at the same create.
    pub fn under_way() -> Self {
        Self {
            kind: JournalErrorKind::UnderWay,
            description: "another process is at the same create".into(),
        }
    }
}

/// What it means for a create that is about to be sent.
impl From<JournalError> for Withheld {
    fn from(error: JournalError) -> Self {
        let description = error.description;
        match error.kind {
            JournalErrorKind::Failed => Self::Journal { description },
            JournalErrorKind::OverBudget => Self::Budget { description },
            JournalErrorKind::UnderWay => Self::UnderWay,
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.description)
    }
}

impl Error for JournalError {}

/// A journal in memory: for tests, and for a process that never restarts.
#[derive(Debug, Default)]
pub struct MemoryJournal(Mutex<Vec<JournalEntry>>);

/// What a journal knows of one create.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JournalEntry {
    /// What was to be created.
    pub intent: Intent,
    /// How far it is.
    pub state: JournalState,
}

/// How far a create is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum JournalState {
    /// The service has the task of this id.
    Accepted(TaskId),
    /// It has ended. An unresolved one is to be reconciled again, and one that is still running, could
    /// not be asked or was not found ([`Outcome::Lost`]), resumed by its task id.
    Ended(Box<Outcome>),
    /// Nothing can have been sent yet.
    Intended,
    /// It may have been sent.
    Sent,
}

impl JournalState {
    /// Whether nothing is left to do: the task has ended, or it is proved that there is none.
    ///
    /// ```
    /// use kirin_client::{JournalState, machine::Outcome};
    ///
    /// let lost = Outcome::Lost { id: "d5u5obte8783ap44qtj0".parse()? };
    /// assert!(!JournalState::Ended(Box::new(lost)).is_final());
    /// assert!(!JournalState::Sent.is_final());
    /// # Ok::<(), kirin_types::InvalidIdentifier>(())
    /// ```
    pub fn is_final(&self) -> bool {
        match self {
            Self::Ended(outcome) => matches!(
                **outcome,
                Outcome::Completed(_)
                    | Outcome::CompletedWithoutOutput(_)
                    | Outcome::Failed(_)
                    | Outcome::NotCreated { .. }
            ),
            _ => false,
        }
    }

    /// Whether it is proved that nothing was created.
    fn is_nothing(&self) -> bool {
        match self {
            Self::Ended(outcome) => matches!(**outcome, Outcome::NotCreated { .. }),
            _ => false,
        }
    }
}

impl MemoryJournal {
    /// What is known of every create, in the order of the intents.
    pub fn entries(&self) -> Vec<JournalEntry> {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Vec<JournalEntry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, id: &ExternalTaskId, state: JournalState) -> Result<(), JournalError> {
        let mut entries = self.locked();
        let is_meant =
            |entry: &&mut JournalEntry| entry.intent.request.external_task_id() == Some(id);
        let entry = entries.iter_mut().rfind(is_meant);
        let unknown = || JournalError::new(format!("there is no intent with the id {id}"));
        let entry = entry.ok_or_else(unknown)?;
        match (entry.state.is_final(), &state) {
            (false, _) => entry.state = state,
            // The first end stays.
            (true, JournalState::Ended(_)) => {}
            // Nothing is sent that is not written down, and nothing found that is not told.
            (true, _) => return Err(JournalError::new(format!("the create {id} has ended"))),
        }
        Ok(())
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn intent(&self, intent: &Intent) -> Result<(), JournalError> {
        let mut entries = self.locked();
        let id = intent.request.external_task_id();
        let is_same = |entry: &&mut JournalEntry| entry.intent.request.external_task_id() == id;
        match (id, entries.iter_mut().rfind(is_same)) {
            // Whoever intended it has ended before it was sent.
            (_, Some(entry)) if entry.state == JournalState::Intended => {
                entry.intent = intent.clone();
                return Ok(());
            }
            (Some(id), Some(entry)) if !entry.state.is_nothing() => {
                return Err(JournalError::new(format!(
                    "an earlier create has the external id {id}"
                )));
            }
            _ => {}
        }
        entries.push(JournalEntry {
            intent: intent.clone(),
            state: JournalState::Intended,
        });
        Ok(())
    }

    async fn sent(&self, id: &ExternalTaskId) -> Result<(), JournalError> {
        self.set(id, JournalState::Sent)
    }

    async fn accepted(&self, id: &ExternalTaskId, task: &TaskId) -> Result<(), JournalError> {
        self.set(id, JournalState::Accepted(task.clone()))
    }

    async fn outcome(&self, id: &ExternalTaskId, outcome: &Outcome) -> Result<(), JournalError> {
        self.set(id, JournalState::Ended(Box::new(outcome.clone())))
    }
}
