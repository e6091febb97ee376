//! The JSON of a task, field by field as it is documented. It is not `kirin_types::Task` written
//! back: the client reads with that, and both must not be wrong in the same way.

use std::time::Duration;

use http::StatusCode;
use kirin_types::{Amount, ModelKind};
use serde::Serialize;

use super::{Outcome, Reply, World, task::Task};

/// What the task is answered to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// A create, whose documented answer has no progress.
    Create,
    Query,
}

/// The task object of the reference page, in the order of its samples.
#[derive(Default, Serialize)]
struct TaskAnswer<'a> {
    id: &'a str,
    status: &'static str,
    model: &'static str,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorAnswer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<[OutputAnswer; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<MetadataAnswer>,
}

#[derive(Serialize)]
struct ErrorAnswer<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'static str>,
    /// What the page of the extension calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

#[derive(Serialize)]
struct OutputAnswer {
    content: [ContentAnswer; 1],
}

#[derive(Serialize)]
struct ContentAnswer {
    r#type: &'static str,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    watermark_url: Option<String>,
    /// No format is documented; width, the letter x, height.
    size: String,
    duration: String,
}

#[derive(Serialize)]
struct UsageAnswer {
    cost: Amount,
    discount: u32,
}

/// No key is documented. This one tells a video that nobody paid for from one that was paid.
#[derive(Serialize)]
struct MetadataAnswer {
    emulated: bool,
}

impl World {
    /// The task as it stands.
    pub(super) fn task_reply(&self, task: &Task, elapsed: Duration, occasion: Occasion) -> Reply {
        let basis = TaskAnswer {
            id: &task.id,
            model: task.model.id,
            created_at: self.wall_clock(task.course.created_after()).milliseconds(),
            ..TaskAnswer::default()
        };
        let answer = match task.course.end().map(|end| &end.outcome) {
            None => TaskAnswer {
                status: "in_progress",
                progress: (occasion == Occasion::Query)
                    .then(|| f64::from(task.course.percent(elapsed)) / 100.0),
                ..basis
            },
            Some(Outcome::Failed { code }) => TaskAnswer {
                status: "failed",
                error: Some(ErrorAnswer::new(code, task.model.kind)),
                ..basis
            },
            Some(Outcome::Completed) => self.completed(task, basis),
        };
        Reply::json(StatusCode::OK, &answer)
    }

    fn completed<'a>(&self, task: &Task, basis: TaskAnswer<'a>) -> TaskAnswer<'a> {
        let (width, height) = self.pixels(task);
        let content = ContentAnswer {
            r#type: "video",
            url: self.file_url(task, false),
            watermark_url: task.watermark.then(|| self.file_url(task, true)),
            size: format!("{width}x{height}"),
            duration: task.seconds.to_string(),
        };
        TaskAnswer {
            status: "completed",
            output: Some([OutputAnswer { content: [content] }]),
            usage: Some(UsageAnswer {
                cost: task.cost(),
                discount: 0,
            }),
            metadata: Some(MetadataAnswer { emulated: true }),
            ..basis
        }
    }
}

impl<'a> ErrorAnswer<'a> {
    fn new(code: &'a str, kind: ModelKind) -> Self {
        let (error_message, message) = match kind {
            ModelKind::Extension => (None, Some(meaning(code))),
            _ => (Some(meaning(code)), None),
        };
        Self {
            code,
            error_message,
            message,
        }
    }
}

/// The words of the reference page for a task error. The extension has its own prefix, and the
/// same endings.
fn meaning(code: &str) -> &'static str {
    match code {
        "002011095" | "014002095" => "Internal generation error",
        "002011096" | "014002096" => "Result parsing error",
        "002011097" | "014002097" => "HTTP error response",
        "002011098" => "Status check error",
        "002011099" | "014002099" => "Task creation error",
        _ => "The emulator was set to fail with this code",
    }
}
