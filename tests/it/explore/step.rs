//! One step of the search, and how it reads in a transcript.

use std::fmt;

use super::{
    answers::{CreateHeard, Lost, Named, Refused},
    state::State,
    table::Can,
};

/// What may come next. The number is the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Accepts,
    Arrives(usize),
    Backup,
    Begins(usize, How),
    ClockSteps(i64),
    Crashes(usize),
    DayPasses,
    Drops(usize),
    Gets(usize, Get),
    Posts(usize, Post),
    Restored,
    SendDelayed(usize),
    Sleeps(usize),
    NoTurn(usize),
    WaitEnds(usize),
    Wakes(usize),
    Writes(usize),
    WriteFails(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Generate,
    Reconcile,
    SendAgain,
}

/// What becomes of a create that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Post {
    /// Of the small print, as is the other one.
    AnsweredForAnother,
    NotSentAndYetSent,
    Answered,
    /// As a duplicate, by the bare code.
    AnsweredBare,
    Late,
    LostAfter(Lost),
    LostBefore(Lost),
    NotSent,
    Refused(Refused),
    Twice,
    TwiceBare,
    TwiceLost,
    TwiceRefused(Refused),
}

/// The answer to a lookup or a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Get {
    AboutAnother,
    Cached,
    Completed(Named),
    Foreign,
    Found(Named),
    Key,
    Missed,
    /// The truth, after eleven seconds.
    Slow,
    /// A miss that is older than the answer before it.
    Stale,
    Trouble,
}

impl Step {
    /// Whether it counts: what an honest service answers, and what happens without a fault, does not, and
    /// neither does an outage that lasts.
    pub(super) fn counts(self, state: &State) -> bool {
        match self {
            Self::WaitEnds(_) | Self::Writes(_) => false,
            Self::Gets(_, Get::Completed(_) | Get::Found(_) | Get::Missed) => false,
            Self::Gets(it, Get::Foreign) => {
                let answers = state.seen.answers[it];
                answers < 2 || answers & 1 == 1
            }
            Self::Posts(_, Post::Answered) => false,
            _ => true,
        }
    }

    /// Its row in the table; what follows of itself has none.
    pub(super) fn row(self) -> Option<Can> {
        Some(match self {
            Self::WaitEnds(_) | Self::Writes(_) => return None,
            Self::Accepts | Self::Backup | Self::Restored => Can::Restored,
            Self::Arrives(_) => Can::Late,
            Self::Begins(_, How::Generate) => Can::Begins,
            Self::Begins(_, How::Reconcile) => Can::Reconciles,
            Self::Begins(_, How::SendAgain) => Can::PersonSends,
            Self::ClockSteps(_) => Can::ClockSteps,
            Self::Crashes(_) => Can::Crashed,
            Self::DayPasses | Self::Sleeps(_) => Can::DayPasses,
            Self::Drops(_) => Can::Dropped,
            Self::Gets(_, get) => get.row(),
            Self::NoTurn(_) => Can::NoTurn,
            Self::Posts(_, post) => post.row(),
            Self::SendDelayed(_) => Can::SendDelayed,
            Self::Wakes(_) => Can::Woken,
            Self::WriteFails(_) => Can::WriteFails,
        })
    }
}

impl Post {
    fn row(self) -> Can {
        match self {
            Self::Answered | Self::AnsweredBare | Self::AnsweredForAnother => Can::Answered,
            Self::Late => Can::Late,
            Self::LostAfter(_) => Can::LostAfter,
            Self::LostBefore(_) => Can::LostBefore,
            Self::NotSent | Self::NotSentAndYetSent => Can::NotSent,
            Self::Refused(_) => Can::Refused,
            Self::Twice | Self::TwiceBare => Can::Twice,
            Self::TwiceLost => Can::TwiceLost,
            Self::TwiceRefused(_) => Can::TwiceRefused,
        }
    }
}

