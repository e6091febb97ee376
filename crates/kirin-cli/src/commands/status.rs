//! `kirin status`

use clap::Args;
use kirin_client::without_url_queries;
use kirin_types::{Task, TaskId, TaskState};

use super::Run;
use crate::{
    arguments::{GlobalOptions, SharedOptions},
    exit_code,
    failure::{Failure, FollowUp},
    interrupt::unless_interrupted,
    reached::Reached,
    report::{Report, external_id_of, print_line},
    session::{Session, typed_task},
    terminal::{printable, status_text},
};

/// Query a task once; prints its status.
#[derive(Args, Debug)]
pub(crate) struct Status {
    /// The task's id, or its external task id
    id: TaskId,
    #[command(flatten)]
    shared: SharedOptions,
}

impl Run for Status {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let session = Session::open_to_query(&self.shared)?;
        let reached = Reached::of_task(self.id.clone());
        let query = session.query_task(typed_task(&self.id), &reached);
        let task = unless_interrupted(&reached, query).await?;
        let printed = match self.shared.json {
            Some(json) => Report::of_task(&task, external_id_of(&task, &self.id)).print(json),
            None => print_line(&without_url_queries(&printable(&status_line(&task)))),
        };
        printed.map_err(|unwritten| unwritten.of_task(&task))?;
        Ok(exit_code::DONE)
    }

    fn shared_options(&mut self) -> Option<&mut SharedOptions> {
        Some(&mut self.shared)
    }

    fn repeat_command(&self) -> Option<FollowUp> {
        Some(FollowUp::new("status", Some(self.id.as_str())))
    }
}

/// The status word, and what is known beside it.
fn status_line(task: &Task) -> String {
    let status = task.status().unwrap_or("unknown");
    let line = match task.state() {
        TaskState::InProgress {
            progress: Some(progress),
        } => format!("{status}, {:.0} %", progress * 100.0),
        _ => status_text(Some(status), task.reason().as_deref()),
    };
    match task.is_damaged() {
        true => format!("{line} (the answer was damaged, and not all of it could be read)"),
        false => line,
    }
}
