//! Outputs as streams, and into writers.

use std::{future::poll_fn, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_core::Stream;
use kirin_client::{DownloadErrorKind, DownloadStream};
use kirin_types::Task;

use super::{
    client, completed, cut, cut_whole, mp4, rest, status, task_at, unreachable, video, whole,
};
use crate::scripted::{Answer, Scripted, json, shown, with_headers};

fn stream_of(task: &str, answers: Vec<Answer>) -> DownloadStream {
    let task = Task::from_json(task.as_bytes()).unwrap();
    client(Scripted::new(answers)).download_stream(&task)
}

fn stream(answers: Vec<Answer>) -> DownloadStream {
    stream_of(&completed(), answers)
}

/// All that it gives, and how it ended.
async fn read(mut stream: DownloadStream) -> (Vec<u8>, Result<(), DownloadErrorKind>) {
    let mut bytes = Vec::new();
    while let Some(data) = stream.next().await {
        match data {
            Ok(data) => bytes.extend_from_slice(&data),
            Err(error) => {
                shown(&error);
                assert!(error.path().is_none());
                assert!(stream.next().await.is_none(), "more after an error");
                return (bytes, Err(error.kind()));
            }
        }
    }
    (bytes, Ok(()))
}

#[tokio::test(start_paused = true)]
async fn stream_resumes_inside_itself_after_any_byte() {
    let bytes = video();
    for at in 1..bytes.len() {
        let answers = vec![cut_whole(&bytes, at), rest(&bytes, at)];
        assert_eq!(read(stream(answers)).await, (bytes.clone(), Ok(())));
    }
}

/// What was given cannot be taken back.
#[tokio::test(start_paused = true)]
async fn stream_gives_nothing_in_another_encoding_and_does_not_begin_again() {
    let bytes = video();
    let answers = vec![with_headers(200, &[("content-encoding", "br")], video())];
    let encoded = Err(DownloadErrorKind::Encoded);
    assert_eq!(read(stream(answers)).await, (vec![], encoded));
    let headers = [
        ("content-encoding", "gzip"),
        ("content-range", "bytes 20-83/84"),
        ("etag", "\"v1\""),
    ];
    let rest = with_headers(206, &headers, bytes[20..].to_vec());
    let read = read(stream(vec![cut_whole(&bytes, 20), rest, whole(video())])).await;
    assert_eq!(read, (bytes[..20].to_vec(), encoded));
}

#[tokio::test(start_paused = true)]
async fn stream_goes_on_at_a_fresh_url() {
    let bytes = video();
    let answers = vec![
        cut_whole(&bytes, 30),
        status(403),
        json(200, task_at("https://cdn.example.com/b.mp4")),
        rest(&bytes, 30),
    ];
    assert_eq!(read(stream(answers)).await, (bytes, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn stream_of_an_object_that_changed_fails() {
    let bytes = video();
    for answer in [
        whole(bytes.clone()),
        with_headers(206, &[("content-range", "bytes 0-83/84")], bytes.clone()),
        with_headers(206, &[("content-range", "bytes 30-84/85")], vec![0; 55]),
        with_headers(416, &[("content-range", "bytes */20")], ""),
    ] {
        let answers = vec![cut_whole(&bytes, 30), answer];
        let (read, ended) = read(stream(answers)).await;
        assert_eq!(ended, Err(DownloadErrorKind::Changed));
        assert_eq!(read, bytes[..30]);
    }
}

#[tokio::test(start_paused = true)]
async fn stream_without_a_strong_tag_is_not_resumed() {
    let bytes = video();
    for tag in [&[("etag", "W/\"v1\"")][..], &[]] {
        let answers = vec![cut(&bytes, 30, tag, 200)];
        let (read, ended) = read(stream(answers)).await;
        assert_eq!(ended, Err(DownloadErrorKind::Network));
        assert_eq!(read, bytes[..30]);
    }
    // Nothing was handed out yet.
    let answers = vec![cut(&bytes, 0, &[], 200), whole(bytes.clone())];
    assert_eq!(read(stream(answers)).await, (bytes, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn stream_ends_well_only_with_a_whole_video() {
    let bytes = video();
    let short = with_headers(200, &[], bytes[..50].to_vec());
    let (_, ended) = read(stream(vec![short])).await;
    assert_eq!(ended, Err(DownloadErrorKind::Network));

    let page = with_headers(200, &[], "<html></html>");
    let nothing = Vec::new();
    let ended = read(stream(vec![page])).await;
    assert_eq!(ended, (nothing.clone(), Err(DownloadErrorKind::NotVideo)));

    let spoiled = [("repr-digest", "sha-256=:AAAA:")];
    let spoiled = with_headers(200, &spoiled, bytes.clone());
    let ended = read(stream(vec![spoiled])).await;
    assert_eq!(ended, (bytes, Err(DownloadErrorKind::Corrupt)));

    let (_, ended) = read(stream(unreachable(5))).await;
    assert_eq!(ended, Err(DownloadErrorKind::Network));
}

#[tokio::test(start_paused = true)]
async fn stream_of_a_chosen_output() {
    let task = r#"{"id":"task-1","status":"completed","output":[{"content":[
        {"type":"video","url":"https://cdn.example.com/a","watermark_url":"https://cdn.example.com/b"},
        {"type":"video","url":"https://cdn.example.com/c"}]}]}"#;
    for (number, is_watermarked, url) in [
        (0, false, "https://cdn.example.com/a"),
        (0, true, "https://cdn.example.com/b"),
        (1, false, "https://cdn.example.com/c"),
    ] {
        let transport = Scripted::new([whole(video())]);
        let task = Task::from_json(task.as_bytes()).unwrap();
        let stream = client(transport.clone())
            .download_stream(&task)
            .output(number);
        let stream = if is_watermarked {
            stream.watermarked()
        } else {
            stream
        };
        assert_eq!(read(stream).await, (video(), Ok(())));
        assert_eq!(transport.calls(), [format!("GET {url}")]);
    }
    for missing in [
        stream_of(task, vec![]).output(2),
        stream_of(task, vec![]).output(1).watermarked(),
        stream_of(r#"{"id":"task-1","status":"failed"}"#, vec![]),
    ] {
        assert_eq!(read(missing).await.1, Err(DownloadErrorKind::NoOutput));
    }
    let capped = stream(vec![whole(video())]).max_bytes(83);
    assert_eq!(read(capped).await.1, Err(DownloadErrorKind::TooLarge));
}

#[tokio::test(start_paused = true)]
async fn slow_reader_is_no_stall() {
    let bytes = video();
    let headers = [("content-length", "84")];
    let pieces: Vec<Bytes> = bytes.chunks(1).map(Bytes::copy_from_slice).collect();
    let body = crate::scripted::Pieces::body(pieces, crate::scripted::End::Whole);
    let mut stream = stream(vec![with_headers(200, &headers, body)]);
    let mut read = Vec::new();
    while let Some(data) = stream.next().await {
        read.extend_from_slice(&data.unwrap());
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    assert_eq!(read, bytes);
}

#[tokio::test(start_paused = true)]
async fn stream_is_a_stream() {
    let mut stream = stream(vec![whole(video())]);
    let data = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await;
    assert_eq!(data.unwrap().unwrap(), video());
}

#[tokio::test(start_paused = true)]
async fn writer_gets_all_and_is_told_how_much() {
    let video = mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", 5000)]);
    let mut written = Vec::new();
    let answers = vec![cut_whole(&video, 3000), rest(&video, 3000)];
    let count = stream(answers).write_to(&mut written).await.unwrap();
    assert_eq!(count, video.len() as u64);
    assert_eq!(written, video);
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn full_device_is_a_disk_error() {
    let full = tokio::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .await
        .unwrap();
    let error = stream(vec![whole(video())])
        .write_to(full)
        .await
        .unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), DownloadErrorKind::Disk);
}
