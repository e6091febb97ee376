//! Everything that can go wrong, with its exit code, its meaning for the money, and the way on.

use std::{error::Error, io, path::Path, process::ExitCode};

use kirin_client::{
    Billing, BuildError, DownloadError, DownloadErrorKind, ErrorKind, file_name,
    machine::{Cause, Outcome, Withheld},
};
use kirin_types::{Task, TaskErrorCode, TaskState};

use crate::{
    arguments::Json,
    color, exit_code,
    interrupt::Ids,
    name_template::TASK_ID,
    output_path::LONGEST_ID,
    progress::said,
    report::Report,
    terminal::{printable, say, say_styled},
};

mod batch;

mod create;
pub(crate) use create::charged_up_to;

mod download;

mod gallery;

mod interrupted;

mod key;

mod ledger;

mod prompts;

mod request_file;

mod resume;
pub(crate) use resume::Resume;
use resume::command;

/// A command that did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit_code: u8,
    /// What happened, and any details as further lines.
    what: Vec<String>,
    /// What it means for the money.
    money: String,
    /// What to do next.
    next_step: String,
    pub(crate) billing: Billing,
    pub(crate) about: Box<About>,
}

/// Which task a failure is about, and how to go on with it.
#[derive(Debug, Default)]
pub(crate) struct About {
    /// The command that does the next step.
    command: Option<Resume>,
    /// The service's code of a failed task.
    pub(crate) code: Option<String>,
    pub(crate) ids: Ids,
    pub(crate) task: Option<Task>,
}

/// What a failure means for the money, unless more is known.
const NOTHING_SPENT: &str = "Nothing was spent.";

/// What it means where an earlier command may have created something.
const EARLIER: &str = "This command has sent nothing. What an earlier one sent may be charged.";

impl Failure {
    fn new(exit_code: u8, what: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self {
            exit_code,
            what: vec![what.into()],
            money: NOTHING_SPENT.into(),
            next_step: next_step.into(),
            billing: Billing::None,
            about: Box::default(),
        }
    }

    /// Arguments that cannot be read. They were told to a person in full.
    pub(crate) fn arguments(error: &clap::Error) -> Self {
        let text = error.to_string();
        let what = text.lines().next().unwrap_or_default();
        let what = what.strip_prefix("error: ").unwrap_or(what);
        Self::usage(what, "See kirin --help.")
    }

    /// Wrong usage, found before anything was sent.
    pub(crate) fn usage(what: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self::new(exit_code::USAGE, what, next_step)
    }

    /// A failure of this machine, before anything was sent.
    pub(crate) fn other(what: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self::new(exit_code::OTHER, what, next_step)
    }

    /// A request that is not valid, with its problems.
    pub(crate) fn invalid(problems: Vec<String>) -> Self {
        let what = "the request is not valid, and was not sent";
        let mut failure = Self::usage(what, "Change what is listed, then generate again.");
        failure.what.extend(problems);
        failure
    }

    /// The output cannot be written, found before anything was sent.
    pub(crate) fn output(error: &DownloadError) -> Self {
        let code = match error.kind() {
            DownloadErrorKind::Exists => exit_code::USAGE,
            _ => exit_code::DISK,
        };
        let next_step = match error.kind() {
            _ if error.longest_name().is_some() => {
                "Shorten the name in --output or --name-template."
            }
            DownloadErrorKind::Exists if error.can_be_overwritten() => {
                "Choose another --output, or add --force to overwrite a file."
            }
            DownloadErrorKind::Exists => "Choose another --output.",
            _ => "Choose another --output, in a folder that exists and can be written to.",
        };
        let what = format!("the video cannot be written: {}", chain(error));
        let longest_id = file_name(&LONGEST_ID);
        let what = match what.contains(&longest_id) {
            true => format!(
                "{} with a task's id of {} bytes, the longest there can be",
                what.replace(&longest_id, TASK_ID),
                longest_id.len()
            ),
            false => what,
        };
        Self::new(code, what, next_step)
    }

    /// The configuration file cannot be read, or says what is not understood.
    pub(crate) fn configuration(path: &Path, problems: Vec<String>) -> Self {
        let what = format!("the configuration file {} is not valid", path.display());
        let next_step = "Change what is listed, or set KIRIN_CONFIG to another file.";
        let mut failure = Self::usage(what, next_step);
        failure.what.extend(problems);
        failure
    }

