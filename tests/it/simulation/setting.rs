//! What the simulated host does, and what is declared to the client.

use std::{fmt, time::Duration};

use kirin_client::{DuplicateIds, HostCapabilities};
use kirin_emulator::{Duplicates, Lookup};

/// One setting of the unknowns of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) duplicates: Duplicates,
    pub(crate) lookup: Lookup,
    pub(crate) declared: Declared,
}

/// How much is declared to the client. Every declaration is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    Everything,
    Nothing,
    /// Everything but how long the lookup lags.
    NoLag,
}

const DUPLICATES: [Duplicates; 3] = [Duplicates::Accept, Duplicates::Refuse, Duplicates::Replay];
const LAG: Duration = Duration::from_secs(7);
const LOOKUPS: [Lookup; 3] = [Lookup::Lags(LAG), Lookup::Missing, Lookup::Works];
const DECLARED: [Declared; 3] = [Declared::Everything, Declared::Nothing, Declared::NoLag];

impl Setting {
    /// How many there are.
    pub(crate) const COUNT: usize = DUPLICATES.len() * LOOKUPS.len() * DECLARED.len();

    /// The setting of this number; the numbers go round.
    pub(crate) fn of(number: usize) -> Self {
        let by_lookup = number / DUPLICATES.len();
        let by_declared = by_lookup / LOOKUPS.len();
        Self {
            duplicates: DUPLICATES[number % DUPLICATES.len()],
            lookup: LOOKUPS[by_lookup % LOOKUPS.len()],
            declared: DECLARED[by_declared % DECLARED.len()],
        }
    }

    pub(crate) fn capabilities(self) -> HostCapabilities {
        let mut capabilities = HostCapabilities::default();
        if self.declared == Declared::Nothing {
            return capabilities;
        }
        if self.duplicates == Duplicates::Refuse {
            capabilities = capabilities.with_duplicate_ids(DuplicateIds::Refused);
        }
        let Some(lag) = self.lag() else {
            return capabilities.with_lookup(kirin_client::Lookup::Missing);
        };
        capabilities = capabilities.with_lookup(kirin_client::Lookup::Proven);
        match self.declared {
            Declared::Everything => capabilities.with_lookup_lag(lag),
            _ => capabilities,
        }
    }

    /// The longest time until the lookup finds a task; `None` if it never does.
    pub(crate) fn lag(self) -> Option<Duration> {
        match self.lookup {
            Lookup::Lags(lag) => Some(lag),
            Lookup::Works => Some(Duration::ZERO),
            _ => None,
        }
    }

    /// Whether the client knows from the start that a duplicate is refused.
    pub(crate) fn declares_refusal(self) -> bool {
        self.declared != Declared::Nothing && self.duplicates == Duplicates::Refuse
    }

    /// Whether the client knows from the start that tasks are found by their external ids.
    pub(crate) fn declares_look_up(self) -> bool {
        self.declared != Declared::Nothing && self.lag().is_some()
    }

    /// Whether the client has any reason to look a task up.
    pub(crate) fn offers_look_up(self) -> bool {
        self.declared == Declared::Nothing || self.lag().is_some()
    }

    /// The lag that the client knows of a lookup that it knows to work.
    pub(crate) fn declared_lag(self) -> Option<Duration> {
        self.lag().filter(|_| self.declared == Declared::Everything)
    }

    /// The table of the create rule: whether an end may stay unresolved once all faults are over,
    /// when the task exists or does not; `has_control` if a task was accepted before all of them.
    pub(crate) fn may_stay_unresolved(self, exists: bool, has_control: bool) -> bool {
        let is_found = exists && self.lag().is_some();
        match (self.declares_refusal(), self.declared_lag()) {
            (true, _) => exists && self.lag().is_none(),
            (false, Some(_)) => !exists && !has_control,
            (false, None) => !is_found,
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lookup = match self.lookup {
            Lookup::Lags(_) => "lags",
            Lookup::Works => "works",
            _ => "missing",
        };
        let duplicates = match self.duplicates {
            Duplicates::Accept => "accepted",
            Duplicates::Refuse => "refused",
            _ => "replayed",
        };
        let declared = match self.declared {
            Declared::Everything => "declared",
            Declared::NoLag => "declared without lag",
            Declared::Nothing => "undeclared",
        };
        write!(
            formatter,
            "duplicates {duplicates}, lookup {lookup}, {declared}"
        )
    }
}
