//! Downloads against scripted answers: rows D of the faults.

use std::{fs, path::Path};

use bytes::Bytes;
use http::header;
use kirin_client::{Client, DownloadError, DownloadErrorKind, DownloadTarget};
use kirin_tests::canary;
use kirin_transport::{Body, Sent};
use kirin_types::Task;

use crate::scripted::{Answer, End, Pieces, Scripted, json, shown, with_headers};

fn url() -> String {
    let signature = canary::signature();
    format!("https://cdn.example.com/a.mp4?signature={signature}")
}

fn completed() -> String {
    let content = format!(r#"[{{"type":"video","url":"{}"}}]"#, url());
    format!(r#"{{"id":"task-1","status":"completed","output":[{{"content":{content}}}]}}"#)
}

/// The smallest file that passes for an MP4.
fn video() -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in [(b"ftyp", 8_u8), (b"moov", 12), (b"mdat", 40)] {
        bytes.extend((u32::from(content) + 8).to_be_bytes());
        bytes.extend(name);
        bytes.extend((0..content).map(|byte| byte.wrapping_mul(7)));
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

fn cut(bytes: &[u8], at: usize, headers: &[(&str, &str)], status: u16) -> Answer {
    let beginning = Bytes::copy_from_slice(&bytes[..at]);
    with_headers(status, headers, Pieces::body([beginning], End::Broken))
}

struct Downloaded {
    result: Result<Vec<String>, DownloadError>,
    transport: Scripted,
    directory: tempfile::TempDir,
}

impl Downloaded {
    fn bytes(&self) -> Option<Vec<u8>> {
        fs::read(self.directory.path().join("a.mp4")).ok()
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn kind(&self) -> DownloadErrorKind {
        self.result.as_ref().unwrap_err().kind()
    }
}

async fn download(answers: Vec<Answer>) -> Downloaded {
    download_of(&completed(), answers).await
}

async fn download_of(task: &str, answers: Vec<Answer>) -> Downloaded {
    let transport = Scripted::new(answers);
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .build()
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let task = Task::from_json(task.as_bytes()).unwrap();
    let result = client.download(&task, directory.path().join("a.mp4")).await;
    let result = result.map(|paths| {
        let name =
            |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        paths.iter().map(name).collect()
    });
    assert!(transport.is_used_up(), "an answer was not asked for");
    let result: Result<_, DownloadError> = result;
    if let Err(error) = &result {
        shown(error);
    }
    Downloaded {
        result,
        transport,
        directory,
    }
}

#[tokio::test(start_paused = true)]
async fn whole_file_is_written_without_the_key() {
    let downloaded = download(vec![whole(video())]).await;
    assert_eq!(downloaded.result.as_deref().unwrap(), ["a.mp4"]);
    assert_eq!(downloaded.bytes(), Some(video()));
    assert_eq!(downloaded.files(), ["a.mp4"]);
    let [asked] = &downloaded.transport.requests()[..] else {
        panic!("one request")
    };
    assert_eq!(asked.call, format!("GET {}", url()));
    assert!(!asked.headers.contains_key(header::AUTHORIZATION));
    assert_eq!(asked.headers[header::ACCEPT_ENCODING], "identity");
}

#[tokio::test(start_paused = true)]
async fn d01_transfer_cut_at_any_byte_is_resumed() {
    let bytes = video();
    let total = bytes.len();
    for at in 1..total {
        let length = total.to_string();
        let rest = format!("bytes {at}-{}/{total}", total - 1);
        let downloaded = download(vec![
            cut(
                &bytes,
                at,
                &[("content-length", &length), ("etag", "\"v1\"")],
                200,
            ),
            with_headers(
                206,
                &[("content-range", &rest), ("etag", "\"v1\"")],
                bytes[at..].to_vec(),
            ),
        ])
        .await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes), "cut at {at}");
        let second = &downloaded.transport.requests()[1];
        assert_eq!(second.headers[header::RANGE], format!("bytes={at}-"));
        assert_eq!(second.headers[header::IF_RANGE], "\"v1\"");
    }
}

#[tokio::test(start_paused = true)]
async fn d02_ignored_range_starts_over() {
    let bytes = video();
    let headers = [("etag", "\"v1\"")];
    let downloaded = download(vec![cut(&bytes, 20, &headers, 200), whole(bytes.clone())]).await;
    assert_eq!(downloaded.bytes(), Some(bytes));
}

#[tokio::test(start_paused = true)]
async fn d03_wrong_part_is_thrown_away() {
    let bytes = video();
    for range in ["bytes 0-79/80", "bytes 21-83/84", "nonsense"] {
        let downloaded = download(vec![
            cut(&bytes, 20, &[("etag", "\"v1\"")], 200),
            with_headers(206, &[("content-range", range)], bytes[20..].to_vec()),
            whole(bytes.clone()),
        ])
        .await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes), "{range}");
        let third = &downloaded.transport.requests()[2];
        assert!(!third.headers.contains_key(header::RANGE), "{range}");
    }
}

