//! The transports for tests: what they keep, what they give back, and what they leave out.

use std::error::Error;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use kirin_tests::canary::{self, Shown};
use kirin_transport::{
    Body, BodyEnd, HyperTransport, Sent, Transport, TransportError, TransportErrorKind, from_fn,
    testing::{
        Capture, Cassette, Direction, Fault, FaultPipe, FaultPlan, Recorder, Replay, Scripted,
    },
};
use tokio::net::TcpStream;

use crate::{
    frames::Frames,
    render::chain,
    server::{ANSWER, Server, Step, create, within},
};

const TASK: &str = "http://a.test/v1/task/x";

fn get(url: &str) -> Request<Bytes> {
    let request = Request::get(url).header("authorization", format!("Bearer {}", canary::key()));
    request.body(Bytes::new()).unwrap()
}

fn signed(host: &str) -> String {
    format!(
        "https://{host}/boat.mp4?expires=1&signature={}",
        canary::signature()
    )
}

async fn ask(
    transport: &dyn Transport,
    request: Request<Bytes>,
) -> Result<Response<Result<Bytes, TransportError>>, TransportError> {
    let (head, body) = transport.send(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect(1 << 20).await))
}

// ----------------------------------------------------------------- scripts and captures

#[tokio::test]
async fn a_script_is_given_in_order_and_then_ends() {
    let script = Scripted::new()
        .answer(StatusCode::PAYMENT_REQUIRED, "{}")
        .fail(TransportErrorKind::Closed, Sent::Maybe)
        .respond(Response::new(Bytes::from_static(b"video")));
    let first = ask(&script, get(TASK)).await.unwrap();
    assert_eq!(first.status(), 402);
    assert_eq!(first.headers()["content-type"], "application/json");
    assert_eq!(first.into_body().unwrap(), "{}");
    let second = ask(&script, get(TASK)).await.unwrap_err();
    assert_eq!(
        (second.kind(), second.sent()),
        (TransportErrorKind::Closed, Sent::Maybe)
    );
    assert_eq!(script.remaining(), 1);
    let third = ask(&script, get(TASK)).await.unwrap();
    assert_eq!(third.into_body().unwrap(), "video");

    let beyond = ask(&script, get(TASK)).await.unwrap_err();
    assert_eq!(
        (beyond.kind(), beyond.sent()),
        (TransportErrorKind::Other, Sent::No)
    );
    assert_eq!(
        beyond.source().unwrap().to_string(),
        "the script has no more answers"
    );
}

#[tokio::test]
async fn a_capture_keeps_what_was_asked_and_shows_none_of_it() {
    let script = Scripted::new().answer(StatusCode::OK, "{}");
    let capture = Capture::new(script);
    for request in [create("http://a.test/v1/create"), get(TASK)] {
        // The second one fails, and is kept all the same.
        let _ = ask(&capture.clone(), request).await;
    }
    let requests = capture.requests();
    let shown: Vec<_> = requests
        .iter()
        .map(|it| (it.method().as_str(), it.uri().path()))
        .collect();
    assert_eq!(shown, [("POST", "/v1/create"), ("GET", "/v1/task/x")]);
    assert!(requests[0].body().ends_with(b"}"));
    let debug = format!("{capture:?}");
    canary::shown(Shown::Debug, &debug);
    assert_eq!(debug, "Capture { requests: 2, .. }");
}

// ----------------------------------------------------------------- cassettes

