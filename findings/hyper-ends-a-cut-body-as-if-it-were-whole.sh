#!/usr/bin/env bash
# hyper ends a body that HTTP/2 cut with RST_STREAM(NO_ERROR) as if it were whole, even short of its length.
#
# One would guess: over HTTP/2 a body is whole when END_STREAM came. A stream that is reset before is an error
# for who reads it, whatever the code; and a body that is shorter than its content-length is one too.
#
# True: the h2 crate does report the reset. hyper takes the code NO_ERROR for "the response is complete, stop
# sending", which RFC 9113, section 8.1 allows a server to say *after* END_STREAM, and ends the body without an
# error although END_STREAM never came. Nobody compares the length then: h2 does so only at END_STREAM. reqwest
# passes it on: its `chunk` and `bytes` give a part for the whole. With another code, or with END_STREAM too
# early, all three fail. What is left is to ask hyper's body at its end: over HTTP/2, `is_end_stream` is false if
# it was cut, and where there is a length, `size_hint` is what is missing.
#
# Why it matters to people who pay for video: a server or a proxy that ends its streams politely while it
# restarts, in the middle of a download, leaves half a film that was saved "without an error". By the time
# somebody looks at it, its link has run out, and the film has to be paid again. Who saves it has to count the
# bytes, and where there is no length, to look at `is_end_stream`.
#
# Needs cargo. Exits 1 if this has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "cut"
version = "0.0.0"
edition = "2024"
[dependencies]
bytes = "=1.12.2"
h2 = "=0.4.20"
http = "=1.5.0"
http-body-util = "=0.1.5"
hyper = { version = "=1.12.0", features = ["client", "http2"] }
hyper-util = { version = "=0.1.21", features = ["client-legacy", "http2", "tokio"] }
reqwest = { version = "=0.13.5", default-features = false, features = ["http2"] }
tokio = { version = "=1.54.1", features = ["macros", "net", "rt", "sync", "time"] }
[workspace]
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use h2::Reason;
use http_body_util::{BodyExt, Empty};
use hyper::body::Body;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tokio::{net::{TcpListener, TcpStream}, sync::Notify, time::timeout};

/// What follows the first half of the body.
#[derive(Clone, Copy, Debug)]
enum Then {
    EndStream,
    Reset(Reason),
}

/// One answer on one connection: half of a body of eight bytes, and then its end.
#[derive(Clone, Copy)]
struct Answer {
    has_length: bool,
    then: Then,
}

struct Server {
    address: String,
    /// Says that the half was read, so that the end cannot overtake it.
    half_was_read: Arc<Notify>,
}

impl Server {
    async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let half_was_read = Arc::new(Notify::new());
        tokio::spawn(timeout(Duration::from_secs(10), serve(listener, answer, half_was_read.clone())));
        Self { address, half_was_read }
    }

    fn url(&self) -> String {
        format!("http://{}/film", self.address)
    }
}

async fn serve(listener: TcpListener, answer: Answer, half_was_read: Arc<Notify>) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let (_, mut respond) = connection.accept().await.unwrap().unwrap();
    tokio::spawn(async move {
        let mut head = http::Response::builder();
        if answer.has_length {
            head = head.header("content-length", 8);
        }
        let mut body = respond.send_response(head.body(()).unwrap(), false).unwrap();
        body.send_data(Bytes::from_static(b"half"), false).unwrap();
        half_was_read.notified().await;
        match answer.then {
            Then::EndStream => body.send_data(Bytes::new(), true).unwrap(),
            Then::Reset(reason) => body.send_reset(reason),
        }
    });
    while let Some(Ok(_)) = connection.accept().await {}
}

async fn with_h2(server: &Server) -> String {
    let stream = TcpStream::connect(&server.address).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get(server.url()).body(()).unwrap();
    let mut body = client.send_request(request, true).unwrap().0.await.unwrap().into_body();
    let mut read = 0;
    while let Some(piece) = body.data().await {
        match piece {
            Ok(piece) => read += piece.len(),
            Err(_) => return format!("fails after {read} bytes"),
        }
        server.half_was_read.notify_one();
    }
    format!("ends after {read} bytes")
}

async fn with_hyper(server: &Server) -> String {
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Empty<Bytes>>();
    let request = http::Request::get(server.url()).body(Empty::new()).unwrap();
    let mut body = client.request(request).await.unwrap().into_body();
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => read += frame.data_ref().map_or(0, Bytes::len),
            Err(_) => return format!("fails after {read} bytes"),
        }
        server.half_was_read.notify_one();
    }
    let (at_end, missing) = (body.is_end_stream(), body.size_hint().exact());
    format!("ends after {read} bytes, is_end_stream: {at_end}, missing: {missing:?}")
}

async fn with_reqwest(server: &Server) -> String {
    let client = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
    let mut response = client.get(server.url()).send().await.unwrap();
    let mut read = 0;
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => read += piece.len(),
            Ok(None) => return format!("ends after {read} bytes"),
            Err(_) => return format!("fails after {read} bytes"),
        }
        server.half_was_read.notify_one();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for has_length in [false, true] {
        for then in [Then::EndStream, Then::Reset(Reason::CANCEL), Then::Reset(Reason::NO_ERROR)] {
            println!("{} content-length: 8, 4 bytes, then {then:?}", if has_length { "with" } else { "without" });
            let answer = Answer { has_length, then };
            println!("  h2       {}", with_h2(&Server::start(answer).await).await);
            println!("  hyper    {}", with_hyper(&Server::start(answer).await).await);
            println!("  reqwest  {}", with_reqwest(&Server::start(answer).await).await);
        }
    }
}
RUST
cat > "$folder/expected.txt" <<'TEXT'
without content-length: 8, 4 bytes, then EndStream
  h2       ends after 4 bytes
  hyper    ends after 4 bytes, is_end_stream: true, missing: None
  reqwest  ends after 4 bytes
without content-length: 8, 4 bytes, then Reset(CANCEL)
  h2       fails after 4 bytes
  hyper    fails after 4 bytes
  reqwest  fails after 4 bytes
without content-length: 8, 4 bytes, then Reset(NO_ERROR)
  h2       fails after 4 bytes
  hyper    ends after 4 bytes, is_end_stream: false, missing: None
  reqwest  ends after 4 bytes
with content-length: 8, 4 bytes, then EndStream
  h2       fails after 4 bytes
  hyper    fails after 4 bytes
  reqwest  fails after 4 bytes
with content-length: 8, 4 bytes, then Reset(CANCEL)
  h2       fails after 4 bytes
  hyper    fails after 4 bytes
  reqwest  fails after 4 bytes
with content-length: 8, 4 bytes, then Reset(NO_ERROR)
  h2       fails after 4 bytes
  hyper    ends after 4 bytes, is_end_stream: false, missing: Some(4)
  reqwest  ends after 4 bytes
TEXT
cargo build --quiet --manifest-path "$folder/Cargo.toml" --target-dir "$folder/target"
echo "hyper 1.12.0, hyper-util 0.1.21, h2 0.4.20, reqwest 0.13.5"
echo "behaviour: a body that is reset with NO_ERROR before its END_STREAM ends without an error"
timeout 60 "$folder/target/debug/cut" | tee "$folder/seen.txt"
if diff "$folder/expected.txt" "$folder/seen.txt"; then
  echo "as described"
else
  echo "this has changed"
  exit 1
fi
