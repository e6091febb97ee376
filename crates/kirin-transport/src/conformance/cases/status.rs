//! Any status is `Ok`.

use super::*;

const STATUSES: [u16; 23] = [
    200, 201, 202, 204, 299, 300, 302, 304, 307, 400, 401, 402, 403, 404, 408, 409, 413, 421, 425,
    429, 500, 503, 599,
];

pub(in super::super) async fn check(bench: &Bench<'_>) {
    for status in STATUSES {
        let case = format!("the server answers {status}");
        let work = has_status(bench, status);
        bench.run(Clause::AnyStatusIsOk, case, work).await;
    }
}

async fn has_status(bench: &Bench<'_>, status: u16) -> Outcome {
    let body: &[u8] = if matches!(status, 204 | 304) {
        b""
    } else {
        b"{}"
    };
    let steps = vec![Step::ReadRequest, answer(status, body), Step::ReadToEnd];
    let (outcome, _) = exchange(bench, steps).await?;
    let right = outcome.as_ref().is_ok_and(|response| {
        response.status().as_u16() == status && response.body().as_ref().is_ok_and(|it| it == body)
    });
    ensure(right, || shown(&outcome))
}
