//! A download that is dropped, and the work that it may leave to the disk.

#![expect(
    clippy::disallowed_methods,
    reason = "a test that would wait for ever has an end"
)]

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use kirin_client::{DownloadErrorKind, DownloadEvent};
use kirin_types::Task;

use super::{Place, client, completed, mp4, whole};
use crate::scripted::{Answer, End, Pieces, Scripted, with_headers};

const PIECE: usize = 1 << 20;

fn film(bytes: u32) -> Vec<u8> {
    mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", bytes)])
}

/// A film of which only a part comes.
fn stalled(film: &[u8]) -> Answer {
    let pieces = film.chunks(PIECE).map(Bytes::copy_from_slice);
    let length = (film.len() + 1).to_string();
    let headers = [("content-length", length.as_str()), ("etag", "\"v0\"")];
    with_headers(200, &headers, Pieces::body(pieces, End::Stalled))
}

fn task() -> Task {
    Task::from_json(completed().as_bytes()).unwrap()
}

/// Dropped at once after each piece came, while it is written: the next one takes over, without a pause.
#[tokio::test]
async fn download_that_is_dropped_and_begun_again_at_once_goes_on() {
    let film = film(4 << 20);
    let limit = Duration::from_secs(60);
    for round in 0..40 {
        let place = Place::new();
        let path = place.path("a.mp4");
        let first = client(Scripted::new([stalled(&film)]));
        let (task, pieces) = (task(), AtomicUsize::new(0));
        let download = first.download(&task, &path).on_event(|event| {
            if let DownloadEvent::Progress { .. } = event {
                pieces.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut download = download.into_future();
        let until_written = std::future::poll_fn(|context| {
            assert!(download.as_mut().poll(context).is_pending(), "it stalls");
            match pieces.load(Ordering::Relaxed) > round % 4 {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        let written = tokio::time::timeout(limit, until_written);
        written.await.expect("pieces come");
        drop(download);
        let again = client(Scripted::new([whole(film.clone())]));
        let again = tokio::time::timeout(limit, again.download(&task, &path).into_future());
        let done = again.await.expect("it waits for the first, and no longer");
        done.unwrap_or_else(|error| panic!("round {round}: {error:?}"));
        assert!(fs::read(&path).unwrap() == film);
        assert_eq!(place.files(), ["a.mp4"]);
    }
}

/// Nobody has dropped it, so it is not waited for.
#[tokio::test]
async fn download_that_is_under_way_keeps_its_file() {
    let place = Place::new();
    let path = place.path("a.mp4");
    let film = film(1000);
    let first = client(Scripted::new([stalled(&film)]));
    let task = task();
    let mut download = first.download(&task, &path).into_future();
    let polled = tokio::time::timeout(Duration::from_millis(300), &mut download);
    assert!(polled.await.is_err(), "it stalls");
    let second = client(Scripted::new([]));
    let second = second.download(&task, &path).into_future();
    let refused = tokio::time::timeout(Duration::from_secs(8), second);
    let refused = refused.await.expect("it does not wait").unwrap_err();
    assert_eq!(refused.kind(), DownloadErrorKind::Exists);
}

/// On the one thread of this runtime, another task comes to its turn between two pieces of a body that came
/// in one.
#[tokio::test]
async fn large_piece_of_a_body_stops_no_other_task() {
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let film = film(16 << 20);
    let place = Place::new();
    let client = client(Scripted::new([whole(film.clone())]));
    let (mut seen, task) = (Vec::new(), task());
    let download = client
        .download(&task, place.path("a.mp4"))
        .on_event(|event| {
            if let DownloadEvent::Progress { bytes, .. } = event {
                seen.push((*bytes, turns.load(Ordering::Relaxed)));
            }
        });
    download.await.unwrap();
    other.abort();
    assert!(seen.len() >= 16, "{} pieces", seen.len());
    for pair in seen.windows(2) {
        let [(before, earlier), (bytes, later)] = *pair else {
            unreachable!()
        };
        assert!(bytes - before <= PIECE as u64);
        assert!(later > earlier, "nobody else had a turn");
    }
}
