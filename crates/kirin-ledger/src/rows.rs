//! Rows of the file as values, and back.

use std::{fmt, str::FromStr};

use kirin_client::{Intent, JournalState, machine::Outcome};
use kirin_types::Timestamp;
use rusqlite::{Connection, Row, types::Type};

use crate::{Entry, path};

/// What [`entry`] reads, in its order.
pub(crate) const ENTRY: &str = "number, base_url, external_task_id, key, model, prompt, price, \
                                intended_at, intended_at_is_known, attempts, state, task_id, \
                                ended_at, cost, outcome, output";

/// An entry without its files.
pub(crate) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let milliseconds = Timestamp::from_milliseconds;
    let is_known: bool = row.get(8)?;
    Ok(Entry {
        number: row.get(0)?,
        base_url: parsed(row, 1)?,
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
                serde_json::from_str(&outcome).map_err(|error| wrong(14, error))?;
            JournalState::Ended(Box::new(outcome))
        }
    })
}

/// What is written of the end.
pub(crate) fn word(state: &JournalState) -> &'static str {
    match state {
        JournalState::Ended(outcome) if matches!(**outcome, Outcome::NotCreated { .. }) => {
            "not_created"
        }
        JournalState::Ended(outcome) if matches!(**outcome, Outcome::Completed(_)) => "completed",
        JournalState::Ended(_) if state.is_final() => "ended",
        _ => "open",
    }
}

/// How far the create with this number is, as it is written.
pub(crate) fn state_word(connection: &Connection, number: i64) -> rusqlite::Result<String> {
    let sql = "SELECT state FROM creates WHERE number = ?1";
    connection.query_row(sql, [number], |row| row.get(0))
}

/// Whether a create of which this is written has ended for good.
pub(crate) fn is_final(word: &str) -> bool {
    ["completed", "ended", "not_created"].contains(&word)
}

/// The intent of an entry: what is needed to go on with it where the service has no task yet.
pub(crate) fn intent(connection: &Connection, number: i64) -> rusqlite::Result<Intent> {
    let sql = "SELECT base_url, key, request, intended_at, intended_at_is_known FROM creates WHERE number = ?1";
    connection.query_row(sql, [number], |row| {
        let request: String = row.get(2)?;
        let request = serde_json::from_str(&request).map_err(|error| wrong(2, error))?;
        let is_known: bool = row.get(4)?;
        let intended_at = is_known.then_some(Timestamp::from_milliseconds(row.get(3)?));
        let intent = Intent::new(request, parsed(row, 0)?, parsed(row, 1)?, intended_at);
        intent.map_err(|error| wrong(2, error))
    })
}

fn parsed<T: FromStr<Err: fmt::Display>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error| wrong(column, error))
}

fn optional<T: FromStr<Err: fmt::Display>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|error| wrong(column, error)))
        .transpose()
}

fn wrong(column: usize, error: impl fmt::Display) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.to_string().into())
}
