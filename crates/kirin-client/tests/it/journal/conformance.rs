//! The conformance suite of journals: the one in memory passes, and wrong ones are caught.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
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
struct Last(Mutex<Weak<MemoryJournal>>);

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
    /// It leaves half of a write that is dropped.
    WritesTheWhole,
}

struct WrongJournal {
    wrong: Wrong,
    entries: Mutex<HashMap<String, Vec<JournalEntry>>>,
    /// Held by a write that has halves.
    writing: tokio::sync::Mutex<()>,
}

impl WrongJournal {
    fn make(wrong: Wrong) -> impl Fn() -> Arc<dyn Journal> {
        move || {
            Arc::new(Self {
                wrong,
                entries: Mutex::default(),
                writing: tokio::sync::Mutex::default(),
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

    fn replace(&self, id: &str, before: Option<&JournalEntry>, entry: JournalEntry) {
        let mut entries = self.entries.lock().unwrap();
        let entries = entries.entry(id.to_owned()).or_default();
        entries.retain(|it| Some(it) != before);
        entries.push(entry);
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
        let _writing = match self.wrong {
            Wrong::WritesTheWhole => Some(self.writing.lock().await),
            _ => None,
        };
        let before = self.entry(&write.create);
        if self.wrong == Wrong::InOneStep {
            tokio::task::yield_now().await;
        }
        let before = match self.wrong {
            Wrong::InOneStep => before,
            _ => self.entry(&write.create),
        };
        let entry = self.apply(before.as_ref(), write)?;
        let mut before = before;
        if self.wrong == Wrong::WritesTheWhole {
            let mut half = entry.clone();
            half.attempts += 1;
            self.replace(&id, before.as_ref(), half.clone());
            before = Some(half);
            tokio::task::yield_now().await;
        }
        self.replace(&id, before.as_ref(), entry);
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
                DroppedWrites,
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
                DroppedWrites,
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
        (Wrong::WritesTheWhole, &[DroppedWrites]),
    ] {
        let report = check(WrongJournal::make(wrong)).await;
        assert_eq!(report.broken_clauses(), caught, "{wrong:?}:\n{report}");
    }
}

/// A log of lines, and what it comes to in memory.
#[derive(Default)]
struct Log {
    lines: Arc<Mutex<String>>,
    known: tokio::sync::Mutex<HashMap<String, Vec<JournalEntry>>>,
}

impl Log {
    fn open(lines: Arc<Mutex<String>>) -> Self {
        let read = lines.lock().unwrap().clone();
        let entries = read.lines().filter_map(|line| {
            let entries: Vec<JournalEntry> = serde_json::from_str(line).ok()?;
            Some((Self::place(&entries.first()?.intent.create_id()?), entries))
        });
        let known = entries.collect::<HashMap<_, _>>().into();
        Self { lines, known }
    }

    fn place(create: &CreateId) -> String {
        format!("{} {}", create.base_url, create.external_task_id)
    }
}

#[async_trait]
impl Journal for Log {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        let known = self.known.lock().await;
        let entries = known.get(&Self::place(create));
        let entry = entries.and_then(|entries| create.entry_among(entries));
        Ok(Recalled::new(entry.cloned()))
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        let mut known = self.known.lock().await;
        let place = Self::place(&write.create);
        let mut entries = known.get(&place).cloned().unwrap_or_default();
        JournalEntry::apply_among(&mut entries, write)?;
        let line = serde_json::to_string(&entries).unwrap();
        let (one, other) = line.split_at(line.len() / 2);
        self.lines.lock().unwrap().push_str(one);
        tokio::task::yield_now().await;
        self.lines.lock().unwrap().push_str(other);
        self.lines.lock().unwrap().push('\n');
        known.insert(place, entries);
        Ok(())
    }
}

/// Opens again the log that it made last.
#[derive(Default)]
struct Logs(Mutex<Arc<Mutex<String>>>);

#[async_trait]
impl JournalMaker for Logs {
    async fn make(&self) -> Arc<dyn Journal> {
        let log = Log::default();
        *self.0.lock().unwrap() = Arc::clone(&log.lines);
        Arc::new(log)
    }

    async fn reopen(&self, journal: Arc<dyn Journal>) -> Option<Arc<dyn Journal>> {
        drop(journal);
        Some(Arc::new(Log::open(Arc::clone(&self.0.lock().unwrap()))))
    }
}

#[tokio::test]
async fn half_a_line_that_a_dropped_write_leaves_in_a_log_is_caught() {
    let report = check(Logs::default()).await;
    assert_eq!(report.broken_clauses(), [Clause::DroppedWrites], "{report}");
    // Only who opens the log again sees it.
    let cases = report.findings().iter();
    let cases = cases.filter(|it| it.clause == Clause::DroppedWrites);
    let broken: Vec<_> = cases.map(|it| it.broken.is_some()).collect();
    assert_eq!(broken, [false, true], "{report}");
}
