//! However a film comes, in which pieces, with which end and after which interruptions: what is handed out is
//! the beginning of it, and what ends well is all of it.
#![no_main]

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body::Frame;
use kirin_client::Client;
use kirin_transport::{Body, BodyEnd, TransportError, from_fn};
use kirin_types::Task;
use libfuzzer_sys::fuzz_target;

const TASK: &str = r#"{"id":"a","status":"completed","output":[{"content":[{"type":"video","url":"https://cdn.example.com/a.mp4"}]}]}"#;

/// How the store sends the film.
#[derive(Clone)]
struct Store {
    film: Bytes,
    /// Bits: 0 a length, 1 a framed end, 2 an entity tag, 3 ranges, 4 the first answer is cut, 5 the cut is an
    /// error of the connection, 6 a length that is too great.
    how: u8,
    piece: usize,
    content_type: &'static str,
}

impl Store {
    fn new(data: &[u8]) -> Option<Self> {
        let [how, piece, content_type, film @ ..] = data else {
            return None;
        };
        let types = ["video/mp4", "application/octet-stream", "text/plain", ""];
        Some(Self {
            film: Bytes::copy_from_slice(film),
            how: *how,
            piece: 1 + usize::from(*piece) * usize::from(*piece) / 8,
            content_type: types[usize::from(*content_type) % types.len()],
        })
    }

    fn has(&self, bit: u8) -> bool {
        self.how & (1 << bit) != 0
    }

    fn says_too_much(&self) -> bool {
        self.has(0) && self.has(6)
    }

    fn answer(&self, request: &Request<Bytes>, number: usize) -> Response<Body> {
        if request.headers().contains_key(header::AUTHORIZATION) {
            return Response::new(Body::from(TASK));
        }
        let mut response = Response::builder();
        let range = request.headers().get(header::RANGE).filter(|_| self.has(3));
        let range = range.and_then(|it| it.to_str().ok()?.strip_prefix("bytes=")?.split_once('-'));
        let total = self.film.len();
        let from: Option<usize> = range.and_then(|(from, _)| from.parse().ok());
        let from = from.filter(|from| *from < total);
        if let Some(from) = from {
            let content_range = format!("bytes {from}-{}/{total}", total.saturating_sub(1));
            response = response
                .status(206)
                .header(header::CONTENT_RANGE, content_range);
        }
        let sent = self.film.slice(from.unwrap_or_default()..);
        if self.has(0) {
            let length = sent.len() + usize::from(self.has(6));
            response = response.header(header::CONTENT_LENGTH, length);
        }
        if self.has(2) {
            response = response.header(header::ETAG, "\"a\"");
        }
        if !self.content_type.is_empty() {
            response = response.header(header::CONTENT_TYPE, self.content_type);
        }
        let is_cut = self.has(4) && number == 0;
        let is_broken = is_cut && self.has(5);
        if self.has(1) && (!is_cut || is_broken) {
            response = response.extension(BodyEnd::Framed);
        }
        let sent = match is_cut {
            true => sent.slice(..sent.len() / 2),
            false => sent,
        };
        let pieces = sent
            .chunks(self.piece)
            .map(|it| Ok(Bytes::copy_from_slice(it)));
        let mut pieces: VecDeque<_> = pieces.collect();
        if is_broken {
            pieces.push_back(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let body = Body::new(Pieces(pieces));
        response.body(body).expect("legal headers")
    }
}

struct Pieces(VecDeque<io::Result<Bytes>>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(self.0.pop_front().map(|piece| piece.map(Frame::data)))
    }
}

async fn fetch(store: Store) {
    let task = Task::from_json(TASK.as_bytes()).expect("a task");
    let (answering, requests) = (store.clone(), AtomicUsize::new(0));
    let transport = from_fn(move |request: Request<Bytes>| {
        let number = requests.fetch_add(1, Ordering::Relaxed);
        assert!(number < 1000, "it does not end");
        let answer = answering.answer(&request, number);
        async move { Ok::<_, TransportError>(answer) }
    });
    let key = "any-key".parse().expect("a key");
    let client = Client::builder(key).transport(transport).jitter_seed(1);
    let client = client.build().expect("a client");
    let mut stream = client.download_stream(&task);
    let mut received = Vec::new();
    let mut is_whole = true;
    while let Some(data) = stream.next().await {
        match data {
            Ok(data) => received.extend_from_slice(&data),
            Err(error) => {
                assert!(!format!("{error} {error:?}").is_empty());
                is_whole = false;
            }
        }
    }
    assert!(store.film.starts_with(&received), "not what was sent");
    if is_whole {
        // Where the first answer ended politely in the middle and nothing says how long it is, what came is
        // the film: its boxes have to say so.
        let may_be_half = store.has(4) && !store.has(0);
        assert!(may_be_half || received.len() == store.film.len(), "cut");
        assert!(!store.says_too_much(), "cut, as its length says");
    }
}

fuzz_target!(|data: &[u8]| {
    let Some(store) = Store::new(data) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(fetch(store));
});
