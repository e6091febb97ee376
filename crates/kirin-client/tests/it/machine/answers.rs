//! Answers, decoded from what a server would send: a test cannot make one that the wire module
//! would not.

use bytes::Bytes;
use http::Response;
use kirin_client::wire::{CreateAnswer, QueryAnswer};
use kirin_transport::{Sent, TransportError, TransportErrorKind};

use crate::wire::{read, response};

/// The id that the service gives to the task of these tests.
pub(crate) const ID: &str = "d5u5obte8783ap44qtj0";

/// The id of a task that is another one.
pub(crate) const OTHER_ID: &str = "d5u5obte8783ap44qtzz";

/// The external task id of these tests.
pub(crate) const EXTERNAL_ID: &str = "order-42";

/// Wall time at the start of a machine, in milliseconds.
pub(crate) const STARTED_AT: i64 = 1_769_757_744_000;

/// What a task object says beside its id.
pub(crate) const IN_PROGRESS: &str = r#""status":"in_progress","progress":0.5"#;
pub(crate) const COMPLETED: &str = r#""status":"completed","output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}],"usage":{"cost":"0.21","discount":0}"#;
pub(crate) const WITHOUT_OUTPUT: &str = r#""status":"completed","output":[]"#;
pub(crate) const FAILED: &str =
    r#""status":"failed","error":{"code":"002011099","error_message":"upstream said no"}"#;

pub(crate) fn created(fields: &str) -> CreateAnswer {
    CreateAnswer::decode(&task_body(ID, fields))
}

pub(crate) fn task(fields: &str) -> QueryAnswer {
    task_with_id(ID, fields)
}

pub(crate) fn task_with_id(id: &str, fields: &str) -> QueryAnswer {
    QueryAnswer::decode(&task_body(id, fields))
}

fn task_body(id: &str, fields: &str) -> Response<Bytes> {
    response(200, &[], format!(r#"{{"id":"{id}",{fields}}}"#).as_bytes())
}

/// A golden refusal of `errors/`, as the answer to a create.
pub(crate) fn create_error(name: &str) -> CreateAnswer {
    let status = name.split('-').next().unwrap().parse().unwrap();
    CreateAnswer::decode(&response(status, &[], &read("errors", name)))
}

/// A refusal with nothing but its status, as the answer to a create.
pub(crate) fn create_status(status: u16) -> CreateAnswer {
    CreateAnswer::decode(&response(status, &[], b""))
}

/// The same as the answer to a query, with a message: a status in the service's own words.
pub(crate) fn query_status(status: u16) -> QueryAnswer {
    QueryAnswer::decode(&response(status, &[], br#"{"message":"said the service"}"#))
}

/// A 404 in the words of something between us and the service.
pub(crate) fn not_found_by_a_proxy() -> QueryAnswer {
    QueryAnswer::decode(&response(
        404,
        &[("content-type", "text/html")],
        b"<html>no</html>",
    ))
}

/// The service says that the id is in use, in words that name it.
pub(crate) fn duplicate() -> CreateAnswer {
    create_error("400-duplicate-external-task-id.json")
}

/// The service wants fewer requests, and says for how many seconds.
pub(crate) fn rate_limit(seconds: &str) -> CreateAnswer {
    CreateAnswer::decode(&response(429, &[("retry-after", seconds)], b"{}"))
}

pub(crate) fn query_rate_limit(seconds: &str) -> QueryAnswer {
    QueryAnswer::decode(&response(429, &[("retry-after", seconds)], b"{}"))
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
