//! What a journal knows of one create, and what a write makes of it.

use std::fmt;

use kirin_types::{Task, TaskId};
use serde::{Deserialize, Serialize};

use super::{CreateId, Intent, JournalChange, JournalError, JournalWrite, TakenBack};
use crate::{
    GenerationHandle,
    account::are_different,
    machine::{Cause, KnownCreate, Outcome},
};

/// What a journal knows of one create.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JournalEntry {
    /// What was to be created, and which operation is at it.
    pub intent: Intent,
    /// How far it is.
    pub state: JournalState,
    /// The attempts that may have been sent, over all operations: those that were not taken back.
    pub attempts: u32,
    /// The latest attempt of the operation that is at it, counted from 1.
    pub latest_attempt: u32,
    /// Whether nothing is known yet of what came of that attempt.
    pub is_attempt_open: bool,
    /// An attempt was refused, and the task is still to be looked up: something on the way may have sent
    /// it twice, and the first of the two accepted. Of an intended one the operation continues, and whoever
    /// takes it over looks the task up before anything is sent. One that has ended so is looked up once
    /// more at the next start.
    #[serde(default)]
    pub is_refusal_open: bool,
    /// What came of the task is where it is wanted ([`JournalChange::Deliver`]).
    #[serde(default)]
    pub is_delivered: bool,
}

/// How far a create is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum JournalState {
    /// The service has the task of this id.
    Accepted(TaskId),
    /// It has ended. An unresolved one is to be reconciled again, and one that is still running, could
    /// not be asked, was not found ([`Outcome::Lost`]) or ended in other words ([`Outcome::OtherEnd`]),
    /// resumed by its task id.
    Ended(Box<Outcome>),
    /// Nothing can have been sent yet.
    Intended,
    /// It may have been sent.
    Sent,
}

impl JournalState {
    /// The word for it: `accepted`, `ended`, `intended` or `sent`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Ended(_) => "ended",
            Self::Intended => "intended",
            Self::Sent => "sent",
        }
    }

    /// Whether nothing is left to do: the task has ended, or it is proved that there is none.
    ///
    /// ```
    /// use kirin_client::{JournalState, machine::Outcome};
    ///
    /// let lost = Outcome::Lost { id: "d5u5obte8783ap44qtj0".parse()? };
    /// assert!(!JournalState::Ended(Box::new(lost)).is_final());
    /// let cancelled = kirin_types::Task::from_json(br#"{"id":"a","status":"cancelled"}"#)?;
    /// assert!(!JournalState::Ended(Box::new(Outcome::OtherEnd(cancelled))).is_final());
    /// assert!(!JournalState::Sent.is_final());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
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

    /// Whether nothing that could be charged is known of it: nothing was sent, or it is proved that
    /// nothing was created.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Ended(outcome) => matches!(**outcome, Outcome::NotCreated { .. }),
            Self::Intended => true,
            _ => false,
        }
    }

    /// Whether the latest that is known of its task is an end that no one documented.
    pub(super) fn has_ended_in_other_words(&self) -> bool {
        matches!(self, Self::Ended(outcome) if matches!(**outcome, Outcome::OtherEnd(_)))
    }

    /// Whether it ended as refused by the service: it is looked up once more before it is sent again.
    pub(crate) fn was_refused(&self) -> bool {
        matches!(self.not_created(), Some(Cause::Refused(_)))
    }

    /// Why nothing was created, if it ended so.
    pub(crate) fn not_created(&self) -> Option<&Cause> {
        match self {
            Self::Ended(outcome) => outcome.not_created(),
            _ => None,
        }
    }

    fn has_failed(&self) -> bool {
        matches!(self, Self::Ended(outcome) if matches!(**outcome, Outcome::Failed(_)))
    }

    fn task(&self) -> Option<&Task> {
        match self {
            Self::Ended(outcome) => outcome.task(),
            _ => None,
        }
    }

    /// The service's id of the task, where it is known.
    pub fn task_id(&self) -> Option<&TaskId> {
        match self {
            Self::Accepted(id) => Some(id),
            Self::Ended(outcome) => outcome.task_id(),
            Self::Intended | Self::Sent => None,
        }
    }

    /// What whoever wants the same create is to know.
    pub fn known(&self) -> KnownCreate {
        match (self.task_id().cloned(), self.is_final()) {
            (Some(id), true) => KnownCreate::Ended {
                id,
                has_failed: self.has_failed(),
                cost: self.task().and_then(Task::cost).cloned(),
            },
            (Some(id), false) => KnownCreate::Accepted { id },
            (None, true) => KnownCreate::NotCreated,
            (None, false) => KnownCreate::InDoubt,
        }
    }
}

