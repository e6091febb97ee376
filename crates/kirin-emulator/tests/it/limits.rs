//! The rate limit and the limit of parallel tasks, with and without headers.

use http::{HeaderMap, Method, StatusCode};
use kirin_emulator::{Emulator, EmulatorConfig, Lifecycle, LimitHeaders};
use serde_json::{Value, json};

use crate::{
    support::{CREATE, Session, envelope, read, request},
    wire::Wire,
};

const TOO_MANY: StatusCode = StatusCode::TOO_MANY_REQUESTS;

fn create(session: &mut Session) -> (StatusCode, HeaderMap, Value) {
    let body = envelope(json!({ "prompt": "a fox" }));
    let response = session.response(&request(Method::POST, CREATE, body));
    let (status, answer) = read(&response);
    (status, response.headers().clone(), answer)
}

#[test]
fn calls_beyond_the_rate_limit_are_refused_until_the_next_second() {
    let mut session = Session::new(EmulatorConfig::new().rate_limit(3));
    session.advance(500);
    let id = session.create(json!({ "prompt": "a fox" }));
    assert_eq!(session.query(&id).0, StatusCode::OK);
    assert_eq!(session.get("/api/v1/skill/models").0, StatusCode::OK);
    let (status, headers, answer) = create(&mut session);
    assert_eq!(status, TOO_MANY);
    assert_eq!(headers["retry-after"], "1");
    assert_eq!(answer["error"]["code"], "RATE_LIMIT_EXCEEDED");
    assert_eq!(
        answer["request_id"],
        headers["x-request-id"].to_str().unwrap()
    );
    session.advance(499);
    assert_eq!(session.query(&id).0, TOO_MANY);
    session.advance(1);
    assert_eq!(session.query(&id).0, StatusCode::OK);
    assert_eq!(session.world.statistics().tasks_created, 1);
}

#[test]
fn tasks_beyond_the_parallel_limit_are_refused_until_one_ends() {
    let mut session = Session::new(EmulatorConfig::new().parallel_limit(2));
    session.create(json!({ "prompt": "a fox" }));
    session.advance(1000);
    let id = session.create(json!({ "prompt": "a fox" }));
    let (status, headers, answer) = create(&mut session);
    assert_eq!(status, TOO_MANY);
    // The first one ends in two seconds.
    assert_eq!(headers["retry-after"], "2");
    let message = "parallel task over resource pack limit";
    assert_eq!(answer["code"], 1303);
    assert_eq!(answer["message"], message);
    // Queries do not count.
    assert_eq!(session.query(&id).0, StatusCode::OK);
    session.advance(1999);
    assert_eq!(create(&mut session).1["retry-after"], "1");
    session.advance(1);
    assert_eq!(create(&mut session).0, StatusCode::OK);
    assert_eq!(create(&mut session).0, TOO_MANY);
}

#[test]
fn a_task_that_ends_by_hand_or_by_queries_makes_room() {
    let config = EmulatorConfig::new().parallel_limit(1);
    let mut session = Session::new(config.clone().lifecycle(Lifecycle::by_hand()));
    let id = session.create(json!({ "prompt": "a fox" }));
    session.advance(1_000_000);
    assert_eq!(create(&mut session).0, TOO_MANY);
    session
        .world
        .fail(session.elapsed, &id, "002011095")
        .unwrap();
    assert_eq!(create(&mut session).0, StatusCode::OK);

    let mut session = Session::new(config.lifecycle(Lifecycle::after_queries(2)));
    let id = session.create(json!({ "prompt": "a fox" }));
    session.query(&id);
    assert_eq!(create(&mut session).0, TOO_MANY);
    session.query(&id);
    assert_eq!(create(&mut session).0, StatusCode::OK);
}

#[test]
fn a_task_that_a_hand_ended_early_is_not_counted_twice() {
    let mut session = Session::new(EmulatorConfig::new().parallel_limit(2));
    let id = session.create(json!({ "prompt": "a fox" }));
    session.world.complete(session.elapsed, &id).unwrap();
    // Its time comes too, and must not make room once more.
    session.advance(2000);
    session.create(json!({ "prompt": "a fox" }));
    session.create(json!({ "prompt": "a fox" }));
    session.advance(1500);
    assert_eq!(create(&mut session).0, TOO_MANY);
}

#[test]
fn limits_are_said_in_headers_or_not() {
    let check = |headers, expected: [Option<&str>; 4]| {
        let config = EmulatorConfig::new().rate_limit(2).parallel_limit(1);
        let mut session = Session::new(config.limit_headers(headers));
        let names = [
            "retry-after",
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
        ];
        let (_, first, _) = create(&mut session);
        assert!(!first.contains_key("retry-after"));
        assert_eq!(
            first.contains_key("x-ratelimit-remaining"),
            expected[1].is_some()
        );
        let (status, found, _) = create(&mut session);
        assert_eq!(status, TOO_MANY);
        let found = names.map(|name| found.get(name).map(|value| value.to_str().unwrap()));
        assert_eq!(found, expected);
        let (status, found, _) = create(&mut session);
        assert_eq!(status, TOO_MANY);
        assert_eq!(found.contains_key("retry-after"), expected[0].is_some());
    };
    check(LimitHeaders::Nothing, [None; 4]);
    check(LimitHeaders::RetryAfter, [Some("3"), None, None, None]);
    check(
        LimitHeaders::All,
        [Some("3"), Some("2"), Some("0"), Some("1")],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_nothing_refuses_everything() {
    let emulator = Emulator::start(EmulatorConfig::new().rate_limit(0))
        .await
        .unwrap();
    let mut wire = Wire::connect(&emulator);
    let answer = wire.ask("GET", "/api/v1/skill/models", "");
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("1"))
    );
    emulator.shutdown().await;
}
