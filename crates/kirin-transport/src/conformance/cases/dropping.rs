//! Dropping cancels.

use std::time::Duration;

use super::super::clock::{pause, within};
use super::*;

/// How soon the server must see that the client has given up.
const SOON: Duration = Duration::from_secs(1);

pub(in super::super) async fn check(bench: &Bench<'_>) {
    let clause = Clause::DroppingCancels;
    let case = "a future that was never polled";
    bench.run(clause, case, sends_nothing(bench)).await;
    let begun = match bench.peer.version {
        Version::Http1 => Step::Raw(b"HTTP/1.1 200 OK\r\ncontent-"),
        Version::Http2 => Step::Interim(103),
    };
    for (case, before) in [
        (
            "dropped after the request was read",
            vec![Step::ReadRequest],
        ),
        (
            "dropped within the head of the answer",
            vec![Step::ReadRequest, begun],
        ),
    ] {
        bench.run(clause, case, is_seen(bench, before)).await;
    }
    let case = "the body is dropped before its end";
    bench.run(clause, case, a_dropped_body_is_seen(bench)).await;
}

async fn sends_nothing(bench: &Bench<'_>) -> Outcome {
    let steps = vec![Step::ReadRequest, answer(200, b"{}")];
    let server = start(bench.peer, steps).await?;
    drop(bench.transport.send(post(server.url("/v1/create"))));
    let log = server.finish().await;
    ensure(log.begun == 0, || format!("{} requests came", log.begun))
}

async fn is_seen(bench: &Bench<'_>, mut steps: Vec<Step>) -> Outcome {
    steps.extend([Step::Reach, Step::ReadToEnd]);
    let server = start(bench.peer, steps).await?;
    let sending = bench.transport.send(post(server.url("/v1/create")));
    let answered = tokio::select! {
        answered = sending => Some(answered),
        () = server.reached() => None,
    };
    match answered {
        None => gives_up(&server).await,
        Some(Ok(response)) => Err(format!("status {} without an answer", response.status())),
        Some(Err(error)) => Err(format!("an error before it was dropped: {error}")),
    }
}

async fn a_dropped_body_is_seen(bench: &Bench<'_>) -> Outcome {
    let steps = vec![
        Step::ReadRequest,
        Step::Head(200, headers([("content-length", "10")])),
        Step::Body(b"hello"),
        Step::ReadToEnd,
    ];
    let server = start(bench.peer, steps).await?;
    let response = bench.transport.send(post(server.url("/v1/create"))).await;
    let mut body = response
        .map_err(|error| format!("an error: {error}"))?
        .into_body();
    let piece = body.next().await;
    ensure(matches!(piece, Some(Ok(_))), || {
        "the body did not begin".to_owned()
    })?;
    drop(body);
    gives_up(&server).await
}

/// The server's last step, which ends when the client closes or resets, is soon done.
async fn gives_up(server: &Server) -> Outcome {
    let through = async {
        while !server.is_through() {
            pause(Duration::from_millis(5)).await;
        }
    };
    let seen = within(SOON, through).await;
    ensure(seen.is_some(), || {
        format!("the server saw nothing of it for {SOON:?}")
    })
}
