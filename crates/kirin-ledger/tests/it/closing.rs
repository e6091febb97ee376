//! The end of a ledger: nobody waits for it, and nothing is lost by that.

use std::{sync::mpsc, time::Duration};

use kirin_ledger::{Claim, Ledger};
use rusqlite::Connection;

use crate::support::{Desk, base_url, id, intent, scribe};

const LONG: Duration = Duration::from_secs(10);

/// Another process writes for as long as a ledger waits for it.
fn another_writes(ledger: &Ledger) -> Connection {
    let another = Connection::open(ledger.path()).unwrap();
    another.execute_batch("BEGIN IMMEDIATE").unwrap();
    another
}

#[tokio::test]
async fn whoever_drops_the_last_ledger_does_not_wait_until_it_is_closed() {
    let Desk { ledger, folder } = Desk::new();
    let path = ledger.path().to_owned();
    let scribe = scribe(&ledger);
    scribe.intend(&intent("order-1")).await.unwrap();
    let another = another_writes(&ledger);
    scribe.drop_operation(&id("order-1"));
    let (told, dropped) = mpsc::channel();
    let runtime = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        let _inside = runtime.enter();
        drop((scribe, ledger));
        told.send(())
    });
    let was_dropped = dropped.recv_timeout(LONG);
    drop(another);
    was_dropped.expect("it waits for nobody");

    // What was answered is there, and what was left to be written too.
    let next = Ledger::open_on_thread(&path).await.unwrap();
    let claim = next.claim(&base_url(), &id("order-1")).await.unwrap();
    assert!(matches!(claim, Claim::Taken(_)), "{claim:?}");
    drop(next);
    assert!(Ledger::wait_until_closed());
    drop(folder);
}
