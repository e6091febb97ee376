//! `kirin status`

use kirin_client::without_url_queries;
use kirin_types::{Task, TaskState};

use super::wait::typed;
use crate::{
    arguments,
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    progress::said,
    report::{Report, print_line},
    session::Session,
    terminal::printable,
};

pub(crate) async fn status(arguments: arguments::Status) -> Result<(), Failure> {
    let session = Session::asking(&arguments.shared)?;
    let reached = Reached::task(arguments.id.clone());
    let task = unless_interrupted(&reached, async {
        let task = session.client.query(typed(&arguments.id)).await;
        task.map_err(|error| Failure::generation(&error, reached.ids()))
    })
    .await?;
    let printed = match arguments.shared.json {
        Some(json) => Report::asked_for(&task, &arguments.id).print(json),
        None => print_line(&without_url_queries(&printable(&describe(&task)))),
    };
    printed.map_err(|error| Failure::stdout(&error, &task))
}

/// The status word, and what is known beside it.
fn describe(task: &Task) -> String {
    match task.is_damaged() {
        true => format!(
            "{} (the answer was damaged, and not all of it could be read)",
            state(task)
        ),
        false => state(task),
    }
}

fn state(task: &Task) -> String {
    let status = task.status().unwrap_or("unknown");
    let error = task.reason();
    match task.state() {
        TaskState::InProgress {
            progress: Some(progress),
        } => {
            format!("{status}, {:.0} %", progress * 100.0)
        }
        _ => said(Some(status), error.as_deref()),
    }
}
