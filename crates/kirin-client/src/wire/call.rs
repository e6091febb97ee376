//! One call: what is sent, and how its answer is read.

use bytes::Bytes;
use http::{Request, Response};
use kirin_transport::{Sent, TransportError, TransportErrorKind};
use kirin_types::{ExternalTaskId, Timestamp};

use super::{
    CreateAnswer, Probe, QueryAnswer, answer_limit, gzip::without_gzip, redaction, refusal::date,
};
use crate::machine::Event;

/// One call of the API, as an [`Endpoint`](super::Endpoint) makes it: the request to send, and the reader
/// of its answer.
///
/// ```
/// use bytes::Bytes;
/// use kirin_client::{BaseUrl, wire::{CreateAnswer, Endpoint, Exchange}};
/// use kirin_types::{GenerationRequest, Timestamp};
///
/// let endpoint = Endpoint::new(BaseUrl::default(), "sk-0123456789".parse()?)?;
/// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
/// let call = endpoint.create(&request);
/// // Send `call.request()`. A server may repeat the key that it refuses.
/// let answer = http::Response::builder()
///     .status(401)
///     .body(Bytes::from(r#"{"message":"invalid key: sk-0123456789"}"#))?;
/// let now = Timestamp::from_milliseconds(1_769_757_744_021);
/// let event = call.read(Exchange::Whole(answer), Some(now));
/// let Some(CreateAnswer::Refused(refusal)) = event.create_answer() else {
///     panic!("{event:?}");
/// };
/// assert_eq!(refusal.to_string(), "HTTP 401: invalid key: (hidden)");
/// // `machine.handle(elapsed, event)` goes on.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Call {
    request: Request<Bytes>,
    asked: Asked,
}

/// What a call asks for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// A create under this id.
    Create(Option<ExternalTaskId>),
    Probe,
    Query,
}

/// What came of sending a call. A `Result` of an answer or an error is one, where the body comes whole or
/// not at all.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an answer came, a part of one, or none"
)]
pub enum Exchange {
    /// An answer began; this much of its body came, and this is why no more did.
    Cut(Response<Bytes>, TransportError),
    /// No answer came.
    Failed(TransportError),
    /// A whole answer.
    Whole(Response<Bytes>),
}

impl From<Result<Response<Bytes>, TransportError>> for Exchange {
    fn from(answer: Result<Response<Bytes>, TransportError>) -> Self {
        match answer {
            Ok(answer) => Self::Whole(answer),
            Err(error) => Self::Failed(error),
        }
    }
}

impl Call {
    pub(super) fn new(request: Request<Bytes>, asked: Asked) -> Self {
        Self { request, asked }
    }

    /// What is to be sent, once. Its header with the key is marked as sensitive.
    pub fn request(&self) -> Request<Bytes> {
        self.request.clone()
    }

    /// Reads what came of it as the event that the machine waits for, an [`Event::Answered`]. `ours` is
    /// what our own clock shows now, and `None` where there is none.
    ///
    /// What something on the way compressed with gzip is undone, as it was never asked for. Of a body that
    /// is larger than [`MAX_ANSWER_BYTES`](super::MAX_ANSWER_BYTES), in a refusal
    /// [`MAX_ERROR_BYTES`](super::MAX_ERROR_BYTES), only so much is read, and a success counts as cut. The
    /// key, and what else is sensitive among the headers that were sent, is replaced by `(hidden)`, because some
    /// servers repeat the key that they refuse; one of less than 8 characters is no secret, and stays.
    pub fn read(&self, exchange: impl Into<Exchange>, ours: Option<Timestamp>) -> Event {
        let (answer, service) = match exchange.into() {
            Exchange::Cut(response, error) => self.read_answer(response, Some(error)),
            Exchange::Failed(error) => (self.read_failure(&error), None),
            Exchange::Whole(response) => self.read_answer(response, None),
        };
        Event::Answered {
            answer: Box::new(answer),
            ours,
            service,
        }
    }

    fn read_answer(
        &self,
        mut response: Response<Bytes>,
        mut cut: Option<TransportError>,
    ) -> (Event, Option<Timestamp>) {
        let limit = answer_limit(response.status());
        if response.body().len() > limit {
            response.body_mut().truncate(limit);
            cut = cut.or_else(|| {
                let kind = TransportErrorKind::TooLarge;
                Some(TransportError::new(kind, Sent::Maybe))
            });
        }
        // The status of a refusal is known already, and says more than a cut or a stall.
        let cut = cut.filter(|_| response.status().is_success());
        let response = self.without_secrets(without_gzip(response));
        let service = date(response.headers());
        let event = match (&self.asked, &cut) {
            (Asked::Create(id), Some(error)) => {
                Event::CreateAnswered(CreateAnswer::decode_cut(&response, id.as_ref(), error))
            }
            (_, Some(error)) => self.read_failure(error),
            (Asked::Create(id), None) => {
                Event::CreateAnswered(CreateAnswer::decode(&response, id.as_ref()))
            }
            (Asked::Probe, None) => Event::Probed(Probe::decode(&response)),
            (Asked::Query, None) => Event::QueryAnswered(QueryAnswer::decode(&response)),
        };
        (event, service)
    }

    fn read_failure(&self, error: &TransportError) -> Event {
        match self.asked {
            Asked::Create(_) => Event::CreateAnswered(CreateAnswer::failed(error)),
            Asked::Probe => Event::Probed(Probe::failed(error)),
            Asked::Query => Event::QueryAnswered(QueryAnswer::failed(error)),
        }
    }

    fn without_secrets(&self, answer: Response<Bytes>) -> Response<Bytes> {
        let (mut head, mut body) = answer.into_parts();
        let sent = self.request.headers().values();
        for secret in sent.filter(|value| value.is_sensitive()) {
            let secret = secret.as_bytes();
            let secret = secret.strip_prefix(b"Bearer ").unwrap_or(secret);
            redaction::headers(&mut head.headers, secret);
            body = redaction::body(body, secret);
        }
        Response::from_parts(head, body)
    }
}
