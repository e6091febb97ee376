//! One state of the search: what the service has, what the journal says, and how far each client is.

use super::{
    answers::{CreateHeard, Named},
    cell::Cell,
    store::NONE,
};

/// Wall time at the start, of our clock.
pub(super) const STARTED_AT: i64 = 1_793_000_000_000;

/// Nothing has to be found, or to arrive, by then.
pub(super) const NEVER: u64 = u64::MAX;

/// Small enough to be kept by the million. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) now: u64,
    /// Our clock is ahead of the true time by so much.
    pub(super) clock: i64,
    pub(super) charges: [Option<Charge>; 4],
    /// POSTs that arrive later.
    pub(super) late: [Option<Late>; 2],
    /// The journal's entry.
    pub(super) entry: u32,
    pub(super) backup: u32,
    pub(super) journal: Journal,
    pub(super) clients: [Client; 2],
    pub(super) seen: Seen,
    pub(super) left: Left,
}

/// A task that was paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Charge {
    /// Not a second one that something on the way made of the same POST.
    pub(super) is_ours: bool,
    /// From when on each lookup by external id finds it; 0 once that is past.
    pub(super) found_by: u64,
    /// By the service's clock; 0 if it is not compared.
    pub(super) created_at: i64,
    /// The host does not remember its external id any more.
    pub(super) is_forgotten: bool,
    /// A backup was restored that does not know it.
    pub(super) is_excused: bool,
}

/// A POST on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Late {
    /// It arrives, and each lookup finds its task, by then.
    pub(super) found_by: u64,
    /// The create was said not to be made.
    pub(super) is_denied: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Journal {
    /// A backup was restored: it refuses until a person accepts it.
    Restored,
    /// That was accepted: it may have forgotten creates.
    Accepted,
    Whole,
}

/// What was seen on the way, for the limits of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    /// Who answered the latest lookups of a client in a row: 1 for the service. The first bit marks the
    /// length.
    pub(super) answers: [u8; 2],
    pub(super) latest_at: [u64; 2],
    /// Something on the way has sent a create twice, and the second was refused.
    pub(super) sent_twice: bool,
    /// It was refused for its key.
    pub(super) key_refused: bool,
    /// POSTs that a person decided on.
    pub(super) by_person: u8,
    /// POSTs that a proof of absence allowed, but for those that were not sent or refused.
    pub(super) by_proof: u8,
}

/// What may still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub(super) crashes: u8,
    pub(super) days: u8,
    pub(super) clock_steps: u8,
    pub(super) restores: u8,
    pub(super) persons: u8,
    pub(super) wakes: u8,
    pub(super) write_failures: u8,
    pub(super) drops: u8,
    /// Wall time plays a part.
    pub(super) keeps_time: bool,
}

/// A client, and the operation that it is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client {
    pub(super) number: u8,
    pub(super) operation: u8,
    /// What it has learned: the clocks' difference, and what the host can do.
    pub(super) difference: Option<i64>,
    pub(super) learned_refusal: bool,
    pub(super) learned_lookup: bool,
    /// It had the journal open when a backup was restored.
    pub(super) is_cut_off: bool,
    pub(super) at: At,
    pub(super) machine: u32,
    pub(super) began_at: u64,
    pub(super) stage: Stage,
    pub(super) attempt: u8,
    pub(super) open: Option<Reason>,
}

/// How far an operation is. Between two of these the process may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum At {
    /// The task is known, and not yet written down.
    Accepting(Named),
    /// The machine says what to do.
    Acting,
    /// The answer to the create is there, and nothing was made of it.
    Answered(CreateHeard),
    Idle,
    /// The create is written down, and leaves.
    Leaving,
    /// The journal was read; the create of this entry is to be taken over.
    TakingOver {
        to: TakeOver,
        intent: u32,
    },
}

/// Why another operation's create is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TakeOver {
    Reconcile,
    Repeat,
    SendAgain,
}

/// As `Stage` of the driver's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// The journal could not be written when the operation began.
    NotTakenOver,
    /// A task of another key is asked for: that it is not found says nothing.
    OnlyAsked,
    /// What is found before it is sent is written down then.
    Unwritten {
        may_be_found: bool,
    },
    Written,
}

/// `SendReason`, which is not exhaustive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reason {
    Absence,
    Person,
    RefusesDuplicates,
    Unsent,
}

impl Client {
    pub(super) fn new(number: u8) -> Self {
        Self {
            number,
            operation: 0,
            difference: None,
            learned_refusal: false,
            learned_lookup: false,
            is_cut_off: false,
            at: At::Idle,
            machine: 0,
            began_at: 0,
            stage: Stage::Unwritten {
                may_be_found: false,
            },
            attempt: 0,
            open: None,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.at == At::Idle
    }

    /// The operation is over; the client may begin another.
    pub(super) fn rest(&mut self) {
        *self = Self {
            difference: self.difference,
            learned_refusal: self.learned_refusal,
            learned_lookup: self.learned_lookup,
            is_cut_off: self.is_cut_off,
            ..Self::new(self.number)
        };
    }
}

impl State {
    pub(super) fn first(cell: &Cell) -> Self {
        let mut clients = [Client::new(1), Client::new(2)];
        for client in &mut clients {
            // It has looked at the control before.
            client.difference = cell.knows_clock().then_some(0);
        }
        Self {
            now: 0,
            clock: 0,
            charges: [None; 4],
            late: [None; 2],
            entry: NONE,
            backup: NONE,
            journal: Journal::Whole,
            clients,
            seen: Seen::default(),
            left: Left {
                crashes: cell.crashes,
                days: cell.days,
                clock_steps: cell.clock_steps,
                restores: cell.restores,
                persons: cell.persons,
                wakes: 1,
                write_failures: 1,
                drops: 2,
                keeps_time: cell.days > 0 || cell.clock_steps > 0,
            },
        }
    }

    /// Wall time. Where it plays no part it stands still, so that what is the same but for its hour is
    /// the same.
    pub(super) fn true_time(&self) -> i64 {
        match self.left.keeps_time {
            true => STARTED_AT + i64::try_from(self.now).expect("a short time"),
            false => STARTED_AT,
        }
    }

    /// Counts from when the operation began that began first; says by how much that is later.
    pub(super) fn rebase(&mut self) -> u64 {
        if self.left.keeps_time {
            return 0;
        }
        let began = self.clients.iter().filter(|client| !client.is_idle());
        let by = began
            .map(|client| client.began_at)
            .min()
            .unwrap_or(self.now);
        self.now -= by;
        for client in &mut self.clients {
            client.began_at = client.began_at.saturating_sub(by);
        }
        for latest_at in &mut self.seen.latest_at {
            *latest_at = latest_at.saturating_sub(by);
        }
        for late in self.late.iter_mut().flatten() {
            late.found_by -= if late.found_by == NEVER { 0 } else { by };
        }
        for charge in self.charges.iter_mut().flatten() {
            let is_open = charge.found_by != NEVER && charge.found_by != 0;
            charge.found_by -= if is_open { by } else { 0 };
        }
        by
    }

    pub(super) fn charged(&self) -> impl Iterator<Item = (u8, &Charge)> {
        let numbered = (0..).zip(&self.charges);
        numbered.filter_map(|(number, charge)| Some((number, charge.as_ref()?)))
    }
}
