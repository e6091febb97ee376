//! The calls of the API as method and path, built by the client and parsed by the emulator.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// One call of the API.
///
/// ```
/// use kirin_types::Route;
///
/// let route = Route::Task { id: "order/42".into() };
/// assert_eq!(route.method(), "GET");
/// assert_eq!(route.path(), "/model/v1/generation/task/order%2F42");
/// assert_eq!(Route::parse("GET", "/model/v1/generation/task/order%2F42"), Ok(route));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// Create a task: `POST /model/v1/generation` (documented).
    CreateGeneration,
    /// One model's parameter spec: `GET /api/v1/skill/models/{id}/spec`.
    ModelSpec {
        /// Id of the model.
        id: String,
    },
    /// The list of models: `GET /api/v1/skill/models`.
    Models,
    /// A task's status: `GET /model/v1/generation/task/{id}`, by the service's id or the external
    /// one.
    Task {
        /// Id of the task, or the external task id in its place.
        id: String,
    },
}

/// Why a method and path are no call of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a path is known or not, and so is its method"
)]
pub enum RouteError {
    /// The path is known, the method is not the one it takes.
    MethodNotAllowed {
        /// The method that it takes.
        allowed: &'static str,
    },
    /// No call has this path.
    NotFound,
}

impl fmt::Display for RouteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MethodNotAllowed { allowed } => {
                write!(formatter, "the call takes only the method {allowed}")
            }
            Self::NotFound => formatter.write_str("no call has this path"),
        }
    }
}

impl core::error::Error for RouteError {}

const GENERATION: &str = "/model/v1/generation";
const MODELS: &str = "/api/v1/skill/models";

impl Route {
    /// The HTTP method.
    pub fn method(&self) -> &'static str {
        match self {
            Self::CreateGeneration => "POST",
            Self::ModelSpec { .. } | Self::Models | Self::Task { .. } => "GET",
        }
    }

    /// The path below the base URL, percent-encoded: an id is always one segment.
    pub fn path(&self) -> String {
        match self {
            Self::CreateGeneration => GENERATION.into(),
            Self::ModelSpec { id } => format!("{MODELS}/{}/spec", encode_segment(id)),
            Self::Models => MODELS.into(),
            Self::Task { id } => format!("{GENERATION}/task/{}", encode_segment(id)),
        }
    }

    /// Recognizes a call by its method and its path, without the query string.
    ///
    /// # Errors
    ///
    /// No call has this path, or it takes another method.
    pub fn parse(method: &str, path: &str) -> Result<Self, RouteError> {
        let route = Self::parse_path(path).ok_or(RouteError::NotFound)?;
        match route.method() {
            allowed if allowed == method => Ok(route),
            allowed => Err(RouteError::MethodNotAllowed { allowed }),
        }
    }

    fn parse_path(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        match path {
            GENERATION => return Some(Self::CreateGeneration),
            MODELS => return Some(Self::Models),
            _ => {}
        }
        if let Some(segment) = path
            .strip_prefix(GENERATION)
            .and_then(|rest| rest.strip_prefix("/task/"))
        {
            return Some(Self::Task {
                id: decode_segment(segment)?,
            });
        }
        let segment = path
            .strip_prefix(MODELS)?
            .strip_prefix('/')?
            .strip_suffix("/spec")?;
        Some(Self::ModelSpec {
            id: decode_segment(segment)?,
        })
    }
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method(), self.path())
    }
}

/// Everything but RFC 3986's unreserved characters is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A segment of dots only would be read as a way up, so its dots are encoded too.
fn encode_segment(segment: &str) -> String {
    let dots = segment.bytes().all(|byte| byte == b'.');
    let set = if dots { NON_ALPHANUMERIC } else { SEGMENT };
    utf8_percent_encode(segment, set).to_string()
}

/// One segment, decoded once; `None` if it is empty, more than one, or not UTF-8.
fn decode_segment(segment: &str) -> Option<String> {
    if segment.is_empty() || segment.contains('/') {
        return None;
    }
    percent_decode_str(segment)
        .decode_utf8()
        .ok()
        .map(String::from)
}
