//! The table: all that may happen around a client, and, in [`Cannot`], what may not. The second is what
//! the promise does not cover, and stands in README.md and ARCHITECTURE.md word for word.

/// What may happen, at any moment and in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Can {
    /// A create never reaches the service, and the transport knows it.
    NotSent,
    /// A create never reaches the service, and nobody knows.
    LostBefore,
    /// A create is refused by the service, or by somebody in between: 307, 400, 401, 402, 404, 429.
    Refused,
    /// The service's answer comes back: accepted, refused as a duplicate, or the same task again.
    Answered,
    /// The service has accepted, and its answer is lost: a reset, 502, 303, 424, a cut body, an error
    /// beside an id.
    LostAfter,
    /// A create whose answer was lost arrives later, between or after look-ups.
    Late,
    /// Something on the way sends a create twice, and passes the second answer on.
    Twice,
    /// Something on the way sends a create twice, and both answers are lost.
    TwiceLost,
    /// Something on the way sends a create twice, and the second is refused: 400, 401, 402, 404, 429.
    TwiceRefused,
    /// A create waits so long that what allows it does not hold any more.
    SendDelayed,
    /// The turn of a create does not come before its deadline.
    NoTurn,
    /// A look-up finds the task, or the one that had the external id before.
    Found,
    /// A look-up misses a task that is not there, or not to be found yet.
    Missed,
    /// A look-up is answered with 404 in JSON by somebody else: a gateway, another upstream.
    Foreign,
    /// A look-up is answered by a cache.
    Cached,
    /// A look-up fails, is refused for its key, or takes long.
    LookUpFails,
    /// A look-up is answered with another task, which says so.
    AboutAnother,
    /// Something wakes a client that waits.
    Woken,
    /// The computer sleeps for a day, or nothing runs for a day; the host forgets the external id.
    DayPasses,
    /// Our clock steps, by six minutes or by a day.
    ClockSteps,
    /// The future of a generation is dropped, between any two steps.
    Dropped,
    /// A process ends, between any two steps and before or after each write.
    Crashed,
    /// A write of the journal fails.
    WriteFails,
    /// A backup of the journal is made, and restored, also while a process has the journal open.
    Restored,
    /// An operation begins: the same create again, by the same client, another one or another process.
    Begins,
    /// Somebody reconciles what the journal knows.
    Reconciles,
    /// A person decides to send again.
    PersonSends,
}

impl Can {
    pub(super) const ALL: [Self; 27] = [
        Self::NotSent,
        Self::LostBefore,
        Self::Refused,
        Self::Answered,
        Self::LostAfter,
        Self::Late,
        Self::Twice,
        Self::TwiceLost,
        Self::TwiceRefused,
        Self::SendDelayed,
        Self::NoTurn,
        Self::Found,
        Self::Missed,
        Self::Foreign,
        Self::Cached,
        Self::LookUpFails,
        Self::AboutAnother,
        Self::Woken,
        Self::DayPasses,
        Self::ClockSteps,
        Self::Dropped,
        Self::Crashed,
        Self::WriteFails,
        Self::Restored,
        Self::Begins,
        Self::Reconciles,
        Self::PersonSends,
    ];
}

/// What may not happen: the small print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Cannot {
    AlmostARow,
    AnsweredForAnother,
    ClockWithoutDate,
    ForeignAfterTwice,
    ForgetsWithinADay,
    JournalForgets,
    LaterThanDeclared,
    Liar,
    MissedAfterTwice,
    NoJournal,
    NotSentAndYetSent,
    OlderWithoutDate,
    SleepsBeforeSending,
    TakesOverTheLiving,
    TwiceTaken,
}

impl Cannot {
    pub(super) const ALL: [Self; 15] = [
        Self::Liar,
        Self::ForgetsWithinADay,
        Self::LaterThanDeclared,
        Self::AlmostARow,
        Self::TwiceTaken,
        Self::MissedAfterTwice,
        Self::ForeignAfterTwice,
        Self::AnsweredForAnother,
        Self::NotSentAndYetSent,
        Self::OlderWithoutDate,
        Self::ClockWithoutDate,
        Self::SleepsBeforeSending,
        Self::NoJournal,
        Self::JournalForgets,
        Self::TakesOverTheLiving,
    ];

    /// As it stands in README.md and ARCHITECTURE.md.
    pub(super) fn line(self) -> &'static str {
        match self {
            Self::AlmostARow => {
                "Of six look-ups in a row, within ten seconds, somebody else answers exactly the three for the task that is missed, with 404, and the service the three controls between them."
            }
            Self::AnsweredForAnother => {
                "The answer to a create is the answer to somebody else's create."
            }
            Self::ClockWithoutDate => {
                "Our clock is wrong by a day, and no answer of the service has a `Date`."
            }
            Self::ForeignAfterTwice => {
                "Something on the way sends a create twice and passes on the refusal of the second, and somebody else answers the look-ups after it with 404, or refuses them for the key as the create was."
            }
            Self::ForgetsWithinADay => {
                "A host forgets an external id within 24 hours of the intent."
            }
            Self::JournalForgets => {
                "A restored journal, or a new one, does not know a create, and the one look-up before its id is sent again does not find its task."
            }
            Self::LaterThanDeclared => {
                "A host that is not known to refuse duplicates accepts a create, or finds its task, later than the declared lag after our time-out."
            }
            Self::Liar => {
                "What is declared of a host is not so: one that is said to refuse duplicates takes them."
            }
            Self::MissedAfterTwice => {
                "Something on the way sends a create twice and passes on the refusal of the second, and the task of the first cannot be looked up, or is found only later than the declared lag after the refusal; where none is declared, than four seconds."
            }
            Self::NoJournal => {
                "A process without a journal ends, or somebody with another journal sends the same external id: what the one knows, the other does not."
            }
            Self::NotSentAndYetSent => {
                "A transport says that a create was not sent, and it was; or a journal says that a write is durable, and it is not."
            }
            Self::OlderWithoutDate => {
                "Somebody's older task of the same model has an external id that the caller chose, and no answer told the service's time before the intent: it is taken for ours."
            }
            Self::SleepsBeforeSending => {
                "The computer sleeps for a day between the decision to send a create again and its sending."
            }
            Self::TakesOverTheLiving => {
                "Somebody goes on with a create whose own process lives and is about to send it. The ledger refuses that; a journal of your own may not."
            }
            Self::TwiceTaken => {
                "Something on the way sends a create twice to a host that takes duplicates: both are charged."
            }
        }
    }
}
