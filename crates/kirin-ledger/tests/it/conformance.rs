//! The contract that every journal is held to.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use kirin_client::{
    BaseUrl, Journal,
    journal_conformance::{self, JournalMaker},
};
use kirin_ledger::Ledger;
use tempfile::TempDir;

/// Makes ledgers in one folder.
struct Ledgers {
    folder: TempDir,
    made: AtomicUsize,
}

impl Ledgers {
    fn open(&self, number: usize) -> Arc<dyn Journal> {
        let path = self.folder.path().join(format!("ledger-{number}"));
        Arc::new(Ledger::open(path).unwrap().journal(BaseUrl::default()))
    }
}

#[async_trait]
impl JournalMaker for Ledgers {
    async fn make(&self) -> Arc<dyn Journal> {
        self.open(self.made.fetch_add(1, Ordering::Relaxed))
    }

    /// It is the one that was made last.
    async fn reopen(&self, journal: Arc<dyn Journal>) -> Option<Arc<dyn Journal>> {
        drop(journal);
        Some(self.open(self.made.load(Ordering::Relaxed) - 1))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_journal_of_a_ledger_keeps_the_contract() {
    let ledgers = Ledgers {
        folder: tempfile::tempdir().unwrap(),
        made: AtomicUsize::new(0),
    };
    let report = journal_conformance::check(ledgers).await;
    assert!(report.is_conforming(), "{report}");
    let reopens = journal_conformance::Clause::Reopens;
    let cases = report.findings().iter();
    assert!(cases.filter(|it| it.clause == reopens).count() > 0);
}
