#!/usr/bin/env bash
# hyper sends a queued HTTP/2 request after its caller's time-out, when nobody waits for it any more.
#
# One would guess: dropping the future of a request that still waits for a free stream takes it out of
# the queue, so that a time-out while it was queued means that the server never sees it.
#
# True: hyper looks at the cancellation before it takes a request out of its queue, and not while the
# request waits for its stream to open. When a stream becomes free, the whole request is sent, with its
# body, and then, if at all, reset. What makes the difference is a body that fails when it is polled:
# hyper asks for it only when the stream is open, and a request with a length whose body never comes is
# never whole.
#
# Why it matters to people who pay for video: a create that timed out in the queue and is sent again is
# made, and charged, twice. And one that is given up for lost "because it timed out" is charged and
# thrown away.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "queued"
version = "0.0.0"
edition = "2024"
[dependencies]
bytes = "=1.12.2"
h2 = "=0.4.20"
http = "=1.5.0"
http-body = "=1.1.0"
http-body-util = "=0.1.5"
hyper = { version = "=1.12.0", features = ["client", "http2"] }
hyper-util = { version = "=0.1.21", features = ["client-legacy", "http2", "tokio"] }
tokio = { version = "=1.54.1", features = ["macros", "net", "rt", "time"] }
[workspace]
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::{error::Error, pin::Pin, process::exit, task::{Context, Poll}, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tokio::{net::TcpListener, sync::mpsc, time::{sleep, timeout}};

type Body = BoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// Has a length, and fails when it is asked for.
struct Withdrawn;

impl http_body::Body for Withdrawn {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;
    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Err("withdrawn".into())))
    }
    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(6)
    }
}

fn whole(text: &'static str) -> Body {
    Full::from(text).map_err(|never| match never {}).boxed()
}

/// Allows one stream at a time, answers the first request after half a second, and tells the bodies
/// of all whole requests.
async fn serve(listener: TcpListener, bodies: mpsc::UnboundedSender<String>) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut builder = h2::server::Builder::new();
    let mut connection = builder.max_concurrent_streams(1).handshake::<_, Bytes>(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let bodies = bodies.clone();
        tokio::spawn(async move {
            let (mut body, mut read) = (request.into_body(), Vec::new());
            while let Some(piece) = body.data().await {
                match piece {
                    Ok(piece) => read.extend_from_slice(&piece),
                    Err(_) => return,
                }
            }
            let _ = bodies.send(String::from_utf8(read).unwrap());
            sleep(Duration::from_millis(500)).await;
            let _ = respond.send_response(http::Response::new(()), true);
        });
    }
}

/// The bodies that arrive when the second of two creates is given up while it is queued.
async fn arrived(second: Body) -> Vec<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, mut bodies) = mpsc::unbounded_channel();
    tokio::spawn(serve(listener, sender));
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Body>();
    let post = |body| http::Request::post(&url).body(body).unwrap();
    // The server's setting is known to the client after a first exchange.
    client.request(post(whole("warmup"))).await.unwrap();
    let first = tokio::spawn(client.request(post(whole("first!"))));
    sleep(Duration::from_millis(100)).await;
    let given_up = timeout(Duration::from_millis(100), client.request(post(second))).await;
    assert!(given_up.is_err(), "it was not queued");
    first.await.unwrap().unwrap();
    sleep(Duration::from_millis(500)).await;
    let mut arrived = Vec::new();
    while let Ok(body) = bodies.try_recv() {
        arrived.push(body);
    }
    arrived
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let with_bytes = arrived(whole("second")).await;
    println!("given up in the queue, with its bytes at hand: {with_bytes:?} arrived");
    let without = arrived(Withdrawn.boxed()).await;
    println!("given up in the queue, with a body that fails: {without:?} arrived");
    let as_described = with_bytes == ["warmup", "first!", "second"] && without == ["warmup", "first!"];
    exit(if as_described { 0 } else { 1 });
}
RUST
cargo build --quiet --manifest-path "$folder/Cargo.toml" --target-dir "$folder/target"
echo "hyper 1.12.0, hyper-util 0.1.21, h2 0.4.20"
echo "behaviour: a request that was dropped while it waited for a stream is sent, whole, when one is free"
if timeout 60 "$folder/target/debug/queued"; then
  echo "as described"
else
  echo "this has changed"
  exit 1
fi
