//! Results and failures as people and programs read them.

use std::{
    io::{self, IsTerminal as _, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::ValueEnum;
use kirin_client::{Billing, without_url_queries};
use kirin_types::{Amount, Content, ExternalTaskId, RawJson, Task, TaskId, TaskState};
use serde::Serialize;

use crate::{
    color, exit_code,
    failure::Failure,
    terminal::{
        file_link, is_unseen, print_stderr, print_styled_stderr, printable, printable_lines,
    },
};

/// What is printed for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Json {
    /// The result.
    Result,
    /// What happens, as it happens, and the result at the end.
    Events,
}

/// Stdout does not take the result.
#[derive(Debug)]
pub(crate) struct Unwritten(pub(crate) io::Error);

impl Unwritten {
    /// The result is about a task that was accepted.
    pub(crate) fn of_task(self, task: &Task) -> Failure {
        let id = printable(task.id().as_str());
        let what = format!("cannot write the result to stdout: {}", self.0);
        let next_step = format!("The result is about task {id}: ask for it again.");
        Failure::new(exit_code::DISK, what, next_step)
            .charged_perhaps()
            .with_task(task)
            .followed_by("status", &id)
    }

    /// A batch has ended, and this is its summary.
    pub(crate) fn of_batch(self) -> Failure {
        let what = format!("cannot write the summary to stdout: {}", self.0);
        let next_step = "Run the same command again: it prints the same summary.";
        Failure::new(exit_code::DISK, what, next_step).with_money(
            Billing::Unknown,
            "The batch has ended; what is completed was charged.",
        )
    }
}

/// Nothing was sent for the result.
impl From<Unwritten> for Failure {
    fn from(Unwritten(error): Unwritten) -> Self {
        let what = format!("cannot write the result to stdout: {error}");
        Self::other(what, "Redirect it elsewhere, and run the command again.")
    }
}

/// What `--json` prints, always with every field.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Among events it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    id: Option<TaskId>,
    external_task_id: Option<ExternalTaskId>,
    status: Option<String>,
    error: Option<ErrorReport>,
    cost: Option<Amount>,
    discount: Option<Amount>,
    metadata: Option<RawJson>,
    outputs: Vec<OutputReport>,
    paths: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ErrorReport {
    code: Option<String>,
    message: String,
    billing: Billing,
    next_step: String,
    exit_code: u8,
}

#[derive(Debug, Serialize)]
struct OutputReport {
    r#type: String,
    url: Option<String>,
    size: Option<String>,
}

impl Report {
    /// A task as the result that was asked for. Only a completed task is shown with the signatures of its URLs.
    pub(crate) fn of_task(task: &Task, external_task_id: Option<ExternalTaskId>) -> Self {
        match task.state() {
            TaskState::Completed { .. } => Self::with_signed_urls(task, external_task_id),
            _ => Self::with_signed_urls(task, external_task_id).without_signatures(),
        }
    }

    fn with_signed_urls(task: &Task, external_task_id: Option<ExternalTaskId>) -> Self {
        let mut report = Self {
            id: Some(task.id().clone()),
            external_task_id,
            status: task.status().map(Into::into),
            metadata: task.metadata().cloned(),
            ..Self::default()
        };
        let output = match task.state() {
            TaskState::Completed { output, .. } | TaskState::OtherEnd { output, .. } => output,
            _ => &Vec::new(),
        };
        report.outputs = output.iter().map(OutputReport::from).collect();
        if let Some(usage) = task.state().usage() {
            report.cost = usage.cost.clone();
            report.discount = usage.discount.clone();
        }
        report
    }

    /// Without the signatures of URLs.
    fn without_signatures(mut self) -> Self {
        let text = |text: &mut String| *text = without_url_queries(text);
        self.status.iter_mut().for_each(text);
        for output in &mut self.outputs {
            output.url.iter_mut().for_each(text);
        }
        // It is JSON still.
        let metadata = self.metadata.take();
        self.metadata =
            metadata.and_then(|it| serde_json::from_str(&without_url_queries(it.as_str())).ok());
        self
    }

    /// A create that created nothing.
    pub(crate) fn not_created(external_task_id: ExternalTaskId) -> Self {
        Self {
            external_task_id: Some(external_task_id),
            ..Self::default()
        }
    }

    pub(crate) fn with_paths(self, paths: &[PathBuf]) -> Self {
        let paths = paths.iter().map(|path| path_text(path));
        Self {
            paths: paths.collect(),
            ..self
        }
    }

    pub(crate) fn of_failure(failure: &Failure) -> Self {
        let external_task_id = failure.about.ids.external_task_id.clone();
        let report = match &failure.about.task {
            Some(task) => Self::with_signed_urls(task, external_task_id).without_signatures(),
            None => Self {
                id: failure.about.ids.id.clone(),
                external_task_id,
                ..Self::default()
            },
        };
        Self {
            error: Some(ErrorReport::from(failure)),
            ..report
        }
    }

    pub(crate) fn print(mut self, json: Json) -> Result<(), Unwritten> {
        if json == Json::Events {
            self.event = Some("result");
        }
        print_json(&self)
    }
}

impl From<&Failure> for ErrorReport {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.about.code.clone(),
            message: without_url_queries(&failure.message()),
            billing: failure.billing,
            next_step: without_url_queries(&failure.next_step()),
            exit_code: failure.exit_code,
        }
    }
}

