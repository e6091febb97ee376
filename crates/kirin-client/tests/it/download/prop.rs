//! Whatever a server does, the file is one whole version of the output or not there.

use std::{
    collections::VecDeque,
    fs,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, header};
use kirin_transport::{Body, Sent, Transport, TransportError, TransportErrorKind};
use kirin_types::Task;
use proptest::{prelude::*, sample::select};

use super::{Place, client, completed, mp4};
use crate::scripted::{End, Pieces};

/// What a server does with one request.
#[derive(Clone, Copy, Debug)]
enum Behaviour {
    /// Answers, breaks after so many bytes.
    Break(usize),
    /// Replaces the object by the next version first.
    Change,
    /// Ends as if all were there, after so many bytes, and says no length.
    EndEarly(usize),
    /// Breaks before the head.
    Fail,
    /// Does not know ranges.
    IgnoreRange,
    /// Says this status and nothing else.
    Status(u16),
    /// Sends the part from one byte later than it was asked for.
    WrongPart,
}

fn behaviours() -> impl Strategy<Value = Vec<Behaviour>> {
    let one = prop_oneof![
        3 => (0..90_usize).prop_map(Behaviour::Break),
        1 => Just(Behaviour::Change),
        1 => (0..90_usize).prop_map(Behaviour::EndEarly),
        1 => Just(Behaviour::Fail),
        1 => Just(Behaviour::IgnoreRange),
        1 => select(vec![403, 416, 500]).prop_map(Behaviour::Status),
        1 => Just(Behaviour::WrongPart),
    ];
    prop::collection::vec(one, 0..12)
}

/// A version of the output: they differ in every byte of content, and in length.
fn version(number: usize) -> Vec<u8> {
    let length = 20 + u32::try_from(number).unwrap();
    let mut bytes = mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", length)]);
    let content = bytes.len() - 20;
    bytes[content..].fill(u8::try_from(number).unwrap());
    bytes
}

#[derive(Clone, Default)]
struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    behaviours: VecDeque<Behaviour>,
    version: usize,
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        if request.headers().contains_key(header::AUTHORIZATION) {
            return Ok(Response::new(completed().into()));
        }
        let mut state = self.0.lock().unwrap();
        let behaviour = state.behaviours.pop_front();
        match behaviour {
            Some(Behaviour::Change) => state.version += 1,
            Some(Behaviour::Fail) => {
                return Err(TransportError::new(TransportErrorKind::Closed, Sent::Maybe));
            }
            Some(Behaviour::Status(status)) => {
                let response = Response::builder().status(status);
                return Ok(response.body(Body::empty()).unwrap());
            }
            _ => {}
        }
        Ok(answer(&request, state.version, behaviour))
    }
}

fn answer(request: &Request<Bytes>, number: usize, behaviour: Option<Behaviour>) -> Response<Body> {
    let bytes = version(number);
    let etag = format!("\"v{number}\"");
    let text = |name| Some(request.headers().get(name)?.to_str().unwrap());
    let from = text(header::RANGE)
        .filter(|_| text(header::IF_RANGE) == Some(&etag))
        .filter(|_| !matches!(behaviour, Some(Behaviour::IgnoreRange)))
        .map(|range| range[6..range.len() - 1].parse::<usize>().unwrap());
    let response = Response::builder().header(header::ETAG, &etag);
    let total = bytes.len();
    let (response, from) = match (from, behaviour) {
        (Some(from), _) if from >= total => {
            let response = response.status(416);
            let response = response.header(header::CONTENT_RANGE, format!("bytes */{total}"));
            return response.body(Body::empty()).unwrap();
        }
        (Some(from), _) => {
            let is_wrong = matches!(behaviour, Some(Behaviour::WrongPart)) && from + 1 < total;
            let from = from + usize::from(is_wrong);
            let range = format!("bytes {from}-{}/{total}", total - 1);
            let response = response.status(206);
            (response.header(header::CONTENT_RANGE, range), from)
        }
        (None, Some(Behaviour::EndEarly(_))) => (response, 0),
        (None, _) => (response.header(header::CONTENT_LENGTH, total), 0),
    };
    let content = Bytes::from(bytes).slice(from..);
    let (at, end) = match behaviour {
        Some(Behaviour::Break(at)) => (at, End::Broken),
        Some(Behaviour::EndEarly(at)) => (at, End::Whole),
        _ => (content.len(), End::Whole),
    };
    let content = content.slice(..at.min(content.len()));
    response.body(Pieces::body([content], end)).unwrap()
}

