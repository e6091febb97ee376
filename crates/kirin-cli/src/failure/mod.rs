//! What went wrong: its exit code, what it means for the money, and what to do next.

use std::error::Error;

use kirin_client::{Billing, BuildError};
use kirin_types::{ExternalTaskId, Task, TaskErrorCode, TaskId, TaskState};

use crate::exit_code;

mod follow_up;
pub(crate) use follow_up::FollowUp;

mod generation;

mod ledger;

/// A command that did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit_code: u8,
    /// What happened.
    pub(crate) what: String,
    /// More about it, each for a line of its own.
    pub(crate) details: Vec<String>,
    /// What it means for the money.
    pub(crate) money: String,
    /// What to do next.
    pub(crate) advice: String,
    pub(crate) billing: Billing,
    pub(crate) about: Box<About>,
}

/// Which task a failure is about, and how to continue with it.
#[derive(Debug, Default)]
pub(crate) struct About {
    /// The command that does the next step.
    pub(crate) command: Option<FollowUp>,
    /// The service's code of a failed task.
    pub(crate) code: Option<String>,
    pub(crate) ids: Ids,
    pub(crate) task: Option<Task>,
}

/// What is known of a create: how far it got.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    pub(crate) external_task_id: Option<ExternalTaskId>,
    pub(crate) id: Option<TaskId>,
    /// Whether the task is known to be completed.
    pub(crate) completed: bool,
    /// The status that the service reported last, with its reason.
    pub(crate) last_status: Option<String>,
}

impl From<&ExternalTaskId> for Ids {
    fn from(id: &ExternalTaskId) -> Self {
        Self {
            external_task_id: Some(id.clone()),
            ..Self::default()
        }
    }
}

/// What a failure means for the money, unless more is known.
const NOTHING_SPENT: &str = "Nothing was spent.";

/// What it means where an earlier command may have created something.
const EARLIER: &str = "This command has sent nothing. What an earlier one sent may be charged.";

impl Failure {
    pub(crate) fn new(
        exit_code: u8,
        what: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        Self {
            exit_code,
            what: what.into(),
            details: Vec::new(),
            money: NOTHING_SPENT.into(),
            advice: next_step.into(),
            billing: Billing::None,
            about: Box::default(),
        }
    }

    /// Wrong usage, found before anything was sent.
    pub(crate) fn usage(what: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self::new(exit_code::USAGE, what, next_step)
    }

    /// A failure of this machine, before anything was sent.
    pub(crate) fn other(what: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self::new(exit_code::OTHER, what, next_step)
    }

    /// The external id of several creates, each of another account.
    pub(crate) fn several_accounts(id: &str) -> Self {
        let what = format!("{id} is the id of creates in several accounts");
        let next_step = "Choose another id, or name the task you mean by its own id. List them:";
        Self::usage(what, next_step)
            .followed_by("show", id)
            .of_earlier()
    }

    /// The ledger has no such entry.
    pub(crate) fn not_in_ledger(id: &str) -> Self {
        let what = format!("the ledger has no create or task with the id {id}");
        Self::new(exit_code::NOT_FOUND, what, "List its entries: kirin list")
    }

    pub(crate) fn with_details(mut self, details: impl IntoIterator<Item = impl ToString>) -> Self {
        self.details
            .extend(details.into_iter().map(|detail| detail.to_string()));
        self
    }

    pub(crate) fn with_money(self, billing: Billing, money: impl Into<String>) -> Self {
        Self {
            money: money.into(),
            billing,
            ..self
        }
    }

    pub(crate) fn with_next_step(self, next_step: impl Into<String>) -> Self {
        Self {
            advice: next_step.into(),
            ..self
        }
    }

    pub(crate) fn completed_and_charged(self) -> Self {
        self.with_money(Billing::Charged, "The task is completed, and was charged.")
    }

    pub(crate) fn charged_perhaps(self) -> Self {
        self.with_money(
            Billing::Unknown,
            "The task was accepted, and may be charged.",
        )
    }

    /// The failure is only about what an earlier command sent.
    pub(crate) fn of_earlier(self) -> Self {
        match self.money == NOTHING_SPENT {
            true => self.with_money(Billing::Unknown, EARLIER),
            false => self,
        }
    }

    /// The task was one of the emulator inside this program, which ends with it.
    pub(crate) fn of_emulator(mut self) -> Self {
        if self.billing == Billing::None {
            return self;
        }
        if self.about.command.take().is_some() {
            self.advice = "The task ended with the emulator: generate again.".into();
        }
        self.with_money(Billing::None, "It was the emulator: nothing was spent.")
    }

    pub(crate) fn with_task(mut self, task: &Task) -> Self {
        if let TaskState::Failed {
            error: Some(error), ..
        } = task.state()
        {
            self.about.code = error.code.as_ref().map(TaskErrorCode::to_string);
        }
        self.about.ids.id = Some(task.id().clone());
        self.about.task = Some(task.clone());
        self
    }

    pub(crate) fn with_ids(mut self, ids: Ids) -> Self {
        self.about.ids = ids;
        self
    }

    /// What happened; details are further lines.
    pub(crate) fn message(&self) -> String {
        let details = self.details.iter().map(|detail| format!("\n- {detail}"));
        self.what.clone() + &details.collect::<String>()
    }

    /// What to do next, with the command that does it.
    pub(crate) fn next_step(&self) -> String {
        match &self.about.command {
            Some(command) => format!("{} {command}", self.advice),
            None => self.advice.clone(),
        }
    }

    /// What happened, and what to do next, in one line.
    pub(crate) fn in_a_line(&self) -> String {
        let details = self.details.iter().map(|detail| format!(", {detail}"));
        let what = self.what.clone() + &details.collect::<String>();
        format!("{what}. {} {}", self.money, self.next_step())
    }
}

/// There can be no client.
impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        let what = error_chain(&error);
        match &error {
            BuildError::Endpoint(invalid) if invalid.is_plain_http() => Self::usage(
                what,
                "Use https, or name the host if anyone on the network path may read the key: \
                 export KIRIN_PLAIN_HTTP_TO=emulator:4010",
            ),
            BuildError::Endpoint(_) => Self::usage(
                what,
                "Set KIRIN_API_KEY to your own key, or --base-url to the emulator's URL.",
            ),
            BuildError::PlainHost(_) => {
                Self::usage(what, "Correct it: export KIRIN_PLAIN_HTTP_TO=emulator:4010")
            }
            _ => Self::other(
                what,
                "Check that the certificates of the operating system are installed.",
            ),
        }
    }
}

/// An error and its causes in one line.
pub(crate) fn error_chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!(": {error}"));
        cause = error.source();
    }
    line
}
