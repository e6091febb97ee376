//! A journal in memory.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;

use super::{CreateId, Journal, JournalEntry, JournalError, JournalState, JournalWrite, Recalled};
use crate::Control;
use crate::lock::lock;

/// A journal in memory: for tests, and for a process that never restarts.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    entries: Mutex<Entries>,
    keeps_only_what_is_open: bool,
}

#[derive(Debug, Default)]
struct Entries {
    by_number: BTreeMap<u64, Kept>,
    /// Of all that have a base URL and an external id, one for each account.
    numbers: HashMap<String, BTreeSet<u64>>,
    /// How many writes there were: the order of all.
    writes: u64,
}

#[derive(Debug)]
struct Kept {
    number: u64,
    entry: JournalEntry,
    intended: u64,
    accepted: Option<u64>,
}

/// Controls that are given for one create: the latest.
const MOST_CONTROLS: usize = 4;

/// Accepted tasks that a client without a journal remembers at most.
const MOST_ACCEPTED: usize = 10_000;

impl MemoryJournal {
    /// What is known of every create, in the order of the intents.
    pub fn entries(&self) -> Vec<JournalEntry> {
        let entries = self.locked();
        let kept = entries.by_number.values();
        kept.map(|kept| kept.entry.clone()).collect()
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
        lock(&self.entries)
    }
}

impl Entries {
    fn get(&self, create: &CreateId) -> Option<&Kept> {
        let numbers = self.numbers.get(&place(create))?;
        let kept = numbers.iter().map(|number| self.by_number.get(number));
        create.entry_among(kept.flatten())
    }

    /// The latest tasks at the same host and under the same key.
    fn controls(&self, create: &CreateId) -> Vec<Control> {
        let intended = self.get(create).map(|kept| kept.intended);
        let control = |kept: &Kept| {
            let intent = &kept.entry.intent;
            let is_same = intent.base_url == create.base_url && intent.key == create.key;
            let id = intent.request.external_task_id().filter(|_| is_same)?;
            let control = Control::new(id.clone(), kept.entry.state.task_id()?.clone());
            let is_before = intended
                .is_none_or(|intended| kept.accepted.is_some_and(|accepted| accepted < intended));
            Some(match is_before {
                true => control.before_intent(),
                false => control,
            })
        };
        let latest_first = self.by_number.values().rev();
        latest_first
            .filter_map(control)
            .take(MOST_CONTROLS)
            .collect()
    }

    fn keep(&mut self, create: &CreateId, number: u64, entry: JournalEntry) {
        let (writes, earlier) = (self.writes, self.by_number.remove(&number));
        let is_new = entry.state == JournalState::Intended && entry.latest_attempt == 0;
        let intended = earlier.as_ref().map(|kept| kept.intended);
        let accepted = earlier.and_then(|kept| kept.accepted);
        let kept = Kept {
            number,
            intended: intended.filter(|_| !is_new).unwrap_or(writes),
            accepted: accepted.or_else(|| entry.state.task_id().map(|_| writes)),
            entry,
        };
        let numbers = self.numbers.entry(place(create)).or_default();
        numbers.insert(number);
        self.by_number.insert(number, kept);
    }

    fn forget(&mut self, number: u64) {
        let forgotten = self.by_number.remove(&number);
        let Some(create) = forgotten.and_then(|kept| kept.entry.intent.create_id()) else {
            return;
        };
        if let Entry::Occupied(mut numbers) = self.numbers.entry(place(&create)) {
            numbers.get_mut().remove(&number);
            if numbers.get().is_empty() {
                numbers.remove();
            }
        }
    }

    /// The first goes that was accepted, which can be asked for by the id that its caller has, or that has
    /// ended.
    fn forget_accepted(&mut self) {
        let is_accepted = |(_, kept): &(&u64, &Kept)| {
            matches!(kept.entry.state, JournalState::Accepted(_)) || kept.entry.state.is_final()
        };
        if self.by_number.len() > MOST_ACCEPTED
            && let Some((number, _)) = self.by_number.iter().find(is_accepted)
        {
            self.forget(*number);
        }
    }
}

/// Where the entries of a base URL and an external id are, one for each account.
fn place(create: &CreateId) -> String {
    format!("{}\n{}", create.base_url, create.external_task_id)
}

/// An entry that a client has no more use for. One that was repeated, or proved to be absent, is kept for
/// the count, and one that was refused, because it is looked up once more.
fn is_over(entry: &JournalEntry) -> bool {
    let was_refused = entry.state.was_refused() || entry.is_refusal_open;
    let may_follow = entry.state.is_nothing() && (entry.attempts > 0 || was_refused);
    entry.state.is_final() && entry.intent.repetitions_after_absence == 0 && !may_follow
}

impl AsRef<JournalEntry> for Kept {
    fn as_ref(&self) -> &JournalEntry {
        &self.entry
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        let entries = self.locked();
        let kept = entries.get(create).map(|kept| kept.entry.clone());
        let mut recalled = Recalled::new(kept);
        recalled.controls = entries.controls(create);
        Ok(recalled)
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        let mut entries = self.locked();
        let before = entries.get(&write.create);
        let number = before.map(|kept| kept.number);
        let entry = JournalEntry::apply(before.map(|kept| &kept.entry), write)?;
        entries.writes += 1;
        let number = number.unwrap_or(entries.writes);
        let is_over = self.keeps_only_what_is_open && is_over(&entry);
        entries.keep(&write.create, number, entry);
        if is_over {
            entries.forget(number);
        } else if self.keeps_only_what_is_open {
            entries.forget_accepted();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Intent;

    #[test]
    fn what_is_forgotten_of_one_account_leaves_what_another_has_and_nothing_of_its_own() {
        let mut entries = Entries::default();
        let creates = [(1, "ada"), (2, "grace")].map(|(number, account)| {
            let builder = kirin_types::GenerationRequest::builder("a fox");
            let request = builder.external_task_id("order-42").build().unwrap();
            let key = "0123456789abcdef".parse().unwrap();
            let mut intent = Intent::new(request, Default::default(), key, None).unwrap();
            intent.account = Some(account.parse().unwrap());
            let create = intent.create_id().unwrap();
            let entry = JournalEntry::new(intent, JournalState::Sent);
            entries.keep(&create, number, entry);
            create
        });
        let numbers = |entries: &Entries| -> Vec<_> {
            let found = creates.iter().map(|create| entries.get(create));
            found.map(|kept| kept.map(|kept| kept.number)).collect()
        };
        assert_eq!(numbers(&entries), [Some(1), Some(2)]);
        entries.forget(1);
        assert_eq!(numbers(&entries), [None, Some(2)]);
        entries.forget(2);
        assert!(entries.by_number.is_empty());
        assert!(entries.numbers.is_empty());
    }
}
