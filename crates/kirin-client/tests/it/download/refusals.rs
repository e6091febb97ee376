//! D6 to D9 and D11: what is not taken, and where nobody is followed to.

use bytes::Bytes;
use http::header;
use kirin_client::{Client, DownloadErrorKind};
use kirin_tests::canary;
use kirin_transport::Body;
use kirin_types::Task;

use super::{Place, completed, download, download_of, task_at, video, whole};
use crate::scripted::{Answer, End, Pieces, Scripted, with_headers};

#[tokio::test(start_paused = true)]
async fn d06_short_body_never_becomes_the_file() {
    let bytes = video();
    let length = bytes.len().to_string();
    let mut answers = Vec::new();
    for at in [0, 10, 20, 40, 60] {
        // It ends as if it were whole: only the announced length shows the cut.
        let short = bytes[..at].to_vec();
        answers.push(with_headers(200, &[("content-length", &length)], short));
    }
    let downloaded = download(answers).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Network);
    assert_eq!(downloaded.bytes(), None);
}

#[tokio::test(start_paused = true)]
async fn d06_short_body_of_unknown_length_is_found_out_by_its_boxes() {
    let bytes = video();
    for at in 0..bytes.len() {
        let downloaded = download(vec![
            with_headers(200, &[], bytes[..at].to_vec()),
            whole(bytes.clone()),
        ])
        .await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes), "cut at {at}");
    }
}

#[tokio::test(start_paused = true)]
async fn d06_chunks_without_a_last_one_never_become_the_file() {
    let bytes = video();
    let broken = || super::cut(&bytes, 84, &[], 200);
    let downloaded = download((0..5).map(|_| broken()).collect()).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Network);
    assert_eq!(downloaded.bytes(), None);
}

/// A video whose last box reaches to the end of the file, wherever that is.
fn open_ended() -> Vec<u8> {
    let mut bytes = video();
    bytes[36..40].fill(0);
    bytes
}

/// A video in two fragments, the first of which ends at byte 64.
fn fragmented() -> Vec<u8> {
    super::mp4(&[
        (b"ftyp", 8),
        (b"moov", 12),
        (b"moof", 4),
        (b"mdat", 8),
        (b"moof", 4),
        (b"mdat", 8),
    ])
}

fn task_of(content_type: &str) -> String {
    completed().replace(r#""type":"video""#, &format!(r#""type":"{content_type}""#))
}

/// As hyper gives a body that ends where the connection does.
fn without_length(bytes: &[u8], headers: &[(&str, &str)]) -> Answer {
    with_headers(200, headers, bytes.to_vec())
}

#[tokio::test(start_paused = true)]
async fn d06_body_of_unknown_length_that_could_be_cut_unseen_never_becomes_the_file() {
    for (content_type, bytes) in [
        ("video", &open_ended()[..60]),
        ("video", &open_ended()),
        ("video", &fragmented()[..64]),
        ("audio", b"ID3"),
        ("image", b"\x89PNG"),
        ("image", b""),
    ] {
        let task = task_of(content_type);
        let answers = (0..5).map(|_| without_length(bytes, &[])).collect();
        let downloaded = download_of(&task, answers).await;
        assert_eq!(downloaded.kind(), DownloadErrorKind::Network);
        assert_eq!(downloaded.bytes(), None, "{content_type} {bytes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn d06_body_of_unknown_length_is_whole_where_the_server_says_so() {
    for (content_type, bytes) in [
        ("video", open_ended()),
        ("video", fragmented()),
        ("image", b"\x89PNG".to_vec()),
    ] {
        let task = task_of(content_type);
        let total = format!("bytes */{}", bytes.len());
        let tag = [("etag", "\"v1\"")];
        let answers = vec![
            without_length(&bytes, &tag),
            with_headers(416, &[("content-range", &total)], Body::empty()),
        ];
        let downloaded = download_of(&task, answers).await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes), "nothing is left");

        let answers = vec![without_length(&bytes[..1], &tag), super::rest(&bytes, 1)];
        let downloaded = download_of(&task, answers).await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes), "the rest came");

        let downloaded = download_of(&task, vec![whole(bytes.clone())]).await;
        assert_eq!(downloaded.bytes(), Some(bytes), "with a length");
    }
}

#[tokio::test(start_paused = true)]
async fn d18_checksum_shows_that_a_body_of_unknown_length_is_whole() {
    let task = task_of("image");
    // The example of RFC 9530, appendix D.
    let bytes = b"{\"hello\": \"world\"}\n";
    let digest = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    let answer = |bytes| without_length(bytes, &[("repr-digest", digest)]);
    let downloaded = download_of(&task, vec![answer(&bytes[..9]), answer(bytes)]).await;
    assert_eq!(downloaded.bytes(), Some(bytes.to_vec()));
}

#[tokio::test(start_paused = true)]
async fn d07_more_than_announced_is_refused() {
    let mut bytes = video();
    let length = bytes.len().to_string();
    bytes.push(0);
    let downloaded = download(vec![with_headers(
        200,
        &[("content-length", &length)],
        bytes,
    )])
    .await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::TooLarge);
    assert_eq!(downloaded.bytes(), None);
}

#[tokio::test(start_paused = true)]
async fn d07_endless_body_is_stopped_at_the_cap() {
    let bytes = video();
    let mut header = bytes[..36].to_vec();
    // A last box without end.
    header.extend([0, 0, 0, 0]);
    header.extend(b"mdat");
    let more = Bytes::from(vec![0; 100]);
    let pieces = std::iter::once(Bytes::from(header)).chain(std::iter::repeat_n(more, 1000));
    let endless = with_headers(200, &[], Pieces::body(pieces, End::Stalled));
    let place = Place::new();
    let downloaded = place
        .download(&completed(), vec![endless], |it| it.max_bytes(1000))
        .await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::TooLarge);
    assert_eq!(downloaded.files(), [""; 0]);
    let most = downloaded.events.iter().filter_map(|event| match event {
        kirin_client::DownloadEvent::Progress { bytes, .. } => Some(*bytes),
        _ => None,
    });
    assert_eq!(most.max(), Some(944));
}

