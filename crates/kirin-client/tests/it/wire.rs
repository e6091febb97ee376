//! Which kind each answer is: the golden bodies of `tests/fixtures/wire`, and the rules that they
//! are examples of.

mod calls;
mod damaged;
pub(crate) mod gzip;

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use kirin_client::{
    BaseUrl,
    machine::Event,
    wire::{CreateAnswer, Endpoint, Exchange, Probe, QueryAnswer, Refusal, Trouble},
};
use kirin_tests::canary::{self, Shown};
use kirin_transport::{Sent, TransportError, TransportErrorKind};
use kirin_types::ErrorReason;

use crate::machine::{
    answers::{EXTERNAL_ID, FOREIGN_404},
    script::request,
};

/// The four kinds of create answer that an exchange with a server can have, as words.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Create {
    Ambiguous,
    Created,
    Duplicate,
    NotCreated,
}

/// The kinds of query answer, as words.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Query {
    NotFound,
    Refused,
    Task,
    Trouble,
}

/// Each file of `errors/`, under the HTTP status that its name begins with.
#[rustfmt::skip] // One line per case, however long.
const ERRORS: &[(&str, Create, Query)] = &[
    ("200-unauthorized.json", Create::NotCreated, Query::Refused),
    ("200-insufficient-credits.json", Create::NotCreated, Query::Refused),
    ("200-envelope-error-beside-task.json", Create::Ambiguous, Query::Trouble),
    ("200-task-creation-error.json", Create::Ambiguous, Query::Trouble),
    ("200-task-creation-error-integer.json", Create::Ambiguous, Query::Trouble),
    ("200-missing-token.json", Create::NotCreated, Query::Refused),
    ("200-neither-id-nor-error.json", Create::Ambiguous, Query::Trouble),
    ("400-bad-request.json", Create::NotCreated, Query::Refused),
    ("400-duplicate-external-task-id.json", Create::Duplicate, Query::Refused),
    ("400-external-task-id-exists.json", Create::Duplicate, Query::Refused),
    ("400-code-1201-other-parameter.json", Create::NotCreated, Query::Refused),
    ("409-external-task-id-exists.json", Create::Duplicate, Query::Trouble),
    ("400-every-message.json", Create::NotCreated, Query::Refused),
    ("200-nested-code-without-money.json", Create::Ambiguous, Query::Trouble),
    ("400-code-1113.json", Create::NotCreated, Query::Refused),
    ("403-insufficient-user-quota.json", Create::NotCreated, Query::Refused),
    ("429-insufficient-quota.json", Create::NotCreated, Query::Trouble),
    ("401-unauthorized.json", Create::NotCreated, Query::Refused),
    ("401-missing-token.json", Create::NotCreated, Query::Refused),
    ("402-insufficient-credits.json", Create::NotCreated, Query::Refused),
    ("402-error-code-40208.json", Create::NotCreated, Query::Refused),
    ("402-error-code-top-level.json", Create::NotCreated, Query::Refused),
    ("402-error-code-40200.json", Create::NotCreated, Query::Refused),
    ("402-insufficient-balance-word.json", Create::NotCreated, Query::Refused),
    ("403-balance-or-permission.json", Create::NotCreated, Query::Refused),
    ("403-balance-or-permission.txt", Create::NotCreated, Query::Refused),
    ("403-model-not-allowed.json", Create::NotCreated, Query::Refused),
    ("403-insufficient-balance.json", Create::NotCreated, Query::Refused),
    ("403-balance-code.json", Create::NotCreated, Query::Refused),
    ("404-detail.json", Create::NotCreated, Query::NotFound),
    ("404-message.json", Create::NotCreated, Query::NotFound),
    ("404-external-task-id-does-not-exist.json", Create::NotCreated, Query::NotFound),
    ("429-rate-limit-exceeded.json", Create::NotCreated, Query::Trouble),
    ("429-kling-1302.json", Create::NotCreated, Query::Trouble),
    ("429-kling-1303.json", Create::NotCreated, Query::Trouble),
    ("429-kling-1100.json", Create::NotCreated, Query::Trouble),
    ("429-kling-1101.json", Create::NotCreated, Query::Trouble),
    ("429-kling-1102.json", Create::NotCreated, Query::Trouble),
    ("500-message.json", Create::Ambiguous, Query::Trouble),
    ("500-runtime-execution-failed.json", Create::Ambiguous, Query::Trouble),
    ("500-empty.txt", Create::Ambiguous, Query::Trouble),
    ("502-proxy.html", Create::Ambiguous, Query::Trouble),
];

