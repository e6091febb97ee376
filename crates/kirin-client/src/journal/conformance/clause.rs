//! What the contract says.

use std::fmt;

/// A clause of the contract of [`Journal`](crate::Journal).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Clause {
    /// Each write does what [`JournalEntry::apply`](crate::JournalEntry::apply) says, and is recalled so.
    Transitions,
    /// Of many that are about one create at once, one sends it.
    OneSends,
    /// Two accounts have two creates of one id, and two keys of one account, or of none, have one.
    Accounts,
    /// The first final end stays.
    FirstEndStays,
    /// A create is taken over from the operation that is named, once.
    TakenOverOnce,
    /// A repetition stays counted, whatever becomes of its entry.
    RepetitionStays,
    /// Several writes at once are as many one after the other, up to the first that fails.
    InOrder,
    /// Each base URL and external task id has one entry, whatever key pays. A journal may be of one base URL
    /// and refuse the others.
    OneEntryEach,
    /// A control is a task that was accepted at the same base URL and under the same key, and one that is said
    /// to be accepted before the intent was. A journal may give none.
    Controls,
    /// A write whose future is dropped is made whole or not at all, and damages no other one.
    DroppedWrites,
    /// What was written is there when the journal is opened again. Checked where the maker offers it.
    Reopens,
}

impl Clause {
    /// All clauses.
    pub const ALL: [Self; 11] = [
        Self::Transitions,
        Self::OneSends,
        Self::Accounts,
        Self::FirstEndStays,
        Self::TakenOverOnce,
        Self::RepetitionStays,
        Self::InOrder,
        Self::OneEntryEach,
        Self::Controls,
        Self::DroppedWrites,
        Self::Reopens,
    ];

    /// Whether a report without a case of it proves nothing.
    pub(super) fn needs_a_case(self) -> bool {
        self != Self::Reopens
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Transitions => "each write does what JournalEntry::apply says",
            Self::OneSends => "of many at once, one sends",
            Self::Accounts => "two accounts have two creates of one id, and two keys have one",
            Self::FirstEndStays => "the first final end stays",
            Self::TakenOverOnce => "a create is taken over once",
            Self::RepetitionStays => "a repetition stays counted",
            Self::InOrder => "several writes are made in their order, up to the first that fails",
            Self::OneEntryEach => "each base URL and external id has one entry",
            Self::Controls => "controls are tasks of the same base URL and key",
            Self::DroppedWrites => "a write that is dropped is made whole or not at all",
            Self::Reopens => "what was written is there after reopening",
        })
    }
}
