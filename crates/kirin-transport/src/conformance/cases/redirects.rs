//! No redirect is followed.

use super::*;

pub(in super::super) async fn check(bench: &Bench<'_>) {
    for status in [301, 302, 303, 307, 308] {
        for elsewhere in [false, true] {
            let place = if elsewhere { "another" } else { "the same" };
            let case = format!("the server answers {status} to {place} host");
            let work = is_not_followed(bench, status, elsewhere);
            bench.run(Clause::NoRedirect, case, work).await;
        }
    }
}

async fn is_not_followed(bench: &Bench<'_>, status: u16, elsewhere: bool) -> Outcome {
    let other = start(bench.peer, vec![Step::Serve]).await?;
    let location = if elsewhere {
        other.url("/v1/create")
    } else {
        "/other".to_owned()
    };
    let redirect = Step::Answer(status, headers([("location", &location)]), b"{}");
    let (outcome, log) = exchange(bench, vec![Step::ReadRequest, redirect, Step::Serve]).await?;
    let other = other.finish().await;
    ensure(other.connections == 0, || {
        "it went to the other host".to_owned()
    })?;
    ensure(log.begun == 1, || format!("{} requests came", log.begun))?;
    let is_given = outcome.as_ref().is_ok_and(|response| {
        response.status() == status
            && response
                .headers()
                .get("location")
                .is_some_and(|it| *it == *location)
    });
    ensure(is_given, || shown(&outcome))
}
