//! Machines and journal entries by number: a state of the search is then a few small numbers, equal
//! ones are the same, and what a machine makes of an event is found out once.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    time::Duration,
};

use kirin_client::{
    JournalEntry, JournalWrite,
    machine::{Event, Machine, Notice, Withheld},
};
use kirin_types::Timestamp;

use super::answers::{Heard, Named};

/// The number of no entry.
pub(super) const NONE: u32 = 0;

/// An event for a machine, its time, and both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Received {
    pub(super) elapsed: u64,
    pub(super) heard: Heard,
    pub(super) clocks: Option<(i64, i64)>,
}

/// The result, as far as the driver needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Accepted(Named),
    Nothing,
}

#[derive(Default)]
pub(super) struct Store {
    machines: Interned<Machine>,
    entries: Interned<Option<JournalEntry>>,
    moves: HashMap<(u32, Received), (u32, Said)>,
    withheld: Vec<Withheld>,
}

impl Store {
    pub(super) fn new() -> Self {
        let mut store = Self::default();
        assert_eq!(store.entries.number(None), NONE);
        store
    }

    pub(super) fn machine(&self, number: u32) -> &Machine {
        &self.machines.values[number as usize]
    }

    pub(super) fn add_machine(&mut self, machine: Machine) -> u32 {
        self.machines.number(machine)
    }

    pub(super) fn entry(&self, number: u32) -> Option<&JournalEntry> {
        self.entries.values[number as usize].as_ref()
    }

    /// The machine after the event, and what it says.
    pub(super) fn tell(&mut self, number: u32, received: Received) -> (u32, Said) {
        if let Some(known) = self.moves.get(&(number, received)) {
            return *known;
        }
        let mut machine = self.machine(number).clone();
        let elapsed = Duration::from_millis(received.elapsed);
        if let Some((ours, service)) = received.clocks {
            let ours = Timestamp::from_milliseconds(ours);
            let service = Some(Timestamp::from_milliseconds(service));
            let read = Event::ClocksRead { ours, service };
            machine.handle(elapsed, read).expect("clocks at any time");
        }
        let event = received.heard.event(&self.withheld);
        let notice = machine.handle(elapsed, event);
        let said = match notice.expect("an event that answers") {
            Notice::Accepted { id, .. } => Said::Accepted(Named::of_task_id(id.as_str())),
            _ => Said::Nothing,
        };
        let moved = (self.machines.number(machine), said);
        self.moves.insert((number, received), moved);
        moved
    }

    /// What a write makes of an entry.
    pub(super) fn write(&mut self, before: u32, write: &JournalWrite) -> Result<u32, u8> {
        match JournalEntry::apply(self.entry(before), write) {
            Ok(entry) => Ok(self.entries.number(Some(entry))),
            Err(error) => Err(self.withheld(error.into())),
        }
    }

    /// An entry that was accepted without knowing how often it was repeated since, as the ledger does.
    pub(super) fn accept(&mut self, number: u32) -> u32 {
        let mut entry = self.entry(number).cloned();
        if let Some(entry) = &mut entry {
            entry.intent.repetitions_after_absence = entry.intent.repetitions_after_absence.max(1);
        }
        self.entries.number(entry)
    }

    pub(super) fn withheld(&mut self, withheld: Withheld) -> u8 {
        let known = self.withheld.iter().position(|it| *it == withheld);
        let number = known.unwrap_or_else(|| {
            self.withheld.push(withheld);
            self.withheld.len() - 1
        });
        number.try_into().expect("a few")
    }

    pub(super) fn why(&self, withheld: u8) -> &Withheld {
        &self.withheld[usize::from(withheld)]
    }
}

struct Interned<T> {
    values: Vec<T>,
    numbers: HashMap<u128, u32>,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<T: serde::Serialize> Interned<T> {
    fn number(&mut self, value: T) -> u32 {
        let written = serde_json::to_vec(&value).expect("it can be written");
        let next = u32::try_from(self.values.len()).expect("fewer than that");
        let number = *self.numbers.entry(fingerprint(&written)).or_insert(next);
        if number == next {
            self.values.push(value);
        }
        number
    }
}

/// 128 bits: of some million values, no two are taken for the same.
pub(super) fn fingerprint(value: &(impl Hash + ?Sized)) -> u128 {
    let half = |seed: u64| {
        let mut hasher = std::hash::DefaultHasher::new();
        seed.hash(&mut hasher);
        value.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}
