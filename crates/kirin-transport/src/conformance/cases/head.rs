//! `Err` means no complete response head, and a complete head is `Ok`.

use std::time::Duration;

use super::*;

/// More of a head without end than any transport should take.
const MAX_HEAD: usize = 16 << 20;

pub(in super::super) async fn check(bench: &Bench<'_>) {
    let run = async |case, steps, complete| {
        let work = is_complete(bench, steps, complete);
        bench.run(Clause::ErrMeansNoHead, case, work).await;
    };
    run(
        "the server closes without an answer",
        vec![Step::ReadRequest],
        false,
    )
    .await;
    let interim = || Step::Interim(103);
    run(
        "the server sends two interim answers, and then 200",
        vec![
            Step::ReadRequest,
            interim(),
            interim(),
            answer(200, b"{}"),
            Step::ReadToEnd,
        ],
        true,
    )
    .await;
    run(
        "the server sends an interim answer and closes",
        vec![Step::ReadRequest, interim()],
        false,
    )
    .await;
    let begun: &[u8] = match bench.peer.version {
        Version::Http1 => b"HTTP/1.1 200 OK\r\ncontent-le",
        // The frame of a head, without its end.
        Version::Http2 => &[0, 0, 5, 1, 4, 0, 0, 0, 1, 0x88],
    };
    run(
        "the server closes within the head",
        vec![Step::ReadRequest, Step::Raw(begun)],
        false,
    )
    .await;
    run(
        "the server answers something else than HTTP",
        vec![
            Step::ReadRequest,
            Step::Raw(b"220 mail.test ESMTP ready\r\n"),
        ],
        false,
    )
    .await;
    run(
        "the server sends a head slowly",
        slow_head(bench.peer.version),
        true,
    )
    .await;
    let case = "the server sends a head without end";
    bench
        .run(Clause::ErrMeansNoHead, case, is_bounded(bench))
        .await;
}

fn slow_head(version: Version) -> Vec<Step> {
    let pieces: [&[u8]; 4] = match version {
        Version::Http1 => [
            b"HTTP/1",
            b".1 200 OK\r\ncontent-",
            b"length: 2\r",
            b"\n\r\n{}",
        ],
        Version::Http2 => [
            &[0, 0, 1, 1, 4, 0],
            &[0, 0, 1],
            &[0x88],
            &[0, 0, 2, 0, 1, 0, 0, 0, 1, b'{', b'}'],
        ],
    };
    let slowly = pieces.map(|piece| [Step::Pause(Duration::from_millis(50)), Step::Raw(piece)]);
    let mut steps = vec![Step::ReadRequest];
    steps.extend(slowly.into_iter().flatten());
    steps.push(Step::ReadToEnd);
    steps
}

async fn is_complete(bench: &Bench<'_>, steps: Vec<Step>, complete: bool) -> Outcome {
    let (outcome, _) = exchange(bench, steps).await?;
    let right = match &outcome {
        Ok(response) => complete && response.status() == 200 && response.body().is_ok(),
        Err(_) => !complete,
    };
    ensure(right, || shown(&outcome))
}

async fn is_bounded(bench: &Bench<'_>) -> Outcome {
    let steps = vec![Step::ReadRequest, Step::EndlessHead];
    let (outcome, log) = exchange(bench, steps).await?;
    ensure(outcome.is_err(), || shown(&outcome))?;
    ensure(log.taken < MAX_HEAD, || {
        format!("{} bytes of it were taken", log.taken)
    })
}
