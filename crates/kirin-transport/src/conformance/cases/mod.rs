//! The cases, a file a clause.

pub(super) mod attempts;
pub(super) mod cut;
pub(super) mod dropping;
pub(super) mod goodbyes;
pub(super) mod head;
pub(super) mod redirects;
pub(super) mod request;
pub(super) mod sent;
pub(super) mod status;
pub(super) mod streaming;
pub(super) mod withdrawing;

use bytes::Bytes;
use http::{Request, Response};

use super::{
    bench::{Bench, Outcome, ensure},
    clause::Clause,
    http2,
    log::Log,
    peer::{Peer, Version},
    server::{Last, Server, Step},
};
use crate::{Sent, Transport, TransportError};

/// The words of a create: a POST that costs money if the server acts on it.
const BODY: &str = r#"{"prompt":"a paper boat","external_task_id":"order-42"}"#;

/// More than any transport reads of an answer to a create.
const MAX_BODY: usize = 16 << 20;

fn post(url: String) -> Request<Bytes> {
    post_of(url, BODY)
}

fn post_of(url: String, body: impl Into<Bytes>) -> Request<Bytes> {
    let request = Request::post(url)
        .header("authorization", "Bearer not-a-key")
        .header("content-type", "application/json")
        .body(body.into());
    // The URL is that of a server which was just started, and the rest is constant.
    request.expect("a request of valid parts")
}

/// A whole exchange: no head, or a head and a body that may have been cut.
type Exchange = Result<Response<Result<Bytes, TransportError>>, TransportError>;

async fn ask(transport: &dyn Transport, request: Request<Bytes>) -> Exchange {
    let (head, body) = transport.send(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect(MAX_BODY).await))
}

/// Sends one create to a server that takes its first connection through `steps`; the outcome, and
/// what the server saw.
async fn exchange(bench: &Bench<'_>, steps: Vec<Step>) -> Result<(Exchange, Log), String> {
    let server = start(bench.peer, steps).await?;
    let outcome = ask(bench.transport, post(server.url("/v1/create"))).await;
    Ok((outcome, server.finish().await))
}

async fn start(peer: &Peer, steps: Vec<Step>) -> Result<Server, String> {
    let started = Server::start(peer, steps).await;
    started.map_err(|error| format!("the suite's own server cannot start: {error}"))
}

fn headers<const N: usize>(headers: [(&str, &str); N]) -> Vec<(String, String)> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    headers.map(owned).to_vec()
}

fn answer(status: u16, body: &'static [u8]) -> Step {
    Step::Answer(status, Vec::new(), body)
}

/// What came of it, in a few words.
fn shown(outcome: &Exchange) -> String {
    match outcome {
        Ok(response) => match response.body() {
            Ok(body) => format!(
                "status {} and {} bytes",
                response.status().as_u16(),
                body.len()
            ),
            Err(error) => format!(
                "status {} and a body cut: {error}",
                response.status().as_u16()
            ),
        },
        Err(error) => format!("an error, {:?} and Sent::{:?}", error.kind(), error.sent()),
    }
}
