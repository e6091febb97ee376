//! What only another process can show: the locks of SQLite are a process's own. The other process is this
//! test program, told to run one function of this module.

use std::{
    path::Path,
    process::{Command, Output},
};

use rusqlite::Connection;

/// Says to the other process which file to take.
const LEDGER: &str = "KIRIN_TEST_LEDGER";

/// A command that runs this function of this module in another process, on this file.
pub(crate) fn command(function: &str, ledger: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = format!("another_process::{function}");
    command.args(["--exact", "--ignored", "--nocapture", &name]);
    command.env(LEDGER, ledger);
    command
}

/// What is printed after `said: `.
pub(crate) fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = text.split_once("said: ").map(|(_, said)| said);
    let said = said.and_then(|said| said.lines().next());
    said.unwrap_or_else(|| panic!("{output:?}")).into()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one process tells the other which file to take"
)]
fn ledger() -> Option<std::ffi::OsString> {
    std::env::var_os(LEDGER)
}

#[expect(
    clippy::print_stdout,
    reason = "the one process reads what the other says"
)]
fn say(text: impl std::fmt::Display) {
    println!("said: {text}");
}

/// If it is the last one to close the file, as far as the locks say it, it takes the log away.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn read() {
    let Some(path) = ledger() else { return };
    let connection = Connection::open(path).unwrap();
    let sql = "SELECT count(*) FROM creates";
    let count: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    connection.close().unwrap();
    say(count);
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn open() {
    let Some(path) = ledger() else { return };
    match kirin_ledger::Ledger::open(std::path::PathBuf::from(path)) {
        Ok(ledger) => say(ledger.path().display()),
        Err(error) => say(error),
    }
}

/// Says who is at the create `order-42`.
#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn claim() {
    let Some(path) = ledger() else { return };
    let ledger = kirin_ledger::Ledger::open(std::path::PathBuf::from(path)).unwrap();
    let order = crate::support::id("order-42");
    let claim = ledger.claim(&crate::support::base_url(), &order).await;
    match claim.unwrap() {
        kirin_ledger::Claim::UnderWay(_, owner) => say(owner),
        _ => say("nobody"),
    }
}

/// Sends a create, and holds the ledger and its claims until it is killed.
#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn send_and_wait() {
    let Some(path) = ledger() else { return };
    let ledger = kirin_ledger::Ledger::open(std::path::PathBuf::from(path)).unwrap();
    let journal = crate::support::scribe(&ledger);
    journal
        .intend(&crate::support::intent("order-42"))
        .await
        .unwrap();
    journal.send(&crate::support::id("order-42")).await.unwrap();
    say("sent");
    std::future::pending::<()>().await;
}
