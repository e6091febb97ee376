//! The task object: the answer to a create and to every query.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    Amount, Content, DecodeError, ExternalTaskId, RawJson, TaskError, TaskId, Timestamp, Usage,
    body_text::{self, is_sentence},
    content,
    decode::{Object, Token},
    named_id,
    status_word::{Meaning, StatusWord},
};

/// A task as the service described it.
///
/// Decoded leniently: a field of an unexpected type counts as absent, an unknown status word is
/// kept, and [`raw`](Self::raw) has all that was received. Only the id is strict.
///
/// Its serde form is the JSON that was received; in other formats, and behind serde's `tag`, `flatten` and
/// `untagged`, the same fields with all their digits: see [`RawJson`].
///
/// ```
/// use kirin_types::{Task, TaskState};
///
/// let task = Task::from_json(
///     br#"{"id":"d5u5obte8783ap44qtj0","status":"completed","model":"kirin_v2_5_turbo_t2v",
///          "created_at":1769757744021,"output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}],
///          "usage":{"cost":"0.21","discount":0}}"#,
/// )?;
/// assert_eq!(task.id().as_str(), "d5u5obte8783ap44qtj0");
/// let TaskState::Completed { output, .. } = task.state() else { unreachable!() };
/// assert_eq!(output[0].url.as_deref(), Some("https://example.com/a.mp4"));
/// # Ok::<(), kirin_types::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    id: TaskId,
    status: Option<String>,
    /// Boxed, because it is most of a task, and tasks are in enums beside what is small.
    state: Box<TaskState>,
    model: Option<String>,
    /// Boxed, because few tasks have one.
    error: Option<Box<TaskError>>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    external_task_ids: Vec<String>,
    metadata: Option<RawJson>,
    raw: RawJson,
}

/// How far a task is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TaskState {
    /// It is done (`completed`; also `success`, `succeed`, `succeeded`). Terminal.
    Completed {
        /// What was generated; empty if the service named nothing.
        output: Vec<Content>,
        /// What it cost.
        usage: Option<Usage>,
    },
    /// It failed (`failed`). Terminal.
    Failed {
        /// Why, if the service said it.
        error: Option<TaskError>,
        /// What it cost all the same, if the service said it (seen elsewhere).
        usage: Option<Usage>,
    },
    /// It runs or waits (`in_progress`; also `pending`, `processing`, `in_queue`, `submitted`, in any
    /// case, and with other separators).
    InProgress {
        /// Progress from 0.0 to 1.0 (documented), if the service said it.
        progress: Option<f64>,
    },
    /// An undocumented word that plainly means an end elsewhere (inferred). It does by
    /// itself, as `cancelled`, `expired`, `rejected`, `timeout` or `error`; or beside an output, as
    /// `done`; or beside an [error](Task::error). A word that ends in `ing`, or speaks of a queue, of
    /// progress, of waiting or of a retry, never does. Not terminal: the task may continue.
    OtherEnd {
        /// The word in lower case, without what separates its parts: two spellings of it are equal.
        word: String,
        /// Whether the word means it by itself, and not by what is beside it.
        is_plain: bool,
        /// What was generated; empty if the service named nothing.
        output: Vec<Content>,
        /// Progress from 0.0 to 1.0, if the service said it.
        progress: Option<f64>,
    },
    /// Any other word, or none: not terminal, by the rule of the vendor's own clients.
    Other {
        /// Progress from 0.0 to 1.0, if the service said it.
        progress: Option<f64>,
    },
}

