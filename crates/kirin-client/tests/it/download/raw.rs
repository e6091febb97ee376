//! What hyper makes of bodies that end too early or too late.

use std::{
    collections::VecDeque,
    future::ready,
    io,
    sync::{Arc, Mutex},
};

use kirin_client::{DownloadError, DownloadErrorKind};
use kirin_transport::HyperTransport;
use kirin_types::Task;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Place, client, completed, video};

/// A server that answers each connection with the next of these bytes, and closes it.
pub(super) fn server(answers: Vec<Vec<u8>>) -> HyperTransport {
    let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
    HyperTransport::builder().build_over(move |_url| {
        let answer = answers.lock().unwrap().pop_front();
        let answer = answer.expect("more connections than answers");
        let (client, mut server) = tokio::io::duplex(64 << 10);
        tokio::spawn(async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(server.read_u8().await?);
            }
            server.write_all(&answer).await
        });
        ready(Ok::<_, io::Error>(client))
    })
}

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

pub(super) fn with_length(length: usize, body: &[u8]) -> Vec<u8> {
    answer(&format!("content-length: {length}\r\n"), body)
}

pub(super) fn until_closed(body: &[u8]) -> Vec<u8> {
    answer("connection: close\r\n", body)
}

pub(super) fn in_chunks(body: &[u8], last: &str) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.chunks(33) {
        chunks.extend(format!("{:x}\r\n", chunk.len()).bytes());
        chunks.extend(chunk);
        chunks.extend(b"\r\n");
    }
    chunks.extend(last.bytes());
    answer("transfer-encoding: chunked\r\n", &chunks)
}

async fn download(answers: Vec<Vec<u8>>, max_bytes: u64) -> Result<Vec<u8>, DownloadError> {
    let place = Place::new();
    let path = place.path("a.mp4");
    let task = Task::from_json(completed().as_bytes()).unwrap();
    let client = client(server(answers));
    let done = client.download(&task, &path).max_bytes(max_bytes).await;
    assert_eq!(path.exists(), done.is_ok());
    done.map(|_| std::fs::read(path).unwrap())
}

#[tokio::test(start_paused = true)]
async fn whole_bodies_are_taken_however_they_end() {
    let bytes = video();
    for whole in [
        with_length(84, &bytes),
        in_chunks(&bytes, "0\r\n\r\n"),
        until_closed(&bytes),
    ] {
        assert_eq!(download(vec![whole], 84).await.unwrap(), bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn body_that_ends_early_is_never_the_file_however_it_ends() {
    let bytes = video();
    for at in 0..bytes.len() {
        for (short, expected) in [
            (with_length(84, &bytes[..at]), DownloadErrorKind::Network),
            (in_chunks(&bytes[..at], ""), DownloadErrorKind::Network),
            (until_closed(&bytes[..at]), DownloadErrorKind::Unproven),
        ] {
            let then_whole = vec![short.clone(), with_length(84, &bytes)];
            let downloaded = download(then_whole, 84).await.unwrap();
            assert_eq!(downloaded, bytes, "cut at {at}");
            let error = download(vec![short; 5], 84).await.unwrap_err();
            assert_eq!(error.kind(), expected, "cut at {at}");
        }
    }
    // The last box reaches to the end of the file: only a length shows where that is.
    let mut open_ended = bytes.clone();
    open_ended[36..40].fill(0);
    let error = download(vec![until_closed(&open_ended[..60]); 2], 84)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), DownloadErrorKind::Unproven);
    // All is there, and only the last chunk shows that.
    let error = download(vec![in_chunks(&bytes, ""); 5], 84)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), DownloadErrorKind::Network);
}

#[tokio::test(start_paused = true)]
async fn body_longer_than_allowed_is_stopped_however_it_is_sent() {
    let mut bytes = video();
    bytes[36..40].fill(0);
    bytes.resize(1 << 20, 7);
    for long in [
        with_length(bytes.len(), &bytes),
        in_chunks(&bytes, "0\r\n\r\n"),
        until_closed(&bytes),
    ] {
        let error = download(vec![long], 1000).await.unwrap_err();
        assert_eq!(error.kind(), DownloadErrorKind::TooLarge);
    }
}
