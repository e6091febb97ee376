//! What can happen to a machine, and what the caller may want to know of it.

use std::{fmt, time::Duration};

use kirin_types::{ExternalTaskId, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

use super::Withheld;
use crate::{
    HostCapabilities,
    wire::{CreateAnswer, Probe, QueryAnswer},
};

/// The result of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a closed alphabet: who drives a machine handles all"
)]
pub enum Event {
    /// The answer to a call, and what the clocks showed when it came, as
    /// [`Call::read`](crate::wire::Call::read) gives both.
    Answered {
        /// The answer: [`CreateAnswered`](Self::CreateAnswered), [`Probed`](Self::Probed) or
        /// [`QueryAnswered`](Self::QueryAnswered).
        answer: Box<Self>,
        /// By our clock; `None` where there is none.
        ours: Option<Timestamp>,
        /// By the service's, where the answer has it.
        service: Option<Timestamp>,
    },
    /// What our own clock shows, and beside it the `Date` of an answer that has just come. It may be reported at
    /// any time, best after each wait: the computer may have slept.
    ClocksRead {
        /// By our clock.
        ours: Timestamp,
        /// By the service's, where an answer has it.
        service: Option<Timestamp>,
    },
    /// The answer to the create.
    CreateAnswered(CreateAnswer),
    /// What was declared of the host, or another generation has learned of it. It may be reported at any time;
    /// nothing that the machine knows is forgotten.
    HostLearned(HostCapabilities),
    /// The answer to the probe.
    Probed(Probe),
    /// The answer to the lookup or the query.
    QueryAnswered(QueryAnswer),
    /// The create was not sent by [`Machine::send_by`](super::Machine::send_by), and will not be: what
    /// allows it has to be shown again.
    SendDelayed,
    /// So long a task takes at this host, typically, and not as long as the model's typical time: a schedule that
    /// goes by that goes by this from the next wait on. It may be reported at any time.
    TypicalTime(Duration),
    /// The wait is over.
    WaitEnded,
    /// The create was not sent, and will not be: nothing is sent from now on.
    Withheld(Withheld),
    /// Something happened that makes a look worth while: a callback came, the computer woke up.
    /// It may be reported at any time before the end.
    Woken,
}

impl Event {
    /// The answer to a create, if it is one: for a journal.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, wire::{CreateAnswer, Endpoint}};
    /// use kirin_transport::{Sent, TransportError, TransportErrorKind};
    /// use kirin_types::GenerationRequest;
    ///
    /// let endpoint = Endpoint::new(BaseUrl::default(), "a-secret".parse()?)?;
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let refused = TransportError::new(TransportErrorKind::Connect, Sent::No);
    /// let event = endpoint.create(&request).read(Err(refused), None);
    /// assert!(matches!(event.create_answer(), Some(CreateAnswer::NotSent(_))));
    /// assert_eq!(event.query_answer(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_answer(&self) -> Option<&CreateAnswer> {
        match self {
            Self::Answered { answer, .. } => answer.create_answer(),
            Self::CreateAnswered(answer) => Some(answer),
            _ => None,
        }
    }

    /// The answer to a query, a lookup or a probe, if it is one.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use kirin_client::{BaseUrl, wire::{Endpoint, Exchange, QueryAnswer}};
    ///
    /// let endpoint = Endpoint::new(BaseUrl::default(), "a-secret".parse()?)?;
    /// let call = endpoint.query("order-42");
    /// let body = Bytes::from(r#"{"id":"d5u5obte8783ap44qtj0","status":"in_progress"}"#);
    /// let event = call.read(Exchange::Whole(http::Response::new(body)), None);
    /// assert!(matches!(event.query_answer(), Some(QueryAnswer::Task(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn query_answer(&self) -> Option<&QueryAnswer> {
        match self {
            Self::Answered { answer, .. } => answer.query_answer(),
            Self::Probed(probe) => Some(&probe.answer),
            Self::QueryAnswered(answer) => Some(answer),
            _ => None,
        }
    }
}

/// What there is to tell a person of an event. It is for showing, never for deciding. In its serde form the
/// field `notice` says which one it is, as `progress`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// The service has the task.
    Accepted {
        /// The service's id of it.
        id: TaskId,
        /// Whether it was found by its external id after the answer to the create was lost.
        adopted: bool,
    },
    /// The end is reached: see [`Action::Finished`](super::Action::Finished).
    Finished,
    /// The task that was asked for by its external id is this one.
    Found {
        /// The service's id of it.
        id: TaskId,
    },
    /// The answer to the create was lost: the task is looked for before anything is sent again.
    LostAnswer {
        /// What happened.
        cause: String,
    },
    /// The acceptance or the end could not be written to the journal: note the ids and the end yourself.
    NotRecorded {
        /// What happened.
        cause: String,
    },
    /// Nothing worth telling.
    Nothing,
    /// How far the task is.
    Progress {
        /// The service's status word.
        status: Option<String>,
        /// From 0.0 to 1.0.
        progress: Option<f64>,
        /// What the service says is wrong, where it says so although the task continues.
        reason: Option<String>,
    },
    /// The create was refused. Before that is the end, its task is looked for: something on the way may
    /// have sent it twice.
    Refused {
        /// What the service said.
        cause: String,
    },
    /// Nothing was created by the last call; the next one follows.
    Retrying {
        /// What happened.
        cause: String,
        /// How long the wait is.
        wait: Duration,
    },
    /// The create is about to be sent under this external task id.
    Submitting {
        /// The caller's id, or a minted one.
        external_task_id: ExternalTaskId,
    },
    /// A query failed; the task continues.
    Trouble {
        /// What happened.
        cause: String,
    },
    /// A status word that is not known counts as "still running"; one that plainly means an end elsewhere
    /// does until it is repeated.
    UnknownStatus {
        /// The word.
        status: Option<String>,
        /// What the service says is wrong, where it says so.
        reason: Option<String>,
    },
    /// Something made a look worth while, and it comes sooner: a callback came, or the computer
    /// woke up.
    Woken,
}

/// Why a create may be sent. A journal writes it down with the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SendReason {
    /// It is proved that no earlier attempt created anything. Once only.
    Absence,
    /// A person has decided it.
    Person,
    /// The host refuses duplicates, so a second attempt cannot be charged twice.
    RefusesDuplicates,
    /// Nothing was sent before that could have been charged.
    Unsent,
}

impl fmt::Display for SendReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// An event that does not answer the action at hand. The machine is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct WrongEvent;

impl fmt::Display for WrongEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the event does not answer the machine's action")
    }
}

impl std::error::Error for WrongEvent {}