/// A service with a bad day: an error, a body that is cut, a signed URL, a key that is repeated.
fn service() -> impl Transport + 'static {
    from_fn(|request: Request<Bytes>| async move {
        let body = match request.uri().path() {
            "/refused" => {
                let error = TransportError::new(TransportErrorKind::Connect, Sent::No);
                return Err(error.with_source(format!("refused for {}", signed("a.test"))));
            }
            "/cut" => Body::new(Frames::of_data(["hel".into()]).then_error("reset by peer")),
            "/binary" => Body::from(vec![0, 159, 146, 150]),
            "/echo" => Body::from(format!("{:?}", request.headers()["authorization"])),
            _ => Body::from(format!(r#"{{"url":"{}"}}"#, signed("cdn.test"))),
        };
        let response = Response::builder()
            .status(StatusCode::ACCEPTED)
            .header("location", signed("b.test"))
            .header("set-cookie", canary::key())
            .header("x-request-id", "r-1")
            .header("date", "Tue, 24 Nov 2026 22:59:23 GMT");
        Ok(response.body(body).unwrap())
    })
}

const PATHS: [&str; 6] = ["/task", "/refused", "/cut", "/binary", "/echo", "/task"];

async fn recorded() -> Cassette {
    let recorder = Recorder::new(service());
    for path in PATHS {
        let url = format!("http://a.test{path}?signature={}", canary::signature());
        // What fails is recorded too.
        let _ = ask(&recorder.clone(), get(&url)).await;
    }
    let debug = format!("{recorder:?}");
    assert_eq!(debug, "Recorder { exchanges: 6, .. }");
    recorder.cassette()
}

#[tokio::test]
async fn a_cassette_holds_no_secret_and_can_be_read_again() {
    let cassette = recorded().await;
    assert_eq!(cassette.len(), PATHS.len());
    let text = cassette.to_json();
    canary::shown(Shown::Cassette, &text);
    canary::shown(Shown::Debug, &format!("{cassette:?}"));
    assert_eq!(Cassette::from_json(&text).unwrap(), cassette);
    // The places where the secrets stood.
    for kept in [
        r#""removed""#,
        r#"https://cdn.test/boat.mp4?removed\""#,
        "refused for https://a.test/boat.mp4?removed",
        "http://a.test/echo?removed",
        r#""body_base64": "AJ+Slg==""#,
        r#""cut": true"#,
    ] {
        assert!(text.contains(kept), "{kept} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_replay_gives_what_was_recorded_each_once() {
    let replay = Replay::new(recorded().await);
    let url = |path: &str| format!("http://a.test{path}?signature=another");
    let mut outcomes = Vec::new();
    for path in PATHS {
        outcomes.push(ask(&replay, get(&url(path))).await);
    }
    let [task, refused, cut, binary, echo, again] = outcomes.try_into().unwrap();
    for task in [task.unwrap(), again.unwrap()] {
        assert_eq!(task.status(), 202);
        assert_eq!(task.headers()["x-request-id"], "r-1");
        assert_eq!(
            task.into_body().unwrap(),
            r#"{"url":"https://cdn.test/boat.mp4?removed"}"#
        );
    }
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.sent()),
        (TransportErrorKind::Connect, Sent::No)
    );
    assert!(chain(&refused).ends_with("refused for https://a.test/boat.mp4?removed"));
    let cut = cut.unwrap().into_body().unwrap_err();
    assert_eq!(cut.kind(), TransportErrorKind::Body);
    assert_eq!(
        binary.unwrap().into_body().unwrap(),
        &[0, 159, 146, 150][..]
    );
    assert_eq!(echo.unwrap().status(), 202);

    assert_eq!(replay.remaining(), 0);
    let beyond = ask(&replay, get(&url("/task"))).await.unwrap_err();
    assert_eq!(
        (beyond.kind(), beyond.sent()),
        (TransportErrorKind::Request, Sent::No)
    );
    let reason = "the cassette has no further GET http://a.test/task?removed";
    assert_eq!(beyond.source().unwrap().to_string(), reason);
}

#[tokio::test]
async fn a_replay_says_of_the_end_of_a_body_what_was_recorded() {
    for (headers, end, written) in [
        (&[][..], BodyEnd::Closed, false),
        (&[], BodyEnd::Framed, true),
        (&[("transfer-encoding", "chunked")], BodyEnd::Framed, false),
        (&[("content-length", "5")], BodyEnd::Framed, false),
    ] {
        let recorder = Recorder::new(from_fn(move |_| async move {
            let mut response = Response::new(Body::from("video"));
            for (name, value) in headers {
                response.headers_mut().insert(*name, value.parse().unwrap());
            }
            response.extensions_mut().insert(end);
            Ok(response)
        }));
        ask(&recorder, get(TASK)).await.unwrap();
        let json = recorder.cassette().to_json();
        assert_eq!(json.contains("framed"), written, "{json}");
        let replay = Replay::new(Cassette::from_json(&json).unwrap());
        let replayed = ask(&replay, get(TASK)).await.unwrap();
        assert_eq!(BodyEnd::of(replayed.extensions()), end, "{json}");
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_recorded_as_cut() {
    let recorder = Recorder::new(Scripted::new().answer(StatusCode::OK, "{}"));
    drop(recorder.send(get(TASK)).await.unwrap());
    assert!(recorder.cassette().to_json().contains(r#""cut": true"#));
}

#[tokio::test]
async fn a_request_that_nobody_waited_for_is_recorded_as_perhaps_sent() {
    let recorder = Recorder::new(kirin_transport::testing::Never);
    tokio::select! {
        biased;
        _ = recorder.send(get(TASK)) => panic!("it never answers"),
        () = std::future::ready(()) => {}
    }
    let text = recorder.cassette().to_json();
    assert!(
        text.contains("nobody waited for the answer") && text.contains(r#""maybe""#),
        "{text}"
    );
}

#[test]
fn what_is_no_cassette_is_an_error_that_names_the_place() {
    let check = |text: &str, place: &str| {
        let error = Cassette::from_json(text).unwrap_err().to_string();
        assert!(error.contains(place), "{error}");
    };
    check("", "EOF");
    check("{}", "exchanges is not a list");
    check(
        r#"{"exchanges":[{}]}"#,
        "exchanges[0].request.method is not a method",
    );
    let request = r#""request":{"method":"GET","url":"/","headers":{},"body":""}"#;
    let with = |answer: &str| format!(r#"{{"exchanges":[{{{request},{answer}}}]}}"#);
    check(&with(r#""response":{}"#), "exchanges[0].response.status");
    check(
        &with(r#""response":{"status":7}"#),
        "exchanges[0].response.status",
    );
    check(
        &with(r#""response":{"status":200,"headers":[]}"#),
        "exchanges[0].response.headers",
    );
    check(
        &with(r#""response":{"status":200,"headers":{}}"#),
        "exchanges[0].response.body",
    );
    check(
        &with(r#""error":{"kind":"late"}"#),
        "exchanges[0].error.kind",
    );
    check(
        &with(r#""error":{"kind":"closed"}"#),
        "exchanges[0].error.sent",
    );
}

// ----------------------------------------------------------------- pipes that break

/// What comes of a create over TCP with this plan.
async fn over_tcp(plan: FaultPlan) -> Result<Bytes, TransportError> {
    let server = Server::start().await;
    let url = server.url();
    let transport = HyperTransport::builder().build_over(move |url| {
        let plan = plan.clone();
        async move {
            let address = url.authority().unwrap().to_string();
            Ok(FaultPipe::new(TcpStream::connect(address).await?, &plan))
        }
    });
    let steps = [Step::ReadRequest, Step::Write(ANSWER)];
    let asking = async {
        let outcome = ask(&transport, create(&url)).await;
        drop(transport);
        outcome
    };
    let (outcome, _) = within(async { tokio::join!(asking, server.serve(&steps)) }).await;
    outcome?.into_body()
}

#[tokio::test]
async fn a_pipe_breaks_over_tcp_as_it_does_in_memory() {
    let plan = FaultPlan::default;
    assert_eq!(over_tcp(plan()).await.unwrap(), "{}");
    let slice = plan().with(Direction::ToServer, Fault::Slice(1));
    assert_eq!(over_tcp(slice).await.unwrap(), "{}");
    let at = ANSWER.len() as u64 - 1;
    let corrupt = Fault::Corrupt { at, mask: 1 };
    let corrupted = over_tcp(plan().with(Direction::ToClient, corrupt)).await;
    // "}" is 0x7d.
    assert_eq!(corrupted.unwrap(), "{|");
    for (fault, kind, sent) in [
        (Fault::Cut(at), TransportErrorKind::Body, Sent::Maybe),
        (Fault::Reset(at), TransportErrorKind::Body, Sent::Maybe),
        (Fault::Cut(1), TransportErrorKind::Closed, Sent::Maybe),
        (Fault::Reset(1), TransportErrorKind::Closed, Sent::Maybe),
        // hyper reads the end before it writes anything.
        (Fault::Cut(0), TransportErrorKind::Closed, Sent::No),
        (Fault::Reset(0), TransportErrorKind::Closed, Sent::No),
    ] {
        let error = over_tcp(plan().with(Direction::ToClient, fault))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{fault:?}");
        assert_eq!(error.sent(), sent, "{fault:?}");
    }
}
