//! An answer that is read as a task is read the same when it is written down and read again.
#![no_main]

use kirin_types::{RawJson, Task};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let raw = RawJson::read(data);
    let Ok(task) = Task::from_json(data) else {
        return;
    };
    assert!(raw.is_ok(), "a task of what is no JSON");
    let text = format!("{task:?}");
    assert!(!text.is_empty());
    let written = serde_json::to_vec(&task).expect("a task is JSON text");
    let again = Task::from_json(&written).expect("what was written can be read");
    assert_eq!(task.id(), again.id());
    // What is left of a damaged status is a text when it is read again.
    if !task.is_damaged() {
        assert_eq!(task.status(), again.status());
    }
});