impl From<&Content> for OutputReport {
    fn from(content: &Content) -> Self {
        Self {
            r#type: content.content_type.as_str().into(),
            url: content.url.clone(),
            size: content.size.clone(),
        }
    }
}

/// The external id of a task that was asked for by this id, if it is not its own.
pub(crate) fn external_id_of(task: &Task, asked_for: &TaskId) -> Option<ExternalTaskId> {
    match asked_for == task.id() {
        true => None,
        false => asked_for.as_str().parse().ok(),
    }
}

/// Prints the paths of the files of a task, or its status where none was asked for.
pub(crate) fn print_task(
    task: &Task,
    external_task_id: Option<ExternalTaskId>,
    paths: &[PathBuf],
    json: Option<Json>,
) -> Result<(), Failure> {
    let printed = match (json, paths) {
        (Some(json), _) => Report::of_task(task, external_task_id)
            .with_paths(paths)
            .print(json),
        (None, []) => print_line(&printable(task.status().unwrap_or("unknown"))),
        (None, paths) => paths.iter().try_for_each(|path| print_path(path)),
    };
    printed.map_err(|unwritten| unwritten.of_task(task))
}

/// Reports a failure to a person on stderr, and with `--json` to a program on stdout.
pub(crate) fn print_failure(failure: &Failure, json: Option<Json>) -> ExitCode {
    let error = color::on_stderr(color::ERROR, "error:");
    print_styled_stderr(&error, &format!(" {}", printable(&failure.what)));
    for detail in &failure.details {
        print_stderr(&format!("  - {}", printable(detail)));
    }
    print_stderr(&printable(&failure.money));
    print_stderr(&failure.advice);
    if let Some(command) = &failure.about.command {
        print_stderr(&format!("  {command}"));
    }
    if let Some(json) = json {
        // Where stdout takes nothing, stderr and the exit code have said it all.
        let _ = Report::of_failure(failure).print(json);
    }
    ExitCode::from(failure.exit_code)
}

/// A path in JSON, which is Unicode: bytes of the path that are not become U+FFFD.
pub(crate) fn path_text(path: &Path) -> String {
    path.to_string_lossy().into()
}

/// A line of the result for a program. It may be read on a terminal anyway, so characters that
/// could control one are escaped; it is the same JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Unwritten> {
    let mut line = String::new();
    let json = serde_json::to_string(value).map_err(|error| Unwritten(error.into()))?;
    for character in json.chars() {
        match is_unseen(character) {
            false => line.push(character),
            // White space in what the server sent.
            true if character.is_ascii_whitespace() => line.push(' '),
            // It is in a string, and none of these needs two units of UTF-16.
            true => line.push_str(&format!("\\u{:04x}", u32::from(character))),
        }
    }
    print_bytes(line.as_bytes())
}

/// Lines of the result, without characters that must not reach a terminal.
pub(crate) fn print_line(lines: &str) -> Result<(), Unwritten> {
    print_styled(&printable_lines(lines))
}

/// A text of our own, or a line that has colors and whose other words are printable.
pub(crate) fn print_styled(text: &str) -> Result<(), Unwritten> {
    print_bytes(text.as_bytes())
}

/// Text that clap has written.
pub(crate) fn print_generated(text: &[u8]) -> Result<(), Unwritten> {
    print_styled(String::from_utf8_lossy(text).trim_end())
}

/// The path of a file, byte by byte as the operating system has it; on a terminal without
/// characters that must not reach one, and where the terminal knows links, as one that opens it.
pub(crate) fn print_path(path: &Path) -> Result<(), Unwritten> {
    if supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout)
        && let Ok(absolute) = std::path::absolute(path)
    {
        return print_styled(&file_link(&absolute, &path.to_string_lossy()));
    }
    match io::stdout().is_terminal() {
        true => print_styled(&printable(&path.to_string_lossy())),
        false => print_bytes(path.as_os_str().as_encoded_bytes()),
    }
}

/// A closed pipe, as under `| head`, is not a failure; a full disk is.
fn print_bytes(line: &[u8]) -> Result<(), Unwritten> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(line)
        .and_then(|()| stdout.write_all(b"\n"))
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Unwritten(error)),
        _ => Ok(()),
    }
}
