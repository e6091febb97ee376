//! `kirin list`, `kirin show` and `kirin ledger`: what the ledger knows. They need no key.

use std::{collections::BTreeMap, path::Path};

use anstyle::Style;
use kirin_client::{JournalState, machine::Outcome};
use kirin_ledger::{Entry, Money};
use kirin_types::Amount;
use serde::Serialize;

use super::table::{columns, headed, print_lines, print_reports, print_table};
use crate::{
    arguments, clock, color, failure::Failure, ledger_file, progress::said, terminal::printable,
};

/// An entry as `--json` prints it, always with every field.
#[derive(Serialize)]
struct EntryReport<'a> {
    external_task_id: &'a str,
    account: Option<&'a str>,
    id: Option<&'a str>,
    state: &'static str,
    model: &'a str,
    prompt: Option<&'a str>,
    base_url: &'a str,
    price: Option<&'a Amount>,
    cost: Option<&'a Amount>,
    attempts: u32,
    intended_at: Option<kirin_types::Timestamp>,
    ended_at: Option<kirin_types::Timestamp>,
    paths: Vec<String>,
}

/// Prints every create, the oldest first.
pub(crate) async fn list(arguments: arguments::List) -> Result<(), Failure> {
    let entries = ledger_file::reading()?.ledger.entries().await;
    let entries = entries.map_err(|error| Failure::in_ledger(&error))?;
    match arguments.json {
        true => print_reports(entries.iter().map(report)),
        false => print_table(&table(&entries)),
    }
}

/// Prints everything that is known of a create or a task.
pub(crate) async fn show(arguments: arguments::Show) -> Result<(), Failure> {
    let id = arguments.id.as_str();
    let entries = ledger_file::reading()?.ledger.find(id).await;
    let entries = entries.map_err(|error| Failure::in_ledger(&error))?;
    if entries.is_empty() {
        return Err(Failure::not_in_ledger(id));
    }
    match arguments.json {
        true => print_reports(entries.iter().map(report)),
        false => print_lines(&entries.iter().flat_map(details).collect::<Vec<_>>()),
    }
}

/// Prints the money, by day and model.
pub(crate) async fn ledger(json: bool) -> Result<(), Failure> {
    let entries = ledger_file::reading()?.ledger.entries().await;
    let entries = entries.map_err(|error| Failure::in_ledger(&error))?;
    let rows = sums(&entries);
    match json {
        true => print_reports(rows.iter()),
        false => print_table(&headed(columns(rows.iter().map(Sum::cells), Sum::HEAD))),
    }
}

fn report(entry: &Entry) -> EntryReport<'_> {
    EntryReport {
        external_task_id: entry.external_task_id.as_str(),
        account: account(entry),
        id: entry.task_id.as_ref().map(|id| id.as_str()),
        state: state(entry),
        model: &entry.model,
        prompt: entry.prompt.as_deref(),
        base_url: entry.base_url.as_str(),
        price: entry.price.as_ref(),
        cost: entry.cost.as_ref(),
        attempts: entry.attempts,
        intended_at: entry.intended_at,
        ended_at: entry.ended_at,
        paths: entry
            .files
            .iter()
            .map(|file| file.path.to_string_lossy().into())
            .collect(),
    }
}

/// The user that the key is of, where a program that shares the ledger has named it.
fn account(entry: &Entry) -> Option<&str> {
    entry.account.as_ref().map(|name| name.as_str())
}

/// How far it is, in a word.
fn state(entry: &Entry) -> &'static str {
    match &entry.state {
        JournalState::Intended => "intended",
        JournalState::Sent => "sent",
        JournalState::Accepted(_) => "accepted",
        JournalState::Ended(outcome) => match **outcome {
            Outcome::Completed(_) => "completed",
            Outcome::CompletedWithoutOutput(_) => "without_output",
            Outcome::Failed(_) => "failed",
            Outcome::Lost { .. } => "lost",
            Outcome::NotCreated { .. } => "not_created",
            Outcome::OtherEnd(_) => "open",
            Outcome::Unresolved { .. } => "unresolved",
            _ => "running",
        },
        _ => "unknown",
    }
}

fn style(state: &str) -> Style {
    match state {
        "completed" => color::GOOD,
        "failed" | "lost" | "unresolved" | "without_output" => color::BAD,
        "not_created" => Style::new(),
        _ => color::WARNING,
    }
}

/// Where the account stands in the list, if any entry has one.
const ACCOUNT: usize = 5;

/// How much of a prompt stands in the list, in characters.
const PROMPT: usize = 30;

