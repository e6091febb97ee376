//! What a world answers.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::{Delivery, NoAnswer};
use crate::{artifact::Artifact, request_id::X_REQUEST_ID};

/// What is to be done about a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply {
    /// Render this video, or take it from a cache, and answer what [`Artifact::respond`] says.
    Artifact(Artifact),
    /// Answer this, but not simply so; only where a [scenario](crate::Scenario) has it.
    Disturbed {
        /// What would be answered without the fault: an artifact or a response.
        answer: Box<Self>,
        /// How it is sent.
        delivery: Delivery,
    },
    /// Answer nothing; only where a [scenario](crate::Scenario) has it.
    NoAnswer(NoAnswer),
    /// Answer this.
    Response(Response<Bytes>),
}

impl Reply {
    /// A JSON body under a status.
    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // Serializing fails for maps with keys that are no strings; none of the answers has one.
        let body = serde_json::to_vec(body).expect("answers have string keys");
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        Self::Response(response)
    }

    pub(super) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let (Self::Response(response), Ok(value)) = (&mut self, HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
        self
    }

    pub(super) fn with_request_id(self, request_id: &str) -> Self {
        match self {
            Self::Artifact(artifact) => Self::Artifact(artifact.with_request_id(request_id)),
            Self::Disturbed { answer, delivery } => Self::Disturbed {
                answer: Box::new(answer.with_request_id(request_id)),
                delivery,
            },
            Self::NoAnswer(_) => self,
            Self::Response(_) => self.with_header(X_REQUEST_ID, request_id),
        }
    }

    /// The same with a `Date`.
    pub(super) fn with_date(self, date: HeaderValue) -> Self {
        match self {
            Self::Artifact(artifact) => Self::Artifact(artifact.with_date(date)),
            Self::Disturbed { answer, delivery } => Self::Disturbed {
                answer: Box::new(answer.with_date(date)),
                delivery,
            },
            Self::NoAnswer(_) => self,
            Self::Response(mut response) => {
                response.headers_mut().insert(header::DATE, date);
                Self::Response(response)
            }
        }
    }

    /// The id of the task that an answer to a create tells.
    pub(super) fn created_task(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Created {
            id: Option<String>,
            data: Option<Inner>,
        }
        #[derive(Deserialize)]
        struct Inner {
            id: Option<String>,
        }
        let Self::Response(response) = self else {
            return None;
        };
        let created: Created = serde_json::from_slice(response.body()).ok()?;
        created.id.or_else(|| created.data?.id)
    }

    /// The same, with its place in the log for what is answered later.
    pub(super) fn with_number(self, number: u64) -> Self {
        match self {
            Self::Artifact(artifact) => Self::Artifact(artifact.with_number(number)),
            Self::Disturbed { answer, delivery } => Self::Disturbed {
                answer: Box::new(answer.with_number(number)),
                delivery,
            },
            Self::NoAnswer(_) | Self::Response(_) => self,
        }
    }

    /// The status of the answer, as far as it is known.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Artifact(_) | Self::NoAnswer(_) => None,
            Self::Disturbed { answer, .. } => answer.status(),
            Self::Response(response) => Some(response.status().as_u16()),
        }
    }
}
