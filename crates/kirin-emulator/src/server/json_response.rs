//! Answers in JSON.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

pub(super) fn json_response(status: StatusCode, body: &impl Serialize) -> Response<Bytes> {
    // Serializing fails for maps with keys that are no strings; none of the answers has one.
    let body = serde_json::to_vec(body).expect("answers have string keys");
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    no_store(&mut response);
    response
}

/// What is shown here is true now.
pub(super) fn no_store(response: &mut Response<Bytes>) {
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
}
