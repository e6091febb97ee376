//! `kirin list`: every create that the ledger knows. It needs no key.

use std::path::Path;

use anstyle::Style;
use clap::Args;
use kirin_ledger::Entry;
use kirin_types::Timestamp;

use super::Run;
use crate::{
    arguments::GlobalOptions,
    clock, color,
    entry_report::{EntryReport, account_name, state_word},
    exit_code,
    failure::Failure,
    ledger_file,
    report::Json,
    table::{aligned_columns, print_reports, print_table},
    terminal::printable,
};

/// List every create: its state, model, price or cost, age, id, prompt and file.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

impl Run for List {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let entries = ledger_file::open_to_read()?.ledger.entries().await?;
        match self.json {
            true => print_reports(entries.iter().map(EntryReport::from))?,
            false => print_table(table_lines(&entries))?,
        }
        Ok(exit_code::DONE)
    }

    fn json_format(&mut self) -> Option<Json> {
        self.json.then_some(Json::Result)
    }
}

fn state_style(state: &str) -> Style {
    match state {
        "completed" => color::GOOD,
        "failed" | "lost" | "unresolved" | "without_output" => color::BAD,
        "not_created" => Style::new(),
        _ => color::WARNING,
    }
}

/// The column of the account, if any entry has one.
const ACCOUNT: usize = 5;

/// How much of a prompt the list shows, in characters.
const PROMPT: usize = 30;

fn table_lines(entries: &[Entry]) -> Vec<String> {
    let here = std::path::absolute(".").ok();
    let has_accounts = entries.iter().any(|entry| entry.account.is_some());
    let rows = entries.iter().map(|entry| {
        let prompt: String = printable(entry.prompt.as_deref().unwrap_or_default());
        let id = entry
            .task_id
            .as_ref()
            .map_or(entry.external_task_id.as_str(), |id| id.as_str());
        let mut row = vec![
            state_word(entry).into(),
            entry.model.clone(),
            entry
                .amount()
                .map_or_else(|| "?".into(), ToString::to_string),
            entry.intended_at.map_or_else(String::new, age_text),
            printable(id),
            prompt.chars().take(PROMPT).collect(),
            entry
                .files
                .first()
                .map_or_else(String::new, |file| short_path(&file.path, here.as_deref())),
        ];
        if has_accounts {
            row.insert(ACCOUNT, printable(account_name(entry).unwrap_or_default()));
        }
        row
    });
    let mut head = vec!["STATE", "MODEL", "USD", "AGE", "ID", "PROMPT", "FILE"];
    if has_accounts {
        head.insert(ACCOUNT, "ACCOUNT");
    }
    let mut lines = aligned_columns(rows, &head);
    if let Some(width) = terminal_width() {
        for line in &mut lines {
            *line = line.chars().take(width).collect();
        }
    }
    for (line, entry) in lines.iter_mut().skip(1).zip(entries) {
        let state = state_word(entry);
        if let Some(rest) = line.strip_prefix(state) {
            *line = color::on_stdout(state_style(state), state) + rest;
        }
    }
    lines
}

/// A path as short as it leads to the file from here.
fn short_path(path: &Path, here: Option<&Path>) -> String {
    let short = here.and_then(|here| path.strip_prefix(here).ok());
    printable(&short.unwrap_or(path).to_string_lossy())
}

/// How many characters a line of the terminal has; elsewhere nothing is cut.
fn terminal_width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(width.0.into())
}

/// The largest unit of an age.
fn age_text(then: Timestamp) -> String {
    let seconds = clock::time_since(then).as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
