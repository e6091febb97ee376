//! `kirin show`: what the ledger knows of a create or a task. It needs no key.

use clap::Args;
use kirin_client::JournalState;
use kirin_ledger::Entry;
use kirin_types::TaskId;

use super::Run;
use crate::{
    arguments::GlobalOptions,
    clock,
    entry_report::{EntryReport, account_name, state_word},
    exit_code,
    failure::{Failure, FollowUp},
    ledger_file,
    report::{Json, print_line},
    table::print_reports,
    terminal::{printable, status_text},
};

/// Show what is known of a create or a task.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The task's id, or its external task id
    id: TaskId,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

impl Run for Show {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let id = self.id.as_str();
        let entries = ledger_file::open_to_read()?.ledger.find(id).await?;
        if entries.is_empty() {
            return Err(Failure::not_in_ledger(id));
        }
        match self.json {
            true => print_reports(entries.iter().map(EntryReport::from))?,
            false => {
                let lines: Vec<_> = entries.iter().flat_map(detail_lines).collect();
                print_line(&lines.join("\n"))?;
            }
        }
        Ok(exit_code::DONE)
    }

    fn json_format(&mut self) -> Option<Json> {
        self.json.then_some(Json::Result)
    }

    fn repeat_command(&self) -> Option<FollowUp> {
        Some(FollowUp::new("show", Some(self.id.as_str())))
    }
}

/// The last status of a task that has not ended for good.
fn last_status(entry: &Entry) -> Option<String> {
    let JournalState::Ended(outcome) = &entry.state else {
        return None;
    };
    let task = outcome.task().filter(|_| !entry.state.is_final())?;
    let reason = task.reason();
    Some(status_text(task.status(), reason.as_deref()))
}

fn detail_lines(entry: &Entry) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("{name:<18}{}", printable(value)));
        }
    };
    add("external task id", entry.external_task_id.as_str());
    add("account", account_name(entry).unwrap_or_default());
    add(
        "task id",
        entry.task_id.as_ref().map_or("", |id| id.as_str()),
    );
    add("state", state_word(entry));
    add("status", &last_status(entry).unwrap_or_default());
    add("model", &entry.model);
    add("prompt", entry.prompt.as_deref().unwrap_or_default());
    add("base URL", entry.base_url.as_str());
    for (name, amount) in [("price in USD", &entry.price), ("cost in USD", &entry.cost)] {
        let amount = amount.as_ref().map(ToString::to_string);
        add(name, &amount.unwrap_or_default());
    }
    add("attempts", &entry.attempts.to_string());
    add(
        "intended on",
        &entry.intended_at.map(clock::utc_day).unwrap_or_default(),
    );
    for file in &entry.files {
        add("file", &file.path.to_string_lossy());
    }
    lines
}
