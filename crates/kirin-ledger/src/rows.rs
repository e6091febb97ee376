//! Rows of the file as values, and back.

use std::{fmt, str::FromStr};

use kirin_client::{
    AccountName, BaseUrl, Control, CreateId, Intent, JournalEntry, JournalState,
    machine::{ClockDifference, Outcome},
};
use kirin_types::Timestamp;
use rusqlite::{Connection, Row, params, types::Type};

use crate::{Entry, path};

/// What [`entry`] reads, in its order.
pub(crate) const ENTRY: &str = "number, base_url, external_task_id, key, model, prompt, price, \
                                intended_at, intended_at_is_known, attempts, state, task_id, \
                                ended_at, cost, outcome, output, refusal_is_open, \
                                coalesce(is_delivered, 0), account";

/// An entry without its files.
pub(crate) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let milliseconds = Timestamp::from_milliseconds;
    let is_known: bool = row.get(8)?;
    Ok(Entry {
        number: row.get(0)?,
        base_url: base_url(row)?,
        external_task_id: parsed(row, 2)?,
        key: parsed(row, 3)?,
        model: row.get(4)?,
        prompt: row.get(5)?,
        price: optional(row, 6)?,
        intended_at: is_known.then_some(milliseconds(row.get(7)?)),
        attempts: row.get(9)?,
        state: state(row)?,
        task_id: optional(row, 11)?,
        ended_at: row.get::<_, Option<i64>>(12)?.map(milliseconds),
        cost: optional(row, 13)?,
        output: row.get::<_, Option<Vec<u8>>>(15)?.map(path::from_bytes),
        is_refusal_open: row.get(16)?,
        is_delivered: row.get(17)?,
        account: account(row, 18)?,
        files: Vec::new(),
    })
}

fn state(row: &Row<'_>) -> rusqlite::Result<JournalState> {
    let word: String = row.get(10)?;
    Ok(match word.as_str() {
        "intended" => JournalState::Intended,
        "sent" => JournalState::Sent,
        "accepted" => JournalState::Accepted(parsed(row, 11)?),
        _ => {
            let outcome: String = row.get(14)?;
            let outcome: Outcome =
                serde_json::from_str(&outcome).map_err(|error| unreadable_column(14, error))?;
            JournalState::Ended(Box::new(outcome))
        }
    })
}

/// What is written of a state.
pub(crate) fn state_word(state: &JournalState) -> &'static str {
    match state {
        JournalState::Accepted(_) => "accepted",
        JournalState::Intended => "intended",
        JournalState::Sent => "sent",
        JournalState::Ended(outcome) if matches!(**outcome, Outcome::NotCreated { .. }) => {
            "not_created"
        }
        JournalState::Ended(outcome) if matches!(**outcome, Outcome::Completed(_)) => "completed",
        JournalState::Ended(_) if state.is_final() => "ended",
        _ => "open",
    }
}

/// What [`journal_entry`] reads, in its order.
const JOURNAL_ENTRY: &str = "number, base_url, external_task_id, key, request, intended_at, \
                             intended_at_is_known, clock_difference, is_minted, repetitions, state, \
                             task_id, operation, doubt, outcome, attempts, latest_attempt, \
                             attempt_is_open, sent_by_person, claimed_by, refusal_is_open, price, \
                             coalesce(is_delivered, 0), account";

/// Whether the videos of a completed create are still to be delivered: someone said that they are wanted, and no one
/// that they are there.
pub(crate) const IS_WANTED: &str = "is_delivered IS NOT 1 \
                                    AND (output IS NOT NULL OR is_delivered IS 0) \
                                    AND NOT EXISTS (SELECT 1 FROM files WHERE files.number = creates.number)";

/// A create as its journal knows it, and what only the ledger knows of it.
pub(crate) struct Kept {
    pub(crate) number: i64,
    pub(crate) entry: JournalEntry,
    pub(crate) sent_by_person: u32,
    pub(crate) price: Option<String>,
    pub(crate) holder: Option<String>,
}

impl AsRef<JournalEntry> for Kept {
    fn as_ref(&self) -> &JournalEntry {
        &self.entry
    }
}