impl Get {
    fn row(self) -> Can {
        match self {
            Self::AboutAnother => Can::AboutAnother,
            Self::Cached | Self::Stale => Can::Cached,
            Self::Completed(_) | Self::Found(_) => Can::Found,
            Self::Foreign => Can::Foreign,
            Self::Key | Self::Slow | Self::Trouble => Can::LookUpFails,
            Self::Missed => Can::Missed,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = |number: &usize| ["A", "B"][*number];
        match self {
            Self::Accepts => formatter.write_str("a person accepts the restored journal"),
            Self::Arrives(_) => formatter.write_str("a late POST arrives"),
            Self::Backup => formatter.write_str("a backup of the journal is made"),
            Self::Begins(it, how) => {
                let what = match how {
                    How::Generate => "generates",
                    How::Reconcile => "reconciles",
                    How::SendAgain => "sends again, by the decision of a person",
                };
                write!(formatter, "{} {what}", client(it))
            }
            Self::ClockSteps(by) => write!(formatter, "our clock steps by {} s", by / 1000),
            Self::Crashes(it) => write!(formatter, "the process of {} ends", client(it)),
            Self::DayPasses => formatter.write_str("a day passes"),
            Self::Drops(it) => write!(formatter, "the future of {} is dropped", client(it)),
            Self::Gets(it, get) => write!(formatter, "{}'s lookup: {get:?}", client(it)),
            Self::NoTurn(it) => write!(formatter, "{}'s turn does not come", client(it)),
            Self::Posts(it, post) => write!(formatter, "{}'s POST: {}", client(it), post.tell()),
            Self::Restored => formatter.write_str("the backup is restored"),
            Self::SendDelayed(it) => write!(formatter, "{}'s POST is delayed", client(it)),
            Self::Sleeps(it) => write!(formatter, "{} sleeps for a day", client(it)),
            Self::WaitEnds(it) => write!(formatter, "{}'s wait ends", client(it)),
            Self::Wakes(it) => write!(formatter, "{} is woken", client(it)),
            Self::Writes(it) => write!(formatter, "{} writes to the journal", client(it)),
            Self::WriteFails(it) => write!(formatter, "{}'s write fails", client(it)),
        }
    }
}

impl Post {
    fn tell(self) -> String {
        match self {
            Self::AnsweredForAnother => "it arrives, and another's answer comes".into(),
            Self::NotSentAndYetSent => "it arrives, and is said not to be sent".into(),
            Self::Answered => "it arrives and is answered".into(),
            Self::AnsweredBare => "it arrives and is answered, code 1201 without a text".into(),
            Self::Late => "it is still on its way, and its answer is lost".into(),
            Self::LostAfter(lost) => format!("it arrives, and the answer is lost: {lost:?}"),
            Self::LostBefore(lost) => format!("it does not arrive, and nobody knows: {lost:?}"),
            Self::NotSent => "it is not sent".into(),
            Self::Refused(refused) => format!("it does not arrive, and is refused: {refused:?}"),
            Self::Twice => "it is sent twice on the way, the second answer comes".into(),
            Self::TwiceBare => {
                "it is sent twice on the way, the second answer comes without a text".into()
            }
            Self::TwiceLost => "it is sent twice on the way, both answers are lost".into(),
            Self::TwiceRefused(refused) => {
                format!("it is sent twice on the way, and the second is refused: {refused:?}")
            }
        }
    }
}

/// Every answer that says nothing, where nothing arrived.
pub(super) const LOST_BEFORE: [Lost; 6] = [
    Lost::BadGateway,
    Lost::Closed,
    Lost::Garbage,
    Lost::Hint(Named::NoTask),
    Lost::SeeOther,
    Lost::Unlisted,
];

/// The same, where the service has accepted; the hint is the task's.
pub(super) const LOST_AFTER: [Lost; 5] = [
    Lost::BadGateway,
    Lost::Closed,
    Lost::Garbage,
    Lost::SeeOther,
    Lost::Unlisted,
];

pub(super) const REFUSED: [Refused; 6] = [
    Refused::Bad,
    Refused::Key,
    Refused::Rate,
    Refused::Money,
    Refused::NotFound,
    Refused::Redirect,
];

/// As something on the way makes of its second POST.
pub(super) const REFUSED_AFTER: [Refused; 5] = [
    Refused::Bad,
    Refused::Key,
    Refused::Rate,
    Refused::Money,
    Refused::NotFound,
];

impl CreateHeard {
    /// Whether the attempt is taken back, as `Record::answered` of the driver does.
    pub(super) fn is_taken_back(self) -> bool {
        matches!(self, Self::NotSent | Self::Refused(_))
    }

    /// Whether an answer came at all.
    pub(super) fn has_date(self) -> bool {
        !matches!(self, Self::NotSent | Self::Lost(Lost::Closed))
    }
}
