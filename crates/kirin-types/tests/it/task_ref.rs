//! Which task is meant, by either id.

use kirin_types::{ExternalTaskId, Task, TaskId, TaskRef};
use serde_json::json;

fn id(text: &str) -> TaskRef {
    text.parse::<TaskId>().unwrap().into()
}

fn external(text: &str) -> TaskRef {
    text.parse::<ExternalTaskId>().unwrap().into()
}

#[test]
fn the_same_text_as_another_kind_of_id_is_another_task() {
    assert_ne!(id("order-42"), external("order-42"));
    assert_eq!(id("order-42").to_string(), external("order-42").to_string());
}

#[test]
fn each_conversion_keeps_the_kind() {
    let task = Task::from_json(br#"{"id":"a"}"#).unwrap();
    assert_eq!(TaskRef::from(&task), id("a"));
    assert_eq!(TaskRef::from(task.id()), id("a"));
    let order: ExternalTaskId = "order-42".parse().unwrap();
    assert_eq!(TaskRef::from(&order), external("order-42"));
    assert_eq!(TaskRef::from(&external("order-42")), external("order-42"));
}

#[test]
fn the_serde_form_names_the_kind_and_nothing_else_is_read() {
    for (task, form) in [
        (id("a b"), json!({"id": "a b"})),
        (
            external("order-42"),
            json!({"external_task_id": "order-42"}),
        ),
    ] {
        assert_eq!(serde_json::to_value(&task).unwrap(), form);
        assert_eq!(serde_json::from_value::<TaskRef>(form).unwrap(), task);
    }
    for form in [
        json!("order-42"),
        json!({}),
        json!({"id": "a", "external_task_id": "order-42"}),
        json!({"external_task_id": "order 42"}),
        json!({"task_id": "a"}),
        json!(["a"]),
        json!(null),
    ] {
        let read = serde_json::from_value::<TaskRef>(form.clone());
        assert!(read.is_err(), "{form}: {read:?}");
    }
}

#[test]
fn an_answer_is_about_a_task_by_the_kind_of_its_id() {
    fn check(asked: TaskRef, answer: serde_json::Value, expected: bool) {
        let task = Task::from_json(answer.to_string().as_bytes()).unwrap();
        assert_eq!(asked.is_answered_by(&task), expected, "{asked:?} {answer}");
    }

    let silent = json!({"id": "a"});
    let named = json!({"id": "a", "metadata": {"external_task_id": "order-42"}});
    check(id("a"), silent.clone(), true);
    check(id("order-42"), silent.clone(), false);
    check(id("order-42"), named.clone(), false);
    check(external("order-42"), silent, true);
    check(external("order-42"), named.clone(), true);
    check(external("order-43"), named.clone(), false);
    // A person may type either.
    check(external("a"), named, true);
}
