//! Connections that are kept: used again, or found closed; and those of creates, which are not.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::Request;
use kirin_transport::{HyperTransport, PreferFreshConnection, Sent, TransportErrorKind};
use tokio::task::JoinHandle;

use crate::server::{ANSWER, Server, Step, ask, create, play, posts, within};

/// Answers three requests on a connection.
const ANSWERS: &[Step<'_>] = &[
    Step::ReadRequest,
    Step::Write(ANSWER),
    Step::ReadRequest,
    Step::Write(ANSWER),
    Step::ReadRequest,
    Step::Write(ANSWER),
    Step::ReadToEnd,
];

/// Answers one request and closes its own side, so that a second request is still seen.
const ANSWERS_ONCE: &[Step<'_>] = &[
    Step::ReadRequest,
    Step::Write(ANSWER),
    Step::FinishWriting,
    Step::ReadToEnd,
];

/// A server that goes on in the background, however many connections come.
struct Background {
    server: Arc<Server>,
    accepting: JoinHandle<()>,
    connections: Arc<Mutex<Vec<JoinHandle<Vec<u8>>>>>,
}

impl Background {
    /// Takes the first connection through `first`, and each further one through [`ANSWERS`].
    async fn start(first: &'static [Step<'static>]) -> Self {
        let server = Arc::new(Server::start().await);
        let connections = Arc::new(Mutex::new(Vec::new()));
        let (listening, accepted) = (server.clone(), connections.clone());
        let accepting = tokio::spawn(async move {
            loop {
                let mut stream = listening.accept().await;
                let mut accepted = accepted.lock().unwrap();
                let steps = if accepted.is_empty() { first } else { ANSWERS };
                accepted.push(tokio::spawn(async move { play(&mut stream, steps).await }));
            }
        });
        Self {
            server,
            accepting,
            connections,
        }
    }

    /// How many requests came on each connection that was used, once the client is gone. hyper may
    /// open one more than it uses: it connects while it waits for one in use.
    async fn requests(self) -> Vec<usize> {
        self.accepting.abort();
        // The listener is let go when the task has ended.
        let _ = self.accepting.await;
        let server = Arc::into_inner(self.server).unwrap();
        let mut connections = std::mem::take(&mut *self.connections.lock().unwrap());
        for mut stream in server.left_over() {
            let reading = async move { play(&mut stream, &[Step::ReadToEnd]).await };
            connections.push(tokio::spawn(reading));
        }
        let mut requests = Vec::new();
        for connection in connections {
            requests.push(posts(&within(connection).await.unwrap()));
        }
        requests.retain(|count| *count > 0);
        requests
    }
}

// ----------------------------------------------------------------- closed while it was idle

/// The server reads the second request on a kept connection and goes: a stale connection that was
/// noticed too late. The transport must neither repeat it nor promise that nothing left.
#[tokio::test]
async fn a_request_lost_on_a_kept_connection_is_not_repeated() {
    const READS_TWO: &[Step<'_>] = &[Step::ReadRequest, Step::Write(ANSWER), Step::ReadRequest];
    let background = Background::start(READS_TWO).await;
    let url = background.server.url();
    let transport = HyperTransport::plain();
    assert!(within(ask(&transport, create(&url))).await.is_ok());
    turns(SETTLED).await;
    let error = within(ask(&transport, create(&url))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Closed);
    assert_eq!(error.sent(), Sent::Maybe);
    turns(SETTLED).await;
    drop(transport);
    assert_eq!(background.requests().await, [2]);
}

/// The server closes after its first answer, and the client asks again sooner or later: before it
/// can know of the close, after it does, and in between.
#[tokio::test]
async fn a_connection_that_closes_between_two_requests_is_honest_about_the_second() {
    for pause in 0..70 {
        check_closed_between(pause).await;
    }
    let unseen = check_closed_between(SETTLED).await;
    assert!(unseen.is_none(), "the close was there to be noticed");
}

/// The same with client, connection and server on two threads, so that they really race.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_closes_while_a_request_is_sent_is_honest_about_it() {
    for round in 0..300 {
        check_closed_between(round % 10).await;
    }
}

