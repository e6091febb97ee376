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
