//! Answers of a service, or of what stands before it, that has not done what was asked.

use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{Fired, gateways, replies};
use crate::{
    Fault,
    world::{Call, Reply},
};

/// The answer that takes the place of the request being carried out; `None` if it is carried out.
pub(super) fn instead(fired: &Fired, call: &Call<'_>) -> Option<Reply> {
    let request_id = call.request_id();
    let (status, body) = match fired.rule.fault() {
        Fault::RateLimited => (429, rate_limited(request_id)),
        Fault::ParallelLimited => {
            let message = "parallel task over resource pack limit";
            (429, kling(1303, message, request_id))
        }
        Fault::MoneyLimited => {
            let message = "Resource pack depleted or expired";
            (429, kling(1102, message, request_id))
        }
        Fault::Unauthorized => (401, unauthorized(request_id)),
        Fault::InsufficientBalance => (402, insufficient_balance()),
        Fault::Forbidden => (403, json!({ "detail": "Model not allowed for this user" })),
        Fault::Unavailable => (503, json!({ "message": "service unavailable" })),
        Fault::ErrorSpelling => spelling(fired.choice, request_id),
        Fault::Redirect => return Some(redirect(fired, call)),
        Fault::ArtifactExpired => (403, json!({ "message": "the URL has expired" })),
        Fault::GatewayNotFound => return Some(gateways::not_found(fired.constant_choice, call)),
        Fault::ArtifactHtml => return Some(replies::html(StatusCode::OK)),
        _ => return None,
    };
    let status = StatusCode::from_u16(status).expect("the numbers above are statuses");
    let reply = Reply::json(status, &body);
    Some(match fired.rule.retry_after {
        Some(seconds) => reply.with_header(header::RETRY_AFTER, &seconds.to_string()),
        None => reply,
    })
}

/// One of the bodies that the service is known to refuse with.
fn spelling(choice: u64, request_id: &str) -> (u16, Value) {
    let known = [
        (
            200,
            json!({ "status": { "code": 401, "message": "unauthorized" }, "data": null }),
        ),
        (400, json!({ "message": "bad request" })),
        (401, json!({ "error": "Missing Token" })),
        (401, unauthorized(request_id)),
        (402, insufficient_balance()),
        (
            402,
            json!({ "error_code": 40208, "message": "insufficient balance" }),
        ),
        (
            403,
            json!({ "message": "Insufficient balance or permission denied" }),
        ),
        (403, json!({ "detail": "Model not allowed for this user" })),
        (429, rate_limited(request_id)),
    ];
    let index = choice % known.len() as u64;
    known[index as usize].clone()
}

fn rate_limited(request_id: &str) -> Value {
    json!({
        "error": { "code": "RATE_LIMIT_EXCEEDED", "message": "Too many requests" },
        "request_id": request_id,
    })
}

fn kling(code: u16, message: &str, request_id: &str) -> Value {
    json!({ "code": code, "message": message, "request_id": request_id })
}

fn unauthorized(request_id: &str) -> Value {
    json!({
        "error": { "code": "UNAUTHORIZED", "message": "the key is not valid" },
        "request_id": request_id,
    })
}

fn insufficient_balance() -> Value {
    json!({
        "status": { "code": 402, "message": "Insufficient credits", "error_code": 40201 },
        "data": null,
    })
}

/// What a proxy passes on whose second `POST` was refused for another reason than the first one.
pub(super) fn refused_replay(choice: u64, request_id: &str) -> Reply {
    match choice % 3 {
        0 => Reply::json(StatusCode::PAYMENT_REQUIRED, &insufficient_balance()),
        1 => Reply::json(StatusCode::NOT_FOUND, &json!({ "detail": "Not Found" })),
        _ => Reply::json(StatusCode::TOO_MANY_REQUESTS, &rate_limited(request_id)),
    }
}

fn redirect(fired: &Fired, call: &Call<'_>) -> Reply {
    let elsewhere = || format!("http://elsewhere.invalid{}", call.path());
    let location = fired.rule.location.clone().unwrap_or_else(elsewhere);
    replies::empty(StatusCode::TEMPORARY_REDIRECT).with_header(header::LOCATION, &location)
}