/// What is known of a create.
pub(crate) fn kept(connection: &Connection, create: &CreateId) -> rusqlite::Result<Option<Kept>> {
    let sql = format!(
        "SELECT {JOURNAL_ENTRY} FROM creates WHERE base_url = ?1 AND external_task_id = ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let id = create.external_task_id.as_str();
    let of_all_accounts = statement.query_map([create.base_url.as_str(), id], read_kept)?;
    let of_all_accounts = of_all_accounts.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(create.entry_among(of_all_accounts))
}

/// An entry as its journal knows it.
pub(crate) fn journal_entry(
    connection: &Connection,
    number: i64,
) -> rusqlite::Result<JournalEntry> {
    let sql = format!("SELECT {JOURNAL_ENTRY}, {IS_WANTED} FROM creates WHERE number = ?1");
    connection.query_row(&sql, [number], |row| {
        let mut entry = read_kept(row)?.entry;
        let is_wanted: bool = row.get(24)?;
        // Whether or not anybody said so: its videos are where they are wanted, or are not wanted.
        entry.is_delivered |= state_word(&entry.state) == "completed" && !is_wanted;
        Ok(entry)
    })
}

fn read_kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let request: String = row.get(4)?;
    let request = serde_json::from_str(&request).map_err(|error| unreadable_column(4, error))?;
    let is_known: bool = row.get(6)?;
    let intended_at = is_known.then_some(Timestamp::from_milliseconds(row.get(5)?));
    let intent = Intent::new(request, base_url(row)?, parsed(row, 3)?, intended_at);
    let mut intent = intent.map_err(|error| unreadable_column(4, error))?;
    let clock_difference: Option<i64> = row.get(7)?;
    intent.account = account(row, 23)?;
    intent.clock_difference = clock_difference.map(ClockDifference::from_milliseconds);
    intent.is_minted = row.get(8)?;
    intent.repetitions_after_absence = row.get(9)?;
    intent.operation = optional(row, 12)?;
    intent.doubt = row.get(13)?;
    let mut entry = JournalEntry::new(intent, state(row)?);
    entry.attempts = row.get(15)?;
    entry.latest_attempt = row.get(16)?;
    entry.is_attempt_open = row.get(17)?;
    entry.is_refusal_open = row.get(20)?;
    entry.is_delivered = row.get(22)?;
    Ok(Kept {
        number: row.get(0)?,
        entry,
        sent_by_person: row.get(18)?,
        holder: row.get(19)?,
        price: row.get(21)?,
    })
}

/// Tasks at a base URL and under a key, the latest first, and whether each was accepted before this
/// time.
pub(crate) fn controls(
    connection: &Connection,
    create: &CreateId,
    intended_at: Option<i64>,
) -> rusqlite::Result<Vec<Control>> {
    let sql = "SELECT external_task_id, task_id, accepted_at FROM creates \
               WHERE base_url = ?1 AND key = ?2 AND task_id IS NOT NULL AND external_task_id <> ?3 \
               AND (?4 IS NULL OR accepted_at < ?4) ORDER BY number DESC LIMIT 4";
    let mut statement = connection.prepare_cached(sql)?;
    let (base_url, key) = (create.base_url.as_str(), create.key.to_string());
    let id = create.external_task_id.as_str();
    let rows = statement.query_map(params![base_url, key, id, intended_at], |row| {
        Ok(Control::new(parsed(row, 0)?, parsed(row, 1)?).before_intent())
    })?;
    rows.collect()
}

/// A base URL as it was written: it may be plain HTTP, to a host that was named for that.
fn base_url(row: &Row<'_>) -> rusqlite::Result<BaseUrl> {
    let text: String = row.get(1)?;
    BaseUrl::with_plain_http(&text).map_err(|error| unreadable_column(1, error))
}

pub(crate) fn parsed<T: FromStr<Err: fmt::Display>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    text.parse()
        .map_err(|error| unreadable_column(column, error))
}

fn optional<T: FromStr<Err: fmt::Display>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| {
        text.parse()
            .map_err(|error| unreadable_column(column, error))
    })
    .transpose()
}

fn account(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<AccountName>> {
    let name: String = row.get(column)?;
    match name.is_empty() {
        true => Ok(None),
        false => parsed(row, column).map(Some),
    }
}

fn unreadable_column(column: usize, error: impl fmt::Display) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.to_string().into())
}

/// How many bytes a file has; the file holds no negative number.
pub(crate) fn length(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let bytes: i64 = row.get(column)?;
    u64::try_from(bytes).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, bytes))
}
