//! Creates that are cut while they connect, and at any other point.

use std::future::Future;

use kirin_transport::SendWatch;
use tokio::{sync::Semaphore, task::JoinHandle};

use super::{
    http2::http2,
    withdrawn::{HOUR, Outcome, now, settle, watched},
    *,
};

// ----------------------------------------------------------------- while it connects

/// A transport whose connection is there when a permit is, and the server's ends.
fn connecting(builder: HyperTransportBuilder) -> (HyperTransport, &'static Semaphore, ServerEnds) {
    // A test may leak what it needs until its end.
    let gate: &Semaphore = Box::leak(Box::new(Semaphore::new(0)));
    let (servers, accepted) = mpsc::unbounded_channel();
    let transport = builder.connect_timeout(HOUR).build_over(move |_url| {
        let servers = servers.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            let (client, server) = tokio::io::duplex(64 << 10);
            let _ = servers.send(server);
            Ok(client)
        }
    });
    (transport, gate, accepted)
}

/// A create is cut while it connects, and then the connection is there.
async fn cut_while_connecting<Cutting: Future<Output = ()>>(
    builder: HyperTransportBuilder,
    cut: impl FnOnce(SendWatch, JoinHandle<Outcome>) -> Cutting,
) {
    let (transport, gate, mut accepted) = connecting(builder);
    let (request, watch) = watched();
    let sender = transport.clone();
    let sending = tokio::spawn(async move { sender.send(request).await });
    settle().await;
    assert!(watch.is_announced() && !watch.is_taken());
    cut(watch, sending).await;
    gate.add_permits(10);
    settle().await;
    drop(transport);
    while let Ok(mut server) = accepted.try_recv() {
        let mut read = Vec::new();
        server.read_to_end(&mut read).await.unwrap();
        let read = String::from_utf8_lossy(&read);
        assert!(!read.contains(CREATE), "{read}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_that_is_cut_while_it_connects_never_arrives() {
    for builder in [http1(), http2()] {
        cut_while_connecting(builder.clone(), |watch, sending| async move {
            assert!(watch.withdraw());
            let error = sending.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Withdrawn, "{error:?}");
            assert_eq!(error.sent(), Sent::No);
        })
        .await;
        cut_while_connecting(builder, |watch, sending| async move {
            sending.abort();
            assert!(sending.await.unwrap_err().is_cancelled());
            assert!(watch.is_withdrawn());
        })
        .await;
    }
}

/// The limit of an attempt is below that of a connection.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_ends_while_it_connects_sent_nothing() {
    for builder in [http1(), http2()] {
        let (transport, _gate, _accepted) = connecting(builder);
        let began = now();
        let error = transport.send(create()).await.unwrap_err();
        assert_eq!(began.elapsed(), HyperTransport::ATTEMPT_TIMEOUT);
        assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
        assert_eq!(error.sent(), Sent::No);
    }
}

// ----------------------------------------------------------------- at every point

/// A create is withdrawn after each number of turns that its exchange may have taken: what comes is
/// a whole create that was taken, or none.
#[test]
fn a_create_is_taken_or_withdrawn_whenever_it_is_cut() {
    for builder in [http1(), http2()] {
        let mut taken = 0;
        for turns in 0..TURNS {
            // The test has its turn after each step of any other task.
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.event_interval(1).enable_time().start_paused(true);
            let builder = builder.clone();
            let is_taken = runtime.build().unwrap().block_on(cut_after(builder, turns));
            taken += usize::from(is_taken);
        }
        assert!((1..TURNS).contains(&taken), "{taken} of {TURNS}");
    }
}

const TURNS: usize = 40;

/// Whether the create was taken before it could be withdrawn.
async fn cut_after(builder: HyperTransportBuilder, turns: usize) -> bool {
    let (transport, mut accepted) = over_pipes(builder, FaultPlan::default());
    let (request, watch) = watched();
    let sending = tokio::spawn(async move { transport.send(request).await });
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
    let withdrawn = watch.withdraw();
    assert!(!withdrawn || !watch.is_taken(), "{turns} turns");
    settle().await;
    sending.abort();
    let _ = sending.await;
    let mut read = Vec::new();
    if let Some(mut server) = accepted.recv().await {
        server.read_to_end(&mut read).await.unwrap();
    }
    let arrived = String::from_utf8_lossy(&read).contains(CREATE);
    assert_eq!(arrived, !withdrawn, "{turns} turns");
    watch.is_taken()
}

// ----------------------------------------------------------------- what is no create

/// Without a body the head is the whole request: it counts as taken at once.
#[tokio::test(start_paused = true)]
async fn a_request_without_a_body_cannot_be_withdrawn() {
    let (transport, _gate, _accepted) = connecting(http1());
    let (mut request, watch) = watched();
    *request.body_mut() = Bytes::new();
    assert!(!watch.is_announced() && !watch.withdraw());
    let sending = tokio::spawn(async move { transport.send(request).await });
    settle().await;
    assert!(watch.is_announced() && watch.is_taken() && !watch.withdraw());
    let error = sending.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
    assert_eq!(error.sent(), Sent::Maybe);
}
