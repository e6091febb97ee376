//! Every refusal, with its HTTP status and its body in the form that the service uses for it.

use http::{StatusCode, header};
use kirin_types::ExternalTaskId;
use serde_json::{Value, json};

use super::{Reply, World, error_form::spelled};
use crate::ErrorForm;

/// Why a request is refused.
pub(super) enum Refusal {
    /// The video was there, and its time is over.
    Cleared { name: String },
    /// The external task id is in use, and duplicates are refused.
    DuplicateExternalTaskId(ExternalTaskId),
    /// There is less money left than the task costs.
    InsufficientCredits,
    /// The URL of a video with a wrong signature.
    InvalidSignature,
    /// The body or the query string is not legal; everything that is wrong, in words.
    InvalidRequest(String),
    /// The path takes other methods.
    MethodNotAllowed { allowed: &'static str },
    /// There is no `Authorization` header.
    MissingToken,
    /// No video has this name, or its task is not completed.
    NoSuchFile { name: String },
    /// No call has this path.
    NoSuchPath { path: String },
    /// No task has this id, and none this external id that could be looked up.
    NoSuchTask { id: String },
    /// As many tasks are in progress as may be; after how many seconds to try again.
    ParallelLimited { retry_after: Option<u64> },
    /// There were too many calls in this second; after how many seconds to try again.
    RateLimited { retry_after: Option<u64> },
    /// The body is longer than is taken.
    TooLarge,
    /// The `Authorization` header is there and does not help.
    Unauthorized { message: &'static str },
}

/// Longest part of a path or an id that a message repeats, in characters.
const ECHO_CHARACTERS: usize = 80;

impl Refusal {
    pub(super) fn reply(&self, request_id: &str, form: ErrorForm) -> Reply {
        let seen = self.body(request_id);
        let (status, body) = spelled(form, seen, self.status(), request_id);
        let reply = Reply::json(status, &body);
        match self {
            Self::MethodNotAllowed { allowed } => reply.with_header(header::ALLOW, allowed),
            Self::MissingToken | Self::Unauthorized { .. } => {
                reply.with_header(header::WWW_AUTHENTICATE, "Bearer")
            }
            Self::ParallelLimited {
                retry_after: Some(seconds),
            }
            | Self::RateLimited {
                retry_after: Some(seconds),
            } => reply.with_header(header::RETRY_AFTER, &seconds.to_string()),
            _ => reply,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::DuplicateExternalTaskId(_) | Self::InvalidRequest(_) => StatusCode::BAD_REQUEST,
            Self::InsufficientCredits => StatusCode::PAYMENT_REQUIRED,
            Self::InvalidSignature => StatusCode::FORBIDDEN,
            Self::ParallelLimited { .. } | Self::RateLimited { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::MissingToken | Self::Unauthorized { .. } => StatusCode::UNAUTHORIZED,
            Self::Cleared { .. }
            | Self::NoSuchFile { .. }
            | Self::NoSuchPath { .. }
            | Self::NoSuchTask { .. } => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    fn body(&self, request_id: &str) -> Value {
        match self {
            Self::Cleared { name } => message(&format!(
                "the file has expired and was cleared: {}",
                echo(name)
            )),
            Self::DuplicateExternalTaskId(id) => json!({
                "code": 1201,
                "message": format!("external_task_id {id} already exists: it must be unique"),
                "request_id": request_id,
            }),
            Self::InsufficientCredits => json!({
                "status": { "code": 402, "message": "Insufficient credits", "error_code": 40201 },
                "data": null,
            }),
            Self::ParallelLimited { .. } => json!({
                "code": 1303,
                "message": "parallel task over resource pack limit",
                "request_id": request_id,
            }),
            Self::RateLimited { .. } => json!({
                "error": { "code": "RATE_LIMIT_EXCEEDED", "message": "too many requests" },
                "request_id": request_id,
            }),
            Self::InvalidSignature => message("the signature in the URL does not match"),
            Self::InvalidRequest(problems) => message(&format!("invalid request: {problems}")),
            Self::MethodNotAllowed { allowed } => {
                message(&format!("method not allowed; this path takes {allowed}"))
            }
            Self::MissingToken => json!({ "error": "Missing Token" }),
            Self::NoSuchFile { name } => message(&format!("no such file: {}", echo(name))),
            Self::NoSuchPath { path } => json!({
                "detail": format!("no such path: {}", echo(path)),
            }),
            Self::NoSuchTask { id } => message(&format!("no such task: {}", echo(id))),
            Self::TooLarge => {
                let most = World::MAX_BODY_BYTES;
                message(&format!(
                    "the body is too large: at most {most} bytes are taken"
                ))
            }
            Self::Unauthorized { message } => json!({
                "error": { "code": "UNAUTHORIZED", "message": message },
                "request_id": request_id,
            }),
        }
    }
}

fn message(message: &str) -> Value {
    json!({ "message": message })
}

fn echo(text: &str) -> String {
    match text.char_indices().nth(ECHO_CHARACTERS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into(),
    }
}
