//! Headers of the caller: where they go, which are refused, and that a secret among them is not shown.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use kirin_client::{
    BaseUrl, BuildError, Client, ClientBuilder,
    wire::{Endpoint, Exchange},
};
use kirin_tests::canary;
use kirin_types::GenerationRequest;

use crate::scripted::{Scripted, json, request};

const COMPLETED: &str = r#"{"id":"task-1","status":"completed","output":[{"content":[{"type":"video","url":"https://cloud.vtrix.ai/a.mp4"}]}]}"#;

fn builder() -> ClientBuilder {
    Client::builder(canary::key().parse().unwrap())
}

fn endpoint() -> Endpoint {
    Endpoint::new(BaseUrl::default(), canary::key().parse().unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn default_headers_go_with_every_call_and_with_no_download() {
    let redirected = crate::scripted::with_headers(302, &[("location", "/b.mp4")], "");
    let answers = [
        json(200, r#"{"id":"task-1","status":"in_progress"}"#),
        json(200, COMPLETED),
        json(200, COMPLETED),
        redirected,
        crate::scripted::with_headers(200, &[("content-length", "3")], "abc"),
    ];
    let transport = Scripted::new(answers);
    let client = builder()
        .default_header("X-Team", "films")
        .default_header("X-Other", "first")
        .default_header("x-other", "second")
        .transport(transport.clone())
        .build()
        .unwrap();
    let task = client.generate(request()).await.unwrap();
    client.query(task.id().clone()).await.unwrap();
    // Even at the host of the API, and what it redirects to.
    let mut stream = client.download_stream(&task);
    while let Some(Ok(_)) = stream.next().await {}
    let asked = transport.requests();
    let (calls, downloads) = asked.split_at(3);
    for call in calls {
        assert_eq!(call.headers["x-team"], "films", "{call:?}");
        let other: Vec<_> = call.headers.get_all("x-other").iter().collect();
        assert_eq!(other, ["second"]);
    }
    assert_eq!(downloads.len(), 2, "{downloads:?}");
    for download in downloads {
        assert!(download.call.contains(".mp4"), "{download:?}");
        assert!(!download.headers.contains_key("x-team"), "{download:?}");
    }
    let headers = HeaderMap::from_iter([(
        HeaderName::from_static("x-team"),
        HeaderValue::from_static("films"),
    )]);
    let probe = endpoint()
        .with_default_headers(headers)
        .unwrap()
        .probe(&"order-42".parse().unwrap(), "1");
    assert_eq!(probe.request().headers()["x-team"], "films");
}

#[test]
fn what_the_client_sends_itself_is_refused() {
    let request = GenerationRequest::builder("a fox").build().unwrap();
    let own = [
        endpoint().create(&request).request(),
        endpoint().query("task-1").request(),
        endpoint()
            .probe(&"order-42".parse().unwrap(), "1")
            .request(),
    ];
    let names = own.iter().flat_map(|request| request.headers().keys());
    let mut checked = 0;
    for name in names {
        let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static("x"))]);
        let refused = endpoint().with_default_headers(headers).unwrap_err();
        let expected = format!("{name} is set by the client itself");
        assert_eq!(refused.problems(), [expected]);
        checked += 1;
    }
    assert!(checked > 10, "{checked} headers were checked");
}

#[test]
fn every_header_that_cannot_be_sent_is_named_at_once() {
    for name in [
        "Host",
        "Content-Length",
        "content-encoding",
        "Content-Disposition",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Connection",
        "Keep-Alive",
        "Upgrade",
        "Expect",
        "Proxy-Authorization",
        "If-None-Match",
        "If-Range",
        "Range",
        "Accept-Language",
        "Cache-Control",
        "Pragma",
        "X-HTTP-Method-Override",
        "X-Method-Override",
        "Sec-Fetch-Site",
        "",
        "two words",
        "line\nend",
        "schl\u{fc}ssel",
    ] {
        let built = builder().default_header(name, "x").build();
        let Err(BuildError::DefaultHeaders(invalid)) = built else {
            panic!("{name:?} was taken");
        };
        assert_eq!(invalid.problems().len(), 1, "{name:?}: {invalid}");
    }
    let built = builder()
        .default_header("Authorization", "Bearer another-secret")
        .default_header("X-Team", "line\r\nend")
        .default_header("Host", "example.com")
        .default_header("X-Fine", "fine")
        .default_header("no name", "another-secret")
        .build();
    let Err(BuildError::DefaultHeaders(invalid)) = built else {
        panic!("they were taken");
    };
    assert_eq!(invalid.problems().len(), 4, "{invalid}");
    let shown = BuildError::DefaultHeaders(invalid).to_string();
    for name in ["authorization", "X-Team", "host", "no name"] {
        assert!(shown.contains(name), "{name}: {shown}");
    }
    assert!(!shown.contains("another-secret"), "{shown}");
    for fine in [
        "X-Request-Id",
        "X-Team",
        "Cookie",
        "X-Api-Version",
        "Traceparent",
    ] {
        builder()
            .default_header(fine, "x")
            .transport(Scripted::default())
            .build()
            .unwrap();
    }
}

#[test]
fn too_many_headers_are_an_error_and_no_panic() {
    let mut builder = builder();
    for number in 0..40_000 {
        builder = builder.default_header(format!("x-{number}"), "x");
    }
    let Err(BuildError::DefaultHeaders(invalid)) = builder.build() else {
        panic!("they were taken");
    };
    assert!(
        invalid.problems()[0].contains("too many"),
        "{}",
        invalid.problems()[0]
    );
}

/// A secret of the caller is hidden as the key is: in Debug, and where a server repeats it.
#[test]
fn a_sensitive_default_header_is_shown_nowhere() {
    const TOKEN: &str = "gateway-0123456789";
    let mut token = HeaderValue::from_static(TOKEN);
    token.set_sensitive(true);
    let headers = HeaderMap::from_iter([(HeaderName::from_static("x-token"), token.clone())]);
    let endpoint = endpoint().with_default_headers(headers).unwrap();
    let call = endpoint.query("task-1");
    assert_eq!(call.request().headers()["x-token"], TOKEN);
    assert_eq!(call.request().method(), Method::GET);
    let client = builder().default_header("X-Token", token);
    let mut shown = vec![
        format!("{client:?}"),
        format!("{endpoint:?}"),
        format!("{call:?}"),
    ];
    shown.push(format!(
        "{:?}",
        client.transport(Scripted::default()).build().unwrap()
    ));
    for (status, place) in [(401, "invalid token"), (200, "what")] {
        let body = format!(r#"{{"id":"task-1","message":"{place}: {TOKEN}"}}"#);
        let answer = Response::builder()
            .status(status)
            .header("x-request-id", TOKEN)
            .body(Bytes::from(body))
            .unwrap();
        shown.push(format!("{:?}", call.read(Exchange::Whole(answer), None)));
    }
    for text in shown {
        assert!(!text.contains(TOKEN), "{text}");
    }
}
