//! ureq under the client: an HTTP client that blocks a thread.
//!
//! It is held against the contract, which it keeps but for one clause that is not about money, and then
//! generates and downloads a video with the emulator, which costs nothing.
//!
//! ```text
//! cargo run --package kirin-client --example ureq_transport
//! ```
#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::{error::Error, io, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, header::CONTENT_LENGTH};
use kirin_client::Client;
use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};
use kirin_transport::{
    Body, BodyEnd, SendWatch, Sent, Transport, TransportError, TransportErrorKind, WatchedBody,
    conformance::{self, Clause, Peer},
};
use kirin_types::GenerationRequest;
use ureq::{Agent, SendBody};

/// A thread for each request, and another one for its body.
pub(crate) struct UreqTransport(Agent);

impl UreqTransport {
    pub(crate) fn new() -> Self {
        // Where the caller gives a request up, its thread goes on: so it has an end of its own, which is not
        // later than that of a call of the client.
        let limit = Some(Client::CALL_TIMEOUT);
        let config = Agent::config_builder()
            // A refusal is an answer, and so is a redirect.
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // What was not asked for, and a proxy that would see the key of a plain HTTP request.
            .accept_encoding("")
            .accept("")
            .user_agent("")
            .proxy(None)
            // A kept connection may have been closed by the server.
            .max_idle_connections(0)
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_send_request(limit)
            .timeout_send_body(limit)
            .timeout_recv_response(limit)
            .timeout_per_read(limit);
        Self(config.build().new_agent())
    }
}

/// Nobody waits for the request any more: if its body was not taken, it never is.
struct WithdrawWhenDropped(SendWatch);

impl Drop for WithdrawWhenDropped {
    fn drop(&mut self) {
        self.0.withdraw();
    }
}

#[async_trait]
impl Transport for UreqTransport {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let watch: SendWatch = request.extensions_mut().remove().unwrap_or_default();
        let _withdraw = WithdrawWhenDropped(watch.clone());
        let (mut head, body) = request.into_parts();
        if !body.is_empty() {
            // A reader has no length of its own.
            head.headers.insert(CONTENT_LENGTH, body.len().into());
        }
        let body = watch.announce(body);
        let (agent, request) = (self.0.clone(), Request::from_parts(head, body));
        let sending = tokio::task::spawn_blocking(move || exchange(&agent, request));
        let sending = async {
            // A panic of the thread says nothing of what was sent.
            sending.await.unwrap_or_else(|error| Err(lost(error)))
        };
        watch.unless_withdrawn(sending).await
    }
}

/// Blocks until the head of the response is there.
fn exchange(
    agent: &Agent,
    request: Request<WatchedBody>,
) -> Result<Response<Body>, TransportError> {
    let is_empty = !request.headers().contains_key(CONTENT_LENGTH);
    // The body is taken when ureq has a connection and reads it.
    let request = request.map(|body| match is_empty {
        true => SendBody::none(),
        false => SendBody::from_owned_reader(body),
    });
    let (mut head, body) = agent.run(request).map_err(failed)?.into_parts();
    head.extensions.insert(BodyEnd::of_http1(&head));
    // ureq itself says where a body is cut.
    let body = Body::from_reader(body.into_reader());
    Ok(Response::from_parts(head, body))
}

fn failed(error: ureq::Error) -> TransportError {
    let (kind, sent) = match &error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => (TransportErrorKind::Request, Sent::No),
        ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => {
            (TransportErrorKind::Connect, Sent::No)
        }
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            (TransportErrorKind::Connect, Sent::No)
        }
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            (TransportErrorKind::Connect, Sent::No)
        }
        ureq::Error::Timeout(_) => (TransportErrorKind::Timeout, Sent::Maybe),
        _ => (TransportErrorKind::Closed, Sent::Maybe),
    };
    TransportError::new(kind, sent).with_source(error)
}

fn lost(error: impl Error + Send + Sync + 'static) -> TransportError {
    TransportError::new(TransportErrorKind::Other, Sent::Maybe).with_source(error)
}

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let report = conformance::check(&UreqTransport::new(), &Peer::http1()).await;
    println!("{report}");
    if !report.broken_clauses().into_iter().all(Clause::needs_async) {
        return Err("the transport breaks more of the contract than it must".into());
    }

    let config = EmulatorConfig::new()
        .task_time(Duration::from_millis(100))
        .video_size(VideoSize::Small);
    let emulator = Emulator::start(config).await?;
    let client = Client::builder("any-key".parse()?)
        .base_url(emulator.base_url().parse()?)
        .transport(UreqTransport::new())
        .build()?;
    let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
    let task = client.generate(request).await?;
    let mut video = client.download_stream(&task);
    let mut length = 0;
    while let Some(piece) = video.next().await {
        length += piece?.len();
    }
    println!("task {} has a video of {length} bytes", task.id());
    Ok(())
}
