//! What the host does, what was declared to the client, and who works on the create.

use std::{fmt, time::Duration};

use kirin_client::{DuplicateIds, HostCapabilities, Lookup};

use super::table::Cannot;

/// What the host does with an external id that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duplicates {
    Refused,
    Replayed,
    Taken,
}

/// One setting: all that it declares is true.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) name: &'static str,
    pub(super) duplicates: Duplicates,
    /// Whether a task can be found by its external id.
    pub(super) finds: bool,
    pub(super) declares_refusal: bool,
    pub(super) lookup: Lookup,
    /// Declared, in seconds.
    pub(super) lag: Option<u64>,
    pub(super) has_control: bool,
    /// The external id was made up for this create.
    pub(super) is_minted: bool,
    /// Someone's task has had the external id for long.
    pub(super) has_older_task: bool,
    /// Without a journal, the client remembers what is open as long as it lives.
    pub(super) has_journal: bool,
    pub(super) clients: u8,
    pub(super) shares_process: bool,
    /// Each client has a key of its own, of the same user.
    pub(super) has_two_keys: bool,
    /// In seconds.
    pub(super) deadline: u64,
    /// How often each may happen.
    pub(super) crashes: u8,
    pub(super) days: u8,
    pub(super) clock_steps: u8,
    pub(super) restores: u8,
    pub(super) persons: u8,
    /// The service's clock is ahead by so many seconds.
    pub(super) service_ahead: i64,
    /// A line of the small print that happens all the same.
    pub(super) allowed: Option<Cannot>,
}

/// The host that costs most: it takes duplicates, and its lookup lags.
pub(super) const TAKES: Cell = Cell {
    name: "takes duplicates, lag declared",
    duplicates: Duplicates::Taken,
    finds: true,
    declares_refusal: false,
    lookup: Lookup::Proven,
    lag: Some(2),
    has_control: true,
    is_minted: true,
    has_older_task: false,
    has_journal: true,
    clients: 1,
    shares_process: false,
    has_two_keys: false,
    deadline: 900,
    crashes: 2,
    days: 0,
    clock_steps: 0,
    restores: 0,
    persons: 0,
    service_ahead: 0,
    allowed: None,
};

/// One client, which is dropped and ends and begins again.
pub(super) const ALONE: [Cell; 17] = [
    TAKES,
    Cell {
        name: "takes duplicates, no control",
        has_control: false,
        ..TAKES
    },
    Cell {
        name: "takes duplicates, no lag declared",
        lag: None,
        ..TAKES
    },
    Cell {
        name: "takes duplicates, nothing declared",
        lookup: Lookup::Unproven,
        lag: None,
        ..TAKES
    },
    Cell {
        name: "takes duplicates, nothing is found",
        finds: false,
        lookup: Lookup::Missing,
        lag: None,
        ..TAKES
    },
    Cell {
        name: "takes duplicates, no journal",
        has_journal: false,
        crashes: 0,
        ..TAKES
    },
    Cell {
        name: "takes duplicates, a chosen id, clocks that step, days that pass",
        is_minted: false,
        days: 1,
        clock_steps: 1,
        service_ahead: -360,
        crashes: 1,
        ..TAKES
    },
    Cell {
        name: "takes duplicates, a chosen id that an older task has",
        is_minted: false,
        has_older_task: true,
        ..TAKES
    },
    Cell {
        name: "takes duplicates, a journal that is restored",
        restores: 1,
        ..TAKES
    },
    Cell {
        name: "takes duplicates, a person sends again, a short deadline",
        persons: 1,
        deadline: 20,
        ..TAKES
    },
    Cell {
        name: "takes duplicates, a person sends again",
        persons: 1,
        ..TAKES
    },
    Cell {
        name: "takes duplicates, a journal that is restored, a person sends again",
        restores: 1,
        persons: 1,
        ..TAKES
    },
    Cell {
        name: "refuses duplicates, all declared",
        duplicates: Duplicates::Refused,
        declares_refusal: true,
        ..TAKES
    },
    Cell {
        name: "refuses duplicates, nothing is found, days that pass",
        duplicates: Duplicates::Refused,
        declares_refusal: true,
        finds: false,
        lookup: Lookup::Missing,
        lag: None,
        days: 1,
        clock_steps: 1,
        ..TAKES
    },
    Cell {
        name: "refuses duplicates, nothing declared, a chosen id that an older task has",
        duplicates: Duplicates::Refused,
        lookup: Lookup::Unproven,
        lag: None,
        is_minted: false,
        has_older_task: true,
        ..TAKES
    },
    Cell {
        name: "refuses duplicates, nothing declared, clocks that step",
        duplicates: Duplicates::Refused,
        lookup: Lookup::Unproven,
        lag: None,
        is_minted: false,
        clock_steps: 1,
        service_ahead: 360,
        ..TAKES
    },
    Cell {
        name: "replays duplicates, lag declared",
        duplicates: Duplicates::Replayed,
        ..TAKES
    },
];

/// Two that are about the same create.
pub(super) const TOGETHER: [Cell; 6] = [
    Cell {
        name: "two clients of a process, takes duplicates",
        clients: 2,
        shares_process: true,
        crashes: 1,
        ..TAKES
    },
    Cell {
        name: "two processes, takes duplicates",
        clients: 2,
        ..TAKES
    },
    Cell {
        name: "two processes, takes duplicates, a chosen id, nothing declared",
        clients: 2,
        is_minted: false,
        lookup: Lookup::Unproven,
        lag: None,
        ..TAKES
    },
    Cell {
        name: "two processes with a key each, takes duplicates",
        clients: 2,
        has_two_keys: true,
        crashes: 1,
        ..TAKES
    },
    Cell {
        name: "two processes with a key each, refuses duplicates, a chosen id",
        clients: 2,
        has_two_keys: true,
        duplicates: Duplicates::Refused,
        declares_refusal: true,
        is_minted: false,
        crashes: 1,
        ..TAKES
    },
    Cell {
        name: "two processes, refuses duplicates",
        clients: 2,
        duplicates: Duplicates::Refused,
        declares_refusal: true,
        ..TAKES
    },
];

impl Cell {
    pub(super) fn capabilities(&self) -> HostCapabilities {
        let mut capabilities = HostCapabilities::default().with_lookup(self.lookup);
        if self.declares_refusal {
            capabilities = capabilities.with_duplicate_ids(DuplicateIds::Refused);
        }
        match self.lag {
            Some(lag) => capabilities.with_lookup_lag(Duration::from_secs(lag)),
            None => capabilities,
        }
    }

    /// Whether a client has looked at the control before it begins.
    pub(super) fn knows_clock(&self) -> bool {
        self.has_older_task && !self.allows(Cannot::OlderWithoutDate)
    }

    pub(super) fn allows(&self, line: Cannot) -> bool {
        self.allowed == Some(line)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}
