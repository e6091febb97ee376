//! What is not taken, and where nobody is followed to.

use bytes::Bytes;
use http::header;
use kirin_client::{Client, DownloadErrorKind, DownloadEvent};
use kirin_tests::canary;
use kirin_transport::Body;
use kirin_types::Task;

use super::{
    Place, completed, download, download_of, kept, oddities, task_at, task_of, video, whole,
};
use crate::scripted::{Answer, End, Pieces, Scripted, with_headers};

#[tokio::test(start_paused = true)]
async fn more_than_announced_is_refused() {
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
async fn endless_body_is_stopped_at_the_cap() {
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
        DownloadEvent::Progress { bytes, .. } => Some(*bytes),
        _ => None,
    });
    assert_eq!(most.max(), Some(944));
}

#[tokio::test(start_paused = true)]
async fn announced_length_above_the_cap_is_refused_before_a_byte() {
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

#[tokio::test(start_paused = true)]
async fn what_a_store_says_of_an_upload_is_no_encoding() {
    for none in ["Identity", "aws-chunked"] {
        let headers = [("content-encoding", none)];
        let downloaded = download(vec![with_headers(200, &headers, video())]).await;
        assert_eq!(downloaded.bytes(), Some(video()), "{none}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_no_video_and_are_kept_to_be_looked_at() {
    for (headers, body) in [
        (
            &[("content-type", "text/html")][..],
            &b"<html>hello</html>"[..],
        ),
        (&[("content-length", "6"), ("etag", "\"v1\"")], b"<html>"),
        (&[("content-length", "2")], b"{}"),
        (&[("content-type", "video/mp4")], b"<html></html>"),
        (&[], b"\xef\xbb\xbf\r\n {\"message\": \"no\"}"),
        (
            &[],
            b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>",
        ),
        (&[("content-length", "0")], b""),
        // It is known before its end, which never comes.
        (&[("content-length", "999999")], b"<!DOCTYPE html>"),
    ] {
        let downloaded = download(vec![with_headers(200, headers, body.to_vec())]).await;
        let found = downloaded.kind();
        assert_eq!(found, DownloadErrorKind::NotVideo, "{headers:?}");
        kept(&downloaded, body);
        // What was kept is not taken for a part of the video.
        let again = downloaded.again(vec![whole(video())]).await;
        assert_eq!(again.bytes(), Some(video()));
        assert_eq!(again.ranges(), [None]);
    }
}

#[tokio::test(start_paused = true)]
async fn type_that_a_server_guesses_is_no_reason_to_throw_a_video_away() {
    for name in [
        "text/plain",
        "text/html; charset=utf-8",
        "application/json",
        "application/xml",
    ] {
        let length = video().len().to_string();
        let headers = [("content-type", name), ("content-length", &length)];
        let downloaded = download(vec![with_headers(200, &headers, video())]).await;
        assert_eq!(downloaded.bytes(), Some(video()), "{name}");
        let called = name.split(';').next().unwrap();
        assert_eq!(
            oddities(&downloaded),
            [format!("the server calls it {called}")]
        );
    }
    let usual = download(vec![whole(video())]).await;
    assert_eq!(oddities(&usual), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_its_checksum_twice_is_kept_to_be_looked_at() {
    let length = video().len().to_string();
    let headers = [
        ("content-length", length.as_str()),
        ("repr-digest", "sha-256=:AAAA:"),
        ("etag", "\"v1\""),
    ];
    let spoiled = || with_headers(200, &headers, video());
    let downloaded = download(vec![spoiled(), spoiled()]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Corrupt);
    kept(&downloaded, &video());
    // To go on with it would end here again.
    let again = downloaded.again(vec![whole(video())]).await;
    assert_eq!(again.ranges(), [None]);
    assert_eq!(again.bytes(), Some(video()));
}

#[tokio::test(start_paused = true)]
async fn digest_of_the_part_that_came_is_not_that_of_the_whole() {
    let bytes = video();
    let headers = [
        ("content-range", "bytes 20-83/84"),
        ("etag", "\"v1\""),
        // That of some part, and certainly not of the whole.
        (
            "content-digest",
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
        ),
    ];
    let part = with_headers(206, &headers, bytes[20..].to_vec());
    let downloaded = download(vec![super::cut_whole(&bytes, 20), part]).await;
    assert_eq!(downloaded.bytes(), Some(bytes));
}

#[tokio::test(start_paused = true)]
async fn drawing_is_an_image_and_no_video() {
    let drawing = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    let downloaded = download_of(&task_of("image"), vec![whole(drawing.to_vec())]).await;
    assert_eq!(downloaded.bytes().as_deref(), Some(&drawing[..]));
    let downloaded = download(vec![whole(drawing.to_vec())]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::NotVideo);
    let page = whole(b"<html>no</html>".to_vec());
    let downloaded = download_of(&task_of("image"), vec![page]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::NotVideo);
}

fn to(location: &str) -> Answer {
    with_headers(302, &[("location", location)], Body::empty())
}

#[tokio::test(start_paused = true)]
async fn redirects_are_checked_one_by_one() {
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
        "data:video/mp4;base64,AAAA",
        "https://",
        "\\\\127.0.0.1\\a",
        "https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/a",
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
async fn urls_and_redirects_are_read_as_browsers_read_them() {
    for (url, location, expected) in [
        ("/my film.mp4", None, "/my%20film.mp4"),
        ("/a<b>{c}|d.mp4", None, "/a%3Cb%3E%7Bc%7D|d.mp4"),
        ("/f\u{fc}r.mp4", None, "/f%C3%BCr.mp4"),
        ("/a.mp4\\r\\n", None, "/a.mp4"),
        ("/a\\tb.mp4", None, "/ab.mp4"),
        ("/v/a.mp4", Some("?real=1"), "/v/a.mp4?real=1"),
        ("/v/a.mp4", Some("real.mp4"), "/v/real.mp4"),
        ("/v/a.mp4", Some("../b c.mp4"), "/b%20c.mp4"),
        ("/v/a.mp4", Some("/f\u{fc}r.mp4#t=1"), "/f%C3%BCr.mp4"),
    ] {
        let answers = location.map(to).into_iter().chain([whole(video())]);
        let task = task_at(&format!("https://cdn.example.com{url}"));
        let downloaded = download_of(&task, answers.collect()).await;
        assert_eq!(downloaded.bytes(), Some(video()), "{url} {location:?}");
        let last = downloaded.transport.calls().pop().unwrap();
        assert_eq!(last, format!("GET https://cdn.example.com{expected}"));
    }
}

#[tokio::test(start_paused = true)]
async fn five_redirects_are_followed_and_six_are_not() {
    let mut answers: Vec<_> = (0..5).map(|_| to("/a.mp4")).collect();
    answers.push(whole(video()));
    assert_eq!(download(answers).await.bytes(), Some(video()));
    let endless = download((0..6).map(|_| to("/a.mp4")).collect()).await;
    assert_eq!(endless.kind(), DownloadErrorKind::RefusedUrl);
}

#[tokio::test(start_paused = true)]
async fn no_hop_gets_the_key() {
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
async fn loopback_is_downloaded_from_only_where_the_service_is_there() {
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
