//! Downloads that are cut anywhere, and whole in the end.

use std::{
    fs,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, header};
use kirin_transport::{Body, Transport, TransportError};
use kirin_types::Task;
use tokio::io::AsyncWrite;

use super::{Place, client, completed, mp4};
use crate::scripted::{End, Pieces};

const LENGTH: usize = 64 << 10;

/// 65,536 bytes that are an MP4.
fn artifact() -> Bytes {
    let rest = u32::try_from(LENGTH).unwrap() - 16 - 20 - 8;
    let artifact = mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", rest)]);
    assert_eq!(artifact.len(), LENGTH);
    artifact.into()
}

/// Serves the artifact with ranges, and cuts the first answer after so many bytes.
#[derive(Clone)]
struct Cutting {
    artifact: Bytes,
    cut_at: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Cutting {
    fn new() -> Self {
        Self {
            artifact: artifact(),
            cut_at: Arc::default(),
            requests: Arc::default(),
        }
    }

    fn cut_at(&self, at: usize) {
        self.cut_at.store(at, Ordering::Relaxed);
        self.requests.store(0, Ordering::Relaxed);
    }

    /// The cut costs one more request, unless nothing is missing after it.
    fn check_requests(&self, at: usize) {
        let expected = if at == LENGTH { 1 } else { 2 };
        assert_eq!(
            self.requests.load(Ordering::Relaxed),
            expected,
            "cut at {at}"
        );
    }
}

#[async_trait]
impl Transport for Cutting {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let is_first = self.requests.fetch_add(1, Ordering::Relaxed) == 0;
        let response = Response::builder().header(header::ETAG, "\"v1\"");
        let response = match request.headers().get(header::RANGE) {
            None => {
                let at = self.cut_at.load(Ordering::Relaxed);
                let body = match is_first {
                    true => Pieces::body([self.artifact.slice(..at)], End::Broken),
                    false => self.artifact.clone().into(),
                };
                response.header(header::CONTENT_LENGTH, LENGTH).body(body)
            }
            Some(range) => {
                assert_eq!(request.headers()[header::IF_RANGE], "\"v1\"");
                let from = range.to_str().unwrap().strip_prefix("bytes=").unwrap();
                let from: usize = from.strip_suffix('-').unwrap().parse().unwrap();
                let range = format!("bytes {from}-{}/{LENGTH}", LENGTH - 1);
                let response = response.status(206).header(header::CONTENT_RANGE, range);
                response.body(self.artifact.slice(from..).into())
            }
        };
        Ok(response.unwrap())
    }
}

/// Compares what is written with what it must be, byte by byte, and keeps nothing.
struct Comparing<'a> {
    expected: &'a [u8],
}

impl AsyncWrite for Comparing<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let (now, later) = self.expected.split_at(data.len());
        assert!(
            data == now,
            "other bytes, {} before the end",
            self.expected.len()
        );
        self.expected = later;
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Every one of the 65,536 bytes, and the end, through the driver into a writer.
#[tokio::test(start_paused = true)]
async fn download_cut_after_any_byte_is_resumed_and_identical() {
    let transport = Cutting::new();
    let client = client(transport.clone());
    let task = Task::from_json(completed().as_bytes()).unwrap();
    for at in 0..=LENGTH {
        transport.cut_at(at);
        let mut comparing = Comparing {
            expected: &transport.artifact,
        };
        let written = client.download_stream(&task).write_to(&mut comparing).await;
        assert_eq!(written.unwrap(), LENGTH as u64, "cut at {at}");
        assert_eq!(comparing.expected.len(), 0, "cut at {at}");
        transport.check_requests(at);
    }
}

/// The same into files, which are slower, for 256 places spread over the artifact.
#[tokio::test(start_paused = true)]
async fn file_cut_after_a_byte_is_resumed_and_identical() {
    let transport = Cutting::new();
    let client = client(transport.clone());
    let task = Task::from_json(completed().as_bytes()).unwrap();
    let place = Place::new();
    let path = place.path("a.mp4");
    for at in (0..=LENGTH).step_by(LENGTH / 255) {
        transport.cut_at(at);
        client.download(&task, &path).overwrite(true).await.unwrap();
        assert!(
            fs::read(&path).unwrap() == transport.artifact,
            "cut at {at}"
        );
        assert_eq!(place.files(), ["a.mp4"], "cut at {at}");
        transport.check_requests(at);
    }
}
