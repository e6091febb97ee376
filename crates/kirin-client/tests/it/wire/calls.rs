//! What is sent, and where to: calls, base URLs and keys.

use bytes::Bytes;
use http::{Method, Request, header};
use kirin_client::{
    ApiKey, BaseUrl,
    machine::Event,
    wire::{CreateAnswer, Endpoint, Exchange, MAX_ANSWER_BYTES, MAX_ERROR_BYTES, QueryAnswer},
};
use kirin_transport::{PreferFreshConnection, Sent, TransportError, TransportErrorKind};
use kirin_types::{AspectRatio, GenerationRequest, Mode, Timestamp, VideoDuration};

use super::{read, response};

/// A text that must not show up anywhere but in the authorization header.
const CANARY: &str = "canary-7f3a9c";

/// Keys in the order of the file too: the golden bodies are what the vendor's page shows.
#[test]
fn the_body_of_a_create_is_the_golden_one() {
    fn check(request: &GenerationRequest, golden: &str) {
        let golden = without_blanks(&read("requests", golden));
        let body = endpoint().create(request).request().into_body();
        assert_eq!(String::from_utf8_lossy(&body), golden);
    }

    let minimal = GenerationRequest::builder("a paper boat on a rainy street");
    check(&minimal.build().unwrap(), "create-defaults.json");
    let sample = GenerationRequest::builder("a paper boat on a rainy street")
        .duration(VideoDuration::FiveSeconds)
        .aspect_ratio(AspectRatio::Landscape)
        .mode(Mode::Std)
        .negative_prompt("text")
        .watermark(false)
        .callback_url("https://example.com/hook")
        .external_task_id("order-42");
    check(&sample.build().unwrap(), "create-sample.json");
    let full = GenerationRequest::builder("纸船 ⛵ \"on\" a\nrainy street")
        .duration(VideoDuration::TenSeconds)
        .aspect_ratio(AspectRatio::Portrait)
        .mode(Mode::Pro)
        .negative_prompt("text, people")
        .watermark(true)
        .callback_url("https://example.com/hook?order=42&user=7")
        .external_task_id("Order_42.retry-1");
    check(&full.build().unwrap(), "create-every-parameter.json");
}

#[test]
fn a_create_is_a_post_that_asks_for_a_fresh_connection() {
    let request = GenerationRequest::builder("a fox").build().unwrap();
    let create = endpoint().create(&request).request();
    assert_eq!(create.method(), Method::POST);
    assert_eq!(create.uri(), "https://cloud.vtrix.ai/model/v1/generation");
    assert!(create.extensions().get::<PreferFreshConnection>().is_some());
    check_headers(&create);
}

#[test]
fn a_query_is_a_get_without_a_body() {
    let query = endpoint().query("d5u5obte8783ap44qtj0").request();
    assert_eq!(query.method(), Method::GET);
    assert!(query.body().is_empty());
    assert!(query.extensions().get::<PreferFreshConnection>().is_none());
    check_headers(&query);
}

fn check_headers(call: &Request<Bytes>) {
    let headers = call.headers();
    let authorization = &headers[header::AUTHORIZATION];
    assert_eq!(authorization, &format!("Bearer {CANARY}"));
    assert!(authorization.is_sensitive());
    assert_eq!(headers[header::ACCEPT], "application/json");
    assert_eq!(headers[header::ACCEPT_ENCODING], "identity");
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(headers[header::USER_AGENT], format!("kirin-rust/{version}"));
    assert_eq!(headers.len(), 5, "{headers:?}");
}

#[test]
fn an_id_is_one_segment_of_the_url_whatever_it_holds() {
    fn check(id: &str, segment: &str) {
        let expected = format!("https://cloud.vtrix.ai/model/v1/generation/task/{segment}");
        let query = endpoint().query(id).request();
        assert_eq!(query.uri().to_string(), expected, "{id:?}");
    }

    check("d5u5obte8783ap44qtj0", "d5u5obte8783ap44qtj0");
    check("Order_42.retry-1~", "Order_42.retry-1~");
    check("../../v1/account", "..%2F..%2Fv1%2Faccount");
    check("..", "%2E%2E");
    check("a?x=1#b", "a%3Fx%3D1%23b");
    check("%2f", "%252f");
    check("a b\\c", "a%20b%5Cc");
    check("船", "%E8%88%B9");
    check(&"船".repeat(256), &"%E8%88%B9".repeat(256));
}