#[test]
fn every_golden_error_is_of_its_kind() {
    for (name, create, query) in ERRORS {
        let status = name.split('-').next().unwrap().parse().unwrap();
        let answer = response(status, &[], &read("errors", name));
        assert_eq!(create_kind(&answer), *create, "create: {name}");
        assert_eq!(query_kind(&answer), *query, "query: {name}");
    }
    let rows: BTreeSet<_> = ERRORS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(rows, names("errors"), "files and rows differ");
}

#[test]
fn every_golden_task_is_a_task_under_any_success() {
    let tasks = names("tasks");
    assert!(tasks.len() > 30, "the golden tasks are not there");
    for name in tasks {
        for status in [200, 201, 202, 299] {
            let answer = response(status, &[], &read("tasks", &name));
            assert_eq!(create_kind(&answer), Create::Created, "{status} {name}");
            assert_eq!(query_kind(&answer), Query::Task, "{status} {name}");
        }
    }
}

/// Nobody can tell by its words who has written a 404, so all are the same: each is a miss, and none
/// proves anything alone.
#[test]
fn a_404_is_a_miss_whoever_wrote_it() {
    let others = ["{}", "[1", r#"{"message":"no"}"#, r#"{"detail":"no"}"#];
    let foreign = FOREIGN_404.map(|(_, body)| body);
    for body in foreign.into_iter().chain(others) {
        let answer = response(404, &[], body.as_bytes());
        assert_eq!(query_kind(&answer), Query::NotFound, "{body:?}");
        assert_eq!(create_kind(&answer), Create::NotCreated, "{body:?}");
    }
}

#[test]
fn a_status_without_a_telling_body_is_judged_by_its_number() {
    fn check(status: u16, create: Create, query: Query) {
        for body in ["", "<html>no</html>", "{}", r#"{"message":"no"}"#, "[1"] {
            let answer = response(status, &[], body.as_bytes());
            assert_eq!(create_kind(&answer), create, "create: {status} {body:?}");
            assert_eq!(query_kind(&answer), query, "query: {status} {body:?}");
        }
    }

    check(100, Create::Ambiguous, Query::Trouble);
    for status in [200, 201, 204, 206] {
        check(status, Create::Ambiguous, Query::Trouble);
    }
    for status in 300..=399 {
        let create = match status {
            307 | 308 => Create::NotCreated,
            _ => Create::Ambiguous,
        };
        check(status, create, Query::Refused);
    }
    // The list of what created nothing is closed.
    let not_created = [
        400, 401, 402, 403, 404, 405, 406, 411, 413, 414, 415, 421, 422, 426, 428, 429, 431, 451,
    ];
    for status in 400..=499 {
        let create = match not_created.contains(&status) {
            true => Create::NotCreated,
            false => Create::Ambiguous,
        };
        let query = match status {
            404 => Query::NotFound,
            408 | 409 | 425 | 429 => Query::Trouble,
            _ => Query::Refused,
        };
        check(status, create, query);
    }
    for status in (500..=599).chain([600, 999]) {
        check(status, Create::Ambiguous, Query::Trouble);
    }
}

/// Section 1 of the protocol: a success with an `id`, with a listed error, or with neither.
#[test]
fn a_success_without_a_task_is_judged_by_its_body() {
    fn check(body: &str, expected: Create) {
        assert_eq!(
            create_kind(&response(200, &[], body.as_bytes())),
            expected,
            "{body}"
        );
    }

    check(r#"{"id":"a"}"#, Create::Created);
    check(r#"{"data":{"id":"a"}}"#, Create::Created);
    // Beside an error, an id is only believed where a task's status stands there, too.
    check(r#"{"id":"a","error":"Missing Token"}"#, Create::Ambiguous);
    check(
        r#"{"id":"a","status":"failed","error":"Missing Token"}"#,
        Create::Created,
    );
    // Cut, empty, not JSON, no id.
    check(r#"{"id":"a""#, Create::Ambiguous);
    check("", Create::Ambiguous);
    check("null", Create::Ambiguous);
    check(
        "<html><title>Insufficient credits</title>",
        Create::Ambiguous,
    );
    check(r#"{"status":"in_progress"}"#, Create::Ambiguous);
    // Errors that nobody listed.
    check(r#"{"error":"who knows"}"#, Create::Ambiguous);
    check(r#"{"error":{"code":"002011094"}}"#, Create::Ambiguous);
    check(
        r#"{"status":{"code":500,"message":"no"},"data":null}"#,
        Create::Ambiguous,
    );
    check(
        r#"{"status":{"code":1,"message":"no"},"data":null}"#,
        Create::Ambiguous,
    );
    check(
        r#"{"status":{"code":418,"message":"no"},"data":null}"#,
        Create::Ambiguous,
    );
    check(
        r#"{"status":{"code":99999,"message":"no"},"data":null}"#,
        Create::Ambiguous,
    );
    for code in [302, 408, 409] {
        let body = format!(r#"{{"status":{{"code":{code},"message":"no"}},"data":null}}"#);
        check(&body, Create::Ambiguous);
    }
    // Listed errors.
    check(r#"{"error":{"code":"UNAUTHORIZED"}}"#, Create::NotCreated);
    check(
        r#"{"error":{"code":"RATE_LIMIT_EXCEEDED"}}"#,
        Create::NotCreated,
    );
    // The code of a task that has failed says that there may be one.
    check(r#"{"error":{"code":"002011095"}}"#, Create::Ambiguous);
    for code in [400, 401, 402, 403, 404, 429] {
        let body = format!(r#"{{"status":{{"code":{code},"message":"no"}},"data":null}}"#);
        check(&body, Create::NotCreated);
    }
    check(
        r#"{"code":1201,"message":"external_task_id already exists"}"#,
        Create::Duplicate,
    );
}

/// An answer with an id may stand for a task that was paid for, whatever error stands beside it.
#[test]
fn an_error_beside_an_id_is_no_proof_that_nothing_was_created() {
    fn check(body: &str) {
        assert_eq!(
            create_kind(&response(200, &[], body.as_bytes())),
            Create::Ambiguous,
            "{body}"
        );
    }

    let listed = r#""status":{"code":402,"message":"Insufficient credits","error_code":40201}"#;
    check(&format!(r#"{{"data":{{"id":"a"}},{listed}}}"#));
    check(&format!(r#"{{"data":{{"id":7}},{listed}}}"#));
    check(&format!(r#"{{"data":{{"id":"a","size":1e999}},{listed}}}"#));
    check(r#"{"id":7,"error":"Missing Token"}"#);
    check(r#"{"id":"a","id":"b","error":"Missing Token"}"#);
    check(&format!(
        r#"{{"id":"{}","error":"Missing Token"}}"#,
        "a".repeat(257)
    ));
}

#[test]
fn an_id_of_null_is_none() {
    let body = br#"{"id":null,"error":"Missing Token"}"#;
    assert_eq!(create_kind(&response(200, &[], body)), Create::NotCreated);
}

#[test]
fn a_duplicate_is_one_under_any_client_error_but_not_under_a_server_error() {
    fn check(status: u16, expected: Create) {
        let body = read("errors", "400-duplicate-external-task-id.json");
        assert_eq!(
            create_kind(&response(status, &[], &body)),
            expected,
            "{status}"
        );
    }

    for status in [400, 402, 403, 404, 408, 409, 410, 422, 429, 499] {
        check(status, Create::Duplicate);
    }
    check(500, Create::Ambiguous);
    check(503, Create::Ambiguous);
}

#[test]
fn an_unlisted_code_in_the_envelope_of_a_query_is_passing_trouble() {
    fn check(code: u32, expected: Query) {
        let body = format!(r#"{{"status":{{"code":{code},"message":"no"}},"data":null}}"#);
        assert_eq!(
            query_kind(&response(200, &[], body.as_bytes())),
            expected,
            "{code}"
        );
    }

    for code in [1, 100, 201, 408, 409, 429, 500, 1201, 70000] {
        check(code, Query::Trouble);
    }
    check(401, Query::Refused);
    check(403, Query::Refused);
    check(404, Query::NotFound);
}

#[test]
fn a_redirect_names_its_target_without_the_query() {
    fn check(location: &str, expected: Option<&str>) {
        for status in [307, 308] {
            let answer = response(status, &[("location", location)], b"moved");
            let redirect = refusal(&answer).redirect;
            assert_eq!(redirect.as_deref(), expected, "{status} {location}");
        }
        // The same words, of those of which nobody knows what they did.
        for status in [301, 302, 303] {
            let answer = response(status, &[("location", location)], b"moved");
            let CreateAnswer::Ambiguous(trouble) = decode_create(&answer) else {
                panic!("{status} {location}");
            };
            let shown = match expected {
                Some(target) => format!("HTTP {status}, a redirect to {target}"),
                None => format!("HTTP {status}: moved"),
            };
            assert_eq!(trouble.to_string(), shown);
        }
    }

    check(
        "https://login.example.com/a?token=secret",
        Some("https://login.example.com/a"),
    );
    check("https://example.com", Some("https://example.com/"));
    check(
        "http://user:secret@example.com/",
        Some("http://example.com/"),
    );
    check("/other?token=secret", Some("/other"));
    check("not a url", None);
    check("", None);
}

#[test]
fn only_a_redirect_has_a_target() {
    let answer = response(400, &[("location", "https://example.com/")], b"");
    assert_eq!(refusal(&answer).redirect, None);
}

#[test]
fn what_is_shown_of_a_refusal_has_no_secret_of_the_redirect() {
    let location = "https://user:secret@example.com/a?token=secret#secret";
    let answer = response(307, &[("location", location)], b"");
    let shown = refusal(&answer).to_string();
    assert_eq!(shown, "HTTP 307, a redirect to https://example.com/a");
}

#[test]
fn retry_after_is_seconds_or_a_date_by_the_clock_of_the_server() {
    fn check(headers: &[(&str, &str)], expected: Option<u64>) {
        for status in [429, 503] {
            let answer = response(status, headers, b"{}");
            let expected = expected.map(Duration::from_secs);
            let create = match decode_create(&answer) {
                CreateAnswer::Ambiguous(trouble) => trouble.retry_after,
                CreateAnswer::Refused(refusal) => refusal.retry_after,
                other => panic!("{status} {headers:?}: {other:?}"),
            };
            assert_eq!(create, expected, "create: {status} {headers:?}");
            let QueryAnswer::Trouble(query) = decode_query(&answer) else {
                panic!("{status} {headers:?}");
            };
            assert_eq!(query.retry_after, expected, "query: {status} {headers:?}");
        }
    }

    let date = ("date", "Fri, 30 Jan 2026 07:22:24 GMT");
    check(&[], None);
    check(&[("retry-after", "7")], Some(7));
    check(&[("retry-after", " 7 ")], Some(7));
    check(&[("retry-after", "0")], Some(0));
    // Not believed as it stands, but kept as it came: the machine clamps it.
    check(&[("retry-after", "999999999")], Some(999_999_999));
    check(
        &[("retry-after", "Fri, 30 Jan 2026 07:24:24 GMT"), date],
        Some(120),
    );
    check(
        &[("retry-after", "Fri, 30 Jan 2026 07:20:24 GMT"), date],
        Some(0),
    );
    // Without the server's own clock a date says nothing, because ours may be wrong.
    check(&[("retry-after", "Fri, 30 Jan 2026 07:24:24 GMT")], None);
    for garbage in [
        "-5",
        "NaN",
        "1.5",
        "inf",
        "soon",
        "",
        "99999999999999999999",
    ] {
        check(&[("retry-after", garbage), date], None);
    }
}

#[test]
fn a_failed_exchange_is_ambiguous_unless_nothing_was_sent() {
    let kinds = [
        TransportErrorKind::Body,
        TransportErrorKind::Closed,
        TransportErrorKind::Connect,
        TransportErrorKind::Other,
        TransportErrorKind::Protocol,
        TransportErrorKind::Request,
        TransportErrorKind::Timeout,
        TransportErrorKind::TooLarge,
    ];
    for kind in kinds {
        let error = TransportError::new(kind, Sent::Maybe).with_source("reset by peer");
        let expected = format!("{error}: reset by peer");
        let CreateAnswer::Ambiguous(trouble) = CreateAnswer::failed(&error) else {
            panic!("{kind:?}");
        };
        assert_eq!(trouble.to_string(), expected);
        let error = TransportError::new(kind, Sent::No);
        let CreateAnswer::NotSent(trouble) = CreateAnswer::failed(&error) else {
            panic!("{kind:?}");
        };
        assert_eq!(trouble.to_string(), error.to_string());
        assert!(
            matches!(QueryAnswer::failed(&error), QueryAnswer::Trouble(Trouble { description, .. }) if description == error.to_string()),
            "{kind:?}"
        );
    }
}

/// Reads an answer to the create of these tests.
pub(crate) fn decode_create(response: &Response<Bytes>) -> CreateAnswer {
    read_create(Exchange::Whole(response.clone()))
}

/// Reads what came of the create of these tests.
pub(crate) fn read_create(exchange: Exchange) -> CreateAnswer {
    let event = endpoint().create(&request()).read(exchange, None);
    event
        .create_answer()
        .expect("an answer to a create")
        .clone()
}

/// Reads an answer to a query.
pub(crate) fn decode_query(response: &Response<Bytes>) -> QueryAnswer {
    let call = endpoint().query(EXTERNAL_ID);
    let event = call.read(Exchange::Whole(response.clone()), None);
    event.query_answer().expect("an answer to a query").clone()
}

/// Reads an answer to one of a row.
pub(crate) fn decode_probe(response: &Response<Bytes>) -> Probe {
    let call = endpoint().probe(&EXTERNAL_ID.parse().unwrap(), "1");
    match call.read(Exchange::Whole(response.clone()), None) {
        Event::Answered { answer, .. } => match *answer {
            Event::Probed(probe) => probe,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// The service, with a key that must not be shown.
fn endpoint() -> Endpoint {
    Endpoint::new(BaseUrl::default(), canary::key().parse().unwrap()).unwrap()
}

/// An answer as a transport gives it.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        let name: header::HeaderName = name.parse().unwrap();
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

fn create_kind(response: &Response<Bytes>) -> Create {
    match decode_create(response) {
        CreateAnswer::Ambiguous(_) => Create::Ambiguous,
        CreateAnswer::Created(_) => Create::Created,
        CreateAnswer::Duplicate(refusal) => {
            assert_eq!(refusal.reason, ErrorReason::DuplicateExternalTaskId);
            Create::Duplicate
        }
        CreateAnswer::NotSent(trouble) => panic!("an answer came, so it was sent: {trouble}"),
        CreateAnswer::Refused(refusal) => {
            assert_eq!(refusal.status, response.status().as_u16());
            Create::NotCreated
        }
    }
}

fn query_kind(response: &Response<Bytes>) -> Query {
    match decode_query(response) {
        QueryAnswer::NotFound(_) => Query::NotFound,
        QueryAnswer::Refused(_) => Query::Refused,
        QueryAnswer::Task(_) => Query::Task,
        QueryAnswer::Trouble(_) => Query::Trouble,
    }
}

pub(crate) fn refusal(response: &Response<Bytes>) -> Refusal {
    match decode_create(response) {
        CreateAnswer::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

/// The bytes of `tests/fixtures/wire/{folder}/{name}`.
pub(crate) fn read(folder: &str, name: &str) -> Vec<u8> {
    let file = fixtures(folder).join(name);
    fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn names(folder: &str) -> BTreeSet<String> {
    let files = fs::read_dir(fixtures(folder)).expect("the folder is part of the repository");
    files
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn fixtures(folder: &str) -> PathBuf {
    let wire = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/wire");
    PathBuf::from(wire).join(folder)
}

/// Where a success cannot be read, the answer itself tells why: the path, and how it begins. What
/// signs a URL is not kept.
#[test]
fn an_unreadable_success_keeps_its_beginning_and_no_signature() {
    let signature = canary::signature();
    let check = |body: String, path: &str, head: &str| {
        let response = Response::new(Bytes::from(body));
        let QueryAnswer::Trouble(trouble) = decode_query(&response) else {
            panic!("{response:?}");
        };
        let CreateAnswer::Ambiguous(created) = decode_create(&response) else {
            panic!("{response:?}");
        };
        assert_eq!(created.unreadable, trouble.unreadable);
        canary::shown(Shown::Debug, &format!("{trouble:?}"));
        let answer = trouble.unreadable.unwrap();
        assert_eq!((answer.path.as_str(), answer.head.as_str()), (path, head));
    };
    check("<html>".into(), "", "<html>");
    check(r#"{"id":[7]}"#.into(), "id", r#"{"id":[7]}"#);
    check(r#"{"data":{}}"#.into(), "data.id", r#"{"data":{}}"#);
    check("é".repeat(500), "", &"é".repeat(200));
    let url = format!("https://cdn.example.com/a.mp4?s={signature}&t=1");
    check(
        format!(r#"{{"url":"{url}","id":[]}}"#),
        "id",
        r#"{"url":"https://cdn.example.com/a.mp4?","id":[]}"#,
    );
    check(
        format!("see {url}"),
        "",
        "see https://cdn.example.com/a.mp4?",
    );
    check(
        format!("<a href='{url}'>what? yes</a>"),
        "",
        "<a href='https://cdn.example.com/a.mp4?'>what? yes</a>",
    );
}
