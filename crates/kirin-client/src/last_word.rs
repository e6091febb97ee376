//! The latest that the service has said of a task, for the sentences of errors.

use kirin_types::Task;

use crate::without_url_queries;

/// How much of a status word is shown, in characters.
const STATUS: usize = 100;

/// What the service says of a task: its status word, and the reason where there is one.
pub(crate) fn said(task: &Task) -> String {
    let status = task.status().filter(|status| !status.trim().is_empty());
    let shown = |status: &str| -> String {
        let visible = status.chars().filter(|character| !character.is_control());
        visible.take(STATUS).collect()
    };
    let status = status.map_or_else(|| "nothing".into(), shown);
    match reason(task) {
        Some(reason) => format!("{status}: {reason}"),
        None => status,
    }
}

/// Why a task ended, without what signs the URLs in it.
pub(crate) fn reason(task: &Task) -> Option<String> {
    task.reason().as_deref().map(without_url_queries)
}

/// The last word of the service on a task, for the end of a sentence about a wait that ended early.
pub(crate) fn last_heard(task: Option<&Task>) -> String {
    task.map_or_else(String::new, |task| {
        format!("; the last status was {}", said(task))
    })
}
