//! The body of `POST /_emulator/clock`.

use std::time::Duration;

use serde::Deserialize;

use super::Refusal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    advance_ms: u64,
}

/// How far to let the time jump.
pub(super) fn advance(body: &[u8]) -> Result<Duration, Refusal> {
    let expected = r#"{"advance_ms": N}, a whole number of milliseconds"#;
    let body: Body = serde_json::from_slice(body).map_err(|_| Refusal::InvalidBody { expected })?;
    Ok(Duration::from_millis(body.advance_ms))
}