#[test]
fn a_base_url_with_a_path_keeps_it() {
    let base_url: BaseUrl = "https://proxy.example.com:8443/kirin/".parse().unwrap();
    let endpoint = Endpoint::new(base_url, CANARY.parse().unwrap()).unwrap();
    assert_eq!(
        endpoint.query("a").request().uri(),
        "https://proxy.example.com:8443/kirin/model/v1/generation/task/a"
    );
}

#[test]
fn the_key_shows_in_no_debug_text() {
    let key: ApiKey = CANARY.parse().unwrap();
    let create = endpoint().create(&GenerationRequest::builder("a fox").build().unwrap());
    let shown = [
        format!("{key:?}"),
        format!("{:?}", endpoint()),
        format!("{create:?}"),
        format!("{:?}", endpoint().query("a")),
        format!("{:?}", format!("a {CANARY}").parse::<ApiKey>()),
    ];
    for text in shown {
        assert!(!text.contains(CANARY), "{text}");
    }
}

#[test]
fn a_key_is_one_word_of_visible_ascii() {
    fn check(text: &str, legal: bool) {
        assert_eq!(text.parse::<ApiKey>().is_ok(), legal, "{text:?}");
    }

    check("a", true);
    check("sk-ABC_123.~+/=", true);
    check(" surrounded-by-blanks\n", true);
    check("", false);
    check(" \n", false);
    check("two words", false);
    check("line\nbreak", false);
    check("a\u{0}b", false);
    check("schlüssel", false);
}

#[test]
fn the_key_of_an_emulator_goes_to_this_machine_only() {
    fn check(base_url: &str, key: &str, legal: bool) {
        let endpoint = Endpoint::new(base_url.parse().unwrap(), key.parse().unwrap());
        assert_eq!(endpoint.is_ok(), legal, "{base_url} {key}");
    }

    for loopback in ["http://127.0.0.1:4010", "http://localhost", "https://[::1]"] {
        check(loopback, "emulator-1", true);
        check(loopback, "any", true);
    }
    for other in [
        BaseUrl::SERVICE,
        "https://example.com",
        "https://192.168.0.1",
    ] {
        check(other, "emulator-1", false);
        check(other, " emulator-", false);
        check(other, "any", true);
        check(other, "my-emulator-key", true);
    }
}

#[test]
fn a_base_url_is_https_or_this_machine() {
    fn check(text: &str, expected: Result<&str, ()>) {
        let parsed = text.parse::<BaseUrl>();
        let shown = parsed.as_ref().map(BaseUrl::as_str).map_err(|_| ());
        assert_eq!(shown, expected, "{text:?}");
    }

    check(BaseUrl::SERVICE, Ok("https://cloud.vtrix.ai"));
    check("https://example.com/", Ok("https://example.com"));
    check("https://example.com/a/b//", Ok("https://example.com/a/b"));
    check("https://example.com:8443", Ok("https://example.com:8443"));
    check("http://127.0.0.1:4010", Ok("http://127.0.0.1:4010"));
    check("http://127.8.9.10", Ok("http://127.8.9.10"));
    check("http://localhost:1", Ok("http://localhost:1"));
    check("http://LOCALHOST:1", Ok("http://localhost:1"));
    check("HTTPS://Example.com/A", Ok("https://example.com/A"));
    check("https://example.com:443/a", Ok("https://example.com/a"));
    check("https://example.com:80", Ok("https://example.com:80"));
    check("http://[::1]:80", Ok("http://[::1]"));
    check("http://[::1]:1", Ok("http://[::1]:1"));

    check("", Err(()));
    check("cloud.vtrix.ai", Err(()));
    check("/model", Err(()));
    check("https://", Err(()));
    check("http://example.com", Err(()));
    check("http://localhost.example.com", Err(()));
    check("http://127.0.0.1.example.com", Err(()));
    check("http://10.0.0.1", Err(()));
    check("http://0.0.0.0", Err(()));
    check("http://[::ffff:127.0.0.1]", Err(()));
    check("ftp://localhost", Err(()));
    check("file:///etc/passwd", Err(()));
    check("https://user:secret@example.com", Err(()));
    check("https://user@localhost", Err(()));
    check("https://example.com?key=1", Err(()));
    check("https://example.com/?", Err(()));
    check("https://example.com/#a", Err(()));
    check("https://exa mple.com", Err(()));
    check(" https://example.com", Err(()));
}

