//! The table: all that may happen around a client, and, in [`Cannot`], what may not. The second is what
//! the promise does not cover, and is in `docs/lost-answers.md` word for word.

/// What may happen, at any moment and in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Can {
    /// A create never reaches the service, and the transport knows it.
    NotSent,
    /// A create never reaches the service, without a sign of that.
    LostBefore,
    /// A create is refused by the service, or by someone in between: 307, 400, 401, 402, 404, 429.
    Refused,
    /// The service's answer arrives: accepted, refused as a duplicate, or the same task again.
    Answered,
    /// The service has accepted, and its answer is lost: a reset, 502, 303, 424, a cut body, an error
    /// beside an id.
    LostAfter,
    /// A create whose answer was lost arrives later, between or after lookups.
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
    /// A lookup finds the task, or the one that had the external id before.
    Found,
    /// A lookup misses a task that is not there, or not to be found yet.
    Missed,
    /// A lookup is answered with 404 in JSON by someone else: a gateway, another upstream.
    Foreign,
    /// A lookup is answered by a cache.
    Cached,
    /// A lookup fails, is refused for its key, or takes long.
    LookUpFails,
    /// A lookup is answered with another task, which says so.
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
    /// Someone reconciles what the journal knows.
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

    /// The sentence in `docs/lost-answers.md`.
    pub(super) fn line(self) -> &'static str {
        match self {
            Self::AlmostARow => {
                "In one row of six lookups within ten seconds, another server answers exactly the three lookups of the missing task, with 404, and the service answers the three controls between them."
            }
            Self::AnsweredForAnother => "A create receives the answer to someone else's create.",
            Self::ClockWithoutDate => {
                "The client's clock is wrong by a day, and no answer from the service has a `Date`."
            }
            Self::ForeignAfterTwice => {
                "Something on the network path sends a create twice and returns the refusal of the second, and another server answers the lookups that follow with 404, or refuses them because of the key as it refused the create."
            }
            Self::ForgetsWithinADay => {
                "A host forgets an external id within 24 hours of the intent."
            }
            Self::JournalForgets => {
                "A restored or new journal does not know a create, and the one lookup before its id is sent again does not find the task."
            }
            Self::LaterThanDeclared => {
                "A host that is not known to refuse duplicates accepts a create, or finds its task, later than the declared lag after the client's timeout."
            }
            Self::Liar => {
                "A declaration about a host is wrong: for example, a host declared to refuse duplicates accepts them."
            }
            Self::MissedAfterTwice => {
                "Something on the network path sends a create twice and returns the refusal of the second, and the task of the first cannot be looked up, or is found later than the declared lag after the refusal (four seconds if no lag is declared)."
            }
            Self::NoJournal => {
                "A process without a journal ends, or a process with another journal sends the same external id: neither knows what the other did."
            }
            Self::NotSentAndYetSent => {
                "A transport reports that a create was not sent although it was, or a journal reports that a write is durable although it is not."
            }
            Self::OlderWithoutDate => {
                "Someone's older task of the same model has the external id that you chose, and no answer gave the service's time before the intent: the client adopts that task."
            }
            Self::SleepsBeforeSending => {
                "The computer sleeps for a day between the decision to send a create again and the send."
            }
            Self::TakesOverTheLiving => {
                "A process takes over a create whose own process is alive and about to send it. The ledger refuses this; a journal of your own might not."
            }
            Self::TwiceTaken => {
                "Something on the network path sends a create twice to a host that accepts duplicates: both are charged."
            }
        }
    }
}
