//! One call is one attempt.

use super::*;

pub(in super::super) async fn check(bench: &Bench<'_>) {
    let mut cases = vec![
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
            vec![Step::ReadRequest, Step::Interim(103)],
        ),
    ];
    for (case, status) in [
        ("the server answers 408 and closes", 408),
        ("the server answers 421", 421),
        ("the server answers 425", 425),
        ("the server answers 429 and a Retry-After of 0", 429),
        ("the server answers 500", 500),
        ("the server answers 503 and a Retry-After of 0", 503),
    ] {
        let retry = headers([("retry-after", "0")]);
        let mut steps = vec![Step::ReadRequest, Step::Answer(status, retry, b"{}")];
        if status != 408 {
            steps.push(Step::Serve);
        }
        cases.push((case, steps));
    }
    if bench.peer.version == Version::Http2 {
        let goodbye = |reason| Step::GoAway {
            last: Last::Nothing,
            reason,
        };
        for (case, step) in [
            (
                "the stream is refused",
                Step::ResetStream(http2::REFUSED_STREAM),
            ),
            (
                "GOAWAY says that the stream was not taken",
                goodbye(http2::NO_ERROR),
            ),
            ("GOAWAY refuses the stream", goodbye(http2::REFUSED_STREAM)),
        ] {
            cases.push((case, vec![Step::ReadRequest, step, Step::Serve]));
        }
    }
    for (case, steps) in cases {
        let work = is_one_attempt(bench, steps);
        bench.run(Clause::OneAttempt, case, work).await;
    }
}

async fn is_one_attempt(bench: &Bench<'_>, steps: Vec<Step>) -> Outcome {
    let (_, log) = exchange(bench, steps).await?;
    ensure(log.begun == 1, || format!("{} requests came", log.begun))
}
