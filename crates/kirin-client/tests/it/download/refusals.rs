//! D6 to D9 and D11: what is not taken, and where nobody is followed to.

use std::fs;

use bytes::Bytes;
use http::header;
use kirin_client::{Client, DownloadErrorKind, DownloadEvent};
use kirin_tests::canary;
use kirin_transport::{Body, BodyEnd};
use kirin_types::Task;

use super::{
    Downloaded, Place, completed, download, download_of, left_after, mp4, rest, task_at, video,
    whole,
};
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
    mp4(&[
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
        // It is asked for once more, and it comes the same.
        let answers = (0..2).map(|_| without_length(bytes, &[])).collect();
        let downloaded = download_of(&task, answers).await;
        assert_eq!(downloaded.kind(), DownloadErrorKind::Unproven);
        assert_eq!(downloaded.bytes(), None, "{content_type} {bytes:?}");
        kept(&downloaded, bytes);
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

        let answers = vec![without_length(&bytes[..1], &tag), rest(&bytes, 1)];
        let downloaded = download_of(&task, answers).await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes), "the rest came");

        let downloaded = download_of(&task, vec![whole(bytes.clone())]).await;
        assert_eq!(downloaded.bytes(), Some(bytes), "with a length");
    }
}

#[tokio::test(start_paused = true)]
async fn d18_checksum_shows_that_a_body_of_unknown_length_is_whole() {
    let task = task_of("image");
    let bytes = b"\x89PNG\r\n\x1a\n and more";
    let digest = "sha-256=:0RuHIUIFr41VUEs6y9G40jMG/o+5xiAhYMx7eXp8mYA=:";
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
        DownloadEvent::Progress { bytes, .. } => Some(*bytes),
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

/// What was refused is there for somebody to look at, nobody goes on with it, and it is said where it is.
#[track_caller]
fn kept(downloaded: &Downloaded, bytes: &[u8]) {
    let error = downloaded.result.as_ref().unwrap_err();
    if bytes.is_empty() {
        assert_eq!(error.kept(), None);
        assert_eq!(downloaded.files(), [""; 0]);
        return;
    }
    let part = downloaded.place.path("a.mp4.part");
    assert_eq!(error.kept(), Some(part.as_path()));
    assert!(error.to_string().contains("a.mp4.part"), "{error}");
    assert_eq!(fs::read(part).unwrap(), bytes);
    assert_eq!(downloaded.files(), ["a.mp4.part"]);
}

/// All that the server says is unusual.
fn oddities(downloaded: &Downloaded) -> Vec<&str> {
    let oddities = downloaded.events.iter().filter_map(|event| match event {
        DownloadEvent::Unusual { what } => Some(what.as_str()),
        _ => None,
    });
    oddities.collect()
}

#[tokio::test(start_paused = true)]
async fn d08_encoded_bodies_are_refused_and_cost_nothing_of_what_is_there() {
    for encoding in ["gzip", "br", "identity, gzip"] {
        let headers = [("content-encoding", encoding)];
        let downloaded = download(vec![with_headers(200, &headers, video())]).await;
        assert_eq!(downloaded.kind(), DownloadErrorKind::Encoded);
        assert_eq!(downloaded.files(), [""; 0]);
        let part = left_after(20).await;
        let refused = part.again(vec![with_headers(206, &headers, video())]).await;
        assert_eq!(refused.kind(), DownloadErrorKind::Encoded);
        let whole = refused.again(vec![rest(&video(), 20)]).await;
        assert_eq!(whole.bytes(), Some(video()), "{encoding}");
    }
    for none in ["Identity", "aws-chunked"] {
        let headers = [("content-encoding", none)];
        let downloaded = download(vec![with_headers(200, &headers, video())]).await;
        assert_eq!(downloaded.bytes(), Some(video()), "{none}");
    }
}

#[tokio::test(start_paused = true)]
async fn d09_pages_are_no_video_and_are_kept_to_be_looked_at() {
    for (headers, body) in [
        (
            &[("content-type", "text/html")][..],
            &b"<html>hello</html>"[..],
        ),
        (&[("content-length", "6")], b"<html>"),
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
    }
}

#[tokio::test(start_paused = true)]
async fn d09_type_that_a_server_guesses_is_no_reason_to_throw_a_video_away() {
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
async fn whole_file_of_any_container_gets_its_name_with_a_warning() {
    let plain = video();
    let behind = |bytes: &[u8]| [&plain[..], bytes].concat();
    for (bytes, expected) in [
        (behind(&[0]), "1 bytes stand behind the end of the film"),
        (behind(&[0; 4]), "4 bytes stand behind the end of the film"),
        (behind(&[0; 7]), "7 bytes stand behind the end of the film"),
        (behind(b"\n"), "1 bytes stand behind the end of the film"),
        (
            behind(&[&b"TAGA fox"[..], &[0; 120]].concat()),
            "128 bytes stand behind the end of the film",
        ),
        (
            behind(b"PK\x03\x04\x14\0\x08\0"),
            "8 bytes stand behind the end of the film",
        ),
        (
            [mp4(&[(b"free", 4)]), video()].concat(),
            "it begins with free, and an MP4 with ftyp",
        ),
        (
            [mp4(&[(b"styp", 8)]), video()].concat(),
            "it begins with styp, and an MP4 with ftyp",
        ),
        (
            mp4(&[(b"wide", 0), (b"mdat", 40), (b"moov", 12)]),
            "it begins with wide, and an MP4 with ftyp",
        ),
        (
            b"\x1a\x45\xdf\xa3\x01\0\0\0".to_vec(),
            "it is Matroska or WebM, and not an MP4",
        ),
        (b"RIFF\x10\0\0\0AVI LIST".to_vec(), "it is not an MP4"),
        (mp4(&[(b"ftyp", 8), (b"mdat", 40)]), "it has no moov box"),
        (
            video()[..80].to_vec(),
            "the box at byte 36 is longer than the file",
        ),
    ] {
        let downloaded = download(vec![whole(bytes.clone())]).await;
        assert_eq!(downloaded.bytes(), Some(bytes), "{expected}");
        assert_eq!(oddities(&downloaded), [expected]);
    }
}

/// As a transport gives a body whose message says where it ends.
fn framed(bytes: &[u8]) -> Answer {
    let Answer::Response(mut response) = with_headers(200, &[], bytes.to_vec()) else {
        unreachable!("a response")
    };
    response.extensions_mut().insert(BodyEnd::Framed);
    Answer::Response(response)
}

#[tokio::test(start_paused = true)]
async fn d06_end_of_a_message_proves_that_all_came() {
    let behind = [&video()[..], b"\n"].concat();
    let matroska = b"\x1a\x45\xdf\xa3\x01\0\0\0".to_vec();
    for bytes in [video(), open_ended(), fragmented(), behind, matroska] {
        let downloaded = download(vec![framed(&bytes)]).await;
        assert_eq!(downloaded.bytes(), Some(bytes));
    }
    for kind in ["audio", "image"] {
        let downloaded = download_of(&task_of(kind), vec![framed(b"ID3\x04")]).await;
        assert_eq!(
            downloaded.bytes().as_deref(),
            Some(&b"ID3\x04"[..]),
            "{kind}"
        );
    }
}

/// A proxy that lost its own connection ends its answer politely.
#[tokio::test(start_paused = true)]
async fn d06_end_of_a_message_proves_nothing_of_a_film_that_misses_a_part() {
    let bytes = video();
    let no_moov = mp4(&[(b"ftyp", 8), (b"mdat", 40)]);
    for short in [
        &bytes[..20],
        &bytes[..16],
        &bytes[..36],
        &bytes[..83],
        &no_moov,
    ] {
        let downloaded = download(vec![framed(short), framed(short)]).await;
        assert_eq!(downloaded.kind(), DownloadErrorKind::Unproven);
        kept(&downloaded, short);
        let downloaded = download(vec![framed(short), framed(&bytes)]).await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes));
        let other = &bytes[..short.len() - 1];
        let downloaded = download(vec![framed(other), framed(short), framed(short)]).await;
        assert_eq!(downloaded.kind(), DownloadErrorKind::Unproven);
        // Where the rest can be asked for, the server says that there is none.
        let Answer::Response(mut tagged) = framed(short) else {
            unreachable!("a response")
        };
        tagged
            .headers_mut()
            .insert("etag", "\"v1\"".parse().unwrap());
        let total = format!("bytes */{}", short.len());
        let none = with_headers(416, &[("content-range", &total)], Body::empty());
        let downloaded = download(vec![Answer::Response(tagged), none]).await;
        assert_eq!(downloaded.bytes().as_deref(), Some(short));
        assert_eq!(oddities(&downloaded).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn d06_fragments_without_a_length_are_whole_only_if_they_end_in_mfra() {
    let whole = [fragmented(), mp4(&[(b"mfra", 16)])].concat();
    let downloaded = download(vec![without_length(&whole, &[])]).await;
    assert_eq!(downloaded.bytes().as_ref(), Some(&whole));
    for cut in [64, 84, whole.len() - 1] {
        let cut = &whole[..cut];
        let twice = vec![without_length(cut, &[]), without_length(cut, &[])];
        let downloaded = download(twice).await;
        assert_eq!(downloaded.kind(), DownloadErrorKind::Unproven);
        kept(&downloaded, cut);
    }
}

#[tokio::test(start_paused = true)]
async fn d18_what_does_not_fit_its_checksum_twice_is_kept_to_be_looked_at() {
    let length = video().len().to_string();
    let headers = [
        ("content-length", length.as_str()),
        ("repr-digest", "sha-256=:AAAA:"),
    ];
    let spoiled = || with_headers(200, &headers, video());
    let downloaded = download(vec![spoiled(), spoiled()]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Corrupt);
    kept(&downloaded, &video());
}

#[tokio::test(start_paused = true)]
async fn d18_digest_of_the_part_that_came_is_not_that_of_the_whole() {
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
async fn d11_urls_and_redirects_are_read_as_browsers_read_them() {
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
