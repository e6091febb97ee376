//! Videos that come encoded, though nobody asked for that.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use kirin_client::{DownloadErrorKind, DownloadEvent};

use super::{Place, completed, cut, download, kept, left_after, rest, video, whole};
use crate::scripted::{Answer, End, Pieces, with_headers};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// The same with a name in its head.
fn gzip_with_name(plain: &[u8]) -> Vec<u8> {
    let builder = flate2::GzBuilder::new().filename("a.mp4").comment("a fox");
    let mut encoder = builder.write(Vec::new(), Compression::none());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn encoded(encoding: &str, bytes: &[u8]) -> Answer {
    with_headers(200, &[("content-encoding", encoding)], bytes.to_vec())
}

/// With all that a server may say of the compressed bytes.
fn with_length(bytes: &[u8]) -> Answer {
    let length = bytes.len().to_string();
    let headers = [
        ("content-encoding", "gzip"),
        ("content-length", &length),
        ("etag", "\"v1\""),
        ("repr-digest", "sha-256=:AAAA:"),
        ("content-digest", "sha-256=:AAAA:"),
    ];
    with_headers(200, &headers, bytes.to_vec())
}

#[tokio::test(start_paused = true)]
async fn video_that_comes_as_gzip_is_had() {
    let bytes = video();
    let two = [gzip(&bytes[..40]), gzip(&bytes[40..])].concat();
    let padded = [gzip(&bytes), vec![0; 512]].concat();
    for compressed in [gzip(&bytes), gzip_with_name(&bytes), two, padded] {
        for answer in [
            encoded("gzip", &compressed),
            encoded("X-GZip", &compressed),
            encoded("identity, gzip", &compressed),
            with_length(&compressed),
        ] {
            let downloaded = download(vec![answer]).await;
            assert_eq!(downloaded.bytes().as_ref(), Some(&bytes), "{compressed:?}");
            assert_eq!(downloaded.files(), ["a.mp4"]);
        }
    }
}

/// Its boxes say nothing of where it ends, and nor does the connection; the end of gzip does.
#[tokio::test(start_paused = true)]
async fn end_of_gzip_proves_a_video_of_any_kind() {
    let bytes = b"no film that has boxes";
    let downloaded = download(vec![encoded("gzip", &gzip(bytes))]).await;
    assert_eq!(downloaded.bytes().as_deref(), Some(&bytes[..]));
}

/// However small the pieces are in which it comes.
#[tokio::test(start_paused = true)]
async fn video_whose_gzip_comes_byte_by_byte_is_had() {
    let pieces = gzip(&video())
        .into_iter()
        .map(|byte| Bytes::from(vec![byte]));
    let body = Pieces::body(pieces, End::Whole);
    let downloaded = download(vec![with_headers(
        200,
        &[("content-encoding", "gzip")],
        body,
    )])
    .await;
    assert_eq!(downloaded.bytes(), Some(video()));
}

/// A store that has the wrong word, or a proxy that undid it.
#[tokio::test(start_paused = true)]
async fn video_that_is_only_called_gzip_is_had() {
    let length = video().len().to_string();
    let headers = [("content-encoding", "gzip"), ("content-length", &length)];
    let downloaded = download(vec![with_headers(200, &headers, video())]).await;
    assert_eq!(downloaded.bytes(), Some(video()));
}

#[tokio::test(start_paused = true)]
async fn gzip_that_was_cut_or_damaged_never_becomes_the_file() {
    let (bytes, compressed) = (video(), gzip(&video()));
    for at in 0..compressed.len() {
        let cut = encoded("gzip", &compressed[..at]);
        let downloaded = download(vec![cut, encoded("gzip", &compressed)]).await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes), "cut at {at}");
    }
    // The version is one of the compressed bytes, and the rest of them is not asked for.
    let headers = [("content-encoding", "gzip"), ("etag", "\"v1\"")];
    let answers = vec![
        cut(&compressed, 30, &headers, 200),
        with_length(&compressed),
    ];
    let downloaded = download(answers).await;
    assert_eq!(downloaded.ranges(), [None, None]);
    assert_eq!(downloaded.bytes(), Some(bytes));
    // The checksum, and the length.
    for at in [8, 4].map(|at| compressed.len() - at) {
        let mut damaged = compressed.clone();
        damaged[at] ^= 1;
        let answers = (0..5).map(|_| encoded("gzip", &damaged)).collect();
        let downloaded = download(answers).await;
        assert_eq!(downloaded.kind(), DownloadErrorKind::Network);
        assert_eq!(downloaded.bytes(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn gzip_is_decompressed_piece_by_piece_and_stopped_at_the_cap() {
    let beginning = video()[..36].to_vec();
    let endless = [&beginning[..], &[0, 0, 0, 0], b"mdat", &vec![0; 8 << 20]].concat();
    let downloaded = Place::new()
        .download(&completed(), vec![encoded("gzip", &gzip(&endless))], |it| {
            it.max_bytes(1 << 20)
        })
        .await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::TooLarge);
    let mut at = 0;
    for event in &downloaded.events {
        if let DownloadEvent::Progress { bytes, .. } = event {
            assert!(bytes - at <= 64 << 10, "{} at once", bytes - at);
            at = *bytes;
        }
    }
    assert!(at > 900 << 10, "{at}");
}

/// What was there is of the plain video; the rest of a compressed one does not fit to it.
#[tokio::test(start_paused = true)]
async fn video_is_fetched_whole_where_its_rest_comes_as_gzip() {
    let bytes = video();
    let part = left_after(20).await;
    let headers = [
        ("content-encoding", "gzip"),
        ("content-range", "bytes 20-83/84"),
    ];
    let answers = vec![
        with_headers(206, &headers, gzip(&bytes[20..])),
        encoded("gzip", &gzip(&bytes)),
    ];
    let downloaded = part.again(answers).await;
    assert_eq!(downloaded.ranges(), [Some("bytes=20-".into()), None]);
    assert_eq!(downloaded.bytes(), Some(bytes));
}

#[tokio::test(start_paused = true)]
async fn video_in_another_encoding_is_kept_as_it_came() {
    for encoding in ["br", "zstd", "gzip, br", "deflate"] {
        // Whatever it looks like.
        for body in [&b"\x0b\x02\x80 a film"[..], b"<html>", b"<!DOCTYPE html>"] {
            let downloaded = download(vec![encoded(encoding, body)]).await;
            assert_eq!(downloaded.kind(), DownloadErrorKind::Encoded);
            let text = downloaded.result.as_ref().unwrap_err().to_string();
            assert!(text.contains(&format!("as {encoding}, unasked")), "{text}");
            kept(&downloaded, body);
            // What was kept is not taken for a part of the video.
            let again = downloaded.again(vec![whole(video())]).await;
            assert_eq!(again.bytes(), Some(video()));
        }
        let headers = [("content-encoding", encoding), ("etag", "\"v1\"")];
        let answers = vec![cut(b"half", 2, &headers, 200), encoded(encoding, b"half")];
        let downloaded = download(answers).await;
        kept(&downloaded, b"half");
        assert_eq!(downloaded.ranges(), [None, None]);
    }
}

/// Its length counts, and a piece of it is nothing to keep.
#[tokio::test(start_paused = true)]
async fn of_another_encoding_only_the_whole_is_kept() {
    let headers = [("content-encoding", "br"), ("content-length", "8")];
    let answers =
        ["half", "half too"].map(|body| with_headers(200, &headers, body.as_bytes().to_vec()));
    kept(&download(answers.into()).await, b"half too");
    let headers = [("content-encoding", "br"), ("content-range", "bytes 0-3/8")];
    let refused = download(vec![with_headers(206, &headers, b"half".to_vec())]).await;
    assert_eq!(refused.kind(), DownloadErrorKind::Encoded);
    kept(&refused, b"");
}

#[tokio::test(start_paused = true)]
async fn another_encoding_costs_nothing_of_what_is_there() {
    for status in [200, 206] {
        let part = left_after(20).await;
        let headers = [("content-encoding", "br")];
        let refused = part
            .again(vec![with_headers(status, &headers, video())])
            .await;
        assert_eq!(refused.kind(), DownloadErrorKind::Encoded);
        kept(&refused, &video()[..20]);
        let whole = refused.again(vec![rest(&video(), 20)]).await;
        assert_eq!(whole.bytes(), Some(video()));
    }
}
