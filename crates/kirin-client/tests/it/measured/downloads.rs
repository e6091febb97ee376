//! Bytes of outputs.

use bytes::Bytes;
use kirin_types::Task;

use super::*;
use crate::scripted::{End, Pieces};

const BYTES: &str = "kirin.download.bytes";

/// The smallest file that passes for an MP4, in two pieces.
fn video() -> [Bytes; 2] {
    let mut bytes = Vec::new();
    for (name, content) in [(b"ftyp", 8_u32), (b"moov", 12), (b"mdat", 40)] {
        bytes.extend((content + 8).to_be_bytes());
        bytes.extend(*name);
        bytes.extend((0..content).map(|_| 7));
    }
    let mut bytes = Bytes::from(bytes);
    let rest = bytes.split_off(50);
    [bytes, rest]
}

/// What is recorded while the video is downloaded to a file.
fn downloaded(answers: Vec<Answer>) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let recorded = recorded(|| async {
        let task = Task::from_json(COMPLETED.as_bytes()).unwrap();
        let client = builder(Scripted::new(answers)).build().unwrap();
        let path = folder.path().join("a.mp4");
        client.download(&task, path).await.unwrap();
    });
    recorded.values(BYTES).into_iter().sum()
}

#[test]
fn the_bytes_of_a_download_are_counted_also_those_that_came_twice() {
    let [first, rest] = video();
    let whole = || [first.clone(), rest.clone()];
    let length = [("content-length", "84")];
    let answer = |pieces: &[Bytes], end| {
        let pieces = pieces.iter().cloned();
        with_headers(200, &length, Pieces::body(pieces, end))
    };
    assert_eq!(downloaded(vec![answer(&whole(), End::Whole)]), 84.0);
    // Without an ETag it begins at the start again.
    let cut = answer(&whole()[..1], End::Broken);
    assert_eq!(downloaded(vec![cut, answer(&whole(), End::Whole)]), 134.0);
}

#[test]
fn the_bytes_of_a_stream_are_counted() {
    let recorded = recorded(|| async {
        let task = Task::from_json(COMPLETED.as_bytes()).unwrap();
        let body = Pieces::body(video(), End::Whole);
        let answer = with_headers(200, &[("content-length", "84")], body);
        let client = builder(Scripted::new([answer])).build().unwrap();
        let mut stream = client.download_stream(&task);
        while let Some(data) = stream.next().await {
            data.unwrap();
        }
    });
    assert_eq!(recorded.values(BYTES), [50.0, 34.0]);
}
