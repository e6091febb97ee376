//! Downloads that are not what they should be.

use kirin_emulator::Emulator;
use serde_json::{Value, json};

use super::{create, last, with};
use crate::wire::{Answer, Wire};

/// A completed task's file.
struct Download {
    emulator: Emulator,
    wire: Wire,
    path: String,
}

impl Download {
    async fn with(rule: Value) -> Self {
        let emulator = with(json!([rule])).await;
        let mut wire = Wire::connect(&emulator);
        let task = create(&mut wire).json();
        let url = task["output"][0]["content"][0]["url"].as_str().unwrap();
        let path = url.strip_prefix(emulator.base_url()).unwrap().into();
        Self {
            emulator,
            wire,
            path,
        }
    }

    fn get(&mut self, headers: &str) -> Answer {
        let answer = self.wire.download(&self.path, headers);
        assert_eq!(last(&self.emulator).status, Some(answer.status));
        answer
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_artifact_truncated() {
    let mut download = Download::with(json!({ "fault": "artifact_truncated", "nth": 1 })).await;
    let truncated = download.get("");
    let whole = download.get("");
    assert_eq!((truncated.status, whole.status), (200, 200));
    assert_eq!(truncated.body, whole.body[..whole.body.len() / 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_artifact_changed_between_two_ranges() {
    let mut download = Download::with(json!({ "fault": "artifact_changed", "nth": 2 })).await;
    let first = download.get("range: bytes=0-99\r\n");
    let etag = first.header("etag").unwrap();
    let second = download.get("range: bytes=100-199\r\n");
    assert_eq!((first.status, second.status), (206, 206));
    assert_ne!(second.header("etag").unwrap(), etag);

    let mut download = Download::with(json!({ "fault": "artifact_changed", "nth": 2 })).await;
    download.get("range: bytes=0-99\r\n");
    let second = download.get(&format!("range: bytes=100-199\r\nif-range: {etag}\r\n"));
    assert_eq!(second.status, 200, "another file is answered whole");
    assert_eq!(&second.body[4..8], b"ftyp");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_range_ignored() {
    let mut download = Download::with(json!({ "fault": "range_ignored", "nth": 1 })).await;
    // It is not for downloads without a range.
    let whole = download.get("");
    let ignored = download.get("range: bytes=100-\r\n");
    assert_eq!(
        (ignored.status, ignored.header("content-range")),
        (200, None)
    );
    assert_eq!(ignored.body, whole.body);
    assert_eq!(download.get("range: bytes=100-\r\n").status, 206);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_wrong_content_range() {
    let mut download = Download::with(json!({ "fault": "wrong_content_range" })).await;
    let whole = download.get("");
    let part = download.get("range: bytes=100-199\r\n");
    let said = format!("bytes 101-199/{}", whole.body.len());
    assert_eq!(
        (part.status, part.header("content-range")),
        (206, Some(said.as_str()))
    );
    assert_eq!(part.body, whole.body[100..200]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_artifact_expired() {
    let mut download = Download::with(json!({ "fault": "artifact_expired", "nth": 1 })).await;
    let expired = download.get("");
    assert_eq!(expired.json(), json!({ "message": "the URL has expired" }));
    assert_eq!((expired.status, download.get("").status), (403, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_artifact_html() {
    let mut download = Download::with(json!({ "fault": "artifact_html" })).await;
    let page = download.get("");
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html"))
    );
    assert!(page.body.starts_with(b"<html>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_answers_befall_downloads_too() {
    let rule = json!({ "fault": "commit_then_cut", "scope": "artifact" });
    let mut download = Download::with(rule).await;
    let path = download.path.clone();
    download
        .wire
        .send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    let head = download.wire.head();
    let length: usize = head.header("content-length").unwrap().parse().unwrap();
    assert_eq!(download.wire.rest().0.len(), length / 2);
}
