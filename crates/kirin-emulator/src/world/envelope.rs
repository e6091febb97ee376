//! The envelope of the model endpoints: `{"status": {"code", "message"}, "data": ...}`.

use http::StatusCode;
use serde::Serialize;

use super::Reply;

#[derive(Serialize)]
struct Envelope<T> {
    status: Status,
    data: Option<T>,
}

#[derive(Serialize)]
struct Status {
    code: u16,
    message: &'static str,
}

/// What was asked for, in its envelope.
pub(super) fn ok(data: impl Serialize) -> Reply {
    envelope(200, "ok", Some(data))
}

/// An unknown model: the status is inside the envelope, HTTP itself says 200.
pub(super) fn model_not_found() -> Reply {
    envelope::<()>(404, "model not found", None)
}

fn envelope<T: Serialize>(code: u16, message: &'static str, data: Option<T>) -> Reply {
    let status = Status { code, message };
    Reply::json(StatusCode::OK, &Envelope { status, data })
}
