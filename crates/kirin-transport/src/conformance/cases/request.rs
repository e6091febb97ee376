//! What is sent is what was asked. Over HTTP/2 the head is compressed, and only the body is looked at.

use super::super::http1;
use super::*;

/// Headers that ask for something in the caller's name.
const UNASKED: [&str; 4] = ["accept-encoding", "cookie", "expect", "referer"];

pub(in super::super) async fn check(bench: &Bench<'_>) {
    let long = Bytes::from("long ".repeat(20_000));
    let post = |body: Bytes| {
        let request = Request::post("/v1/create/%2e%2Fa?b=c%20d&e")
            .header("authorization", "Bearer not-a-key")
            .header("content-type", "application/json");
        (request, body)
    };
    let mut cases = vec![
        (
            "a POST with a short body",
            post(Bytes::from_static(BODY.as_bytes())),
        ),
        ("a POST with a body of 100 kB", post(long)),
    ];
    if bench.peer.version == Version::Http1 {
        let get = (Request::get("/v1/task/x"), Bytes::new());
        cases.push(("a GET without a body", get));
    }
    for (case, (request, body)) in cases {
        let case = match bench.peer.version {
            Version::Http1 => case.to_owned(),
            Version::Http2 => format!("the body of {case}"),
        };
        // The path is constant and valid.
        let request = request.body(body).expect("a request of valid parts");
        let work = arrives_as_it_is(bench, request);
        bench.run(Clause::SentAsAsked, case, work).await;
    }
}

async fn arrives_as_it_is(bench: &Bench<'_>, mut request: Request<Bytes>) -> Outcome {
    let steps = vec![Step::ReadRequest, answer(200, b"{}"), Step::ReadToEnd];
    let server = start(bench.peer, steps).await?;
    let path = request.uri().to_string();
    // A URL of the server and a valid path are a valid URL.
    *request.uri_mut() = server.url(&path).parse().expect("a valid URL");
    let outcome = ask(bench.transport, request.clone()).await;
    let log = server.finish().await;
    let Some(received) = log.requests.first() else {
        return Err(format!("no whole request came: {}", shown(&outcome)));
    };
    ensure(received.body == request.body()[..], || {
        format!("a body of {} bytes came", received.body.len())
    })?;
    if bench.peer.version == Version::Http2 {
        return Ok(());
    }
    let head = &received.head;
    let line = format!("{} {path} HTTP/1.1", request.method());
    let first = head.lines().next().unwrap_or_default();
    ensure(first == line, || format!("it began with {first}"))?;
    for (name, value) in request.headers() {
        let came = http1::header(head, name.as_str());
        ensure(came.is_some_and(|came| came.as_bytes() == value), || {
            format!("the header {name} did not come as it was")
        })?;
    }
    let unasked = UNASKED
        .iter()
        .find(|name| http1::header(head, name).is_some());
    ensure(unasked.is_none(), || {
        format!("{} was asked for", unasked.unwrap_or(&""))
    })
}
