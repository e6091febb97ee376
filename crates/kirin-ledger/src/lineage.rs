//! What a ledger knows of itself: which openings have sent creates, and how many. A file that does not
//! know what another one of the same ledger knew has lost something that may be paid.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{clock, mark::Mark};

/// The first layout in which a ledger knows it.
pub(crate) const LAYOUT: i64 = 2;

/// Rows of openings that are kept without looking whether someone needs them.
const FEW: i64 = 128;

/// How long there may be creates that a ledger which was made new or accepted does not know.
pub(crate) const INCOMPLETE: Duration = Duration::from_hours(7 * 24);

/// What a ledger knows of itself.
#[derive(Debug)]
pub(crate) struct Known {
    /// What was sent last, if it knows of anything.
    pub(crate) latest: Option<Mark>,
    pub(crate) incomplete: Option<Incomplete>,
}

/// There may be creates that a ledger does not know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incomplete {
    /// They are older than this.
    began_at: i64,
    /// It knew them once: it was accepted as it was, or came here without what is beside it.
    pub(crate) has_forgotten: bool,
}

impl Incomplete {
    /// Whether they are so recent that they have to be looked for.
    pub(crate) fn is_recent(self, now: i64) -> bool {
        // A clock that was put back since makes them more recent.
        let age = u64::try_from(now.saturating_sub(self.began_at)).unwrap_or(0);
        Duration::from_millis(age) < INCOMPLETE
    }
}

/// All that it knows, in the latest layout.
pub(crate) fn known(connection: &Connection) -> rusqlite::Result<Known> {
    let sql = "SELECT began_at, has_forgotten, token, counter FROM knowledge LEFT JOIN openings \
               ORDER BY counter DESC LIMIT 1";
    connection.query_row(sql, [], |row| {
        let (token, counter): (Option<String>, Option<i64>) = (row.get(2)?, row.get(3)?);
        let mark = |(token, counter)| Mark {
            token,
            counter,
            in_file: 0,
        };
        let (began_at, has_forgotten): (Option<i64>, bool) = (row.get(0)?, row.get(1)?);
        let incomplete = |began_at| Incomplete {
            began_at,
            has_forgotten,
        };
        Ok(Known {
            latest: token.zip(counter).map(mark),
            incomplete: began_at.map(incomplete),
        })
    })
}

/// Whether the layout of a ledger is one in which it knows anything of itself.
pub(crate) fn is_known(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'openings')";
    connection.query_row(sql, [], |row| row.get(0))
}

/// The latest mark. A ledger that knows of none has sent nothing.
pub(crate) fn latest(connection: &Connection) -> rusqlite::Result<Option<Mark>> {
    let sql = "SELECT token, counter FROM openings ORDER BY counter DESC LIMIT 1";
    let mark = connection.query_row(sql, [], |row| {
        Ok(Mark {
            token: row.get(0)?,
            counter: row.get(1)?,
            in_file: 0,
        })
    });
    mark.optional()
}

/// Whether this ledger has come past a mark: whether it knows all that was known then.
pub(crate) fn knows(connection: &Connection, mark: &Mark) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM openings WHERE token = ?1 AND counter >= ?2)";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row(params![mark.token, mark.counter], |row| row.get(0))
}

/// What is asked before something is counted.
pub(crate) struct Count {
    /// The counter so far.
    pub(crate) counter: i64,
    /// Whether there are so many rows that some should go.
    pub(crate) has_many: bool,
    /// Whether this ledger has come past a mark.
    pub(crate) knows: bool,
}

/// Looks at all rows, once.
pub(crate) fn count(connection: &Connection, mark: Option<&Mark>) -> rusqlite::Result<Count> {
    let sql = "SELECT coalesce(max(counter), 0), count(*), \
               coalesce(max(token = ?1 AND counter >= ?2), FALSE) FROM openings";
    let mut statement = connection.prepare_cached(sql)?;
    let parameters = params![mark.map(|mark| &mark.token), mark.map(|mark| mark.counter)];
    statement.query_row(parameters, |row| {
        Ok(Count {
            counter: row.get(0)?,
            has_many: row.get::<_, i64>(1)? > FEW,
            knows: mark.is_none() || row.get(2)?,
        })
    })
}

