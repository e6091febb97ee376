//! What a request to a receiver is worth, as a pure function of its parts.

use http::{Method, StatusCode};
use kirin_types::Callback;
use serde::de::IgnoredAny;

use super::path::SecretPath;

/// What a request comes to.
pub(super) enum Verdict {
    BadJson,
    Callback(Box<Callback>),
    NoCallback,
    TooLarge,
    WrongMethod,
    WrongPath,
}

impl Verdict {
    /// `body` is `None` if it was too large.
    ///
    /// What the sender gets to know depends on the method and on the body alone: whoever tries paths
    /// or ids learns nothing from the answer.
    pub(super) fn of(
        method: &Method,
        path: &str,
        body: Option<&[u8]>,
        secret: &SecretPath,
    ) -> Self {
        if method != Method::POST {
            return Self::WrongMethod;
        }
        let Some(body) = body else {
            return Self::TooLarge;
        };
        let callback = Callback::from_json(body);
        if callback.is_err() && serde_json::from_slice::<IgnoredAny>(body).is_err() {
            return Self::BadJson;
        }
        match callback {
            _ if !secret.is(path) => Self::WrongPath,
            Ok(callback) => Self::Callback(Box::new(callback)),
            Err(_) => Self::NoCallback,
        }
    }

    /// 200 for all that is no fault of the request's form: a sender that is told of a failure would
    /// only send it again.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::BadJson => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Callback(_) | Self::NoCallback | Self::WrongPath => StatusCode::OK,
        }
    }
}