    /// The folder of the output cannot be made; nothing was sent.
    pub(crate) fn folder(path: &Path, error: &io::Error) -> Self {
        let what = format!("the folder {} cannot be made: {error}", path.display());
        let next_step = "Choose another --output, in a folder that can be written to.";
        Self::new(exit_code::DISK, what, next_step)
    }

    /// There is no such command to tell about.
    pub(crate) fn no_command(name: &str) -> Self {
        let what = format!("there is no command {name}");
        Self::usage(what, "See which there are: kirin help")
    }

    /// The catalogue has no such model.
    pub(crate) fn no_model(name: &str, near: &[&str]) -> Self {
        let what = format!("the catalogue has no model {name}");
        let next_step = match near {
            [] => "See which there are: kirin models".into(),
            near => format!(
                "Did you mean {}? See which there are: kirin models",
                near.join(" or ")
            ),
        };
        Self::new(exit_code::NOT_FOUND, what, next_step)
    }

    /// There can be no client.
    pub(crate) fn build(error: &BuildError) -> Self {
        match error {
            BuildError::Endpoint(invalid) if invalid.is_plain_http() => Self::usage(
                chain(error),
                "Use https, or name the host if everyone on the way may read the key: \
                 export KIRIN_PLAIN_HTTP_TO=emulator:4010",
            ),
            BuildError::Endpoint(_) => Self::usage(
                chain(error),
                "Set KIRIN_API_KEY to your own key, or --base-url to the emulator's URL.",
            ),
            BuildError::PlainHost(_) => Self::usage(
                chain(error),
                "Correct it: export KIRIN_PLAIN_HTTP_TO=emulator:4010",
            ),
            _ => Self::other(
                chain(error),
                "Check that the certificates of the operating system are installed.",
            ),
        }
    }

    /// What was asked for is there, and stdout does not take it; nothing was sent for it.
    pub(crate) fn unwritten(error: &io::Error) -> Self {
        let what = format!("the result cannot be written to stdout: {error}");
        Self::other(what, "Write it elsewhere, and ask again.")
    }

    /// The result is there, and stdout does not take it.
    pub(crate) fn stdout(error: &io::Error, task: &Task) -> Self {
        let id = printable(task.id().as_str());
        let what = format!("the result cannot be written to stdout: {error}");
        let next_step = format!("The result is about task {id}: ask for it again.");
        Self::new(exit_code::DISK, what, next_step)
            .charged_perhaps()
            .with_task(task.clone())
            .resumed_by("status", &id)
    }

    /// A task that was found, and is not completed.
    pub(crate) fn not_completed(task: Task) -> Self {
        let (id, status) = (
            printable(task.id().as_str()),
            task.status().unwrap_or("unknown"),
        );
        // Of a failed task the next step shows the reason.
        let reason = task.reason().filter(|_| !task.state().is_terminal());
        let what = format!(
            "task {id} is not completed: its status is {}",
            printable(&said(Some(status), reason.as_deref()))
        );
        if let TaskState::Failed { .. } = task.state() {
            let next_step = "See the reason with:";
            let failure = Self::new(exit_code::TASK_FAILED, what, next_step);
            let failure = failure.resumed_by("status", &id);
            let Err(error) = kirin_client::Error::check(Outcome::Failed(task.clone())) else {
                return failure.with_task(task);
            };
            return Self {
                money: format!("{}.", error.money()),
                billing: error.billing(),
                ..failure.with_task(task)
            };
        }
        let next_step = "Wait for it, and download it then.";
        Self::new(exit_code::NOT_FINISHED, what, next_step)
            .resumed_by("wait", &id)
            .charged_perhaps()
            .with_task(task)
    }