#[tokio::test(start_paused = true)]
async fn d07_announced_length_above_the_cap_is_refused_before_a_byte() {
    for (cap, is_allowed) in [(83, false), (84, true)] {
        let place = Place::new();
        let answers = vec![whole(video())];
        let downloaded = place
            .download(&completed(), answers, |it| it.max_bytes(cap))
            .await;
        match is_allowed {
            true => assert_eq!(downloaded.bytes(), Some(video())),
            false => {
                assert_eq!(downloaded.kind(), DownloadErrorKind::TooLarge);
                assert_eq!(downloaded.events, []);
            }
        }
    }
}

async fn check_not_video(headers: &[(&str, &str)], body: Vec<u8>) {
    let downloaded = download(vec![with_headers(200, headers, body)]).await;
    assert_eq!(
        downloaded.kind(),
        DownloadErrorKind::NotVideo,
        "{headers:?}"
    );
    assert_eq!(downloaded.files(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn d08_encoded_bodies_are_refused() {
    for encoding in ["gzip", "br", "identity, gzip"] {
        check_not_video(&[("content-encoding", encoding)], video()).await;
    }
    let headers = [("content-encoding", "Identity")];
    let downloaded = download(vec![with_headers(200, &headers, video())]).await;
    assert_eq!(downloaded.bytes(), Some(video()));
}

#[tokio::test(start_paused = true)]
async fn d09_pages_are_no_video() {
    for (headers, body) in [
        (&[("content-type", "text/html")][..], b"<html>".to_vec()),
        (&[("content-type", "application/xml")], video()),
        (&[("content-length", "6")], b"<html>".to_vec()),
        (&[("content-type", "video/mp4")], b"<html></html>".to_vec()),
        // It is known before its end, which never comes.
        (&[("content-length", "999999")], b"<!DOCTYPE html>".to_vec()),
    ] {
        check_not_video(headers, body).await;
    }
}

fn to(location: &str) -> Answer {
    with_headers(302, &[("location", location)], Body::empty())
}

#[tokio::test(start_paused = true)]
async fn d11_redirects_are_checked_one_by_one() {
    let followed = download(vec![
        to("/b.mp4"),
        to("https://other.example.com/c.mp4"),
        whole(video()),
    ])
    .await;
    assert_eq!(followed.bytes(), Some(video()));
    assert_eq!(
        followed.transport.calls()[2],
        "GET https://other.example.com/c.mp4"
    );

    for location in [
        "http://cdn.example.com/a",
        "https://169.254.169.254/a",
        "https://[::ffff:169.254.169.254]/a",
        "https://127.0.0.1/a",
        "https://2130706433/a",
        "https://0x7f.1/a",
        "https://localhost/a",
        "https://user:password@example.com/a",
        "file:///etc/passwd",
        "",
    ] {
        let refused = download(vec![to(location)]).await;
        assert_eq!(refused.kind(), DownloadErrorKind::RefusedUrl, "{location}");
        let refused = download(vec![to("/b.mp4"), to(location)]).await;
        assert_eq!(refused.kind(), DownloadErrorKind::RefusedUrl, "{location}");
        if location.starts_with("http") {
            let refused = download_of(&task_at(location), vec![]).await;
            assert_eq!(refused.kind(), DownloadErrorKind::RefusedUrl, "{location}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn d11_five_redirects_are_followed_and_six_are_not() {
    let mut answers: Vec<_> = (0..5).map(|_| to("/a.mp4")).collect();
    answers.push(whole(video()));
    assert_eq!(download(answers).await.bytes(), Some(video()));
    let endless = download((0..6).map(|_| to("/a.mp4")).collect()).await;
    assert_eq!(endless.kind(), DownloadErrorKind::RefusedUrl);
}

#[tokio::test(start_paused = true)]
async fn d11_no_hop_gets_the_key() {
    let followed = download(vec![
        to("https://cloud.vtrix.ai/model/v1/a.mp4"),
        to("https://other.example.com/c.mp4"),
        whole(video()),
    ])
    .await;
    assert_eq!(followed.bytes(), Some(video()));
    for asked in followed.transport.requests() {
        assert!(!asked.headers.contains_key(header::AUTHORIZATION));
        assert!(!format!("{asked:?}").contains(canary::key()));
    }
}

#[tokio::test(start_paused = true)]
async fn d11_loopback_is_downloaded_from_only_where_the_service_is_there() {
    for (base_url, is_allowed) in [
        ("http://127.0.0.1:4010", true),
        ("https://cloud.vtrix.ai", false),
    ] {
        let answers: Vec<_> = is_allowed.then(|| whole(video())).into_iter().collect();
        let client = Client::builder(canary::key().parse().unwrap())
            .base_url(base_url.parse().unwrap())
            .transport(Scripted::new(answers))
            .build()
            .unwrap();
        let task = task_at("http://127.0.0.1:4010/a.mp4");
        let task = Task::from_json(task.as_bytes()).unwrap();
        let downloaded = client.download(&task, Place::new().path("a.mp4")).await;
        match is_allowed {
            true => assert!(downloaded.is_ok()),
            false => assert_eq!(
                downloaded.unwrap_err().kind(),
                DownloadErrorKind::RefusedUrl
            ),
        }
    }
}
