//! Removes what signs URLs from what an earlier version has written.

use kirin_client::without_url_queries;
use rusqlite::Connection;

/// Takes it out of each end, and of what made a create unclear. What was written over may still be in the
/// file, so it is noted that it has to be [wiped](wipe).
pub(crate) fn remove(connection: &Connection) -> rusqlite::Result<()> {
    let mut select = connection.prepare(
        "SELECT number, outcome, doubt FROM creates WHERE outcome IS NOT NULL OR doubt IS NOT NULL",
    )?;
    let mut update =
        connection.prepare("UPDATE creates SET outcome = ?2, doubt = ?3 WHERE number = ?1")?;
    let rows = select.query_map([], |row| {
        let texts: [Option<String>; 2] = [row.get(1)?, row.get(2)?];
        Ok((row.get::<_, i64>(0)?, texts))
    })?;
    // All are read before the first is written.
    let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    if !rows.is_empty() {
        connection.execute_batch("CREATE TABLE unwiped (only INTEGER)")?;
    }
    for (number, texts) in rows {
        let unsigned = texts
            .each_ref()
            .map(|it| it.as_deref().map(without_url_queries));
        if unsigned != texts {
            let [outcome, doubt] = unsigned;
            update.execute((number, outcome, doubt))?;
        }
    }
    Ok(())
}

/// Writes the file again, without what was deleted from it, if that is still to be done. Where it cannot be
/// done now, whoever opens the ledger next does it.
pub(crate) fn wipe(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'unwiped')";
    if !connection.query_row(sql, [], |row| row.get(0))? {
        return Ok(());
    }
    // A page that is written then has nothing in its gaps.
    connection.execute_batch("PRAGMA secure_delete = ON; VACUUM")?;
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let is_busy: bool = connection.query_row(sql, [], |row| row.get(0))?;
    match is_busy {
        true => Ok(()),
        false => connection.execute_batch("DROP TABLE IF EXISTS unwiped"),
    }
}
