//! What the contract says.

use std::fmt;

/// A clause of the contract of [`Transport`](crate::Transport), in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Clause {
    /// Any status is `Ok`.
    AnyStatusIsOk,
    /// `Err` means no complete response head.
    ErrMeansNoHead,
    /// `Sent::No` only where the server cannot have acted; a refused connection is `No`.
    SentNoOnlyIfUnsent,
    /// One call is one attempt.
    OneAttempt,
    /// No redirect is followed.
    NoRedirect,
    /// What is sent is what was asked.
    SentAsAsked,
    /// The body streams, as it came.
    BodyStreams,
    /// A body that was cut ends with an error.
    CutBodyIsAnError,
    /// Dropping cancels.
    DroppingCancels,
    /// What was withdrawn never arrives.
    WithdrawnNeverArrives,
}

impl Clause {
    /// All clauses, in the order of the contract.
    pub const ALL: [Self; 10] = [
        Self::AnyStatusIsOk,
        Self::ErrMeansNoHead,
        Self::SentNoOnlyIfUnsent,
        Self::OneAttempt,
        Self::NoRedirect,
        Self::SentAsAsked,
        Self::BodyStreams,
        Self::CutBodyIsAnError,
        Self::DroppingCancels,
        Self::WithdrawnNeverArrives,
    ];

    /// Whether a client over a transport that breaks it may pay twice, or lose what was paid for. The module
    /// `conformance` has the reason for each clause.
    ///
    /// ```
    /// use kirin_transport::conformance::Clause;
    ///
    /// assert!(Clause::OneAttempt.is_about_money());
    /// assert!(!Clause::BodyStreams.is_about_money());
    /// ```
    pub const fn is_about_money(self) -> bool {
        match self {
            Self::AnyStatusIsOk | Self::BodyStreams | Self::DroppingCancels => false,
            Self::CutBodyIsAnError
            | Self::ErrMeansNoHead
            | Self::NoRedirect
            | Self::OneAttempt
            | Self::SentAsAsked
            | Self::SentNoOnlyIfUnsent
            | Self::WithdrawnNeverArrives => true,
        }
    }

    /// Whether a transport over an HTTP client that blocks a thread cannot keep it: what blocks goes on until
    /// its call comes back, whoever drops the future.
    ///
    /// ```
    /// use kirin_transport::conformance::Clause;
    ///
    /// assert!(Clause::DroppingCancels.needs_async());
    /// assert!(!Clause::WithdrawnNeverArrives.needs_async());
    /// ```
    pub const fn needs_async(self) -> bool {
        matches!(self, Self::DroppingCancels)
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AnyStatusIsOk => "any status is Ok",
            Self::ErrMeansNoHead => "Err means no complete response head",
            Self::SentNoOnlyIfUnsent => "Sent::No only where the server cannot have acted",
            Self::OneAttempt => "one call is one attempt",
            Self::NoRedirect => "no redirect is followed",
            Self::SentAsAsked => "what is sent is what was asked",
            Self::BodyStreams => "the body streams, as it came",
            Self::CutBodyIsAnError => "a body that was cut ends with an error",
            Self::DroppingCancels => "dropping cancels",
            Self::WithdrawnNeverArrives => "what was withdrawn never arrives",
        })
    }
}
