//! The conformance suite of journals: the one in memory passes, and wrong ones are caught.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kirin_client::{
    CreateId, Journal, JournalChange, JournalEntry, JournalError, JournalState, JournalWrite,
    MemoryJournal, Recalled,
    journal_conformance::{Clause, JournalMaker, check},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_memory_journal_conforms() {
    let report = check(|| Arc::new(MemoryJournal::default()) as Arc<dyn Journal>).await;
    assert!(report.is_conforming(), "{report}");
    assert!(report.to_string().contains("(not offered)"), "{report}");
    assert!(report.findings().len() > 60);
}

/// A maker whose journals are kept when they are closed.
struct Kept;

#[async_trait]
impl JournalMaker for Kept {
    async fn make(&self) -> Arc<dyn Journal> {
        Arc::new(MemoryJournal::default())
    }

    async fn reopen(&self, journal: Arc<dyn Journal>) -> Option<Arc<dyn Journal>> {
        Some(journal)
    }
}

/// One that loses all when it is closed.
struct Lost;

#[async_trait]
impl JournalMaker for Lost {
    async fn make(&self) -> Arc<dyn Journal> {
        Arc::new(MemoryJournal::default())
    }

    async fn reopen(&self, journal: Arc<dyn Journal>) -> Option<Arc<dyn Journal>> {
        drop(journal);
        Some(Arc::new(MemoryJournal::default()))
    }
}

#[tokio::test]
async fn what_is_lost_when_a_journal_is_closed_is_caught() {
    let report = check(Kept).await;
    assert!(report.is_conforming(), "{report}");
    assert!(!report.to_string().contains("(not offered)"), "{report}");
    let report = check(Lost).await;
    assert_eq!(report.broken_clauses(), [Clause::Reopens], "{report}");
}

/// How a journal is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    /// It puts what an operation writes over whatever is there, as a store of keys and values does.
    Compares,
    /// It reads, waits and stores, and others come between.
    InOneStep,
    /// It takes any end.
    KeepsTheEnd,
    /// Of several at once it makes all that it can, and forgets that one was refused.
    StopsAtTheFirst,
    /// It begins a new entry without what the old one knows.
    KeepsTheCount,
}

struct WrongJournal {
    wrong: Wrong,
    entries: Mutex<HashMap<String, JournalEntry>>,
}

impl WrongJournal {
    fn make(wrong: Wrong) -> impl Fn() -> Arc<dyn Journal> {
        move || {
            Arc::new(Self {
                wrong,
                entries: Mutex::default(),
            })
        }
    }

    /// What it makes of a write.
    fn apply(
        &self,
        before: Option<&JournalEntry>,
        write: &JournalWrite,
    ) -> Result<JournalEntry, JournalError> {
        let written = JournalEntry::apply(before, write);
        match (self.wrong, &write.change) {
            (Wrong::Compares, JournalChange::Intend(_)) => JournalEntry::apply(None, write),
            (Wrong::Compares, JournalChange::Send { .. }) => {
                let mut entry = before.cloned().ok_or_else(|| written.unwrap_err())?;
                entry.state = JournalState::Sent;
                Ok(entry)
            }
            (Wrong::KeepsTheEnd, JournalChange::End(outcome)) => {
                let mut entry = before.cloned().ok_or_else(|| written.unwrap_err())?;
                entry.state = JournalState::Ended(outcome.clone());
                Ok(entry)
            }
            (Wrong::KeepsTheCount, JournalChange::Intend(_))
                if before.is_none_or(|entry| entry.state.is_nothing()) =>
            {
                JournalEntry::apply(None, write)
            }
            _ => written,
        }
    }
}

#[async_trait]
impl Journal for WrongJournal {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        let entries = self.entries.lock().unwrap();
        let entry = entries.get(create.external_task_id.as_str()).cloned();
        Ok(Recalled::new(entry))
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        let id = write.create.external_task_id.to_string();
        let before = self.entries.lock().unwrap().get(&id).cloned();
        if self.wrong == Wrong::InOneStep {
            tokio::task::yield_now().await;
        }
        let before = match self.wrong {
            Wrong::InOneStep => before,
            _ => self.entries.lock().unwrap().get(&id).cloned(),
        };
        let entry = self.apply(before.as_ref(), write)?;
        self.entries.lock().unwrap().insert(id, entry);
        Ok(())
    }

    async fn write_all(&self, writes: &[JournalWrite]) -> Result<(), JournalError> {
        for write in writes {
            let written = self.write(write).await;
            if self.wrong != Wrong::StopsAtTheFirst {
                written?;
            }
        }
        Ok(())
    }
}

/// The clauses that each of them breaks at least, and which it keeps.
#[tokio::test]
async fn wrong_journals_are_caught() {
    for (wrong, caught, kept) in [
        (Wrong::Compares, Clause::OneSends, None),
        (
            Wrong::InOneStep,
            Clause::OneSends,
            Some(Clause::Transitions),
        ),
        (
            Wrong::KeepsTheEnd,
            Clause::FirstEndStays,
            Some(Clause::OneSends),
        ),
        (
            Wrong::KeepsTheCount,
            Clause::RepetitionStays,
            Some(Clause::OneSends),
        ),
        (
            Wrong::StopsAtTheFirst,
            Clause::InOrder,
            Some(Clause::Transitions),
        ),
    ] {
        let report = check(WrongJournal::make(wrong)).await;
        let broken = report.broken_clauses();
        assert!(broken.contains(&caught), "{wrong:?}:\n{report}");
        let is_kept = |clause: &Clause| kept == Some(*clause);
        assert!(!broken.iter().any(is_kept), "{wrong:?}:\n{report}");
    }
}
