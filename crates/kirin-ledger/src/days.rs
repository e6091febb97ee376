//! What all creates of a day cost, or may: a running total, so that no one has to read all rows of the day.
//!
//! A day that has no total is added up when someone asks for it. Whoever changes rows without knowing of the
//! totals, as an older version that still runs, takes them all away: triggers do that, unless `counting` says that
//! the totals are changed as well.

use std::collections::BTreeMap;

use kirin_types::{Amount, Total};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::rows;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What [`charges`] reads of a create, in its order.
const COLUMNS: &str = "intended_at, state, cost, price, sent_at, sent_by_person";

/// The day (UTC) of a time in milliseconds, counted from 1970-01-01.
pub(crate) fn day(at: i64) -> i64 {
    at.div_euclid(DAY)
}

/// What one create counts, by day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Charges(BTreeMap<i64, Total>);

impl Charges {
    /// What the create of this number counts now.
    pub(crate) fn of(connection: &Connection, number: i64) -> rusqlite::Result<Self> {
        let sql = format!("SELECT {COLUMNS} FROM creates WHERE number = ?1");
        let mut statement = connection.prepare_cached(&sql)?;
        let charges = statement.query_row([number], charges).optional()?;
        Ok(charges.unwrap_or_default())
    }

    pub(crate) fn on(&self, day: i64) -> Total {
        self.0.get(&day).copied().unwrap_or_default()
    }

    fn add(&mut self, day: i64, amount: Total) {
        *self.0.entry(day).or_default() += amount;
    }
}

/// It counts on the day on which it was intended, and each time that a person sent it again on the day of the
/// latest; each may be charged. What created nothing counts nothing.
fn charges(row: &Row<'_>) -> rusqlite::Result<Charges> {
    let mut charges = Charges::default();
    let state: String = row.get(1)?;
    if state == "not_created" {
        return Ok(charges);
    }
    // What was written was an amount.
    let amount = |text: Option<String>| text.and_then(|text| text.parse::<Amount>().ok());
    let price = row.get(3).map(amount)?;
    let cost: Option<String> = row.get(2)?;
    let counted = match cost {
        Some(cost) => amount(Some(cost)),
        None => price.clone(),
    };
    charges.add(day(row.get(0)?), counted.unwrap_or_default().into());
    let (sent_at, times): (Option<i64>, u32) = (row.get(4)?, row.get(5)?);
    if let Some(sent_at) = sent_at.filter(|_| times > 0) {
        charges.add(day(sent_at), Total::from(price.unwrap_or_default()) * times);
    }
    Ok(charges)
}

/// What is spent on a day, or may be. Added up if no one has done that before, in a transaction that writes.
pub(crate) fn spent(connection: &Connection, day: i64) -> rusqlite::Result<Total> {
    if let Some(spent) = stored(connection, day)? {
        return Ok(spent);
    }
    let (first, last) = (day.saturating_mul(DAY), DAY - 1);
    let last = first.saturating_add(last);
    let sql = format!(
        "SELECT {COLUMNS} FROM creates WHERE intended_at BETWEEN ?1 AND ?2 \
         UNION ALL SELECT {COLUMNS} FROM creates WHERE sent_by_person > 0 \
         AND sent_at BETWEEN ?1 AND ?2 AND intended_at NOT BETWEEN ?1 AND ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut spent = Total::default();
    for of_one in statement.query_map([first, last], charges)? {
        spent += of_one?.on(day);
    }
    store(connection, day, spent)?;
    Ok(spent)
}

/// Runs `write`, which changes one create and gives its number, and puts what that counts now in the place of
/// what it counted before.
pub(crate) fn counted(
    connection: &Connection,
    before: &Charges,
    write: impl FnOnce() -> rusqlite::Result<i64>,
) -> rusqlite::Result<()> {
    let execute = |sql: &str| connection.prepare_cached(sql)?.execute([]).map(drop);
    execute("INSERT INTO counting VALUES (1)")?;
    let number = write()?;
    execute("DELETE FROM counting")?;
    let after = Charges::of(connection, number)?;
    let mut days: Vec<_> = before.0.keys().chain(after.0.keys()).copied().collect();
    days.sort();
    days.dedup();
    for day in days {
        let (before, after) = (before.on(day), after.on(day));
        if before != after
            && let Some(spent) = stored(connection, day)?
        {
            store(connection, day, spent - before + after)?;
        }
    }
    Ok(())
}

fn stored(connection: &Connection, day: i64) -> rusqlite::Result<Option<Total>> {
    let sql = "SELECT spent FROM days WHERE day = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let spent = statement.query_row([day], |row| rows::parsed(row, 0));
    spent.optional()
}

fn store(connection: &Connection, day: i64, spent: Total) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO days (day, spent) VALUES (?1, ?2)";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params![day, spent.to_string()])?;
    Ok(())
}
