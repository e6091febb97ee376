//! Why a request is refused before the service sees it, or to an admin endpoint.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::json_response::json_response;
use crate::CannotEnd;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The task cannot be ended by hand.
    CannotEnd(CannotEnd),
    /// A page of another origin sent it.
    CrossOrigin,
    /// The body is another than the endpoint takes.
    InvalidBody { expected: &'static str },
    /// The body is no scenario, for this reason.
    InvalidScenario { problem: String },
    /// The path takes other methods.
    MethodNotAllowed { allowed: &'static str },
    /// There is no such endpoint.
    NoSuchPath,
    /// It changes something, and its body does not say that it is JSON.
    NotJson,
    /// Its `Host` is none of the emulator's names.
    OtherHost,
    /// The body is longer than is taken, in bytes.
    TooLarge { most: usize },
}

impl Refusal {
    pub(super) fn response(self) -> Response<Bytes> {
        let body = json!({ "message": self.message() });
        let mut response = json_response(self.status(), &body);
        if let Self::MethodNotAllowed { allowed } = self {
            let allowed = HeaderValue::from_static(allowed);
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        response
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::CannotEnd(CannotEnd::HasEnded) => StatusCode::CONFLICT,
            Self::CannotEnd(CannotEnd::NoSuchTask) | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::CrossOrigin | Self::OtherHost => StatusCode::FORBIDDEN,
            Self::InvalidBody { .. } => StatusCode::BAD_REQUEST,
            Self::InvalidScenario { .. } => StatusCode::BAD_REQUEST,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::CannotEnd(problem) => problem.to_string(),
            Self::CrossOrigin => "a page of another origin may not use the emulator".into(),
            Self::InvalidScenario { problem } => format!("the scenario: {problem}"),
            Self::MethodNotAllowed { allowed } => {
                format!("method not allowed; this path takes {allowed}")
            }
            Self::InvalidBody { expected } => format!("the body must be {expected}"),
            Self::NoSuchPath => "the emulator has no such endpoint".into(),
            Self::NotJson => "send it with Content-Type: application/json".into(),
            Self::OtherHost => {
                "the emulator takes the Host headers 127.0.0.1, localhost and [::1], and what it is set to \
                 listen on or to be called (kirin emulator --host-name NAME) only"
                    .into()
            }
            Self::TooLarge { most } => {
                format!("the body is too large: at most {most} bytes are taken")
            }
        }
    }
}
