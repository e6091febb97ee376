//! What a ledger says when it cannot be used.

use std::{io, path::PathBuf};

use kirin_ledger::LedgerError;

#[test]
fn errors() {
    let path = || PathBuf::from("kirin.sqlite3");
    let errors = [
        LedgerError::Damaged {
            path: path(),
            description: "malformed page 3".into(),
        },
        LedgerError::File {
            path: path(),
            error: io::ErrorKind::PermissionDenied.into(),
        },
        LedgerError::Newer {
            path: path(),
            found: 2,
            known: 1,
        },
        LedgerError::NotALedger { path: path() },
        LedgerError::NetworkFileSystem { path: path() },
        LedgerError::Sqlite {
            path: path(),
            description: "disk I/O error".into(),
        },
    ];
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(texts.join("\n"));
}
