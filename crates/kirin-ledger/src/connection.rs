//! The ways in which SQLite opens the ledger: by its path and nothing else.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{path, schema};

/// Opens the file for writing. It has to be there, and what is in its name says nothing to SQLite.
///
/// Left to its default flags, rusqlite takes a name that begins with `file:` for a URI; and the SQLite
/// that it brings does so whatever the flags are. No absolute path begins so.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    debug_assert!(path.is_absolute(), "{}", path.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(schema::BUSY)?;
    Ok(connection)
}

/// Says whether the last one to close the file may write its log into it. Where the two do not belong
/// together, that would spoil what was restored.
pub(crate) fn keep_log(connection: &Connection, is_kept: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_kept)?;
    Ok(())
}

/// Opens what is in the file itself, without its write-ahead log, for one look.
///
/// SQLite has only one word for that, and it needs a URI. It must be SQLite that opens and closes the
/// file: it knows which locks this process has on it.
pub(crate) fn open_file_alone(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let uri = format!("file:{}?immutable=1", escaped(path));
    Connection::open_with_flags(uri, flags)
}

/// The path as a part of a URI.
fn escaped(path: &Path) -> String {
    let bytes = path::to_bytes(path);
    let escape = |byte: &u8| match byte {
        b'/' | b'-' | b'_' | b'.' | b'~' => char::from(*byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    bytes.iter().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_says_anything_to_sqlite() {
        for name in [
            ":memory:",
            "file:led",
            "file:led?mode=memory",
            "file:led?vfs=memdb",
            "file:led%67er",
            "a?b#c%00",
            "with a space \u{e4}",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            let connection = open(&path).unwrap();
            connection.execute_batch("CREATE TABLE a (b)").unwrap();
            assert!(std::fs::metadata(&path).unwrap().len() > 0, "{name}");
            let alone = open_file_alone(&path).unwrap();
            let sql = "SELECT name FROM sqlite_schema";
            let table: String = alone.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(table, "a", "{name}");
            let files = std::fs::read_dir(folder.path()).unwrap();
            assert_eq!(files.count(), 1, "{name}");
        }
    }
}
