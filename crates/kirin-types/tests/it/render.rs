//! What was decoded, as the facts a reader of the protocol would list.

use kirin_types::{Content, ErrorBody, Task, TaskError, TaskState, Usage};

/// Every public fact of a task, by name; what is absent is not listed.
pub(crate) fn task(task: &Task) -> Vec<(&'static str, String)> {
    let mut facts = vec![("id", task.id().to_string())];
    add(&mut facts, "status", task.status());
    facts.push(("state", state_name(task.state()).into()));
    add(&mut facts, "model", task.model());
    add(&mut facts, "created", task.created_at());
    add(&mut facts, "updated", task.updated_at());
    match task.state() {
        TaskState::Completed { output, usage } => {
            facts.extend(output.iter().map(|it| ("output", content(it))));
            facts.extend(usage.iter().map(|it| ("usage", self::usage(it))));
        }
        TaskState::Failed { error, usage } => {
            facts.extend(error.iter().flat_map(task_error));
            facts.extend(usage.iter().map(|it| ("usage", self::usage(it))));
        }
        TaskState::InProgress { progress } | TaskState::Other { progress } => {
            add(&mut facts, "progress", *progress);
        }
        TaskState::OtherEnd {
            word,
            is_plain,
            output,
            progress,
        } => {
            facts.push(("word", word.clone()));
            facts.push(("plain", is_plain.to_string()));
            facts.extend(output.iter().map(|it| ("output", content(it))));
            add(&mut facts, "progress", *progress);
        }
        _ => unreachable!("a state that this test does not know"),
    }
    add(
        &mut facts,
        "metadata",
        task.metadata().map(|it| it.as_str()),
    );
    add(&mut facts, "named", task.named_external_task_id());
    facts
}

/// Every public fact of an error body but its text; what is absent is not listed.
pub(crate) fn error_body(body: &ErrorBody) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    add(&mut facts, "message", body.message.as_deref());
    add(&mut facts, "code", body.code.as_deref());
    add(&mut facts, "status.code", body.status_code);
    add(&mut facts, "error_code", body.error_code);
    add(&mut facts, "request id", body.request_id.as_deref());
    facts
}

/// Facts on one line: `id a, status completed`.
pub(crate) fn line(facts: &[(&'static str, String)]) -> String {
    joined(facts, ", ")
}

/// Facts on one line each, indented.
pub(crate) fn screen(facts: &[(&'static str, String)]) -> String {
    facts
        .iter()
        .map(|(name, value)| format!("    {name}: {value}\n"))
        .collect()
}

pub(crate) fn state_name(state: &TaskState) -> &'static str {
    match (state, state.is_terminal()) {
        (TaskState::Completed { .. }, true) => "completed (terminal)",
        (TaskState::Failed { .. }, true) => "failed (terminal)",
        (TaskState::InProgress { .. }, false) => "in progress",
        (TaskState::Other { .. }, false) => "other",
        (TaskState::OtherEnd { .. }, false) => "other end",
        _ => unreachable!("{state:?} is terminal when it must not be, or is not when it must be"),
    }
}

fn content(content: &Content) -> String {
    let mut facts = vec![("type", format!("{:?}", content.content_type.as_str()))];
    add(&mut facts, "url", content.url.as_deref());
    add(&mut facts, "watermark", content.watermark_url.as_deref());
    add(&mut facts, "size", content.size.as_deref());
    add(&mut facts, "duration", content.duration.as_deref());
    add(&mut facts, "id", content.id.as_deref());
    add(&mut facts, "text", content.text.as_deref());
    joined(&facts, "; ")
}

fn usage(usage: &Usage) -> String {
    let mut facts = Vec::new();
    add(&mut facts, "cost", usage.cost.as_ref());
    add(&mut facts, "discount", usage.discount.as_ref());
    add(&mut facts, "quantity", usage.quantity);
    add(&mut facts, "unit price", usage.unit_price.as_ref());
    let extra_info = usage.extra_info.as_ref().map(|it| it.as_str());
    add(&mut facts, "extra info", extra_info);
    match facts.is_empty() {
        true => "nothing in it".into(),
        false => joined(&facts, "; "),
    }
}

fn task_error(error: &TaskError) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    add(&mut facts, "code", error.code.as_ref());
    let meaning = error.code.as_ref().and_then(|code| code.meaning());
    add(&mut facts, "meaning", meaning);
    add(&mut facts, "message", error.message.as_deref());
    facts.push(("error", error.to_string()));
    facts
}

fn add(facts: &mut Vec<(&'static str, String)>, name: &'static str, value: Option<impl ToString>) {
    facts.extend(value.map(|value| (name, value.to_string())));
}

fn joined(facts: &[(&'static str, String)], separator: &str) -> String {
    facts
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect::<Vec<_>>()
        .join(separator)
}
