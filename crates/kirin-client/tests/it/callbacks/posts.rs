//! Raw requests to a receiver, over loopback.

use std::num::NonZeroU16;

use kirin_client::{CallbackReceiver, Client};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::service::Service;

/// A callback for a task that nobody waits for.
pub(super) const UNKNOWN: &str = r#"{"id":"task-2","status":"completed"}"#;

/// Longest answer that is read.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

pub(super) async fn receive(client: &Client, connections: u16) -> CallbackReceiver {
    CallbackReceiver::builder(client)
        .connections(NonZeroU16::new(connections).unwrap())
        .bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap()
}

/// A receiver of a client that waits for nothing.
pub(super) async fn idle(connections: u16) -> CallbackReceiver {
    let client = Service::new(std::time::Duration::ZERO).builder().build();
    receive(&client.unwrap(), connections).await
}

/// The path that the service is told.
pub(super) fn secret_path(receiver: &CallbackReceiver) -> String {
    receiver.url("")
}

pub(super) fn post(path: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

pub(super) async fn connect(receiver: &CallbackReceiver) -> TcpStream {
    TcpStream::connect(receiver.address()).await.unwrap()
}

/// Sends bytes on a connection of their own, and gives the answer's status and head; 0 if it was
/// closed without one.
pub(super) async fn send(receiver: &CallbackReceiver, request: &[u8]) -> (u16, String) {
    let mut stream = connect(receiver).await;
    // The receiver may have closed it before it has read all.
    let _ = stream.write_all(request).await;
    let _ = stream.shutdown().await;
    answer(stream).await
}

/// What comes until the connection ends.
pub(super) async fn answer(stream: TcpStream) -> (u16, String) {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = stream.take(MAX_ANSWER_BYTES).read_to_end(&mut bytes).await;
    let text = String::from_utf8(bytes).unwrap();
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.unwrap_or(0), text)
}
