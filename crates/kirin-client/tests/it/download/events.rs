//! What is told on the way, and several outputs.

use std::time::Duration;

use kirin_client::{DownloadErrorKind, DownloadEvent};

use super::{
    completed, cut_whole, download, download_of, mp4, rest, status, unreachable, video, whole,
};
use crate::scripted::{json, with_headers};

/// The events as short words; waits differ by their jitter.
fn words(events: &[DownloadEvent]) -> Vec<String> {
    let word = |event: &DownloadEvent| match event {
        DownloadEvent::Finished { path } => {
            format!("finished {}", path.file_name().unwrap().display())
        }
        DownloadEvent::Progress { bytes, total } => format!("{bytes} of {total:?}"),
        DownloadEvent::RefreshedUrl => "refreshed".into(),
        DownloadEvent::Restarted { because } => format!("restarted: {because}"),
        DownloadEvent::Resumed { at, total } => format!("resumed at {at} of {total}"),
        DownloadEvent::Retrying { wait, .. } => {
            assert!(*wait >= Duration::from_millis(500), "{wait:?}");
            "retrying".into()
        }
        DownloadEvent::Started { total } => format!("started, {total:?}"),
        other => panic!("{other:?}"),
    };
    events.iter().map(word).collect()
}

#[tokio::test(start_paused = true)]
async fn every_turn_of_a_download_is_told() {
    let bytes = video();
    let other = mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", 4)]);
    let downloaded = download(vec![
        cut_whole(&bytes, 20),
        status(403),
        json(200, completed()),
        super::cut(
            &bytes[20..],
            10,
            &[("content-range", "bytes 20-83/84")],
            206,
        ),
        with_headers(200, &[("etag", "\"v2\"")], other),
    ])
    .await;
    assert_eq!(
        words(&downloaded.events),
        [
            "started, Some(84)",
            "20 of Some(84)",
            "retrying",
            "refreshed",
            "resumed at 20 of 84",
            "30 of Some(84)",
            "retrying",
            "restarted: the server sent the whole output again",
            "started, None",
            "48 of None",
            "finished a.mp4",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn several_outputs_and_watermarked_copies_get_names_of_their_own() {
    let task = r#"{"id":"task-1","status":"completed","output":[{"content":[
        {"type":"video","url":"https://cdn.example.com/a","watermark_url":"https://cdn.example.com/b"},
        {"type":"video","url":"https://cdn.example.com/c"}]}]}"#;
    let bytes = video();
    let answers = vec![
        whole(video()),
        cut_whole(&bytes, 10),
        rest(&bytes, 10),
        whole(video()),
    ];
    let downloaded = download_of(task, answers).await;
    assert_eq!(
        downloaded.result.as_deref().unwrap(),
        ["a.mp4", "a-watermarked.mp4", "a-2.mp4"]
    );
    assert_eq!(
        downloaded.files(),
        ["a-2.mp4", "a-watermarked.mp4", "a.mp4"]
    );
    let words = words(&downloaded.events);
    let finished = words.iter().filter(|word| word.starts_with("finished"));
    assert_eq!(
        finished.collect::<Vec<_>>(),
        [
            "finished a.mp4",
            "finished a-watermarked.mp4",
            "finished a-2.mp4"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn outputs_that_were_finished_before_a_failure_are_named() {
    let task = r#"{"id":"task-1","status":"completed","output":[{"content":[
        {"type":"video","url":"https://cdn.example.com/a"},
        {"type":"video","url":"https://cdn.example.com/b"}]}]}"#;
    let mut answers = vec![whole(video())];
    answers.extend(unreachable(5));
    let failed = download_of(task, answers).await;
    let error = failed.result.as_ref().unwrap_err();
    assert_eq!(error.path(), Some(failed.place.path("a-2.mp4").as_path()));
    assert_eq!(error.finished(), [failed.place.path("a.mp4")]);
    assert_eq!(failed.bytes(), Some(video()));

    let failed = failed.place.download(task, vec![], |it| it).await;
    let error = failed.result.as_ref().unwrap_err();
    assert_eq!(error.kind(), DownloadErrorKind::Exists);
    assert!(error.finished().is_empty());
}

#[tokio::test(start_paused = true)]
async fn output_that_lost_its_url_does_not_make_another_one_of_the_next() {
    let task = |urls: &str| {
        format!(r#"{{"id":"task-1","status":"completed","output":[{{"content":[{urls}]}}]}}"#)
    };
    let (first, second) = (
        r#"{"type":"video","url":"https://cdn.example.com/a"}"#,
        r#"{"type":"video","url":"https://cdn.example.com/b"}"#,
    );
    let both = task(&format!("{first},{second}"));
    let lost = task(&format!(r#"{{"type":"video"}},{second}"#));
    let downloaded = download_of(&both, vec![status(410), json(200, lost.clone())]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Expired);
    assert_eq!(downloaded.files(), [""; 0]);

    let downloaded = download_of(&lost, vec![whole(video())]).await;
    assert_eq!(downloaded.files(), ["a-2.mp4"]);
}

#[tokio::test(start_paused = true)]
async fn expired_url_of_a_copy_is_replaced_by_that_of_the_copy() {
    let task = |host: &str| {
        format!(
            r#"{{"id":"task-1","status":"completed","output":[{{"content":[{{"type":"video",
            "url":"https://{host}/a","watermark_url":"https://{host}/b"}}]}}]}}"#
        )
    };
    let answers = vec![
        whole(video()),
        status(410),
        json(200, task("new.example.com")),
        whole(video()),
    ];
    let downloaded = download_of(&task("old.example.com"), answers).await;
    assert_eq!(
        downloaded.transport.calls()[3],
        "GET https://new.example.com/b"
    );
}

#[tokio::test(start_paused = true)]
async fn task_without_output_has_nothing_to_download() {
    let downloaded = download_of(r#"{"id":"task-1","status":"completed"}"#, vec![]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::NoOutput);
}
