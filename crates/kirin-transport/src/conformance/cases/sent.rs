//! `Sent::No` only where the server cannot have acted.

use std::time::Duration;

use super::*;

pub(in super::super) async fn check(bench: &Bench<'_>) {
    let clause = Clause::SentNoOnlyIfUnsent;
    let case = "nobody listens";
    bench.run(clause, case, a_refused_port_is_no(bench)).await;
    let mut closing = vec![
        (
            "the server closes before it reads",
            vec![Step::FinishWriting, Step::ReadToEnd],
        ),
        (
            "the server reads one byte and closes",
            vec![Step::ReadByte, Step::FinishWriting, Step::ReadToEnd],
        ),
        (
            "the server reads the head and closes",
            vec![Step::ReadHead, Step::FinishWriting, Step::ReadToEnd],
        ),
        (
            "the server reads the request and closes",
            vec![Step::ReadRequest],
        ),
        (
            "the server reads the request and resets the connection",
            vec![Step::ReadRequest, Step::Reset],
        ),
        (
            "the server begins an answer and closes",
            vec![Step::ReadRequest, Step::Raw(b"HTTP/1.1 2")],
        ),
    ];
    if bench.peer.version == Version::Http2 {
        closing.extend(closing_http2());
    }
    for (case, steps) in closing {
        bench.run(clause, case, is_honest(bench, steps)).await;
    }
    for status in [200, 307, 402, 500] {
        let case = format!("the server answers {status}");
        let work = an_answer_is_no_proof(bench, status);
        bench.run(clause, case, work).await;
    }
    kept(bench).await;
}

/// What HTTP/2 can say of a stream that is not a refusal.
fn closing_http2() -> Vec<(&'static str, Vec<Step>)> {
    let reset = |reason| {
        vec![
            Step::ReadRequest,
            Step::ResetStream(reason),
            Step::ReadToEnd,
        ]
    };
    let go_away = |reason| {
        let goodbye = Step::GoAway {
            last: Last::Request,
            reason,
        };
        vec![Step::ReadRequest, goodbye]
    };
    vec![
        ("the stream is reset with NO_ERROR", reset(http2::NO_ERROR)),
        (
            "the stream is reset with PROTOCOL_ERROR",
            reset(http2::PROTOCOL_ERROR),
        ),
        (
            "the stream is reset with INTERNAL_ERROR",
            reset(http2::INTERNAL_ERROR),
        ),
        ("the stream is reset with CANCEL", reset(http2::CANCEL)),
        (
            "the stream is reset with ENHANCE_YOUR_CALM",
            reset(http2::ENHANCE_YOUR_CALM),
        ),
        (
            "GOAWAY names the stream, and the server closes",
            go_away(http2::NO_ERROR),
        ),
        (
            "GOAWAY with an error names the stream, and the server closes",
            go_away(http2::INTERNAL_ERROR),
        ),
    ]
}

async fn a_refused_port_is_no(bench: &Bench<'_>) -> Outcome {
    // Bound and not listening: nobody else can take the port, and the kernel refuses.
    let socket = tokio::net::TcpSocket::new_v4();
    let bound = socket.and_then(|socket| {
        socket.bind(([127, 0, 0, 1], 0).into())?;
        Ok((socket.local_addr()?, socket))
    });
    let (address, _kept) = bound.map_err(|error| format!("the suite finds no port: {error}"))?;
    let url = format!("{}://{address}/v1/create", bench.peer.scheme());
    let outcome = ask(bench.transport, post(url)).await;
    let is_no = outcome
        .as_ref()
        .is_err_and(|error| error.sent() == Sent::No);
    ensure(is_no, || shown(&outcome))
}

/// The request fails, and if it is said not to have left, the server saw nothing of it.
async fn is_honest(bench: &Bench<'_>, steps: Vec<Step>) -> Outcome {
    let (outcome, log) = exchange(bench, steps).await?;
    let Err(error) = &outcome else {
        return Err(shown(&outcome));
    };
    ensure(error.sent() == Sent::Maybe || log.begun == 0, || {
        "Sent::No was said of a request that the server saw".to_owned()
    })
}

/// A transport that hides an answer in an error does not say that nothing was sent.
async fn an_answer_is_no_proof(bench: &Bench<'_>, status: u16) -> Outcome {
    let steps = vec![Step::ReadRequest, answer(status, b"{}"), Step::ReadToEnd];
    let (outcome, log) = exchange(bench, steps).await?;
    let says_no = outcome
        .as_ref()
        .is_err_and(|error| error.sent() == Sent::No);
    ensure(!says_no || log.begun == 0, || {
        "Sent::No was said of a request that was answered".to_owned()
    })
}

/// Connections that were kept from one request to the next, and closed by the server in between.
async fn kept(bench: &Bench<'_>) {
    let first = || [Step::ReadRequest, answer(200, b"{}")];
    let closes = [first().as_slice(), &[Step::FinishWriting, Step::ReadToEnd]].concat();
    let reads = [first().as_slice(), &[Step::ReadRequest]].concat();
    for (case, steps, pause) in [
        (
            "a kept connection closes while the next request is sent",
            &closes,
            0,
        ),
        (
            "a kept connection closes some time before the next request",
            &closes,
            100,
        ),
        (
            "the server reads the next request on a kept connection and closes",
            &reads,
            20,
        ),
    ] {
        let work = second_is_honest(bench, steps.clone(), Duration::from_millis(pause));
        bench.run(Clause::SentNoOnlyIfUnsent, case, work).await;
    }
}

async fn second_is_honest(bench: &Bench<'_>, steps: Vec<Step>, pause: Duration) -> Outcome {
    let server = start(bench.peer, steps).await?;
    let first = ask(bench.transport, post(server.url("/v1/create"))).await;
    ensure(first.is_ok(), || {
        format!("the first request: {}", shown(&first))
    })?;
    super::super::clock::pause(pause).await;
    let second = ask(bench.transport, post(server.url("/v1/create"))).await;
    let log = server.finish().await;
    match &second {
        // It went by another connection.
        Ok(_) => ensure(log.begun == 2, || format!("{} requests came", log.begun)),
        Err(error) if error.sent() == Sent::No => ensure(log.begun == 1, || {
            "Sent::No was said of a request that the server saw".to_owned()
        }),
        Err(_) => ensure(log.begun <= 2, || format!("{} requests came", log.begun)),
    }
}
