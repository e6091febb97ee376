//! Tasks that are answered as what they are not.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Fired;
use crate::{Fault, Rule, world::Reply};

/// How old a task may be to be missed, unless a rule says otherwise.
const YOUNG_MILLISECONDS: u64 = 5000;

/// Whether a fault can affect a task of this status and age.
pub(super) fn fits(rule: &Rule, status: &str, age: Duration) -> bool {
    let (completed, failed) = (status == "completed", status == "failed");
    match rule.fault() {
        Fault::NotFoundAfterCreate => age < rule.duration(YOUNG_MILLISECONDS),
        Fault::StatusBackwards => !completed && !failed,
        Fault::TerminalStateChanged => completed || failed,
        Fault::CompletedWithoutOutput => completed,
        Fault::TaskErrorSpelling => failed,
        _ => true,
    }
}

/// The object of a task in an answer, which may be in an envelope; `None` if it is none.
pub(in crate::world) fn find(answer: &mut Value) -> Option<&mut Map<String, Value>> {
    let is_task = |value: &Value| value.get("id").is_some() && value.get("status").is_some();
    match is_task(answer) {
        true => answer.as_object_mut(),
        false => answer
            .get_mut("data")
            .filter(|data| is_task(data))?
            .as_object_mut(),
    }
}

impl Fired {
    /// What is answered in the place of this task.
    pub(in crate::world) fn change_task(&self, mut answer: Value, base_url: &str) -> Reply {
        let fault = self.rule.fault();
        if fault == Fault::NotFoundAfterCreate {
            let body = json!({ "message": "task not found" });
            return Reply::json(StatusCode::NOT_FOUND, &body);
        }
        if let Some(task) = find(&mut answer) {
            change(fault, task, base_url);
        }
        Reply::json(StatusCode::OK, &answer)
    }
}

fn change(fault: Fault, task: &mut Map<String, Value>, base_url: &str) {
    let has_completed = task.get("status") == Some(&json!("completed"));
    let mut set = |name: &str, value: Value| task.insert(name.into(), value);
    match fault {
        Fault::UnknownStatus => {
            set("status", json!("reticulating"));
        }
        Fault::OtherEnd if has_completed => {
            set("status", json!("done"));
        }
        Fault::OtherEnd => {
            set("status", json!("cancelled"));
            set("error", json!({ "message": "by operator" }));
            task.remove("progress");
        }
        Fault::StatusBackwards => {
            set("status", json!("pending"));
            task.remove("progress");
        }
        Fault::CompletedWithoutOutput => {
            set("output", json!([]));
        }
        Fault::TaskErrorSpelling => {
            set("error", json!("Internal generation error"));
        }
        Fault::TerminalStateChanged if has_completed => {
            set("status", json!("failed"));
            let message = "Internal generation error";
            set(
                "error",
                json!({ "code": "002011095", "error_message": message }),
            );
            task.remove("output");
            task.remove("usage");
        }
        Fault::TerminalStateChanged => {
            set("status", json!("completed"));
            let url = format!("{base_url}/artifacts/of-a-failed-task.mp4");
            set(
                "output",
                json!([{ "content": [{ "type": "video", "url": url }] }]),
            );
            task.remove("error");
        }
        Fault::WrongTypes => {
            let kept = ["id", "status", "output"];
            let others = task
                .iter_mut()
                .filter(|(name, _)| !kept.contains(&name.as_str()));
            others.for_each(|(_, value)| *value = of_another_type(value));
        }
        _ => {}
    }
}

/// The same thing as something else.
fn of_another_type(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        Value::String(_) => json!(1),
        _ => json!("none"),
    }
}
