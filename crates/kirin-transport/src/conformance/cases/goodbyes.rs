//! `Sent::No` of requests that meet an HTTP/2 server's goodbye: those on streams above its last id
//! were not acted on, and those at or below it may have been.

use std::time::Duration;

use super::super::clock::pause;
use super::*;

/// The streams of the requests that meet the goodbye follow that of a first one, which is answered.
const FIRST: u32 = 1;
const COUNT: usize = 4;

pub(in super::super) async fn check(bench: &Bench<'_>) {
    if bench.peer.version != Version::Http2 {
        return;
    }
    for (name, reason) in [
        ("NO_ERROR", http2::NO_ERROR),
        ("INTERNAL_ERROR", http2::INTERNAL_ERROR),
        ("ENHANCE_YOUR_CALM", http2::ENHANCE_YOUR_CALM),
    ] {
        for last in [FIRST, FIRST + 2, FIRST + 4, FIRST + 8] {
            for (does, answers) in [("answers", true), ("does not answer", false)] {
                let case =
                    format!("GOAWAY with {name} and the last id {last}, up to which it {does}");
                let goodbye = [Step::ReadAll, says(last, reason)];
                let work = is_honest(bench, last, ending(goodbye, last, answers));
                bench.run(Clause::SentNoOnlyIfUnsent, case, work).await;
            }
        }
    }
    politely(bench).await;
}

/// How servers end a connection that they have nothing against.
async fn politely(bench: &Bench<'_>) {
    for nth in 2..=3 {
        let last = FIRST + 2 * (nth - 1);
        // The last request that it takes has not all come when it says so.
        let goodbye = [Step::ReadHead, says(last, http2::NO_ERROR)];
        let case = format!("the server ends the connection with its request {nth}");
        let work = is_honest(bench, last, ending(goodbye, last, true));
        bench.run(Clause::SentNoOnlyIfUnsent, case, work).await;
    }
    let warning = Step::GoAway {
        last: Last::Every,
        reason: http2::NO_ERROR,
    };
    for last in [FIRST + 2, FIRST + 8] {
        let goodbye = [warning.clone(), Step::ReadAll, says(last, http2::NO_ERROR)];
        let case = format!("the server reloads, and says later that the last id is {last}");
        let work = is_honest(bench, last, ending(goodbye, last, true));
        bench.run(Clause::SentNoOnlyIfUnsent, case, work).await;
    }
}

fn says(last: u32, reason: u32) -> Step {
    let last = Last::Stream(last);
    Step::GoAway { last, reason }
}

fn ending<const N: usize>(goodbye: [Step; N], last: u32, answers: bool) -> Vec<Step> {
    let mut steps = vec![Step::ReadRequest, Step::AnswerUpTo(FIRST)];
    steps.extend(goodbye);
    steps.push(Step::ReadAll);
    if answers {
        steps.push(Step::AnswerUpTo(last));
    }
    steps.push(Step::Pause(Duration::from_millis(5)));
    steps
}

/// No request is said not to have left that the server may have acted on.
async fn is_honest(bench: &Bench<'_>, last: u32, steps: Vec<Step>) -> Outcome {
    let server = start(bench.peer, steps).await?;
    let url = || server.url("/v1/create");
    let first = ask(bench.transport, post_of(url(), "first")).await;
    ensure(first.is_ok(), || {
        format!("the first request: {}", shown(&first))
    })?;
    let sent = |number: usize| ask(bench.transport, post_of(url(), number.to_string()));
    let late = async {
        // One that comes while the server says it.
        pause(Duration::from_millis(10)).await;
        sent(3).await
    };
    let outcomes: [_; COUNT] = tokio::join!(sent(0), sent(1), sent(2), late).into();
    let log = server.finish().await;
    for (number, outcome) in outcomes.iter().enumerate() {
        let body = number.to_string();
        let came = log.requests.iter().filter(|it| it.body == body.as_bytes());
        let acted = came
            .filter(|it| it.connection > 1 || it.stream <= last)
            .count();
        match outcome {
            Err(error) if error.sent() == Sent::No => ensure(acted == 0, || {
                format!("Sent::No was said of request {number}, which is not above the last id")
            })?,
            _ => ensure(acted <= 1, || format!("request {number} was sent again"))?,
        }
    }
    Ok(())
}
