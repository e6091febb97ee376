//! What the service sends to a callback URL.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    Content, DecodeError, ExternalTaskId, RawJson, Task, TaskId, TaskState, content,
    decode::{Object, Token},
};

/// The body of a callback: the task object, or Kling's own body. Neither is documented by the
/// vendor.
///
/// A callback may be forged, so it is never proof of anything. It only says "query now"; the
/// answer to the authenticated query is what counts.
///
/// ```
/// use kirin_types::Callback;
///
/// let callback = Callback::from_json(
///     br#"{"task_id":"8293","task_status":"succeed","task_info":{"external_task_id":"order-42"}}"#,
/// )?;
/// assert_eq!(callback.external_task_id().unwrap().as_str(), "order-42");
/// assert!(callback.task_id().is_none());
/// # Ok::<(), kirin_types::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Callback {
    task_id: Option<TaskId>,
    external_task_id: Option<ExternalTaskId>,
    status: Option<String>,
    contents: Vec<Content>,
    raw: RawJson,
}

impl Callback {
    /// Reads the body of a callback.
    ///
    /// # Errors
    ///
    /// The body is not a JSON object, or names no task in either form.
    pub fn from_json(json: &[u8]) -> Result<Self, DecodeError> {
        let json = RawJson::read(json)?;
        let token = json.token();
        let body = token
            .object()
            .ok_or_else(|| DecodeError::new("not a JSON object"))?;
        let callback = match body.contains("task_id") || body.contains("task_status") {
            true => Self::from_kling(&body, token),
            false => Task::from_token(token).map(|task| Self::from_task(&task, &body, token)),
        }?;
        let raw = callback.raw.marked(json.is_damaged());
        Ok(Self { raw, ..callback })
    }

    fn from_task(task: &Task, body: &Object<'_>, token: Token<'_>) -> Self {
        let contents = match task.state() {
            TaskState::Completed { output, .. } => output.clone(),
            _ => Vec::new(),
        };
        Self {
            task_id: Some(task.id().clone()),
            external_task_id: external_task_id(body),
            status: task.status().map(ToString::to_string),
            contents,
            raw: RawJson::new(token.raw()),
        }
    }

    /// Kling's `task_id` is not this API's id, so only the external one says which task it is.
    fn from_kling(body: &Object<'_>, token: Token<'_>) -> Result<Self, DecodeError> {
        let external_task_id = body.object("task_info").as_ref().and_then(external_task_id);
        if external_task_id.is_none() {
            return Err(DecodeError::at("task_info.external_task_id", "is missing"));
        }
        let result = body.object("task_result");
        let videos = result.as_ref().and_then(|result| result.field("videos"));
        Ok(Self {
            task_id: None,
            external_task_id,
            status: body.text("task_status"),
            contents: videos.map(content::videos).unwrap_or_default(),
            raw: RawJson::new(token.raw()),
        })
    }

    /// The service's id of the task, if the body is a task object.
    pub fn task_id(&self) -> Option<&TaskId> {
        self.task_id.as_ref()
    }

    /// The caller's own id of the task, if the body names it.
    pub fn external_task_id(&self) -> Option<&ExternalTaskId> {
        self.external_task_id.as_ref()
    }

    /// The status word as it came. It is a hint: query the task.
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// The contents that the body names. They are a hint: query the task.
    pub fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// The body as it was received.
    pub fn raw(&self) -> &RawJson {
        &self.raw
    }
}

fn external_task_id(body: &Object<'_>) -> Option<ExternalTaskId> {
    body.text("external_task_id")?.parse().ok()
}