fn table(entries: &[Entry]) -> Vec<String> {
    let here = std::path::absolute(".").ok();
    let has_accounts = entries.iter().any(|entry| entry.account.is_some());
    let rows = entries.iter().map(|entry| {
        let prompt: String = printable(entry.prompt.as_deref().unwrap_or_default());
        let id = entry
            .task_id
            .as_ref()
            .map_or(entry.external_task_id.as_str(), |id| id.as_str());
        let mut row = vec![
            state(entry).into(),
            entry.model.clone(),
            entry
                .amount()
                .map_or_else(|| "?".into(), ToString::to_string),
            entry.intended_at.map_or_else(String::new, age),
            printable(id),
            prompt.chars().take(PROMPT).collect(),
            entry
                .files
                .first()
                .map_or_else(String::new, |file| shown(&file.path, here.as_deref())),
        ];
        if has_accounts {
            row.insert(ACCOUNT, printable(account(entry).unwrap_or_default()));
        }
        row
    });
    let mut head = vec!["STATE", "MODEL", "USD", "AGE", "ID", "PROMPT", "FILE"];
    if has_accounts {
        head.insert(ACCOUNT, "ACCOUNT");
    }
    let mut lines = columns(rows, &head);
    if let Some(width) = width() {
        for line in &mut lines {
            *line = line.chars().take(width).collect();
        }
    }
    for (line, entry) in lines.iter_mut().skip(1).zip(entries) {
        let state = state(entry);
        if let Some(rest) = line.strip_prefix(state) {
            *line = color::on_stdout(style(state), state) + rest;
        }
    }
    headed(lines)
}

/// A path as short as it leads to the file from here.
fn shown(path: &Path, here: Option<&Path>) -> String {
    let short = here.and_then(|here| path.strip_prefix(here).ok());
    printable(&short.unwrap_or(path).to_string_lossy())
}

/// How many characters a line of the terminal has; elsewhere nothing is cut.
fn width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(width.0.into())
}

/// The largest unit of an age.
fn age(then: kirin_types::Timestamp) -> String {
    let seconds = clock::since(then).as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// What the service said last of a task that is not at its end for good.
fn last_status(entry: &Entry) -> Option<String> {
    let JournalState::Ended(outcome) = &entry.state else {
        return None;
    };
    let task = outcome.task().filter(|_| !entry.state.is_final())?;
    let reason = task.reason();
    Some(said(task.status(), reason.as_deref()))
}

fn details(entry: &Entry) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("{name:<18}{}", printable(value)));
        }
    };
    add("external task id", entry.external_task_id.as_str());
    add("account", account(entry).unwrap_or_default());
    add(
        "task id",
        entry.task_id.as_ref().map_or("", |id| id.as_str()),
    );
    add("state", state(entry));
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
        &entry.intended_at.map(clock::day).unwrap_or_default(),
    );
    for file in &entry.files {
        add("file", &file.path.to_string_lossy());
    }
    lines
}

/// The money of a day and a model, in USD.
#[derive(Default, Serialize)]
struct Sum {
    day: String,
    model: String,
    settled: Amount,
    reserved: Amount,
    failed: Amount,
    unresolved: Amount,
}

impl Sum {
    const HEAD: &[&str] = &[
        "DAY",
        "MODEL",
        "SETTLED",
        "RESERVED",
        "FAILED",
        "UNRESOLVED",
    ];

    fn cells(&self) -> Vec<String> {
        let amounts = [
            &self.settled,
            &self.reserved,
            &self.failed,
            &self.unresolved,
        ];
        [self.day.clone(), self.model.clone()]
            .into_iter()
            .chain(amounts.map(ToString::to_string))
            .collect()
    }
}

/// The money by day and model. What has no known price counts nothing.
fn sums(entries: &[Entry]) -> Vec<Sum> {
    let mut sums: BTreeMap<(String, &str), Sum> = BTreeMap::new();
    for entry in entries {
        let column: fn(&mut Sum) -> &mut Amount = match entry.money() {
            Money::None => continue,
            Money::Settled => |sum| &mut sum.settled,
            Money::Reserved => |sum| &mut sum.reserved,
            Money::Failed => |sum| &mut sum.failed,
            Money::Unresolved => |sum| &mut sum.unresolved,
        };
        let day = entry.intended_at.map(clock::day).unwrap_or_default();
        let sum = sums.entry((day.clone(), &entry.model)).or_default();
        (sum.day, sum.model) = (day, entry.model.clone());
        let amount = column(sum);
        *amount = amount.clone() + entry.amount().cloned().unwrap_or_default();
    }
    sums.into_values().collect()
}