#[tokio::test(start_paused = true)]
async fn d04_weak_or_missing_tag_starts_over() {
    let bytes = video();
    for headers in [&[("etag", "W/\"v1\"")][..], &[]] {
        let downloaded = download(vec![cut(&bytes, 20, headers, 200), whole(bytes.clone())]).await;
        assert_eq!(downloaded.bytes().as_ref(), Some(&bytes));
        assert!(
            !downloaded.transport.requests()[1]
                .headers
                .contains_key(header::RANGE)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn d05_range_that_is_not_there_starts_over() {
    let bytes = video();
    let downloaded = download(vec![
        cut(&bytes, 20, &[("etag", "\"v1\"")], 200),
        with_headers(416, &[], Body::empty()),
        whole(bytes.clone()),
    ])
    .await;
    assert_eq!(downloaded.bytes(), Some(bytes));
}

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
    let downloaded = download(vec![
        with_headers(200, &[], bytes[..50].to_vec()),
        whole(bytes.clone()),
    ])
    .await;
    assert_eq!(downloaded.bytes(), Some(bytes));
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
async fn d08_d09_pages_and_encoded_bodies_are_no_video() {
    for (headers, body) in [
        (&[("content-encoding", "gzip")][..], video()),
        (&[("content-type", "text/html")], b"<html>".to_vec()),
        (&[("content-length", "6")], b"<html>".to_vec()),
    ] {
        let downloaded = download(vec![with_headers(200, headers, body)]).await;
        assert_eq!(
            downloaded.kind(),
            DownloadErrorKind::NotVideo,
            "{headers:?}"
        );
        assert_eq!(downloaded.bytes(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn d10_expired_url_is_replaced_by_querying_the_task() {
    let fresh = r#"{"id":"task-1","status":"completed",
        "output":[{"content":[{"type":"video","url":"https://cdn.example.com/b.mp4"}]}]}"#;
    let expired = with_headers(403, &[], Body::empty());
    let downloaded = download(vec![expired, json(200, fresh), whole(video())]).await;
    assert_eq!(downloaded.bytes(), Some(video()));
    let calls = downloaded.transport.calls();
    assert_eq!(
        calls[1],
        "GET https://cloud.vtrix.ai/model/v1/generation/task/task-1"
    );
    assert_eq!(calls[2], "GET https://cdn.example.com/b.mp4");
}

#[tokio::test(start_paused = true)]
async fn d10_output_that_stays_expired_is_said_to_be() {
    let gone = || with_headers(410, &[], Body::empty());
    let downloaded = download(vec![gone(), json(200, completed()), gone()]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Expired);
    assert_eq!(downloaded.files(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn d11_redirects_are_checked_one_by_one() {
    let to = |location: &str| with_headers(302, &[("location", location)], Body::empty());
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
        "file:///etc/passwd",
    ] {
        let refused = download(vec![to(location)]).await;
        assert_eq!(refused.kind(), DownloadErrorKind::RefusedUrl, "{location}");
    }
    let endless = download((0..6).map(|_| to("/a.mp4")).collect()).await;
    assert_eq!(endless.kind(), DownloadErrorKind::RefusedUrl);
}

#[tokio::test(start_paused = true)]
async fn d12_stalled_transfer_is_resumed() {
    let bytes = video();
    let beginning = Bytes::copy_from_slice(&bytes[..30]);
    let headers = [("etag", "\"v1\"")];
    let rest = format!("bytes 30-{}/{}", bytes.len() - 1, bytes.len());
    let downloaded = download(vec![
        with_headers(200, &headers, Pieces::body([beginning], End::Stalled)),
        with_headers(206, &[("content-range", &rest)], bytes[30..].to_vec()),
    ])
    .await;
    assert_eq!(downloaded.bytes(), Some(bytes));
}

#[tokio::test(start_paused = true)]
async fn broken_transfers_end_after_five_attempts_and_keep_the_part() {
    let bytes = video();
    let answers = (0..5).map(|_| cut(&bytes, 20, &[], 200)).collect();
    let downloaded = download(answers).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Network);
    assert_eq!(downloaded.files(), ["a.mp4.part"]);
    let message = downloaded.result.unwrap_err().to_string();
    assert!(!message.contains("secret"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn unreachable_host_is_network_trouble() {
    let downloaded = download((0..5).map(|_| Answer::Fail(Sent::No)).collect()).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::Network);
    assert_eq!(downloaded.files(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn several_outputs_and_watermarked_copies_get_names_of_their_own() {
    let task = r#"{"id":"task-1","status":"completed","output":[{"content":[
        {"type":"video","url":"https://cdn.example.com/a","watermark_url":"https://cdn.example.com/b"},
        {"type":"video","url":"https://cdn.example.com/c"}]}]}"#;
    let downloaded = download_of(task, vec![whole(video()), whole(video()), whole(video())]).await;
    assert_eq!(
        downloaded.result.unwrap(),
        ["a.mp4", "a-watermarked.mp4", "a-2.mp4"]
    );
}

#[tokio::test(start_paused = true)]
async fn task_without_output_has_nothing_to_download() {
    let downloaded = download_of(r#"{"id":"task-1","status":"completed"}"#, vec![]).await;
    assert_eq!(downloaded.kind(), DownloadErrorKind::NoOutput);
}

fn prepare(path: &Path, overwrite: bool) -> Result<(), DownloadErrorKind> {
    DownloadTarget::prepare(path, overwrite)
        .map(drop)
        .map_err(|error| error.kind())
}

#[test]
fn d14_what_exists_is_not_overwritten_unasked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mp4");
    fs::write(&path, "precious").unwrap();
    assert_eq!(prepare(&path, false), Err(DownloadErrorKind::Exists));
    assert_eq!(prepare(&path, true), Ok(()));
    assert_eq!(
        prepare(directory.path(), true),
        Err(DownloadErrorKind::Exists)
    );
    assert_eq!(
        prepare(&path.join("b.mp4"), false),
        Err(DownloadErrorKind::Disk)
    );
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[cfg(unix)]
#[test]
fn d14_symbolic_links_are_not_written_through() {
    let directory = tempfile::tempdir().unwrap();
    let (path, precious) = (
        directory.path().join("a.mp4"),
        directory.path().join("precious"),
    );
    fs::write(&precious, "precious").unwrap();
    std::os::unix::fs::symlink(&precious, directory.path().join("a.mp4.part")).unwrap();
    assert_eq!(prepare(&path, false), Err(DownloadErrorKind::Exists));
    std::os::unix::fs::symlink(&precious, &path).unwrap();
    assert_eq!(prepare(&path, false), Err(DownloadErrorKind::Exists));
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
}

#[cfg(unix)]
#[test]
fn d14_devices_are_never_replaced() {
    for overwrite in [false, true] {
        assert_eq!(
            prepare(Path::new("/dev/null"), overwrite),
            Err(DownloadErrorKind::Exists)
        );
    }
}

#[test]
fn d17_second_download_of_the_same_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mp4");
    let first = DownloadTarget::prepare(&path, false).unwrap();
    assert_eq!(prepare(&path, false), Err(DownloadErrorKind::Exists));
    drop(first);
    assert_eq!(prepare(&path, false), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn file_that_appears_meanwhile_is_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mp4");
    let appearing = path.clone();
    let transport = kirin_transport::from_fn(move |_request| {
        fs::write(&appearing, "precious").unwrap();
        let response = http::Response::new(Body::from(video()));
        async { Ok(response) }
    });
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport)
        .build()
        .unwrap();
    let task = Task::from_json(completed().as_bytes()).unwrap();
    let error = client.download(&task, &path).await.unwrap_err();
    assert_eq!(error.kind(), DownloadErrorKind::Exists);
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}
