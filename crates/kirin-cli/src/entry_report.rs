//! A create as the ledger knows it, for people and programs.

use kirin_client::{JournalState, machine::Outcome};
use kirin_ledger::Entry;
use kirin_types::{Amount, Timestamp};
use serde::Serialize;

use crate::report::path_text;

/// An entry as `--json` prints it, always with every field.
#[derive(Serialize)]
pub(crate) struct EntryReport<'a> {
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
    intended_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    paths: Vec<String>,
}

impl<'a> From<&'a Entry> for EntryReport<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            external_task_id: entry.external_task_id.as_str(),
            account: account_name(entry),
            id: entry.task_id.as_ref().map(|id| id.as_str()),
            state: state_word(entry),
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
                .map(|file| path_text(&file.path))
                .collect(),
        }
    }
}

/// The user that the key is of, where a program that shares the ledger has named it.
pub(crate) fn account_name(entry: &Entry) -> Option<&str> {
    entry.account.as_ref().map(|name| name.as_str())
}

/// How far it is, in a word.
pub(crate) fn state_word(entry: &Entry) -> &'static str {
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
