//! Resuming within one download: ranges, entity tags, changed files and expired URLs.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::header;
use http_body::Frame;
use kirin_client::{DownloadErrorKind, DownloadEvent};
use kirin_transport::Body;

use super::{
    completed, cut, cut_whole, download, rest, status, task_at, unreachable, url, video, whole,
};
use crate::scripted::{Answer, End, Pieces, json, with_headers};

#[tokio::test(start_paused = true)]
async fn whole_file_is_written_without_the_key() {
    let downloaded = download(vec![whole(video())]).await;
    assert_eq!(downloaded.result.as_deref().unwrap(), ["a.mp4"]);
    assert_eq!(downloaded.bytes(), Some(video()));
    assert_eq!(downloaded.files(), ["a.mp4"]);
    let [asked] = &downloaded.transport.requests()[..] else {
        panic!("one request")
    };
    assert_eq!(asked.call, format!("GET {}", url()));
    assert!(!asked.headers.contains_key(header::AUTHORIZATION));
    assert_eq!(asked.headers[header::ACCEPT_ENCODING], "identity");
}

#[tokio::test(start_paused = true)]
async fn transfer_cut_at_any_byte_is_resumed() {
    let bytes = video();
    for at in 1..bytes.len() {
        let downloaded = download(vec![cut_whole(&bytes, at), rest(&bytes, at)]).await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes), "cut at {at}");
        assert_eq!(downloaded.files(), ["a.mp4"]);
        let second = &downloaded.transport.requests()[1];
        assert_eq!(second.headers[header::RANGE], format!("bytes={at}-"));
        assert_eq!(second.headers[header::IF_RANGE], "\"v1\"");
    }
}

#[tokio::test(start_paused = true)]
async fn many_cuts_are_no_reason_to_give_up_while_bytes_come() {
    let bytes = video();
    let mut answers = vec![cut_whole(&bytes, 1)];
    for at in 1..bytes.len() {
        let range = format!("bytes {at}-83/84");
        let headers = [("content-range", range.as_str())];
        answers.push(cut(&bytes[at..], 1, &headers, 206));
    }
    let downloaded = download(answers).await;
    assert_eq!(downloaded.bytes(), Some(bytes));
    assert_eq!(downloaded.ranges().len(), 84);
}

#[tokio::test(start_paused = true)]
async fn ignored_range_starts_over() {
    let bytes = video();
    let headers = [("etag", "\"v1\"")];
    let downloaded = download(vec![cut(&bytes, 20, &headers, 200), whole(bytes.clone())]).await;
    assert_eq!(downloaded.bytes(), Some(bytes));
}

#[tokio::test(start_paused = true)]
async fn wrong_part_is_thrown_away() {
    let bytes = video();
    for range in [
        "bytes 0-79/80",
        "bytes 21-83/84",
        "bytes 20-84/85",
        "nonsense",
    ] {
        let downloaded = download(vec![
            cut_whole(&bytes, 20),
            with_headers(206, &[("content-range", range)], bytes[20..].to_vec()),
            whole(bytes.clone()),
        ])
        .await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes), "{range}");
        let third = &downloaded.transport.requests()[2];
        assert!(!third.headers.contains_key(header::RANGE), "{range}");
    }
}

#[tokio::test(start_paused = true)]
async fn second_wrong_part_ends_the_download() {
    let bytes = video();
    let multipart = [("content-type", "multipart/byteranges; boundary=x")];
    let wrong = || with_headers(206, &multipart, bytes[20..].to_vec());
    let answers = vec![
        cut_whole(&bytes, 20),
        wrong(),
        cut_whole(&bytes, 20),
        wrong(),
    ];
    let downloaded = download(answers).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Network);
    assert_eq!(downloaded.bytes(), None);
    let because = "a part came without saying which";
    assert_eq!(downloaded.restarts(), [because]);
}