/// Writes down that an opening has counted to this; false if the ledger has forgotten that it has sent
/// something before.
pub(crate) fn note(
    connection: &Connection,
    token: &str,
    counter: i64,
    has_sent: bool,
) -> rusqlite::Result<bool> {
    let sql = match has_sent {
        true => "UPDATE openings SET counter = ?2 WHERE token = ?1",
        false => "INSERT INTO openings (token, counter) VALUES (?1, ?2)",
    };
    let noted = connection
        .prepare_cached(sql)?
        .execute(params![token, counter])?;
    Ok(noted == 1)
}

/// Removes the rows of openings that came before a mark which is on the disk: no later one names them.
/// Those that are still open know of their own.
pub(crate) fn forget_before(
    connection: &Connection,
    mark: &Mark,
    is_open: impl Fn(&str) -> bool,
) -> rusqlite::Result<()> {
    let sql = "SELECT number, token FROM openings WHERE counter < ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([mark.counter], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
    for (number, _) in rows.iter().filter(|(_, token)| !is_open(token)) {
        connection.execute("DELETE FROM openings WHERE number = ?1", [number])?;
    }
    Ok(())
}

/// Continues from this mark: a person has decided that the ledger is what there is.
pub(crate) fn accept(connection: &Connection, mark: &Mark) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let sql = "INSERT INTO openings (token, counter) VALUES (?1, ?2)";
    connection.execute(sql, params![mark.token, mark.counter])?;
    begin(connection, true)?;
    connection.execute_batch("COMMIT")
}

/// Notes that there may be creates before now which the ledger does not know. How often those that it knows
/// were repeated since, it does not know either: none of them is repeated by itself.
pub(crate) fn begin(connection: &Connection, has_forgotten: bool) -> rusqlite::Result<()> {
    let sql = "UPDATE knowledge SET began_at = ?1, has_forgotten = ?2";
    connection.execute(sql, params![clock::now(), has_forgotten])?;
    connection.execute("UPDATE creates SET repetitions = max(repetitions, 1)", [])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_may_be_incomplete_for_a_week() {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        for (began_at, now, is_incomplete) in [
            (DAY, DAY, true),
            (DAY, 8 * DAY - 1, true),
            (DAY, 8 * DAY, false),
            (DAY, 0, true),
            (i64::MIN, i64::MAX, false),
        ] {
            let incomplete = Incomplete {
                began_at,
                has_forgotten: false,
            };
            assert_eq!(incomplete.is_recent(now), is_incomplete, "{began_at} {now}");
        }
    }

    #[test]
    fn rows_that_no_mark_names_any_more_go() {
        let connection = Connection::open_in_memory().unwrap();
        let sql = "CREATE TABLE openings (number INTEGER PRIMARY KEY, token TEXT, counter INTEGER)";
        connection.execute_batch(sql).unwrap();
        let token = |number: i64| format!("token-{number}");
        let mark = |number| Mark {
            token: token(number),
            counter: number,
            in_file: 0,
        };
        for number in 1..=FEW {
            let before = count(&connection, None).unwrap();
            assert_eq!((before.counter, before.has_many), (number - 1, false));
            assert!(note(&connection, &token(number), number, false).unwrap());
        }
        assert!(note(&connection, "last", FEW + 1, false).unwrap());
        assert!(count(&connection, None).unwrap().has_many);
        forget_before(&connection, &mark(100), |open| open == token(7)).unwrap();
        for number in 1..=FEW {
            let is_known = number >= 100 || number == 7;
            let found = count(&connection, Some(&mark(number))).unwrap();
            assert_eq!(found.knows, is_known, "{number}");
            assert_eq!(knows(&connection, &mark(number)).unwrap(), is_known);
        }
        assert!(note(&connection, &token(7), FEW + 2, true).unwrap());
        assert!(!note(&connection, &token(8), FEW + 3, true).unwrap());
        assert_eq!(latest(&connection).unwrap().unwrap().counter, FEW + 2);
    }
}