impl fmt::Display for JournalState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl AsRef<Self> for JournalEntry {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl JournalEntry {
    /// An entry as it was stored: for implementations of a journal. No attempts are known of it.
    pub fn new(intent: Intent, state: JournalState) -> Self {
        Self {
            intent,
            state,
            attempts: 0,
            latest_attempt: 0,
            is_attempt_open: false,
            is_refusal_open: false,
            is_delivered: false,
        }
    }

    /// Whether the next start has to continue it (`Client::resume_entry`): it may have been sent, its task
    /// has not ended or is completed and not delivered, or it was refused and not looked up since.
    ///
    /// What was intended and never sent is not: nothing was spent, so generate it again if you still want it.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, Intent, JournalEntry, JournalState, machine::Outcome};
    /// use kirin_types::{GenerationRequest, Task};
    ///
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let intent = Intent::new(request, BaseUrl::default(), "0123456789abcdef".parse()?, None)?;
    /// let entry = |state| JournalEntry::new(intent.clone(), state);
    /// assert!(!entry(JournalState::Intended).is_unfinished());
    /// assert!(entry(JournalState::Sent).is_unfinished());
    ///
    /// let task = Task::from_json(br#"{"id":"a","status":"completed"}"#)?;
    /// let mut completed = entry(JournalState::Ended(Box::new(Outcome::Completed(task))));
    /// assert!(completed.is_unfinished());
    /// completed.is_delivered = true;
    /// assert!(!completed.is_unfinished());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_unfinished(&self) -> bool {
        match &self.state {
            JournalState::Accepted(_) | JournalState::Sent => true,
            JournalState::Ended(outcome) => match **outcome {
                Outcome::Completed(_) => !self.is_delivered,
                Outcome::NotCreated { .. } => self.is_refusal_open,
                _ => !self.state.is_final(),
            },
            JournalState::Intended => self.is_refusal_open,
        }
    }

    /// The handle that continues its task, if it has one.
    pub fn handle(&self) -> Option<GenerationHandle> {
        let intent = &self.intent;
        let (base_url, key) = (intent.base_url.clone(), intent.key.clone());
        let mut handle = GenerationHandle::new(base_url, key, self.state.task_id()?.clone());
        handle.model = Some(intent.request.model_id().to_owned());
        handle.external_task_id = intent.request.external_task_id().cloned();
        handle.account = intent.account.clone();
        Some(handle)
    }

    /// What a write makes of what was known before, `None` if nothing was. It is pure, and it is all
    /// that decides: a journal reads, applies and stores in one step.
    ///
    /// ```
    /// use kirin_client::{
    ///     BaseUrl, Intent, JournalChange, JournalEntry, JournalWrite, OperationId, machine::SendReason,
    /// };
    /// use kirin_types::GenerationRequest;
    ///
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let intent = Intent::new(request, BaseUrl::default(), "0123456789abcdef".parse()?, None)?;
    /// let create = intent.create_id().expect("it has an external task id");
    /// let (ours, theirs) = (OperationId::new(1, 1), OperationId::new(2, 1));
    /// let write = |operation, change| JournalWrite::new(create.clone(), operation, change);
    ///
    /// let intend = |operation| write(operation, JournalChange::Intend(Box::new(intent.clone())));
    /// let send = |operation| {
    ///     write(operation, JournalChange::Send { attempt: 1, reason: SendReason::Unsent })
    /// };
    /// let entry = JournalEntry::apply(None, &intend(theirs))?;
    /// // Nothing was sent, so the next one may have it; and then the first one sends nothing.
    /// let entry = JournalEntry::apply(Some(&entry), &intend(ours))?;
    /// assert!(JournalEntry::apply(Some(&entry), &send(theirs)).is_err());
    /// assert!(JournalEntry::apply(Some(&entry), &send(ours)).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The write is refused, and the entry stays as it is.
    pub fn apply(before: Option<&Self>, write: &JournalWrite) -> Result<Self, JournalError> {
        let operation = write.operation;
        match (&write.change, before) {
            (JournalChange::Intend(intent), before) => Self::intend(before, intent, operation),
            (JournalChange::TakeOver(intent), None) => Ok(Self {
                attempts: 1,
                ..Self::of((**intent).clone(), operation, JournalState::Sent)
            }),
            (_, None) => {
                let id = &write.create.external_task_id;
                Err(JournalError::new(format!(
                    "there is no intent with the id {id}"
                )))
            }
            (JournalChange::TakeOver(intent), Some(entry)) => {
                entry.take_over(intent, operation, &write.create.key)
            }
            (JournalChange::Send { attempt, reason }, Some(entry)) => {
                entry.send(operation, *attempt, *reason)
            }
            (
                JournalChange::TakeBack {
                    attempt,
                    why,
                    reason,
                },
                Some(entry),
            ) => {
                let mut entry = entry.take_back(operation, *attempt, *reason)?;
                entry.is_refusal_open |= *why == TakenBack::Refused;
                Ok(entry)
            }
            (JournalChange::Accept(task), Some(entry)) => entry.accept(task, &write.create.key),
            (JournalChange::Deliver, Some(entry)) => entry.deliver(),
            (JournalChange::End(outcome), Some(entry)) => entry.end(operation, outcome),
        }
    }

