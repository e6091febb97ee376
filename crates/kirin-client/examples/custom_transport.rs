//! A transport of one's own: a new connection for each request, over hyper's lowest layer.
//!
//! It is held against the contract, and then generates a video with the emulator, which costs
//! nothing.
//!
//! ```text
//! cargo run --package kirin-client --example custom_transport
//! ```
#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, Uri, header::HOST};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use kirin_client::Client;
use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};
use kirin_transport::{
    Body, Sent, Transport, TransportError, TransportErrorKind,
    conformance::{self, Peer},
};
use kirin_types::GenerationRequest;
use tokio::net::TcpStream;

/// One connection for each request. Until there is one, nothing can have left; after that, anything
/// may have.
struct OneConnectionEach;

#[async_trait]
impl Transport for OneConnectionEach {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        if request.uri().scheme_str() != Some("http") {
            let reason = "this transport speaks plain HTTP only";
            return Err(failed(TransportErrorKind::Request, Sent::No, reason));
        }
        let host = request.uri().authority().map(ToString::to_string);
        let host = host.ok_or_else(|| failed(TransportErrorKind::Request, Sent::No, "no host"))?;
        let stream = TcpStream::connect(&host).await;
        let stream = stream.map_err(|e| failed(TransportErrorKind::Connect, Sent::No, e))?;
        let lost = |e| failed(TransportErrorKind::Closed, Sent::Maybe, e);
        let mut builder = http1::Builder::new();
        builder.max_buf_size(64 << 10); // A head without end must not fill the memory.
        let (mut sender, connection) = builder
            .handshake(TokioIo::new(stream))
            .await
            .map_err(lost)?;
        tokio::spawn(connection);
        let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
        *request.uri_mut() = Uri::try_from(path).unwrap_or_default();
        if let Ok(host) = host.try_into() {
            request.headers_mut().insert(HOST, host);
        }
        let response = sender
            .send_request(request.map(Full::new))
            .await
            .map_err(lost)?;
        Ok(response.map(Body::new))
    }
}

fn failed(
    kind: TransportErrorKind,
    sent: Sent,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> TransportError {
    TransportError::new(kind, sent).with_source(source)
}

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let report = conformance::check(&OneConnectionEach, &Peer::http1()).await;
    println!("{report}");
    if !report.is_conforming() {
        return Err("the transport breaks the contract".into());
    }

    let config = EmulatorConfig::new()
        .task_time(Duration::from_millis(100))
        .video_size(VideoSize::Small);
    let emulator = Emulator::start(config).await?;
    let client = Client::builder("any-key".parse()?)
        .base_url(emulator.base_url().parse()?)
        .transport(OneConnectionEach)
        .build()?;
    let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
    let task = client.generate(request).await?;
    println!(
        "task {} is {}",
        task.id(),
        task.status().unwrap_or("unknown")
    );
    Ok(())
}
