//! What the service or the way to it said instead of doing what was asked.

use std::{
    error::Error,
    fmt,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, Uri, header};
use kirin_transport::TransportError;
use kirin_types::{DecodeError, ErrorBody, ErrorReason, ExternalTaskId, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

use super::gzip::content_coding;
use crate::without_url_queries;

/// A refusal: the service answered, and did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// What it means.
    pub reason: ErrorReason,
    /// How the service worded it.
    pub body: ErrorBody,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
    /// Where a redirect points, without its query. It is never followed.
    pub redirect: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let reason = ErrorBody::decode(body).reason(status.as_u16());
        Self {
            status: status.as_u16(),
            reason,
            body: without_queries(body),
            retry_after: retry_after(headers),
            redirect: status
                .is_redirection()
                .then(|| redirect_target(headers))
                .flatten(),
        }
    }

    /// The refusal of a create that carried this id, if it carried one.
    pub(crate) fn of_create(
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        id: Option<&ExternalTaskId>,
    ) -> Self {
        let refusal = Self::new(status, headers, body);
        // The id may stand in a URL of the text.
        let reason = id.map(|id| ErrorBody::decode(body).reason_of_create(status.as_u16(), id));
        Self {
            reason: reason.unwrap_or(refusal.reason),
            ..refusal
        }
    }

    /// The HTTP status, or the one in the body's envelope where the HTTP status says success.
    pub(crate) fn effective_status(&self) -> u16 {
        match self.status {
            200..=299 => self.body.status_code.unwrap_or(self.status),
            status => status,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wording = self.body.to_string();
        match (&self.redirect, wording.is_empty()) {
            (Some(target), _) => {
                write!(formatter, "HTTP {}, a redirect to {target}", self.status)
            }
            (None, true) => write!(formatter, "HTTP {}", self.status),
            (None, false) => write!(formatter, "HTTP {}: {wording}", self.status),
        }
    }
}

/// The body of a refusal without the queries of URLs, which may sign them: it is kept and shown.
fn without_queries(body: &[u8]) -> ErrorBody {
    match str::from_utf8(body) {
        Ok(text) => ErrorBody::decode(without_url_queries(text).as_bytes()),
        Err(_) => {
            let mut body = ErrorBody::decode(body);
            body.message = body.message.as_deref().map(without_url_queries);
            body.text = without_url_queries(&body.text);
            body
        }
    }
}

/// Passing trouble: it says nothing about the task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Trouble {
    /// What happened, as a sentence part.
    pub description: String,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
    /// HTTP status, where there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// An id that stood beside an error: it may be a task's, and is asked about before it is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<TaskId>,
    /// The answer, where there was one and it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<Box<UnreadableAnswer>>,
    #[serde(skip)]
    pub(super) source: Source,
}

/// The transport's error, as long as the process lives: it is not written down, and two troubles are equal
/// with or without it.
#[derive(Clone, Default)]
pub(super) struct Source(Option<TransportError>);

impl PartialEq for Source {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Source {}

/// The causes of the causes stay out of sight: the description says what may be shown of them.
impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map(TransportError::kind).fmt(formatter)
    }
}

/// An answer that says success and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnreadableAnswer {
    /// Where in the JSON, as names with dots between; empty where it is the whole.
    pub path: String,
    /// The first 200 characters of the body. The queries of URLs are cut out: they sign them.
    pub head: String,
}

/// Characters of an unreadable body that are kept.
const HEAD: usize = 200;

impl Trouble {
    pub(crate) fn new(description: impl Into<String>) -> Self {
        Self {
            description: without_url_queries(&description.into()),
            retry_after: None,
            http_status: None,
            hint: None,
            unreadable: None,
            source: Source::default(),
        }
    }

    /// The transport's own error, where an exchange failed in this process.
    pub fn transport_error(&self) -> Option<&TransportError> {
        self.source.0.as_ref()
    }

    /// An answer that cannot be read, `what` for short, and what it says, where it says anything.
    pub(crate) fn unreadable(
        what: &str,
        error: &DecodeError,
        answer: &Refusal,
        response: &Response<Bytes>,
    ) -> Self {
        let body = response.body();
        let unreadable = UnreadableAnswer {
            path: error.path().to_owned(),
            head: head(&String::from_utf8_lossy(body)),
        };
        let is_text = str::from_utf8(body).is_ok();
        let coding = content_coding(response.headers()).filter(|_| !is_text);
        let description = match (coding, answer.body.sentence()) {
            (Some(coding), _) => format!(
                "{what} that can be read: it is compressed ({}), which was not asked for and cannot be undone; switch that off in the proxy or gateway in front of the service",
                head(&coding)
            ),
            (None, Some(sentence)) => {
                format!("{what}, which says: {} ({error})", head(&sentence))
            }
            (None, None) => format!("{what}: {error}"),
        };
        Self {
            http_status: Some(answer.status),
            unreadable: Some(Box::new(unreadable)),
            ..Self::new(description)
        }
    }
}

/// The beginning of a text, each query of a URL or a path cut to its question mark.
fn head(text: &str) -> String {
    let mut in_query = false;
    let text = without_url_queries(text);
    let kept = text.chars().filter(|character| {
        let is_in_query = in_query;
        in_query = match character {
            '?' | '#' => true,
            '"' | '\'' | '<' | '>' => false,
            character => in_query && !character.is_whitespace(),
        };
        !is_in_query || !in_query
    });
    kept.take(HEAD).collect()
}

impl From<&TransportError> for Trouble {
    fn from(error: &TransportError) -> Self {
        let description = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        Self {
            source: Source(Some(error.clone())),
            ..Self::new(description)
        }
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self {
            retry_after: refusal.retry_after,
            http_status: Some(refusal.status),
            ..Self::new(refusal.to_string())
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.description)
    }
}

/// When an answer was made, by its `Date`.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    let since_1970 = date.duration_since(UNIX_EPOCH).ok()?;
    let milliseconds = since_1970.as_millis().try_into().ok()?;
    Some(Timestamp::from_milliseconds(milliseconds))
}

/// `Retry-After` in seconds, or as a date counted from the answer's own `Date`: the server's two
/// clocks agree, ours may not. Anything else says nothing; the machine clamps what is said.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

/// A query may hold a signature, so it is left out.
fn redirect_target(headers: &HeaderMap) -> Option<String> {
    let target: Uri = headers.get(header::LOCATION)?.to_str().ok()?.parse().ok()?;
    let path = target.path();
    match (target.scheme_str(), target.authority()) {
        (Some(scheme), Some(authority)) => Some(format!("{scheme}://{}{path}", authority.host())),
        _ => Some(path.into()),
    }
}