    pub(crate) fn generation(error: &kirin_client::Error, ids: Ids) -> Self {
        let next_step = match error.outcome() {
            Outcome::NotCreated {
                cause: Cause::Withheld(Withheld::UnknownPrice { .. }),
            } => "To send what has no known price, leave out --max-cost, and max_cost and budget_per_day of \
                  the configuration file."
                .into(),
            // The program names no accounts.
            Outcome::Unresolved {
                cause: Cause::Withheld(Withheld::OtherKey),
                ..
            } => "Do not generate it again: set the API key it was sent with, and ask then.".into(),
            _ => format!("{}.", error.next_step()),
        };
        let code = match (error.kind(), error.task_id()) {
            // Its task can be waited for.
            (ErrorKind::Known, Some(_)) => exit_code::NOT_FINISHED,
            (kind, _) => exit_code::of(kind),
        };
        let mut failure = Self::new(code, error.what(), next_step);
        if let Some((subcommand, id)) = command(error) {
            failure = failure.resumed_by(subcommand, id);
        }
        failure.money = format!("{}.", error.money());
        failure.billing = error.billing();
        failure.about.ids = ids;
        if let Some(id) = error.task_id() {
            failure.about.ids.id = Some(id.clone());
        }
        let external = &mut failure.about.ids.external_task_id;
        // What was typed and not found may be either id.
        let is_certain = !matches!(error.outcome(), Outcome::NotFound { .. });
        *external = external
            .take()
            .or_else(|| error.external_task_id().filter(|_| is_certain).cloned());
        failure = match (error.kind(), failure.about.ids.external_task_id.clone()) {
            (ErrorKind::DuplicateExternalTaskId, Some(id)) => {
                failure.resumed_by("status", id.as_str())
            }
            (ErrorKind::Repeated, Some(id)) => failure.sent_again_by_person(id.as_str()),
            _ => failure,
        };
        match error.outcome().task().cloned() {
            Some(task) => failure.with_task(task),
            None => failure,
        }
    }

    /// The task was one of the emulator inside this program, which ends with it.
    pub(crate) fn emulated(mut self) -> Self {
        if self.billing == Billing::None {
            return self;
        }
        if self.about.command.take().is_some() {
            self.next_step = "The task ended with the emulator: generate again.".into();
        }
        Self {
            money: "It was the emulator: nothing was spent.".into(),
            billing: Billing::None,
            ..self
        }
    }

    /// What an earlier command sent is all that it is about.
    fn of_earlier(self) -> Self {
        match self.money == NOTHING_SPENT {
            true => Self {
                money: EARLIER.into(),
                billing: Billing::Unknown,
                ..self
            },
            false => self,
        }
    }

    fn charged_perhaps(self) -> Self {
        Self {
            money: "The task was accepted, and may be charged.".into(),
            billing: Billing::Unknown,
            ..self
        }
    }

    fn with_task(mut self, task: Task) -> Self {
        if let TaskState::Failed {
            error: Some(error), ..
        } = task.state()
        {
            self.about.code = error.code.as_ref().map(TaskErrorCode::to_string);
        }
        self.about.ids.id = Some(task.id().clone());
        self.about.task = Some(task);
        self
    }

    fn with_ids(mut self, ids: Ids) -> Self {
        self.about.ids = ids;
        self
    }

    /// What happened; details are further lines.
    pub(crate) fn message(&self) -> String {
        self.what.join("\n- ")
    }

    /// What to do next, with the command that does it.
    pub(crate) fn next_step(&self) -> String {
        match &self.about.command {
            Some(command) => format!("{} {command}", self.next_step),
            None => self.next_step.clone(),
        }
    }

    /// Tells it to a person on stderr, and with `--json` to a program on stdout.
    pub(crate) fn report(self, json: Option<Json>) -> ExitCode {
        let [what, details @ ..] = self.what.as_slice() else {
            unreachable!("there is always one")
        };
        let error = color::on_stderr(color::ERROR, "error:");
        say_styled(&error, &format!(" {}", printable(what)));
        for detail in details {
            say(&format!("  - {}", printable(detail)));
        }
        say(&printable(&self.money));
        say(&self.next_step);
        if let Some(command) = &self.about.command {
            say(&format!("  {command}"));
        }
        if let Some(json) = json {
            // Where stdout takes nothing, stderr and the exit code have said it all.
            let _ = Report::failure(&self).print(json);
        }
        ExitCode::from(self.exit_code)
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!(": {error}"));
        cause = error.source();
    }
    line
}
