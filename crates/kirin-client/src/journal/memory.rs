//! A journal in memory.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use super::{CreateId, Journal, JournalEntry, JournalError, JournalWrite, Recalled};
use crate::Control;

/// A journal in memory: for tests, and for a process that never restarts.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    entries: Mutex<Entries>,
    keeps_only_what_is_open: bool,
}

#[derive(Debug, Default)]
struct Entries {
    by_number: BTreeMap<u64, JournalEntry>,
    numbers: HashMap<String, u64>,
    next: u64,
}

/// Controls that are given for one create: the latest.
const MOST_CONTROLS: usize = 4;

impl MemoryJournal {
    /// What is known of every create, in the order of the intents.
    pub fn entries(&self) -> Vec<JournalEntry> {
        self.locked().by_number.values().cloned().collect()
    }

    /// What a client without a journal remembers: what may still be charged, and forgets what has ended.
    #[cfg(feature = "tokio")]
    pub(crate) fn of_open_creates() -> Self {
        Self {
            keeps_only_what_is_open: true,
            ..Self::default()
        }
    }

    fn locked(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn number(&self, create: &CreateId) -> Option<u64> {
        self.numbers.get(&place(create)).copied()
    }

    /// Tasks at the same host under the same key whose intents came before this number.
    fn controls(&self, create: &CreateId, before: u64) -> Vec<Control> {
        let entries = self.by_number.range(..before).rev();
        let same = entries.map(|(_, entry)| entry).filter(|entry| {
            entry.intent.base_url == create.base_url && entry.intent.key == create.key
        });
        let control = |entry: &JournalEntry| {
            let id = entry.intent.request.external_task_id()?.clone();
            let task = entry.state.task_id()?.clone();
            Some(Control::new(id, task).before_intent())
        };
        same.filter_map(control).take(MOST_CONTROLS).collect()
    }
}

/// One entry for a base URL and an external id, whichever key asks.
fn place(create: &CreateId) -> String {
    format!("{}\n{}", create.base_url, create.external_task_id)
}

/// An entry that a process has no more use for. One that was repeated is kept for the count.
fn is_over(entry: &JournalEntry) -> bool {
    entry.state.is_final() && entry.intent.repetitions_after_absence == 0
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        let entries = self.locked();
        let number = entries.number(create);
        let mut recalled =
            Recalled::new(number.and_then(|number| entries.by_number.get(&number).cloned()));
        recalled.controls = entries.controls(create, number.unwrap_or(u64::MAX));
        Ok(recalled)
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        let mut entries = self.locked();
        let number = entries.number(&write.create);
        let before = number.and_then(|number| entries.by_number.get(&number));
        let entry = JournalEntry::apply(before, write)?;
        let number = number.unwrap_or_else(|| {
            entries.next += 1;
            entries.next
        });
        if self.keeps_only_what_is_open && is_over(&entry) {
            entries.numbers.remove(&place(&write.create));
            entries.by_number.remove(&number);
            return Ok(());
        }
        entries.numbers.insert(place(&write.create), number);
        entries.by_number.insert(number, entry);
        Ok(())
    }
}