#[test]
fn only_loopback_is_loopback() {
    fn check(text: &str, expected: bool) {
        let base_url: BaseUrl = text.parse().unwrap();
        assert_eq!(base_url.is_loopback(), expected, "{text}");
    }

    check("https://cloud.vtrix.ai", false);
    check("https://localhost.example.com", false);
    check("https://128.0.0.1", false);
    check("https://[::2]", false);
    check("https://localhost", true);
    check("http://127.0.0.1", true);
    check("http://[::1]", true);
}

fn endpoint() -> Endpoint {
    Endpoint::new(BaseUrl::default(), CANARY.parse().unwrap()).unwrap()
}

/// JSON without the blanks between its tokens.
fn without_blanks(json: &[u8]) -> String {
    let mut in_text = false;
    let mut escaped = false;
    let mut compact = String::new();
    for character in std::str::from_utf8(json).unwrap().chars() {
        if in_text || !character.is_ascii_whitespace() {
            compact.push(character);
        }
        in_text ^= character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
    }
    compact
}

/// Where an answer says it again, the key is out of sight, whatever was asked.
#[test]
fn a_call_reads_its_answer_without_the_key() {
    let request = GenerationRequest::builder("a fox").build().unwrap();
    let id = "order-42".parse().unwrap();
    let calls = [
        endpoint().create(&request),
        endpoint().query("order-42"),
        endpoint().probe(&id, "1"),
    ];
    for call in calls {
        let target = format!("https://login.example.com/{CANARY}");
        let body = format!(r#"{{"message":"invalid key: {CANARY}"}}"#);
        for (status, headers) in [(401, &[][..]), (307, &[("location", &*target)])] {
            let answer = response(status, headers, body.as_bytes());
            let event = call.read(Exchange::Whole(answer), None);
            let shown = format!("{event:?}");
            assert!(shown.contains("(hidden)"), "{shown}");
            assert!(!shown.contains(CANARY), "{shown}");
            let written = serde_json::to_string(&event).unwrap();
            assert!(!written.contains(CANARY), "{written}");
        }
    }
}

/// A driver that keeps no bound of its own.
#[test]
fn a_call_reads_only_so_much_of_an_answer() {
    let query = endpoint().query("order-42");
    let long = |status, limit: usize| {
        let mut body = br#"{"id":"t1","status":"in_progress","error":"#.to_vec();
        body.resize(limit + 1, b' ');
        Exchange::Whole(response(status, &[], &body))
    };
    let event = query.read(long(200, MAX_ANSWER_BYTES), None);
    let Some(QueryAnswer::Trouble(trouble)) = event.query_answer() else {
        panic!("{event:?}");
    };
    let too_large = TransportError::new(TransportErrorKind::TooLarge, Sent::Maybe);
    assert_eq!(trouble.to_string(), too_large.to_string());
    // Of a create the id is read all the same.
    let request = GenerationRequest::builder("a fox").build().unwrap();
    let event = endpoint()
        .create(&request)
        .read(long(200, MAX_ANSWER_BYTES), None);
    assert!(matches!(
        event.create_answer(),
        Some(CreateAnswer::Created(task)) if task.id().as_str() == "t1"
    ));
    let event = query.read(long(400, MAX_ERROR_BYTES), None);
    let Some(QueryAnswer::Refused(refusal)) = event.query_answer() else {
        panic!("{event:?}");
    };
    assert!(refusal.body.text.len() <= MAX_ERROR_BYTES);
}

#[test]
fn a_call_reads_both_clocks() {
    let ours = Some(Timestamp::from_milliseconds(1_769_757_744_021));
    let answer = || {
        response(
            200,
            &[("date", "Fri, 30 Jan 2026 07:22:24 GMT")],
            br#"{"id":"t1","status":"in_progress"}"#,
        )
    };
    let query = endpoint().query("t1");
    let cut = TransportError::new(TransportErrorKind::Closed, Sent::Maybe);
    for exchange in [Exchange::Whole(answer()), Exchange::Cut(answer(), cut)] {
        let event = query.read(exchange, ours);
        let Event::Answered {
            ours: by_ours,
            service,
            ..
        } = event
        else {
            panic!("{event:?}");
        };
        assert_eq!(by_ours, ours);
        assert_eq!(
            service.map(Timestamp::milliseconds),
            Some(1_769_757_744_000)
        );
    }
}
