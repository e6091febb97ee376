//! External task ids that are derived from the request, so that the same file has the same ids.
//!
//! The id is `batch-` and the first 32 hexadecimal digits of the SHA-256 of a text: a number, a line
//! feed, and the request without an external task id as JSON, without spaces, with sorted keys and with
//! the defaults of its model written out. The number counts the identical requests of the file up to this
//! one. So lines can be moved, added and removed, and the others keep their ids.

use std::collections::HashMap;

use kirin_types::{ExternalTaskId, GenerationRequest};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Line;

/// Gives an id to each request that has none.
pub(super) fn fill_in(lines: &mut [Line]) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for line in lines {
        if line.request.external_task_id().is_some() {
            continue;
        }
        let json = canonical_json(&line.request);
        let count = counts.entry(json.clone()).or_default();
        *count += 1;
        let id = hashed_id(&format!("{count}\n{json}"));
        line.request = line.request.clone().with_external_task_id(id);
    }
}

/// The id under which a request is run again whose task failed under this one.
pub(crate) fn after_failure(failed: &ExternalTaskId) -> ExternalTaskId {
    hashed_id(&format!("after\n{failed}"))
}

fn canonical_json(request: &GenerationRequest) -> String {
    // A request is JSON, and so is any value.
    let mut value: Value = serde_json::to_value(request).expect("JSON");
    value.sort_all_objects();
    value.to_string()
}

fn hashed_id(text: &str) -> ExternalTaskId {
    let mut id = String::from("batch-");
    for byte in &Sha256::digest(text)[..16] {
        id.push_str(&format!("{byte:02x}"));
    }
    // Letters, digits and a dash, and fewer than 64.
    id.parse().expect("an external task id")
}
