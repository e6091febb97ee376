//! The `Authorization` header.

use http::{HeaderMap, header};

use super::Refusal;
use crate::config::Keys;

/// Whether the caller may call.
pub(super) fn check(headers: &HeaderMap, keys: &Keys) -> Result<(), Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Refusal::MissingToken)?;
    if values.next().is_some() {
        return refuse("there is more than one Authorization header");
    }
    let Ok(value) = value.to_str() else {
        return refuse("the Authorization header has bytes that are not visible ASCII");
    };
    let value = value.trim();
    let (scheme, key) = value.split_once(' ').unwrap_or((value, ""));
    let key = key.trim();
    match () {
        () if !scheme.eq_ignore_ascii_case("bearer") => {
            refuse("the Authorization header must be: Bearer KEY")
        }
        () if key.is_empty() => refuse("the key is empty"),
        () if keys.accept(key) => Ok(()),
        () => refuse("the key is not valid"),
    }
}

fn refuse(message: &'static str) -> Result<(), Refusal> {
    Err(Refusal::Unauthorized { message })
}
