//! A callback names the task that it names when it is read a second time.
#![no_main]

use kirin_types::Callback;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(callback) = Callback::from_json(data) else {
        return;
    };
    let text = format!("{callback:?} {:?}", callback.contents());
    assert!(!text.is_empty());
    let again = Callback::from_json(callback.raw().as_str().as_bytes());
    let again = again.expect("what was read can be read again");
    assert_eq!(callback.task_id(), again.task_id());
    assert_eq!(callback.external_task_id(), again.external_task_id());
    // What is left of a damaged status is a text when it is read again.
    if !callback.raw().is_damaged() {
        assert_eq!(callback.status(), again.status());
    }
});