/// What the error says of the second request, if it fails.
async fn check_closed_between(pause: usize) -> Option<Sent> {
    let background = Background::start(ANSWERS_ONCE).await;
    let url = background.server.url();
    let transport = HyperTransport::plain();
    let first = within(ask(&transport, create(&url))).await.unwrap();
    assert!(first.into_body().is_ok());
    turns(pause).await;
    let second = within(ask(&transport, create(&url))).await;
    turns(SETTLED).await;
    drop(transport);
    let requests = background.requests().await;
    match second {
        // The close was noticed, and the only attempt went by a new connection.
        Ok(_) => {
            assert_eq!(requests, [1, 1], "{pause} turns");
            None
        }
        Err(error) => {
            assert_eq!(error.kind(), TransportErrorKind::Closed, "{error:?}");
            let most = if error.sent() == Sent::No { 1 } else { 2 };
            assert_eq!(requests.len(), 1, "{pause} turns: repeated");
            assert!(requests[0] <= most, "{requests:?}: {error:?}");
            Some(error.sent())
        }
    }
}

// ----------------------------------------------------------------- used again, or not

/// Sends two requests with so much time between them, and says how many came on each connection.
async fn check_kept(idle: Duration, request: fn(&str) -> Request<Bytes>, expected: &[usize]) {
    let background = Background::start(ANSWERS).await;
    let url = background.server.url();
    let transport = HyperTransport::plain();
    for wait in [Duration::ZERO, idle] {
        turns(SETTLED).await;
        pass(wait).await;
        let response = within(ask(&transport, request(&url))).await.unwrap();
        assert_eq!(response.into_body().unwrap(), "{}");
    }
    turns(SETTLED).await;
    drop(transport);
    assert_eq!(background.requests().await, expected, "idle for {idle:?}");
}

fn create_fresh(url: &str) -> Request<Bytes> {
    let mut request = create(url);
    request.extensions_mut().insert(PreferFreshConnection);
    request
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_90_seconds() {
    check_kept(Duration::ZERO, create, &[2]).await;
    check_kept(Duration::from_millis(1100), create, &[2]).await;
    check_kept(Duration::from_secs(89), create, &[2]).await;
    check_kept(Duration::from_secs(91), create, &[1, 1]).await;
}

/// Even a connection that was used a moment ago may meet the close of a server that reloads.
#[tokio::test]
async fn a_create_over_http1_has_a_connection_of_its_own() {
    check_kept(Duration::ZERO, create_fresh, &[1, 1]).await;
    check_kept(Duration::from_millis(900), create_fresh, &[1, 1]).await;
    check_kept(Duration::from_secs(89), create_fresh, &[1, 1]).await;
}

/// A connection that creates do not use still serves everything else.
#[tokio::test]
async fn other_requests_go_on_using_their_connection() {
    let background = Background::start(ANSWERS).await;
    let url = background.server.url();
    let transport = HyperTransport::plain();
    for request in [create, create_fresh, create, create_fresh] {
        within(ask(&transport, request(&url))).await.unwrap();
        turns(SETTLED).await;
    }
    drop(transport);
    assert_eq!(background.requests().await, [2, 1, 1]);
}

/// A clone is the same transport, with the same connections.
#[tokio::test]
async fn clones_share_their_connections() {
    let background = Background::start(ANSWERS).await;
    let url = background.server.url();
    let transport = HyperTransport::plain();
    for transport in [transport.clone(), transport.clone()] {
        within(ask(&transport, create(&url))).await.unwrap();
        turns(SETTLED).await;
    }
    drop(transport);
    assert_eq!(background.requests().await, [2]);
}

// ----------------------------------------------------------------- time without waiting

/// So many turns let everything happen that is ready to: tokio looks at its sockets at least
/// every 61 turns.
const SETTLED: usize = 500;

async fn turns(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

/// Moves tokio's clock. It stands still for this moment only, because a paused clock jumps to the
/// next time-out whenever a test waits for a socket.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
