//! Creates that are cut while they wait in hyper's queue for a stream.

use std::{future::Future, time::Duration};

use http::Response;
use kirin_transport::{Body, SendWatch, Timeout, TransportError};
use tokio::{sync::mpsc::UnboundedSender, task::JoinHandle, time::Instant};

use super::{
    http2::{DATA, END_STREAM, HEADERS, PREFACE, SETTINGS, frame, frames, http2},
    *,
};

pub(super) type Outcome = Result<Response<Body>, TransportError>;

/// A create, and the watch in it.
pub(super) fn watched() -> (Request<Bytes>, SendWatch) {
    let (mut request, watch) = (create(), SendWatch::new());
    request.extensions_mut().insert(watch.clone());
    (request, watch)
}

/// Lets everything happen that is ready to.
pub(super) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

// ----------------------------------------------------------------- a server with one stream

/// A server of one stream at a time, which answers when the test says so.
struct OneStream {
    transport: HyperTransport,
    answer: UnboundedSender<()>,
    serving: JoinHandle<usize>,
}

impl OneStream {
    fn start(builder: HyperTransportBuilder) -> Self {
        let (transport, mut accepted) = over_pipes(builder, FaultPlan::default());
        let (answer, mut may_answer) = mpsc::unbounded_channel();
        let serving = tokio::spawn(async move {
            let mut server = accepted.recv().await.unwrap();
            // SETTINGS_MAX_CONCURRENT_STREAMS is the third setting.
            let one = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1]);
            server.write_all(&one).await.unwrap();
            let (mut read, mut answered, mut ponged) = (Vec::new(), 0, 0);
            loop {
                let mut buffer = [0; 1024];
                tokio::select! {
                    count = server.read(&mut buffer) => match count {
                        Ok(count @ 1..) => read.extend_from_slice(&buffer[..count]),
                        _ => break,
                    },
                    Some(()) = may_answer.recv() => {
                        let stream = 1 + 2 * answered;
                        answered += 1;
                        let head = frame(HEADERS, 4 | END_STREAM, stream, &[0x88]);
                        server.write_all(&head).await.unwrap();
                    }
                }
                for ping in pings(&read).skip(ponged) {
                    ponged += 1;
                    let pong = frame(PING, ACK, 0, &read[ping..ping + 8]);
                    server.write_all(&pong).await.unwrap();
                }
            }
            assert!(read.len() >= PREFACE);
            complete(&read)
        });
        Self {
            transport,
            answer,
            serving,
        }
    }

    /// Sends a create that the server has and does not answer.
    async fn busy(&self) -> JoinHandle<Outcome> {
        let sending = self.send(create());
        settle().await;
        sending
    }

    fn send(&self, request: Request<Bytes>) -> JoinHandle<Outcome> {
        let transport = self.transport.clone();
        tokio::spawn(async move { transport.send(request).await })
    }

    /// Answers the first create, waits, and says how many complete creates have come.
    async fn freed(self, first: JoinHandle<Outcome>) -> usize {
        self.answer.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap().status(), 200);
        settle().await;
        drop(self.transport);
        self.serving.await.unwrap()
    }
}

const PING: u8 = 6;
const ACK: u8 = 1;

/// Where the payloads of a client's pings are.
fn pings(read: &[u8]) -> impl Iterator<Item = usize> {
    let whole = read.len();
    let pings = frames(read)
        .into_iter()
        .filter(|frame| frame.1 == PING && frame.2 & ACK == 0);
    pings
        .map(|frame| frame.0 + 9)
        .filter(move |start| start + 8 <= whole)
}

/// How many complete requests are among the frames that a client wrote.
fn complete(read: &[u8]) -> usize {
    let ends = |frame: &&(usize, u8, u8)| frame.1 == DATA && frame.2 & END_STREAM != 0;
    frames(read).iter().filter(ends).count()
}

/// A create waits for a stream, and is cut; how many complete creates come when one is free.
async fn cut_in_the_queue<Cutting: Future<Output = ()>>(
    builder: HyperTransportBuilder,
    cut: impl FnOnce(SendWatch, JoinHandle<Outcome>) -> Cutting,
) -> usize {
    let server = OneStream::start(builder);
    let first = server.busy().await;
    let (request, watch) = watched();
    let second = server.send(request);
    settle().await;
    assert!(watch.is_announced() && !watch.is_taken());
    cut(watch, second).await;
    server.freed(first).await
}