impl TaskState {
    /// Whether the task will not change any more.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed { .. } | Self::Failed { .. })
    }

    /// What the task cost, if it is at its end and the service said it.
    ///
    /// ```
    /// use kirin_types::Task;
    ///
    /// let task = Task::from_json(br#"{"id":"a","status":"failed","usage":{"cost":"0"}}"#)?;
    /// let usage = task.state().usage().unwrap();
    /// assert_eq!(usage.cost.as_ref().unwrap().to_string(), "0");
    /// # Ok::<(), kirin_types::DecodeError>(())
    /// ```
    pub fn usage(&self) -> Option<&Usage> {
        match self {
            Self::Completed { usage, .. } | Self::Failed { usage, .. } => usage.as_ref(),
            // What it says of a cost may still change.
            Self::InProgress { .. } | Self::Other { .. } | Self::OtherEnd { .. } => None,
        }
    }

    /// What was generated; empty if the service named nothing, or the task is not at its end.
    ///
    /// ```
    /// use kirin_types::Task;
    ///
    /// let task = Task::from_json(
    ///     br#"{"id":"a","status":"completed","output":[{"content":[{"url":"https://example.com/a.mp4"}]}]}"#,
    /// )?;
    /// assert_eq!(task.state().outputs().len(), 1);
    /// # Ok::<(), kirin_types::DecodeError>(())
    /// ```
    pub fn outputs(&self) -> &[Content] {
        match self {
            Self::Completed { output, .. } | Self::OtherEnd { output, .. } => output,
            Self::Failed { .. } | Self::InProgress { .. } | Self::Other { .. } => &[],
        }
    }

    /// The word for it, as in its serde form: `completed`, `failed`, `in_progress`, `other` or `other_end`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::InProgress { .. } => "in_progress",
            Self::Other { .. } => "other",
            Self::OtherEnd { .. } => "other_end",
        }
    }

    fn from_object(status: Option<&str>, error: Option<&TaskError>, task: &Object<'_>) -> Self {
        let word = status.unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "completed" | "success" | "succeed" | "succeeded" => Self::Completed {
                output: output(task),
                usage: usage(task),
            },
            "failed" => Self::Failed {
                error: task.field("error").map(TaskError::from_token),
                usage: usage(task),
            },
            _ => Self::from_other_word(&StatusWord::new(status.unwrap_or_default()), error, task),
        }
    }

    fn from_other_word(word: &StatusWord, error: Option<&TaskError>, task: &Object<'_>) -> Self {
        let (folded, progress) = (word.folded(), progress(task));
        let documented = [
            "inprogress",
            "pending",
            "processing",
            "inqueue",
            "submitted",
        ];
        if documented.contains(&folded.as_str()) {
            return Self::InProgress { progress };
        }
        let output = output(task);
        let has_output = || output.iter().any(|content| content.url.is_some());
        let meaning = word.meaning();
        let is_end = match meaning {
            Meaning::End => true,
            Meaning::GoesOn => false,
            Meaning::Unknown => !folded.is_empty() && (error.is_some() || has_output()),
        };
        match is_end {
            true => Self::OtherEnd {
                word: folded,
                is_plain: meaning == Meaning::End,
                output,
                progress,
            },
            false => Self::Other { progress },
        }
    }
}

impl Task {
    /// Reads a task, bare or in the older envelope `{"data": TASK, "status": {...}}`.
    ///
    /// # Errors
    ///
    /// The text is not JSON, not an object, has no usable `id`, or its envelope says error (a
    /// `status.code` other than 0 and 200); a field's wrong type is no error. Of a
    /// [damaged](RawJson::read) answer an id, a status or a URL counts only if nothing of it is lost.
    pub fn from_json(json: &[u8]) -> Result<Self, DecodeError> {
        let json = RawJson::read(json)?;
        let mut task = Self::from_token(json.token())?;
        task.raw = task.raw.marked(json.is_damaged());
        Ok(task)
    }

    pub(crate) fn from_token(token: Token<'_>) -> Result<Self, DecodeError> {
        let outer = token
            .object()
            .ok_or_else(|| DecodeError::new("not a JSON object"))?;
        if !outer.contains("id")
            && let Some(data) = outer.field("data")
            && let Some(inner) = data.object()
        {
            let status = outer.object("status");
            return match status.and_then(|status| status.integer("code")) {
                None | Some(0 | 200) => Self::from_object(&inner, data, "data."),
                Some(code) => Err(DecodeError::at("status.code", format!("says error {code}"))),
            };
        }
        Self::from_object(&outer, token, "")
    }