/// Downloads once or twice, as processes of their own, and checks what is there after each.
async fn run(first: Vec<Behaviour>, second: Vec<Behaviour>) -> Result<(), TestCaseError> {
    let place = Place::new();
    let path = place.path("a.mp4");
    let task = Task::from_json(completed().as_bytes()).unwrap();
    let server = Server::default();
    // The third one meets an honest server, and gets there.
    for behaviours in [first, second, Vec::new()] {
        let is_honest = behaviours.is_empty();
        server.0.lock().unwrap().behaviours = behaviours.into();
        let done = client(server.clone()).download(&task, &path).await;
        let number = server.0.lock().unwrap().version;
        prop_assert!(done.is_ok() || !is_honest, "{done:?}");
        match done {
            Ok(_) => {
                let found = fs::read(&path).unwrap();
                let known = (0..=number).any(|number| found == version(number));
                prop_assert!(known, "no version: {found:?}");
                prop_assert_eq!(place.files(), ["a.mp4"]);
                return Ok(());
            }
            Err(_) => prop_assert!(!path.exists()),
        }
    }
    Ok(())
}

#[test]
fn file_is_one_whole_version_or_not_there() {
    kirin_tests::property!((behaviours(), behaviours()), |(first, second)| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(first, second))
    });
}

/// Pieces of URLs that a hostile or careless service might put together.
fn hostile_url() -> impl Strategy<Value = String> {
    let scheme = select(vec![
        "https://",
        "https:",
        "HTTPS:\\\\",
        "http://",
        "https:///",
        " https://",
        "//",
        "",
    ]);
    let user = select(vec!["", "", "", "user@", "a:b@", "example.com\\@", "%40"]);
    let host = select(vec![
        "cdn.example.com",
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "10.1",
        "localhost",
        "LocalHost.",
        "a.localhost",
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
        "127%2e0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "93.184.216.34",
        "b\u{fc}cher.example",
        "metadata.google.internal",
        "127\u{3002}0.0.1",
        "1\t27.0.0.1",
        "ex\u{ad}ample.com",
        "%6cocalhost",
    ]);
    let port = select(vec!["", "", ":443", ":8443", ":"]);
    let path = select(vec![
        "/a.mp4",
        "",
        "/a b?x=<y>",
        "\\@evil.example/",
        "#@evil.example",
        "/../..//127.0.0.1/",
    ]);
    (scheme, user, host, port, path)
        .prop_map(|(scheme, user, host, port, path)| format!("{scheme}{user}{host}{port}{path}"))
}

/// Whether a host, as a transport reads it, is a public one; judged by the standard library alone.
fn is_public(host: &str) -> bool {
    let host = host
        .trim_matches(['[', ']'])
        .trim_end_matches('.')
        .to_ascii_lowercase();
    match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(it)) => {
            !(it.is_loopback() || it.is_private() || it.is_link_local() || it.is_unspecified())
        }
        Ok(std::net::IpAddr::V6(it)) => it.segments()[0] & 0xe000 == 0x2000,
        Err(_) => {
            let is_local = ["localhost", "local", "internal"];
            let last = host.rsplit('.').next().unwrap();
            host.is_ascii()
                && !is_local.contains(&last)
                && !last.starts_with(|it: char| it.is_ascii_digit())
        }
    }
}

#[test]
fn host_that_is_connected_to_is_the_one_that_was_checked() {
    kirin_tests::property!((hostile_url(), hostile_url()), |(url, location)| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let asked = Arc::new(Mutex::new(Vec::new()));
            let (seen, to) = (Arc::clone(&asked), location.clone());
            let transport = kirin_transport::from_fn(move |request: Request<Bytes>| {
                seen.lock().unwrap().push(request.uri().clone());
                let response = Response::builder().status(302);
                let response = response.header(header::LOCATION, to.as_bytes());
                async { Ok(response.body(Body::empty()).unwrap()) }
            });
            let task = serde_json::json!({ "id": "task-1", "status": "completed", "output": [
                { "content": [{ "type": "video", "url": url }] }] });
            let task = Task::from_json(task.to_string().as_bytes()).unwrap();
            let refused = client(transport)
                .download_stream(&task)
                .write_to(Vec::new())
                .await;
            prop_assert!(refused.is_err());
            for (hop, uri) in asked.lock().unwrap().iter().enumerate() {
                let (authority, host) = (uri.authority().unwrap(), uri.host().unwrap());
                prop_assert_eq!(uri.scheme_str(), Some("https"), "{}", uri);
                prop_assert!(!authority.as_str().contains('@'), "{}", uri);
                prop_assert!(is_public(host), "{}", uri);
                // Another reader of URLs finds the same host in what it was made of.
                if hop == 0 {
                    let read = reqwest::Url::parse(&url).unwrap();
                    prop_assert_eq!(read.host_str(), Some(host));
                    prop_assert_eq!(
                        read.port_or_known_default(),
                        Some(uri.port_u16().unwrap_or(443))
                    );
                }
                let again = reqwest::Url::parse(&uri.to_string()).unwrap();
                prop_assert_eq!(
                    again.host_str(),
                    Some(host),
                    "a second reading changes nothing"
                );
            }
            Ok(())
        })
    });
}
