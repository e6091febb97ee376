//! How a body ends, and what that proves.

use kirin_client::DownloadErrorKind;
use kirin_transport::{Body, BodyEnd};

use super::{download, download_of, kept, mp4, oddities, rest, task_of, video, whole};
use crate::scripted::{Answer, json, with_headers};

#[tokio::test(start_paused = true)]
async fn short_body_never_becomes_the_file() {
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
async fn short_body_of_unknown_length_is_found_out_by_its_boxes() {
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
async fn chunks_without_a_last_one_never_become_the_file() {
    let bytes = video();
    let broken = || super::cut(&bytes, 84, &[], 200);
    let downloaded = download((0..5).map(|_| broken()).collect()).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Network);
    kept(&downloaded, &bytes);
}

/// Whatever the reason is.
#[tokio::test(start_paused = true)]
async fn error_that_leaves_a_part_says_where() {
    let part = || super::left_after(30);
    let bytes = video();
    kept(&part().await, &bytes[..30]);
    let gone = || {
        let task = json(200, super::completed());
        vec![super::status(410), task, super::status(410)]
    };
    for (answers, expected) in [
        (super::unreachable(5), DownloadErrorKind::Network),
        (gone(), DownloadErrorKind::Expired),
    ] {
        let downloaded = part().await.again(answers).await;
        assert_eq!(downloaded.kind(), expected);
        kept(&downloaded, &bytes[..30]);
    }
    let place = part().await.place;
    std::fs::write(place.path("a.mp4"), "another film").unwrap();
    let download = |it: kirin_client::Download<'static>| it.keep_existing(true);
    let refused = place
        .download(&super::completed(), vec![rest(&bytes, 30)], download)
        .await;
    assert_eq!(refused.kind(), DownloadErrorKind::Exists);
    let error = refused.result.unwrap_err();
    assert!(error.to_string().contains("a.mp4.part"), "{error}");
    assert!(error.can_be_overwritten());
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

/// As hyper gives a body that ends where the connection does.
fn without_length(bytes: &[u8], headers: &[(&str, &str)]) -> Answer {
    with_headers(200, headers, bytes.to_vec())
}

#[tokio::test(start_paused = true)]
async fn body_of_unknown_length_that_could_be_cut_unseen_never_becomes_the_file() {
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
async fn body_of_unknown_length_is_whole_where_the_server_says_so() {
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
async fn checksum_shows_that_a_body_of_unknown_length_is_whole() {
    let task = task_of("image");
    let bytes = b"\x89PNG\r\n\x1a\n and more";
    let digest = "sha-256=:0RuHIUIFr41VUEs6y9G40jMG/o+5xiAhYMx7eXp8mYA=:";
    let answer = |bytes| without_length(bytes, &[("repr-digest", digest)]);
    let downloaded = download_of(&task, vec![answer(&bytes[..9]), answer(bytes)]).await;
    assert_eq!(downloaded.bytes(), Some(bytes.to_vec()));
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
async fn end_of_a_message_proves_that_all_came() {
    let behind = [&video()[..], b"\n"].concat();
    let matroska = b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x80".to_vec();
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
async fn end_of_a_message_proves_nothing_of_a_film_that_misses_a_part() {
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
async fn fragments_without_a_length_are_whole_only_if_they_end_in_mfra() {
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