    /// Applies a write to its entry among all that a journal has under the base URL and the external task id of
    /// the create, or adds one: one for each account, as [`CreateId::entry_among`](crate::CreateId::entry_among) chooses.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, Intent, JournalChange, JournalEntry, JournalWrite, OperationId};
    /// use kirin_types::GenerationRequest;
    ///
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let mut entries = Vec::new();
    /// for account in ["ada", "grace"] {
    ///     let (base_url, key) = (BaseUrl::default(), "0123456789abcdef".parse()?);
    ///     let mut intent = Intent::new(request.clone(), base_url, key, None)?;
    ///     intent.account = Some(account.parse()?);
    ///     let create = intent.create_id().expect("it has an external task id");
    ///     let change = JournalChange::Intend(Box::new(intent));
    ///     let write = JournalWrite::new(create, OperationId::new(1, 1), change);
    ///     JournalEntry::apply_among(&mut entries, &write)?;
    /// }
    /// assert_eq!(entries.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The write is refused, and the entries stay as they are.
    pub fn apply_among(entries: &mut Vec<Self>, write: &JournalWrite) -> Result<(), JournalError> {
        match write.create.entry_among(entries.iter_mut()) {
            Some(entry) => *entry = Self::apply(Some(entry), write)?,
            None => entries.push(Self::apply(None, write)?),
        }
        Ok(())
    }

    /// Whether it was sent, and then proved to have created nothing.
    pub fn is_proved_absent(&self) -> bool {
        self.attempts > 0 && self.state.is_final() && self.state.is_nothing()
    }

    /// Whether an attempt was refused that may be repeated, and whose task no one has looked up yet.
    pub(crate) fn may_hide_a_task(&self) -> bool {
        self.is_refusal_open && self.state == JournalState::Intended
    }

    /// Whether what was sent, or was refused and not looked up yet, may have been charged.
    pub(crate) fn may_be_charged(&self) -> bool {
        !self.state.is_nothing() || self.may_hide_a_task()
    }
}

impl CreateId {
    /// Its entry, among all that a journal has under its base URL and external task id; `None` if it has none.
    ///
    /// An entry of another account is never its own. One without an account may be of the same user, and so
    /// may any where the create itself has none: what may be charged comes first, then the same account, then the
    /// same key.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, CreateId, Intent, JournalEntry, JournalState};
    /// use kirin_types::GenerationRequest;
    ///
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let mut intent = Intent::new(request, BaseUrl::default(), "0123456789abcdef".parse()?, None)?;
    /// intent.account = Some("ada".parse()?);
    /// let entries = [JournalEntry::new(intent.clone(), JournalState::Sent)];
    ///
    /// let create = intent.create_id().expect("it has an external task id");
    /// assert!(create.entry_among(&entries).is_some());
    /// assert!(create.clone().with_account(None).entry_among(&entries).is_some());
    /// let another = create.with_account(Some("grace".parse()?));
    /// assert!(another.entry_among(&entries).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn entry_among<E: AsRef<JournalEntry>>(
        &self,
        entries: impl IntoIterator<Item = E>,
    ) -> Option<E> {
        let entries = entries.into_iter();
        let may_be_own = entries.filter(|it| self.may_be(&it.as_ref().intent));
        may_be_own.max_by_key(|it| {
            let entry = it.as_ref();
            let intent = &entry.intent;
            let may_be_charged = entry.may_be_charged();
            (
                may_be_charged,
                intent.account == self.account,
                intent.key == self.key,
            )
        })
    }

    fn may_be(&self, intent: &Intent) -> bool {
        self.base_url == intent.base_url
            && intent.request.external_task_id() == Some(&self.external_task_id)
            && !are_different(self.account.as_ref(), intent.account.as_ref())
    }
}
