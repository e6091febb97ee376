//! What was withdrawn never arrives. A transport that announces nothing has nothing to keep here.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    time::Duration,
};

use super::super::clock::pause;
use super::*;
use crate::SendWatch;

/// How often a create is looked at before it is cut: over loopback it has left by then.
const TURNS: usize = 12;

/// Long enough for a create to reach the place where it waits.
const A_WHILE: Duration = Duration::from_millis(30);

/// Who cuts it.
#[derive(Clone, Copy, Debug)]
enum Cut {
    ByDropping,
    ByWord,
}

pub(in super::super) async fn check(bench: &Bench<'_>) {
    let clause = Clause::WithdrawnNeverArrives;
    for cut in [Cut::ByDropping, Cut::ByWord] {
        let case = format!("cut {cut:?} after any number of turns");
        bench
            .run(clause, case, is_cut_at_each_turn(bench, cut))
            .await;
        let case = format!("cut {cut:?} before the server says hello");
        bench
            .run(clause, case, is_cut_in_the_handshake(bench, cut))
            .await;
        if bench.peer.version == Version::Http2 {
            let case = format!("cut {cut:?} while it waits for a stream");
            bench
                .run(clause, case, is_cut_in_the_queue(bench, cut))
                .await;
        }
    }
}

fn watched(server: &Server) -> (Request<Bytes>, SendWatch) {
    let (mut request, watch) = (post(server.url("/v1/create")), SendWatch::new());
    request.extensions_mut().insert(watch.clone());
    (request, watch)
}

async fn is_cut_at_each_turn(bench: &Bench<'_>, cut: Cut) -> Outcome {
    for turns in 0..TURNS {
        let server = start(bench.peer, vec![Step::Serve]).await?;
        let (request, watch) = watched(&server);
        let sending = ask(bench.transport, request);
        let then = in_turns(TURNS);
        let withdrawn = cut_when(sending, in_turns(turns), &watch, cut, then).await;
        holds(withdrawn, &server.finish().await)
            .map_err(|broken| format!("after {turns} turns: {broken}"))?;
    }
    Ok(())
}

async fn in_turns(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

/// Without TLS there is no handshake, and the create may have been taken.
async fn is_cut_in_the_handshake(bench: &Bench<'_>, cut: Cut) -> Outcome {
    let server = start(bench.peer, vec![Step::Await, Step::Serve]).await?;
    let (request, watch) = watched(&server);
    let sending = ask(bench.transport, request);
    let until = async {
        server.reached().await;
        pause(A_WHILE).await;
    };
    let then = async {
        server.go_on();
        pause(A_WHILE).await;
    };
    let withdrawn = cut_when(sending, until, &watch, cut, then).await;
    holds(withdrawn, &server.finish().await)
}

async fn is_cut_in_the_queue(bench: &Bench<'_>, cut: Cut) -> Outcome {
    let steps = vec![
        Step::ReadRequest,
        Step::OneStream,
        Step::AnswerUpTo(1),
        Step::ReadRequest,
        Step::Reach,
        Step::Await,
        Step::AnswerUpTo(3),
        Step::ReadAll,
        Step::ReadToEnd,
    ];
    let server = start(bench.peer, steps).await?;
    let other = |body: &'static str| post_of(server.url("/v1/create"), body);
    // The connection is there, so that the next two meet on it.
    let first = ask(bench.transport, other("first")).await;
    ensure(first.is_ok(), || {
        format!("the first request: {}", shown(&first))
    })?;
    let mut running = pin!(ask(bench.transport, other("second")));
    tokio::select! {
        outcome = &mut running => return Err(format!("nobody answers: {}", shown(&outcome))),
        () = server.reached() => {}
    }
    let (request, watch) = watched(&server);
    let sending = ask(bench.transport, request);
    let freeing = async {
        server.go_on();
        let _ = running.await;
        pause(A_WHILE).await;
    };
    let withdrawn = cut_when(sending, pause(A_WHILE), &watch, cut, freeing).await;
    holds(withdrawn, &server.finish().await)
}

/// Sends until `until` is over, cuts, and lets `then` happen; whether the create was withdrawn.
async fn cut_when(
    sending: impl Future<Output = Exchange>,
    until: impl Future<Output = ()>,
    watch: &SendWatch,
    cut: Cut,
    then: impl Future<Output = ()>,
) -> bool {
    let mut sending = Box::pin(sending);
    let mut is_over = false;
    while_sending(&mut sending, &mut is_over, until).await;
    match cut {
        Cut::ByDropping => {
            drop(sending);
            let withdrawn = watch.withdraw();
            then.await;
            withdrawn
        }
        Cut::ByWord => {
            let withdrawn = watch.withdraw();
            while_sending(&mut sending, &mut is_over, then).await;
            withdrawn
        }
    }
}

/// Lets `work` happen while the create is sent, until it is over.
async fn while_sending(
    sending: &mut Pin<Box<impl Future<Output = Exchange>>>,
    is_over: &mut bool,
    work: impl Future<Output = ()>,
) {
    let mut work = pin!(work);
    poll_fn(|context| {
        *is_over = *is_over || sending.as_mut().poll(context).is_ready();
        work.as_mut().poll(context)
    })
    .await;
}

fn holds(withdrawn: bool, log: &Log) -> Outcome {
    let came = log.requests.iter().any(|it| it.body == BODY.as_bytes());
    ensure(!(withdrawn && came), || {
        "the create was withdrawn, and came".to_owned()
    })
}
