//! Where an answer names the external id of its task.

use alloc::{string::String, vec::Vec};

use crate::decode::Object;

const NAME: &str = "external_task_id";

/// The objects beside the task itself in which the id was seen: Kling's `task_info`, the
/// undocumented `metadata`, and an echo of the parameters.
const PLACES: [&str; 3] = ["task_info", "metadata", "params"];

/// Every external id that the answer gives its task, each once. An empty text counts as absent, as
/// it does in a request, and so does one that is damaged.
pub(crate) fn external_task_ids(task: &Object<'_>) -> Vec<String> {
    let inner = PLACES.iter().filter_map(|place| task.object(place));
    let inner: Vec<_> = inner.collect();
    let mut named = Vec::new();
    for object in core::iter::once(task).chain(&inner) {
        for value in object.every(NAME) {
            let id = value.text_or_number();
            let id = id.filter(|id| !id.is_empty() && !value.may_be_cut());
            named.extend(id.filter(|id| !named.contains(id)));
        }
    }
    named
}
