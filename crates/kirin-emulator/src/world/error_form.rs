//! The spellings of a refusal.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::ErrorForm;

/// A refusal in another spelling: the body that was seen for it, and its HTTP status.
pub(super) fn spelled(
    form: ErrorForm,
    seen: Value,
    status: StatusCode,
    request_id: &str,
) -> (StatusCode, Value) {
    let first = |pointers: &[&str]| {
        let found = pointers.iter().find_map(|pointer| seen.pointer(pointer));
        found.cloned()
    };
    let message = match first(&["/status/message", "/message", "/error/message", "/detail"]) {
        Some(message) => message,
        None => seen["error"].clone(),
    };
    let code = first(&["/status/error_code", "/code", "/error/code"]);
    let body = match form {
        ErrorForm::AsSeen => seen,
        ErrorForm::Detail => json!({ "detail": message }),
        ErrorForm::Envelope | ErrorForm::EnvelopeUnder200 => {
            let status = object([
                ("code", Some(status.as_u16().into())),
                ("message", Some(message)),
                ("error_code", code),
            ]);
            json!({ "status": status, "data": null })
        }
        ErrorForm::Message => object([
            ("code", code),
            ("message", Some(message)),
            ("request_id", Some(request_id.into())),
        ]),
        ErrorForm::Object => {
            let error = object([("code", code), ("message", Some(message))]);
            json!({ "error": error, "request_id": request_id })
        }
        ErrorForm::Text => json!({ "error": message }),
    };
    match form {
        ErrorForm::EnvelopeUnder200 => (StatusCode::OK, body),
        _ => (status, body),
    }
}

/// An object of the fields that there are.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let fields = fields.into_iter();
    let present = fields.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect::<Map<_, _>>())
}
