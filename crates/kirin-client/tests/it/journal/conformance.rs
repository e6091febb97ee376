//! The conformance suite of journals: the one in memory passes, and wrong ones are caught.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kirin_client::{
    Control, CreateId, Journal, JournalChange, JournalEntry, JournalError, JournalState,
    JournalWrite, MemoryJournal, Recalled,
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

/// One that looks at what it is given.
#[derive(Default)]
struct Last(std::sync::Mutex<std::sync::Weak<MemoryJournal>>);

#[async_trait]
impl JournalMaker for Last {
    async fn make(&self) -> Arc<dyn Journal> {
        let journal = Arc::new(MemoryJournal::default());
        *self.0.lock().unwrap() = Arc::downgrade(&journal);
        journal
    }

    async fn reopen(&self, journal: Arc<dyn Journal>) -> Option<Arc<dyn Journal>> {
        let last = self.0.lock().unwrap().upgrade().unwrap();
        // The two that are in hand here.
        assert_eq!(Arc::strong_count(&last), 2);
        assert_eq!(
            Arc::as_ptr(&last).cast::<()>(),
            Arc::as_ptr(&journal).cast()
        );
        Some(journal)
    }
}

#[tokio::test]
async fn the_journal_that_is_opened_again_is_the_one_that_was_made_last() {
    let report = check(Last::default()).await;
    assert!(!report.to_string().contains("(not offered)"), "{report}");
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

/// What a journal does not do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    /// It gives every accepted task for a control.
    ChoosesControls,
    /// It takes a base URL for another one.
    ComparesBaseUrls,
    /// It takes an id for one in another case.
    ComparesCase,
    /// It puts what an operation writes over whatever is there, as a store of keys and values does.
    Compares,
    /// It loses how often a create may have been sent.
    CountsAttempts,
    /// It reads, waits and stores, and others come between.
    InOneStep,
    /// It takes any end.
    KeepsTheEnd,
    /// Of a create that it does not know it recalls another one's entry.
    RecallsItsOwn,
    /// It has an entry for each key that pays.
    SharesEntriesOfKeys,
    /// Of several at once it makes all that it can, and forgets that one was refused.
    StopsAtTheFirst,
    /// It has one entry for an id, whosever it is.
    KeepsAccountsApart,
    /// It begins a new entry without what the old one knows.
    KeepsTheCount,
    /// It lets anybody take a create over.
    TakesOverOnce,
}

struct WrongJournal {
    wrong: Wrong,
    entries: Mutex<HashMap<String, Vec<JournalEntry>>>,
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

    fn place(&self, create: &CreateId) -> String {
        let (base_url, key) = (&create.base_url, &create.key);
        let id = create.external_task_id.as_str();
        match self.wrong {
            Wrong::ComparesBaseUrls => id.to_owned(),
            Wrong::ComparesCase => format!("{base_url} {}", id.to_lowercase()),
            Wrong::SharesEntriesOfKeys => format!("{base_url} {id} {key}"),
            _ => format!("{base_url} {id}"),
        }
    }

    /// An entry that it has for the create, as far as it tells creates apart.
    fn entry(&self, create: &CreateId) -> Option<JournalEntry> {
        let entries = self.entries.lock().unwrap();
        let entries = entries.get(&self.place(create))?;
        let entry = match self.wrong {
            Wrong::ComparesBaseUrls | Wrong::ComparesCase | Wrong::KeepsAccountsApart => {
                entries.first()
            }
            _ => create.entry_among(entries),
        };
        entry.cloned()
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
            (Wrong::CountsAttempts, _) => written.map(|entry| {
                let mut lost = entry;
                lost.attempts = 0;
                lost
            }),
            (Wrong::TakesOverOnce, JournalChange::TakeOver(intent)) => {
                let before = before.cloned().map(|mut entry| {
                    entry.intent.operation = intent.operation;
                    entry
                });
                JournalEntry::apply(before.as_ref(), write)
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
        let mut entry = self.entry(create);
        let entries = self.entries.lock().unwrap();
        let mut all = entries.values().flatten();
        if self.wrong == Wrong::RecallsItsOwn {
            entry = entry.or_else(|| all.next().cloned());
        }
        let mut recalled = Recalled::new(entry);
        if self.wrong == Wrong::ChoosesControls {
            let control = |entry: &JournalEntry| {
                let id = entry.intent.request.external_task_id()?.clone();
                Some(Control::new(id, entry.state.task_id()?.clone()))
            };
            recalled.controls = all.filter_map(control).collect();
        }
        Ok(recalled)
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        let id = self.place(&write.create);
        let before = self.entry(&write.create);
        if self.wrong == Wrong::InOneStep {
            tokio::task::yield_now().await;
        }
        let before = match self.wrong {
            Wrong::InOneStep => before,
            _ => self.entry(&write.create),
        };
        let entry = self.apply(before.as_ref(), write)?;
        let mut entries = self.entries.lock().unwrap();
        let entries = entries.entry(id).or_default();
        entries.retain(|it| Some(it) != before.as_ref());
        entries.push(entry);
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

/// Which clauses catch each of them: these, and no other.
#[tokio::test]
async fn wrong_journals_are_caught() {
    use Clause::*;
    for (wrong, caught) in [
        (Wrong::ChoosesControls, &[Controls][..]),
        (Wrong::ComparesBaseUrls, &[Accounts, OneEntryEach]),
        (Wrong::ComparesCase, &[Accounts, OneEntryEach]),
        (
            Wrong::Compares,
            &[
                Transitions,
                OneSends,
                Accounts,
                FirstEndStays,
                TakenOverOnce,
                RepetitionStays,
                InOrder,
                OneEntryEach,
                Controls,
            ],
        ),
        (
            Wrong::CountsAttempts,
            &[
                Transitions,
                Accounts,
                FirstEndStays,
                TakenOverOnce,
                RepetitionStays,
                InOrder,
                OneEntryEach,
                Controls,
            ],
        ),
        (Wrong::InOneStep, &[OneSends]),
        (Wrong::KeepsAccountsApart, &[Accounts]),
        (
            Wrong::KeepsTheEnd,
            &[Transitions, Accounts, FirstEndStays, RepetitionStays],
        ),
        (Wrong::KeepsTheCount, &[RepetitionStays]),
        (Wrong::RecallsItsOwn, &[Transitions, OneEntryEach, Controls]),
        (Wrong::SharesEntriesOfKeys, &[Accounts, OneEntryEach]),
        (Wrong::StopsAtTheFirst, &[InOrder]),
        (
            Wrong::TakesOverOnce,
            &[Transitions, OneSends, TakenOverOnce],
        ),
    ] {
        let report = check(WrongJournal::make(wrong)).await;
        assert_eq!(report.broken_clauses(), caught, "{wrong:?}:\n{report}");
    }
}
