//! The body streams, as it came.

use super::*;

/// "hello" as gzip writes it.
const GZIP: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0,
];

pub(in super::super) async fn check(bench: &Bench<'_>) {
    let clause = Clause::BodyStreams;
    let case = "the server pauses within the body";
    bench
        .run(clause, case, is_given_piece_by_piece(bench))
        .await;
    let case = "the server compresses the body unasked";
    bench.run(clause, case, is_not_decoded(bench)).await;
}

/// The server goes on when the case has the beginning, so the beginning must come first.
async fn is_given_piece_by_piece(bench: &Bench<'_>) -> Outcome {
    let steps = vec![
        Step::ReadRequest,
        Step::Head(200, headers([("content-length", "10")])),
        Step::Body(b"hello"),
        Step::Await,
        Step::Body(b"world"),
        Step::EndBody,
        Step::ReadToEnd,
    ];
    let server = start(bench.peer, steps).await?;
    let response = bench.transport.send(post(server.url("/v1/create"))).await;
    let response = response.map_err(|error| format!("an error: {error}"))?;
    let mut body = response.into_body();
    let mut read = Vec::new();
    while read.len() < 10 {
        match body.next().await {
            Some(Ok(piece)) => read.extend_from_slice(&piece),
            Some(Err(error)) => return Err(format!("the body was cut: {error}")),
            None => break,
        }
        if read.len() == 5 {
            server.go_on();
        }
    }
    ensure(read == b"helloworld", || {
        format!("a body of {} bytes", read.len())
    })
}

async fn is_not_decoded(bench: &Bench<'_>) -> Outcome {
    let encoded = Step::Answer(200, headers([("content-encoding", "gzip")]), GZIP);
    let (outcome, _) = exchange(bench, vec![Step::ReadRequest, encoded, Step::ReadToEnd]).await?;
    let as_it_came = outcome.as_ref().is_ok_and(|response| {
        let encoding = response.headers().get("content-encoding");
        response.body().as_ref().is_ok_and(|body| body == GZIP)
            && encoding.is_some_and(|encoding| encoding == "gzip")
    });
    ensure(as_it_came, || shown(&outcome))
}
