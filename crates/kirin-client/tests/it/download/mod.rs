//! Downloads against scripted answers: rows D of the faults.

mod cuts;
mod dropped;
mod encoded;
mod endings;
mod events;
mod existing;
mod files;
#[cfg(feature = "http2")]
mod films;
mod pace;
mod processes;
mod prop;
#[cfg(feature = "hyper")]
mod raw;
mod refusals;
mod resume;
mod strangers;
mod stream;

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use kirin_client::{Client, Download, DownloadError, DownloadErrorKind, DownloadEvent};
use kirin_tests::canary::{self, Shown};
use kirin_transport::{Body, Sent, Transport};
use kirin_types::Task;

use crate::scripted::{Answer, End, Pieces, Scripted, shown, with_headers};

fn url() -> String {
    let signature = canary::signature();
    format!("https://cdn.example.com/a.mp4?signature={signature}")
}

fn completed() -> String {
    task_at(&url())
}

fn task_at(url: &str) -> String {
    let content = format!(r#"[{{"type":"video","url":"{url}"}}]"#);
    format!(r#"{{"id":"task-1","status":"completed","output":[{{"content":{content}}}]}}"#)
}

/// The smallest file that passes for an MP4: 84 bytes.
fn video() -> Vec<u8> {
    mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", 40)])
}

fn mp4(boxes: &[(&[u8; 4], u32)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in boxes {
        bytes.extend((content + 8).to_be_bytes());
        bytes.extend(*name);
        bytes.extend((0..*content).map(|byte| byte.wrapping_mul(7).to_be_bytes()[3]));
    }
    bytes
}

fn whole(bytes: Vec<u8>) -> Answer {
    let length = bytes.len().to_string();
    with_headers(
        200,
        &[("content-length", &length), ("etag", "\"v1\"")],
        bytes,
    )
}

/// The first `at` bytes of a whole, and a break.
fn cut(bytes: &[u8], at: usize, headers: &[(&str, &str)], status: u16) -> Answer {
    let beginning = Bytes::copy_from_slice(&bytes[..at]);
    with_headers(status, headers, Pieces::body([beginning], End::Broken))
}

/// The same of version 1, with its length.
fn cut_whole(bytes: &[u8], at: usize) -> Answer {
    let length = bytes.len().to_string();
    cut(
        bytes,
        at,
        &[("content-length", &length), ("etag", "\"v1\"")],
        200,
    )
}

/// All of `bytes` from `at` on, as a part.
fn rest(bytes: &[u8], at: usize) -> Answer {
    let range = format!("bytes {at}-{}/{}", bytes.len() - 1, bytes.len());
    let headers = [("content-range", range.as_str()), ("etag", "\"v1\"")];
    with_headers(206, &headers, bytes[at..].to_vec())
}

fn status(status: u16) -> Answer {
    with_headers(status, &[], Body::empty())
}

fn unreachable(times: usize) -> Vec<Answer> {
    (0..times).map(|_| Answer::Fail(Sent::No)).collect()
}

fn client(transport: impl Transport + 'static) -> Client {
    Client::builder(canary::key().parse().unwrap())
        .transport(transport)
        .build()
        .unwrap()
}

/// A folder to download to.
struct Place(tempfile::TempDir);

/// What came of a download.
struct Downloaded {
    result: Result<Vec<String>, DownloadError>,
    transport: Scripted,
    events: Vec<DownloadEvent>,
    place: Place,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Downloads to `a.mp4`, as a process of its own would.
    async fn download(
        self,
        task: &str,
        answers: Vec<Answer>,
        set: impl FnOnce(Download<'static>) -> Download<'static>,
    ) -> Downloaded {
        let transport = Scripted::new(answers);
        let client = client(transport.clone());
        let task = Task::from_json(task.as_bytes()).unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&events);
        let download = set(client.download(&task, self.path("a.mp4")))
            .on_event(move |event| told.lock().unwrap().push(event.clone()));
        let result: Result<_, DownloadError> = download.await.map(|paths| {
            let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
            paths.iter().map(name).collect()
        });
        assert!(transport.is_used_up(), "an answer was not asked for");
        if let Err(error) = &result {
            shown(error);
        }
        let note = self.path("a.mp4.part.json");
        if note.is_file()
            && let Ok(note) = fs::read_to_string(note)
        {
            canary::shown(Shown::Display, &note);
        }
        let events = std::mem::take(&mut *events.lock().unwrap());
        canary::shown(Shown::Debug, &format!("{events:?}"));
        Downloaded {
            result,
            transport,
            events,
            place: self,
        }
    }
}

impl Downloaded {
    fn bytes(&self) -> Option<Vec<u8>> {
        fs::read(self.place.path("a.mp4")).ok()
    }

    fn files(&self) -> Vec<String> {
        self.place.files()
    }

    #[track_caller]
    fn kind(&self) -> DownloadErrorKind {
        self.result.as_ref().unwrap_err().kind()
    }

    /// What was restarted, and why.
    fn restarts(&self) -> Vec<&str> {
        let restarts = self.events.iter().filter_map(|event| match event {
            DownloadEvent::Restarted { because } => Some(because.as_str()),
            _ => None,
        });
        restarts.collect()
    }

    /// The ranges that were asked for, where one was.
    fn ranges(&self) -> Vec<Option<String>> {
        let requests = self.transport.requests().into_iter();
        let range = |headers: &http::HeaderMap| {
            assert_eq!(
                headers.contains_key("range"),
                headers.contains_key("if-range")
            );
            Some(headers.get("range")?.to_str().unwrap().to_owned())
        };
        requests.map(|asked| range(&asked.headers)).collect()
    }

    /// The same download, by another process.
    async fn again(self, answers: Vec<Answer>) -> Self {
        self.place
            .download(&completed(), answers, |download| download)
            .await
    }
}

async fn download(answers: Vec<Answer>) -> Downloaded {
    download_of(&completed(), answers).await
}

async fn download_of(task: &str, answers: Vec<Answer>) -> Downloaded {
    Place::new()
        .download(task, answers, |download| download)
        .await
}

/// A download of [`video`] that another process left after so many bytes.
async fn left_after(at: usize) -> Downloaded {
    let bytes = video();
    let mut answers = vec![cut_whole(&bytes, at)];
    answers.extend(unreachable(4));
    let left = download(answers).await;
    assert_eq!(left.kind(), DownloadErrorKind::Network);
    assert_eq!(left.files(), ["a.mp4.part", "a.mp4.part.json"]);
    left
}

fn task_of(content_type: &str) -> String {
    completed().replace(r#""type":"video""#, &format!(r#""type":"{content_type}""#))
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
    assert_eq!(downloaded.files(), ["a.mp4.part", "a.mp4.part.json"]);
}

/// All that the server says is unusual.
fn oddities(downloaded: &Downloaded) -> Vec<&str> {
    let oddities = downloaded.events.iter().filter_map(|event| match event {
        DownloadEvent::Unusual { what } => Some(what.as_str()),
        _ => None,
    });
    oddities.collect()
}
