//! The body of `POST /_emulator/tasks`, which ends a task by hand.

use serde::Deserialize;

use super::Refusal;
use crate::server::Service;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Body {
    Complete { id: String },
    Fail { id: String, code: String },
}

/// Ends a task.
///
/// # Errors
///
/// The body does not say which and how, there is no such task, or it has ended before.
pub(super) fn end(service: &Service, body: &[u8]) -> Result<(), Refusal> {
    let expected = r#"{"complete": {"id": "ID"}} or {"fail": {"id": "ID", "code": "002011095"}}"#;
    let body: Body = serde_json::from_slice(body).map_err(|_| Refusal::InvalidBody { expected })?;
    let ended = service.at(|world, elapsed| match &body {
        Body::Complete { id } => world.complete(elapsed, id),
        Body::Fail { id, code } => world.fail(elapsed, id, code),
    });
    ended.map_err(Refusal::CannotEnd)
}
