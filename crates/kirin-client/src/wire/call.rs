//! One call: what is sent, and how its answer is read.

use bytes::Bytes;
use http::{Request, Response};
use kirin_transport::TransportError;
use kirin_types::ExternalTaskId;

use super::redaction;

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
pub(crate) enum Asked {
    /// A create under this id.
    Create(Option<ExternalTaskId>),
    Probe,
    Query,
}

/// The result of sending a call. A `Result` of an answer or an error is one, where the body comes whole or
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

    pub(crate) fn asked(&self) -> &Asked {
        &self.asked
    }

    /// What is to be sent, once. Its header with the key is marked as sensitive.
    pub fn request(&self) -> Request<Bytes> {
        self.request.clone()
    }

    pub(crate) fn without_secrets(&self, answer: Response<Bytes>) -> Response<Bytes> {
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