    fn from_object(task: &Object<'_>, token: Token<'_>, place: &str) -> Result<Self, DecodeError> {
        let status = task.whole_text("status");
        let error = task.field("error").and_then(TaskError::if_any);
        Ok(Self {
            id: id(task, place)?,
            state: Box::new(TaskState::from_object(
                status.as_deref(),
                error.as_ref(),
                task,
            )),
            status,
            error: error.map(Box::new),
            model: task.whole_text("model"),
            created_at: task.field("created_at").and_then(Timestamp::from_token),
            updated_at: task.field("updated_at").and_then(Timestamp::from_token),
            external_task_ids: named_id::external_task_ids(task),
            metadata: task
                .field("metadata")
                .map(|token| RawJson::new(token.raw())),
            raw: RawJson::new(token.raw()),
        })
    }

    /// The service's id of the task (documented).
    pub fn id(&self) -> &TaskId {
        &self.id
    }

    /// The status word as the service wrote it (documented: `in_progress`, `completed`, `failed`).
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// How far it is, by the status word.
    pub fn state(&self) -> &TaskState {
        &self.state
    }

    /// Whether it is done (`completed`, or another word for it): the outputs are there to be downloaded.
    ///
    /// ```
    /// use kirin_types::Task;
    ///
    /// let task = Task::from_json(br#"{"id":"a","status":"completed","usage":{"cost":"0.21"}}"#)?;
    /// assert!(task.is_completed());
    /// assert!(task.outputs().is_empty());
    /// assert_eq!(task.cost(), Some(&"0.21".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_completed(&self) -> bool {
        matches!(self.state(), TaskState::Completed { .. })
    }

    /// What was generated; empty if the service named nothing, or the task is not at its end.
    pub fn outputs(&self) -> &[Content] {
        self.state().outputs()
    }

    /// What it cost in USD (documented as `usage.cost`), if it is at its end and the service said it.
    pub fn cost(&self) -> Option<&Amount> {
        self.state().usage()?.cost.as_ref()
    }

    /// What the service says is wrong (documented for a failed task), whatever the status word is;
    /// `None` if it has neither a message nor a code.
    ///
    /// ```
    /// use kirin_types::{Task, TaskState};
    ///
    /// let task = Task::from_json(
    ///     br#"{"id":"a","status":"cancelled","error":{"message":"by operator"}}"#,
    /// )?;
    /// assert!(matches!(task.state(), TaskState::OtherEnd { .. }));
    /// assert_eq!(task.error().unwrap().to_string(), "by operator");
    /// # Ok::<(), kirin_types::DecodeError>(())
    /// ```
    pub fn error(&self) -> Option<&TaskError> {
        self.error.as_deref()
    }

    /// Why it ended, in the service's own words: its [error](Self::error), and where that has no sentence,
    /// what else the answer says that is no part of the request or the output (inferred: a `message`, a
    /// `fail_reason`, a `detail` and the like). `None` if it says nothing, and of a task that is completed or
    /// continues, unless an error is beside it.
    ///
    /// ```
    /// use kirin_types::Task;
    ///
    /// let task = Task::from_json(br#"{"id":"a","status":"expired","detail":"nobody fetched it"}"#)?;
    /// assert_eq!(task.reason().as_deref(), Some("nobody fetched it"));
    /// let task = Task::from_json(br#"{"id":"a","status":"in_progress","detail":"on a second node"}"#)?;
    /// assert_eq!(task.reason(), None);
    /// # Ok::<(), kirin_types::DecodeError>(())
    /// ```
    pub fn reason(&self) -> Option<String> {
        let error = self.error().cloned().unwrap_or_default();
        let status = self.status.as_deref().unwrap_or_default();
        let is_told = error.message.as_deref().is_some_and(is_sentence);
        let said = match is_told || self.goes_on() {
            true => None,
            false => body_text::reason(&self.raw.token().object()?, status.trim()),
        };
        match said {
            Some(said) => {
                let message = Some(said);
                Some(TaskError { message, ..error }.to_string())
            }
            None => self.error().map(ToString::to_string),
        }
    }

    /// Whether it is not at an end, or at a good one.
    fn goes_on(&self) -> bool {
        match *self.state {
            TaskState::Completed { .. } | TaskState::InProgress { .. } => true,
            TaskState::Failed { .. } | TaskState::OtherEnd { .. } => false,
            TaskState::Other { .. } => {
                let status = self.status.as_deref().unwrap_or_default();
                StatusWord::new(status).meaning() == Meaning::GoesOn
            }
        }
    }

    /// The model that makes it (documented).
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The external task id that the answer itself says the task has; the documented task object
    /// names none. Of several the first is given.
    ///
    /// ```
    /// use kirin_types::Task;
    ///
    /// let task = Task::from_json(br#"{"id":"a","task_info":{"external_task_id":"order-42"}}"#)?;
    /// assert_eq!(task.named_external_task_id(), Some("order-42"));
    /// # Ok::<(), kirin_types::DecodeError>(())
    /// ```
    pub fn named_external_task_id(&self) -> Option<&str> {
        self.external_task_ids.first().map(String::as_str)
    }

    /// Whether the answer itself says that the task has another external id than this one. Then it
    /// is no answer to a lookup of this one: it shows neither that the task exists nor that it
    /// does not.
    ///
    /// ```
    /// use kirin_types::Task;
    ///
    /// let task = Task::from_json(br#"{"id":"a","external_task_id":"order-42"}"#)?;
    /// assert!(!task.names_another_than(&"order-42".parse()?));
    /// assert!(task.names_another_than(&"order-43".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn names_another_than(&self, id: &ExternalTaskId) -> bool {
        let mut named = self.external_task_ids.iter();
        named.any(|named| named != id.as_str())
    }

    /// When it was created (documented: an integer; milliseconds and seconds were both seen). A
    /// date in words is read too.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    /// When it last changed (seen on an older page).
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }

    /// Metadata information (documented as an object, without its keys).
    pub fn metadata(&self) -> Option<&RawJson> {
        self.metadata.as_ref()
    }

    /// Whether the answer was no JSON, and this is what could be read of it: fields may be missing.
    /// It is told of what has just been received, and is no part of the serde form.
    ///
    /// ```
    /// use kirin_types::Task;
    ///
    /// let task = Task::from_json(b"{\"id\":\"a\",\"status\":\"in_progress\",\"progress\":NaN}")?;
    /// assert_eq!(task.status(), Some("in_progress"));
    /// assert!(task.is_damaged());
    /// # Ok::<(), kirin_types::DecodeError>(())
    /// ```
    pub fn is_damaged(&self) -> bool {
        self.raw.is_damaged()
    }

    /// The task as it was received; what could be read of it, where that was [damaged](Self::is_damaged).
    pub fn raw(&self) -> &RawJson {
        &self.raw
    }
}

