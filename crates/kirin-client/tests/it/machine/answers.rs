//! Answers, decoded from what a server would send: a test cannot make one that the wire module
//! would not.

use bytes::Bytes;
use http::Response;
use kirin_client::{
    Control,
    wire::{CreateAnswer, Probe, QueryAnswer},
};
use kirin_transport::{Sent, TransportError, TransportErrorKind};

use crate::wire::{decode_create, decode_probe, decode_query, read, response};

/// The id that the service gives to the task of these tests.
pub(crate) const ID: &str = "d5u5obte8783ap44qtj0";

/// The id of a task that is another one.
pub(crate) const OTHER_ID: &str = "d5u5obte8783ap44qtzz";

/// The external task id of these tests.
pub(crate) const EXTERNAL_ID: &str = "order-42";

/// A task that was accepted before the intent of these tests, by both of its ids.
pub(crate) const CONTROL_EXTERNAL_ID: &str = "order-1";
pub(crate) const CONTROL_ID: &str = "d5u5obte8783ap44qt01";

/// Wall time at the start of a machine, in milliseconds.
pub(crate) const STARTED_AT: i64 = 1_769_757_744_000;

/// What a task object says beside its id.
pub(crate) const IN_PROGRESS: &str = r#""status":"in_progress","progress":0.5"#;
pub(crate) const COMPLETED: &str = r#""status":"completed","output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}],"usage":{"cost":"0.21","discount":0}"#;
pub(crate) const WITHOUT_OUTPUT: &str = r#""status":"completed","output":[]"#;
pub(crate) const FAILED: &str =
    r#""status":"failed","error":{"code":"002011099","error_message":"upstream said no"}"#;

/// Ends in other words than the documented ones.
pub(crate) const CANCELLED: &str = r#""status":"cancelled","error":{"message":"by operator"}"#;
pub(crate) const DONE: &str = r#""status":"done","output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}]"#;

pub(crate) fn created(fields: &str) -> CreateAnswer {
    decode_create(&task_body(ID, fields))
}

pub(crate) fn task(fields: &str) -> QueryAnswer {
    task_with_id(ID, fields)
}

pub(crate) fn task_with_id(id: &str, fields: &str) -> QueryAnswer {
    decode_query(&task_body(id, fields))
}

fn task_body(id: &str, fields: &str) -> Response<Bytes> {
    response(200, &[], format!(r#"{{"id":"{id}",{fields}}}"#).as_bytes())
}

/// A golden refusal of `errors/`, as the answer to a create.
pub(crate) fn create_error(name: &str) -> CreateAnswer {
    let status = name.split('-').next().unwrap().parse().unwrap();
    decode_create(&response(status, &[], &read("errors", name)))
}

/// A refusal with nothing but its status, as the answer to a create.
pub(crate) fn create_status(status: u16) -> CreateAnswer {
    decode_create(&response(status, &[], b""))
}

/// The same as the answer to a query, with a message: a status in the service's own words.
pub(crate) fn query_status(status: u16) -> QueryAnswer {
    decode_query(&response(status, &[], br#"{"message":"said the service"}"#))
}

/// What somebody between us and the service says while the route of the look-ups is away.
pub(crate) const FOREIGN_404: [(&str, &str); 9] = [
    (
        "Kong",
        r#"{"message":"no Route matched with those values"}"#,
    ),
    ("AWS API Gateway", r#"{"message":"Not Found"}"#),
    ("FastAPI", r#"{"detail":"Not Found"}"#),
    (
        "Spring",
        r#"{"timestamp":"2026-11-29T00:00:00Z","status":404,"error":"Not Found","path":"/x"}"#,
    ),
    (
        "Express",
        r#"{"error":"Not Found","message":"Cannot GET /model/v1/generation/task/order-42"}"#,
    ),
    ("Envoy", r#"{"code":404,"message":"route not found"}"#),
    ("the service's own words", r#"{"message":"task not found"}"#),
    ("HTML", "<html><h1>404 Not Found</h1></html>"),
    ("nobody", ""),
];

/// A 404 with this body.
pub(crate) fn not_found(body: &str) -> QueryAnswer {
    decode_query(&response(404, &[], body.as_bytes()))
}

/// The task that a look-up by its external id must find.
pub(crate) fn control() -> Control {
    Control::new(
        CONTROL_EXTERNAL_ID.parse().unwrap(),
        CONTROL_ID.parse().unwrap(),
    )
    .before_intent()
}

/// One of a row, with these headers: our own task is not found.
pub(crate) fn miss_with(headers: &[(&str, &str)]) -> Probe {
    decode_probe(&response(404, headers, br#"{"message":"not found"}"#))
}

/// One of a row, with these headers: the control is found.
pub(crate) fn control_with(headers: &[(&str, &str)]) -> Probe {
    task_probe(CONTROL_ID, "\"status\":\"completed\"", headers)
}

/// One of a row: a task with this id and these fields.
pub(crate) fn task_probe(id: &str, fields: &str, headers: &[(&str, &str)]) -> Probe {
    let body = format!(r#"{{"id":"{id}",{fields}}}"#);
    decode_probe(&response(200, headers, body.as_bytes()))
}

/// One of a row, of which no answer came.
pub(crate) fn no_probe() -> Probe {
    Probe::failed(&TransportError::new(
        TransportErrorKind::Closed,
        Sent::Maybe,
    ))
}

/// The service says that the id is in use, in words that name it.
pub(crate) fn duplicate() -> CreateAnswer {
    create_error("400-duplicate-external-task-id.json")
}

/// The service wants fewer requests, and says for how many seconds.
pub(crate) fn rate_limit(seconds: &str) -> CreateAnswer {
    decode_create(&response(429, &[("retry-after", seconds)], b"{}"))
}

pub(crate) fn query_rate_limit(seconds: &str) -> QueryAnswer {
    decode_query(&response(429, &[("retry-after", seconds)], b"{}"))
}

/// The request may have left, and no answer came.
pub(crate) fn lost() -> CreateAnswer {
    CreateAnswer::failed(&TransportError::new(
        TransportErrorKind::Timeout,
        Sent::Maybe,
    ))
}

/// No byte left.
pub(crate) fn not_sent() -> CreateAnswer {
    CreateAnswer::failed(&TransportError::new(TransportErrorKind::Connect, Sent::No))
}

pub(crate) fn no_answer() -> QueryAnswer {
    QueryAnswer::failed(&TransportError::new(
        TransportErrorKind::Closed,
        Sent::Maybe,
    ))
}
