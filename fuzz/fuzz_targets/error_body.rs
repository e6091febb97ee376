//! Whatever the body of a refusal is, it has a reason, and what is shown of it can be shown.
#![no_main]

use kirin_types::ErrorBody;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (status, data) = match data {
        [high, low, data @ ..] => (u16::from_be_bytes([*high, *low]), data),
        _ => (400, data),
    };
    let body = ErrorBody::decode(data);
    let id = "order-1".parse().expect("a legal id");
    let _ = body.reason_of_create(status, &id);
    let _ = (body.reason(status), body.is_known());
    let _ = (body.names_duplicate(), body.names_duplicate_of(&id));
    assert!(body.sentence().is_none_or(|it| !it.is_empty()));
    let _ = (format!("{body}"), format!("{body:?}"));
});