fn usage(task: &Object<'_>) -> Option<Usage> {
    task.object("usage").map(|usage| Usage::from_object(&usage))
}

/// The id; `place` is the path of the task in the answer.
fn id(task: &Object<'_>, place: &str) -> Result<TaskId, DecodeError> {
    let unusable = |problem: &str| DecodeError::at(format!("{place}id"), problem);
    if task.contradicts_itself("id") {
        return Err(unusable("stands there twice, with different values"));
    }
    let token = task.field("id").ok_or_else(|| unusable("is missing"))?;
    let text = match token.number() {
        Some(number) => Some(number.into()).filter(|_| is_positive_integer(number)),
        None => token.text(),
    };
    let text = text.ok_or_else(|| unusable("is neither a string nor a positive integer"))?;
    if token.may_be_cut() {
        return Err(unusable("is damaged"));
    }
    text.parse()
        .map_err(|invalid| unusable(&format!("is unusable: {invalid}")))
}

fn output(task: &Object<'_>) -> Vec<Content> {
    let output = task.field("output").map(content::from_output);
    output.unwrap_or_default()
}

/// Whether a JSON number is an integer above zero, which is no id.
fn is_positive_integer(number: &str) -> bool {
    number.bytes().all(|it| it.is_ascii_digit()) && !number.starts_with('0')
}

/// A number from 0 to 1; anything else says nothing.
fn progress(task: &Object<'_>) -> Option<f64> {
    let progress = task.field("progress")?.number()?.to_string().parse().ok()?;
    (0.0..=1.0).contains(&progress).then_some(progress)
}
