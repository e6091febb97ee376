//! The JSON of a task, field by field as it is documented. It is not `kirin_types::Task` written
//! back: the client reads with that, and both must not be wrong in the same way.

use std::time::Duration;

use http::StatusCode;
use kirin_types::{Amount, ModelKind};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Outcome, Reply, World, task::Task};
use crate::{AnswerForm, CreatedAt, OutputForm, TaskErrorForm};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<[OutputAnswer; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<MetadataAnswer>,
}

enum OutputAnswer {
    Nested(NestedAnswer),
    Plain(ContentAnswer),
}

#[derive(Serialize)]
struct NestedAnswer {
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

#[derive(Serialize)]
struct EnvelopedAnswer<'a> {
    data: TaskAnswer<'a>,
    status: EnvelopeStatus,
}

#[derive(Serialize)]
struct EnvelopeStatus {
    code: u16,
    message: &'static str,
}

/// No key is documented. This one tells a video that no one paid for from one that was paid.
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
            created_at: self.created_at(task),
            ..TaskAnswer::default()
        };
        let switches = self.config.switches;
        let percent = task.course.percent(elapsed);
        let is_query = occasion == Occasion::Query;
        let status = match occasion {
            Occasion::Create => self.status_word(task, 0),
            Occasion::Query => self.status_word(task, percent),
        };
        let answer = match task.course.end().map(|end| &end.outcome) {
            None => TaskAnswer {
                status,
                progress: is_query.then(|| f64::from(percent) / 100.0),
                ..basis
            },
            Some(Outcome::Failed { code }) => TaskAnswer {
                status,
                error: Some(self.task_error(code, task.model.kind)),
                ..basis
            },
            Some(Outcome::Completed) => TaskAnswer {
                status,
                ..self.completed(task, basis)
            },
        };
        let status = match occasion {
            Occasion::Create => switches.created_status,
            Occasion::Query => StatusCode::OK,
        };
        match switches.answer_form {
            AnswerForm::Bare => Reply::json(status, &answer),
            AnswerForm::Enveloped => {
                let data = answer;
                let (code, message) = (200, "success");
                let envelope = EnvelopeStatus { code, message };
                Reply::json(
                    status,
                    &EnvelopedAnswer {
                        data,
                        status: envelope,
                    },
                )
            }
        }
    }

    /// The word for how far a task is, where it is in progress with so many hundredths done.
    pub(super) fn status_word(&self, task: &Task, percent: u8) -> &'static str {
        let [waiting, working, completed, failed] = self.config.switches.status_words.words();
        match task.course.end().map(|end| &end.outcome) {
            None if percent > 0 => working,
            None => waiting,
            Some(Outcome::Completed) => completed,
            Some(Outcome::Failed { .. }) => failed,
        }
    }

    fn created_at(&self, task: &Task) -> Option<i64> {
        let milliseconds = self.wall_clock(task.course.created_after()).milliseconds();
        match self.config.switches.created_at {
            CreatedAt::Absent => None,
            CreatedAt::Milliseconds => Some(milliseconds),
            CreatedAt::Seconds => Some(milliseconds / 1000),
        }
    }

    fn task_error(&self, code: &str, kind: ModelKind) -> Value {
        let message = meaning(code);
        match (self.config.switches.task_error_form, kind) {
            // What the page of the extension calls it.
            (TaskErrorForm::Message, _) | (TaskErrorForm::Documented, ModelKind::Extension) => {
                json!({ "code": code, "message": message })
            }
            (TaskErrorForm::Documented, _) => json!({ "code": code, "error_message": message }),
            (TaskErrorForm::IntegerCode, _) => {
                let number = code
                    .parse::<u64>()
                    .map_or_else(|_| code.into(), Value::from);
                json!({ "code": number, "error_message": message })
            }
            (TaskErrorForm::Text, _) => message.into(),
        }
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
        let output = match self.config.switches.output_form {
            OutputForm::Documented => OutputAnswer::Nested(NestedAnswer { content: [content] }),
            OutputForm::WithoutContent => OutputAnswer::Plain(content),
        };
        TaskAnswer {
            output: Some([output]),
            usage: Some(UsageAnswer {
                cost: task.cost(),
                discount: 0,
            }),
            metadata: Some(MetadataAnswer { emulated: true }),
            ..basis
        }
    }
}

impl Serialize for OutputAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nested(nested) => nested.serialize(serializer),
            Self::Plain(content) => content.serialize(serializer),
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
