//! Bounds on time, on a clock that jumps.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use kirin_transport::{
    Body, HyperTransport, SendWatch, Sent, Timeout, Transport, TransportError, TransportErrorKind,
    from_fn,
    testing::{Direction, Fault, FaultPipe, FaultPlan, Never},
};
use tokio::time::{Instant, Sleep};

const HEAD: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(20);

fn request() -> Request<Bytes> {
    let request = Request::post("http://a.test/v1/create");
    request.body(Bytes::from_static(b"{}")).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock of a test, which jumps"
)]
fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock of a test, which jumps"
)]
fn sleep(duration: Duration) -> Sleep {
    tokio::time::sleep(duration)
}

/// How long the work took on that clock, and what came of it. What never ends takes a day.
#[expect(
    clippy::disallowed_methods,
    reason = "the clock of a test, which jumps"
)]
async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let began = now();
    let outcome = tokio::time::timeout(Duration::from_secs(86_400), work).await;
    (began.elapsed(), outcome.expect("it never ends"))
}

fn check_late(error: &TransportError, reason: &str) {
    assert_eq!(error.kind(), TransportErrorKind::Timeout);
    assert_eq!(error.sent(), Sent::Maybe);
    assert_eq!(error.source().unwrap().to_string(), reason);
}

/// A body that gives each piece after its pause.
struct Pieces(Vec<(Duration, &'static str)>, Option<Pin<Box<Sleep>>>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let Some((pause, piece)) = self.0.first().copied() else {
            return Poll::Ready(None);
        };
        let pausing = self.1.get_or_insert_with(|| Box::pin(sleep(pause)));
        if pausing.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.1 = None;
        self.0.remove(0);
        let piece = Bytes::from_static(piece.as_bytes());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

/// A response whose head takes so long, and whose pieces so long each.
fn slow(head: u64, pieces: &[(u64, &'static str)]) -> impl Transport + 'static {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|(pause, piece)| (Duration::from_secs(*pause), *piece))
        .collect();
    from_fn(move |_request| {
        let pieces = Pieces(pieces.clone(), None);
        async move {
            sleep(Duration::from_secs(head)).await;
            Ok(Response::new(Body::new(pieces)))
        }
    })
}

async fn read(transport: impl Transport) -> Result<Bytes, TransportError> {
    let transport = Timeout::new(transport, HEAD, IDLE);
    let response = transport.send(request()).await?;
    response.into_body().collect(1024).await
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_comes_is_waited_for_no_longer_than_the_limit() {
    let (took, outcome) = timed(read(Never)).await;
    check_late(&outcome.unwrap_err(), "no answer within 30 s");
    assert_eq!(took, HEAD);

    let (_, outcome) = timed(read(slow(29, &[(0, "{}")]))).await;
    assert_eq!(outcome.unwrap(), "{}");
}

/// Of a transport that announces nothing, nothing is known: its time runs from the call.
#[tokio::test(start_paused = true)]
async fn a_transport_that_announces_nothing_is_timed_from_the_call() {
    let transport = Timeout::new(Never, HEAD, IDLE);
    let (mut request, watch) = (request(), SendWatch::new());
    request.extensions_mut().insert(watch.clone());
    let (took, outcome) = timed(transport.send(request)).await;
    check_late(&outcome.unwrap_err(), "no answer within 30 s");
    assert_eq!(took, HEAD);
    assert!(!watch.is_announced() && !watch.withdraw());
}

#[tokio::test(start_paused = true)]
async fn a_body_may_be_slow_but_may_not_pause_for_longer_than_the_limit() {
    let (took, outcome) = timed(read(slow(0, &[(19, "a"), (19, "b"), (19, "c")]))).await;
    assert_eq!(outcome.unwrap(), "abc");
    assert_eq!(took, Duration::from_secs(57));

    let (took, outcome) = timed(read(slow(0, &[(19, "a"), (21, "b")]))).await;
    check_late(&outcome.unwrap_err(), "no data for 20 s");
    assert_eq!(took, Duration::from_secs(39));
}

/// Over HTTP/2 a server may send empty frames for ever.
#[tokio::test(start_paused = true)]
async fn pieces_without_bytes_are_a_pause() {
    let pieces: Vec<(u64, &str)> = (0..100).map(|_| (1, "")).collect();
    let (took, outcome) = timed(read(slow(0, &pieces))).await;
    check_late(&outcome.unwrap_err(), "no data for 20 s");
    assert_eq!(took, IDLE);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_reads_slowly_is_not_late() {
    let transport = Timeout::new(slow(0, &[(0, "a"), (0, "b")]), HEAD, IDLE);
    let mut body = transport.send(request()).await.unwrap().into_body();
    for expected in ["a", "b"] {
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(body.next().await.unwrap().unwrap(), expected);
    }
    assert!(body.next().await.is_none());
}

// ----------------------------------------------------------------- the hyper transport's own

/// A transport over pipes on which `plan` is carried out, to a server that answers with `words` as
/// soon as anything comes.
fn over_pipes(
    builder: kirin_transport::HyperTransportBuilder,
    plan: FaultPlan,
    words: &'static [u8],
) -> HyperTransport {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    builder.build_over(move |_url| {
        let (client, mut server) = FaultPipe::duplex(&plan);
        tokio::spawn(async move {
            let mut buffer = [0; 1024];
            if server.read(&mut buffer).await.is_ok() {
                let _ = server.write_all(words).await;
            }
            while matches!(server.read(&mut buffer).await, Ok(count) if count > 0) {}
        });
        std::future::ready(Ok(client))
    })
}

async fn ask(transport: &HyperTransport) -> Result<Bytes, TransportError> {
    let response = transport.send(request()).await?;
    response.into_body().collect(1024).await
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_never_answered_ends_after_30_seconds() {
    for stall in [0, 17] {
        let plan = FaultPlan::default().with(Direction::ToClient, Fault::Stall(stall));
        let transport = over_pipes(HyperTransport::builder(), plan, crate::server::ANSWER);
        let (took, outcome) = timed(ask(&transport)).await;
        check_late(&outcome.unwrap_err(), "no answer within 30 s");
        assert_eq!(took, HyperTransport::ATTEMPT_TIMEOUT);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_ends_after_30_seconds() {
    let at = crate::server::ANSWER.len() as u64 - 1;
    let plan = FaultPlan::default().with(Direction::ToClient, Fault::Stall(at));
    let transport = over_pipes(HyperTransport::builder(), plan, crate::server::ANSWER);
    let (took, outcome) = timed(ask(&transport)).await;
    check_late(&outcome.unwrap_err(), "no data for 30 s");
    assert_eq!(took, HyperTransport::IDLE_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn limits_are_what_the_builder_was_told() {
    let builder = HyperTransport::builder()
        .connect_timeout(Duration::from_secs(2))
        .attempt_timeout(Duration::from_secs(5))
        .idle_timeout(Duration::from_secs(7));
    let stalled = |at| FaultPlan::default().with(Direction::ToClient, Fault::Stall(at));
    let answer = crate::server::ANSWER;

    let transport = over_pipes(builder.clone(), stalled(0), answer);
    let (took, outcome) = timed(ask(&transport)).await;
    check_late(&outcome.unwrap_err(), "no answer within 5 s");
    assert_eq!(took, Duration::from_secs(5));

    let transport = over_pipes(builder.clone(), stalled(answer.len() as u64 - 1), answer);
    let (took, outcome) = timed(ask(&transport)).await;
    check_late(&outcome.unwrap_err(), "no data for 7 s");
    assert_eq!(took, Duration::from_secs(7));

    let never = |_url| std::future::pending::<std::io::Result<tokio::io::DuplexStream>>();
    let transport = builder.build_over(never);
    let (took, outcome) = timed(ask(&transport)).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert_eq!(error.sent(), Sent::No, "no connection, so nothing left");
    assert_eq!(
        error.source().unwrap().to_string(),
        "no connection within 2 s"
    );
    assert_eq!(took, Duration::from_secs(2));
}

/// A connection that dies unnoticed would swallow every request to come.
#[cfg(feature = "http2")]
#[tokio::test(start_paused = true)]
async fn a_connection_over_http2_that_gives_no_sign_of_life_is_given_up() {
    let builder = HyperTransport::builder()
        .http2_only()
        .attempt_timeout(Duration::from_secs(3600));
    // An empty SETTINGS frame, and then silence: pings are not answered either.
    let transport = over_pipes(builder, FaultPlan::default(), &[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    let (took, outcome) = timed(ask(&transport)).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
    assert_eq!(error.sent(), Sent::Maybe);
    let limit = HyperTransport::PING_INTERVAL + HyperTransport::PING_TIMEOUT;
    assert!(took <= limit + Duration::from_secs(1), "{took:?}");
}