#[tokio::test(start_paused = true)]
async fn weak_or_missing_tag_starts_over() {
    let bytes = video();
    for headers in [&[("etag", "W/\"v1\"")][..], &[]] {
        let downloaded = download(vec![cut(&bytes, 20, headers, 200), whole(bytes.clone())]).await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes));
        assert!(
            !downloaded.transport.requests()[1]
                .headers
                .contains_key(header::RANGE)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn part_of_another_version_is_not_appended() {
    let bytes = video();
    let headers = [("content-range", "bytes 20-83/84"), ("etag", "\"v2\"")];
    let answers = vec![
        cut_whole(&bytes, 20),
        with_headers(206, &headers, vec![0; 64]),
        whole(bytes.clone()),
    ];
    let downloaded = download(answers).await;
    assert_eq!(downloaded.bytes(), Some(bytes));
    assert_eq!(downloaded.restarts(), ["the output changed"]);
}

#[tokio::test(start_paused = true)]
async fn range_that_is_not_there_starts_over() {
    let bytes = video();
    for headers in [&[][..], &[("content-range", "bytes */10")]] {
        let downloaded = download(vec![
            cut(&bytes, 20, &[("etag", "\"v1\"")], 200),
            with_headers(416, headers, Body::empty()),
            whole(bytes.clone()),
        ])
        .await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes));
        assert_eq!(downloaded.restarts().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_behind_the_last_byte_means_that_all_is_there() {
    let bytes = video();
    let headers = [("content-range", "bytes */84")];
    let downloaded = download(vec![
        // Nobody said how long it is.
        cut(&bytes, 84, &[("etag", "\"v1\"")], 200),
        with_headers(416, &headers, Body::empty()),
    ])
    .await;
    assert_eq!(downloaded.bytes(), Some(bytes));
    assert_eq!(downloaded.ranges(), [None, Some("bytes=84-".into())]);
}

#[tokio::test(start_paused = true)]
async fn expired_url_is_replaced_by_querying_the_task() {
    let fresh = task_at("https://cdn.example.com/b.mp4");
    for expired in [403, 404, 410] {
        let answers = vec![status(expired), json(200, fresh.clone()), whole(video())];
        let downloaded = download(answers).await;
        assert_eq!(downloaded.bytes(), Some(video()));
        let calls = downloaded.transport.calls();
        assert_eq!(
            calls[1],
            "GET https://cloud.vtrix.ai/model/v1/generation/task/task-1"
        );
        assert_eq!(calls[2], "GET https://cdn.example.com/b.mp4");
    }
}

#[tokio::test(start_paused = true)]
async fn part_is_kept_and_its_version_asked_for_at_the_fresh_url() {
    let bytes = video();
    let fresh = || json(200, task_at("https://cdn.example.com/b.mp4"));
    let answers = vec![
        cut_whole(&bytes, 30),
        status(403),
        fresh(),
        rest(&bytes, 30),
    ];
    let downloaded = download(answers).await;
    assert_eq!(downloaded.bytes().as_ref(), Some(&bytes));
    let last = &downloaded.transport.requests()[3];
    assert_eq!(last.headers[header::RANGE], "bytes=30-");
    assert_eq!(last.headers[header::IF_RANGE], "\"v1\"");

    // Another version is there by now.
    let answers = vec![
        cut_whole(&bytes, 30),
        status(403),
        fresh(),
        with_headers(200, &[("etag", "\"v2\"")], bytes.clone()),
    ];
    let downloaded = download(answers).await;
    assert_eq!(downloaded.bytes(), Some(bytes));
    assert_eq!(downloaded.restarts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn url_that_expires_again_after_bytes_came_is_replaced_again() {
    let bytes = video();
    let fresh = || json(200, completed());
    let answers = vec![
        status(403),
        fresh(),
        cut_whole(&bytes, 30),
        status(403),
        fresh(),
        rest(&bytes, 30),
    ];
    assert_eq!(download(answers).await.bytes(), Some(bytes));
}

#[tokio::test(start_paused = true)]
async fn output_that_stays_expired_is_said_to_be() {
    let gone = || with_headers(410, &[], Body::empty());
    let downloaded = download(vec![gone(), json(200, completed()), gone()]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Expired);
    assert_eq!(downloaded.files(), [""; 0]);
    let no_output = r#"{"id":"task-1","status":"completed","output":[]}"#;
    let downloaded = download(vec![gone(), json(200, no_output)]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Expired);
    let unknown = json(404, r#"{"message":"task not found"}"#);
    let downloaded = download(vec![gone(), unknown]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Expired);
}

#[tokio::test(start_paused = true)]
async fn trouble_with_the_query_is_no_reason_to_call_it_expired() {
    let mut answers = vec![status(403)];
    answers.extend(unreachable(2));
    answers.extend([json(200, completed()), whole(video())]);
    assert_eq!(download(answers).await.bytes(), Some(video()));

    let mut answers = vec![status(403)];
    answers.extend(unreachable(5));
    let downloaded = download(answers).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Network);

    let key = json(401, r#"{"message":"invalid api key"}"#);
    let downloaded = download(vec![status(403), key]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Authentication);
}

#[tokio::test(start_paused = true)]
async fn stalled_transfer_is_resumed() {
    let bytes = video();
    let beginning = Bytes::copy_from_slice(&bytes[..30]);
    let headers = [("etag", "\"v1\"")];
    let rest = format!("bytes 30-{}/{}", bytes.len() - 1, bytes.len());
    let downloaded = download(vec![
        with_headers(200, &headers, Pieces::body([beginning], End::Stalled)),
        with_headers(206, &[("content-range", &rest)], bytes[30..].to_vec()),
    ])
    .await;
    assert_eq!(downloaded.bytes(), Some(bytes));
}

/// A body that gives so many bytes after each pause.
struct Dripping {
    left: VecDeque<Bytes>,
    every: Duration,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

fn dripping(bytes: &[u8], count: usize, every: Duration) -> Body {
    Body::new(Dripping {
        left: bytes.chunks(count).map(Bytes::copy_from_slice).collect(),
        every,
        pause: None,
    })
}

impl http_body::Body for Dripping {
    type Data = Bytes;
    type Error = &'static str;

    #[expect(clippy::disallowed_methods, reason = "tokio's paused clock")]
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        let every = self.every;
        let pause = self
            .pause
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(every)));
        if pause.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.pause = None;
        Poll::Ready(self.left.pop_front().map(|data| Ok(Frame::data(data))))
    }
}

/// Two bytes come before it is a stall.
const SLOWLY: Duration = Duration::from_secs(10);

/// A whole, so many bytes at a time.
fn slow(count: usize, every: Duration) -> Answer {
    let headers = [("content-length", "84"), ("etag", "\"v1\"")];
    with_headers(200, &headers, dripping(&video(), count, every))
}

#[tokio::test(start_paused = true)]
async fn byte_every_ten_seconds_is_a_stall() {
    let downloaded = download(vec![slow(1, SLOWLY), rest(&video(), 2)]).await;
    assert_eq!(downloaded.bytes(), Some(video()));
    let stall = "less than a byte a second came for 20 s";
    assert!(
        downloaded.events.iter().any(|event| matches!(
            event,
            DownloadEvent::Retrying { because, .. } if because == stall
        )),
        "{:?}",
        downloaded.events
    );
}

#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "tokio's paused clock")]
async fn silence_after_many_bytes_is_a_stall_after_twenty_seconds() {
    let began_at = tokio::time::Instant::now();
    let many = Bytes::copy_from_slice(&video()[..80]);
    let headers = [("content-length", "84"), ("etag", "\"v1\"")];
    let silent = with_headers(200, &headers, Pieces::body([many], End::Stalled));
    let downloaded = download(vec![silent, rest(&video(), 80)]).await;
    assert_eq!(downloaded.bytes(), Some(video()));
    // And one second at most until the next attempt.
    let took = began_at.elapsed().as_secs_f64();
    assert!((20.5..=21.1).contains(&took), "{took} s");
}

#[tokio::test(start_paused = true)]
async fn trickle_is_given_up_after_five_attempts_though_bytes_come() {
    let range = |from: usize| {
        let range = format!("bytes {from}-83/84");
        let body = dripping(&video()[from..], 1, SLOWLY);
        with_headers(206, &[("content-range", &range)], body)
    };
    let answers = vec![slow(1, SLOWLY), range(2), range(4), range(6), range(8)];
    let downloaded = download(answers).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Network);
    assert_eq!(downloaded.files(), ["a.mp4.part", "a.mp4.part.json"]);
}

#[tokio::test(start_paused = true)]
async fn more_than_a_byte_a_second_is_no_stall() {
    let downloaded = download(vec![slow(12, Duration::from_secs(9))]).await;
    assert_eq!(downloaded.bytes(), Some(video()));
}

#[tokio::test(start_paused = true)]
async fn server_that_never_answers_is_asked_again() {
    let downloaded = download(vec![Answer::Never, whole(video())]).await;
    assert_eq!(downloaded.bytes(), Some(video()));
}

#[tokio::test(start_paused = true)]
async fn broken_transfers_end_after_five_attempts_and_keep_the_part() {
    let bytes = video();
    let answers = (0..5).map(|_| cut(&bytes, 20, &[], 200)).collect();
    let downloaded = download(answers).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Network);
    assert_eq!(downloaded.files(), ["a.mp4.part", "a.mp4.part.json"]);
    let message = downloaded.result.unwrap_err().to_string();
    assert!(!message.contains("secret"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn unreachable_host_is_network_trouble() {
    let downloaded = download(unreachable(5)).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Network);
    assert_eq!(downloaded.files(), [""; 0]);
}