#[tokio::test(start_paused = true)]
async fn a_create_that_is_withdrawn_in_the_queue_never_arrives() {
    let arrived = cut_in_the_queue(http2(), |watch, second| async move {
        assert!(watch.withdraw());
        assert!(watch.withdraw(), "it stays withdrawn");
        let error = second.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Withdrawn, "{error:?}");
        assert_eq!(error.sent(), Sent::No);
        assert!(!watch.is_taken() && watch.is_withdrawn());
    });
    assert_eq!(arrived.await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_is_dropped_in_the_queue_never_arrives() {
    let arrived = cut_in_the_queue(http2(), |watch, second| async move {
        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        assert!(watch.is_withdrawn());
        assert!(watch.withdraw(), "who asks after the drop learns it, too");
    });
    assert_eq!(arrived.await, 1);
}

/// The attempt's time-out of a create that nobody watches counts from the call.
#[tokio::test(start_paused = true)]
async fn a_create_that_times_out_in_the_queue_never_arrives() {
    let server = OneStream::start(http2().attempt_timeout(HOUR));
    let first = server.busy().await;
    let impatient = Timeout::new(server.transport.clone(), HOUR / 2, HOUR);
    let error = impatient.send(create()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
    assert_eq!(error.sent(), Sent::No);
    drop(impatient);
    assert_eq!(server.freed(first).await, 1);
}

pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// What was taken cannot be called back, and what is said of it is what it was.
#[tokio::test(start_paused = true)]
async fn a_create_that_was_taken_cannot_be_withdrawn() {
    let server = OneStream::start(http2().attempt_timeout(HOUR));
    let (request, watch) = watched();
    let sending = server.send(request);
    watch.taken().await;
    assert!(!watch.withdraw());
    assert!(watch.is_taken() && !watch.is_withdrawn());
    let error = sending.await.unwrap().unwrap_err();
    assert_eq!(error.sent(), Sent::Maybe, "{error:?}");
    drop(server.transport);
    assert_eq!(server.serving.await.unwrap(), 1);
}

/// Two creates on one stream, each answered after 20 s, with 30 s for each: the second has waited 40
/// seconds when its answer comes.
#[tokio::test(start_paused = true)]
async fn the_time_of_a_watched_create_runs_from_its_taking() {
    let server = OneStream::start(http2());
    let first = server.busy().await;
    let (request, watch) = watched();
    let began = now();
    let second = server.send(request);
    let patient = Timeout::new(
        server.transport.clone(),
        HyperTransport::ATTEMPT_TIMEOUT,
        HOUR,
    );
    let (third, third_watch) = watched();
    let third = tokio::spawn(async move { patient.send(third).await });
    for sending in [first, second, third] {
        sleep(20).await;
        server.answer.send(()).unwrap();
        assert_eq!(sending.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(began.elapsed(), Duration::from_secs(60));
    assert!(watch.is_taken() && third_watch.is_taken());
}

/// From the taking on, the time is the attempt's, and the end of it is no proof.
#[tokio::test(start_paused = true)]
async fn a_watched_create_has_the_attempts_time_from_its_taking() {
    let server = OneStream::start(http2());
    let first = server.busy().await;
    let (request, watch) = watched();
    let second = server.send(request);
    sleep(20).await;
    server.answer.send(()).unwrap();
    first.await.unwrap().unwrap();
    watch.taken().await;
    let taken = now();
    let error = second.await.unwrap().unwrap_err();
    // hyper asks the silent server for a sign of life before.
    assert!(taken.elapsed() <= HyperTransport::ATTEMPT_TIMEOUT);
    assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
    assert_eq!(error.sent(), Sent::Maybe);
}

/// The server goes while a create waits for a stream: hyper says only that it dropped it.
#[tokio::test(start_paused = true)]
async fn a_create_that_waits_when_the_server_goes_was_not_sent() {
    let server = OneStream::start(http2());
    let first = server.busy().await;
    let second = server.send(create());
    let third = server.send(create());
    settle().await;
    server.serving.abort();
    assert_eq!(first.await.unwrap().unwrap_err().sent(), Sent::Maybe);
    for waiting in [second, third] {
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(error.sent(), Sent::No, "{error:?}");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock of a test, which jumps"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock of a test, which jumps"
)]
async fn sleep(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
