//! How often the downloads of one client ask again, all together.

use bytes::Bytes;
use http::{Response, header};
use kirin_transport::from_fn;
use kirin_types::Task;
use tokio::{task::JoinSet, time::Instant};

use super::{Place, client, completed};
use crate::scripted::{End, Pieces};

/// A service that gives one byte and breaks is asked by twenty downloads at once, which repeat 1,660
/// requests. From full, a hundred repeats are free, and one more each second.
#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "tokio's paused clock")]
async fn repeated_requests_of_all_downloads_take_turns() {
    let began_at = Instant::now();
    let client = client(from_fn(|request| {
        let range = request.headers().get(header::RANGE);
        let from = range.map_or("0", |range| {
            let range = range.to_str().unwrap();
            range.trim_start_matches("bytes=").trim_end_matches('-')
        });
        let from: usize = from.parse().unwrap();
        let video = super::video();
        let response = Response::builder().header(header::ETAG, "\"v1\"");
        let response = match from {
            0 => response.header(header::CONTENT_LENGTH, video.len()),
            _ => {
                let range = format!("bytes {from}-83/84");
                response.status(206).header(header::CONTENT_RANGE, range)
            }
        };
        let byte = Bytes::copy_from_slice(&video[from..=from]);
        let response = response.body(Pieces::body([byte], End::Broken));
        async { Ok(response.unwrap()) }
    }));
    let mut downloads = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        downloads.spawn(async move {
            let place = Place::new();
            let task = Task::from_json(completed().as_bytes()).unwrap();
            client.download(&task, place.path("a.mp4")).await.unwrap();
        });
    }
    downloads.join_all().await;
    let (repeats, free, given_back) = (20 * 83, 100, 20);
    let least = repeats - free - given_back;
    let took = began_at.elapsed().as_secs();
    assert!(took >= least, "{took} s, {least} s expected");
}
