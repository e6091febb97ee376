//! Why a journal did not write.

use std::{error::Error, fmt};

use crate::machine::{KnownCreate, Withheld};

/// Why a journal did not write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalError {
    kind: JournalErrorKind,
    description: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum JournalErrorKind {
    Failed,
    Known(KnownCreate),
    OtherRequest,
    OverBudget,
    RepetitionUsed,
    UnderWay,
    UnknownPrice { model: String },
}

impl JournalError {
    /// It could not be written; what happened, as a sentence part.
    pub fn new(description: impl Into<String>) -> Self {
        Self {
            kind: JournalErrorKind::Failed,
            description: description.into(),
        }
    }

    /// The journal keeps a budget that does not allow the create; why, as a sentence part.
    pub fn over_budget(description: impl Into<String>) -> Self {
        Self {
            kind: JournalErrorKind::OverBudget,
            description: description.into(),
        }
    }

    /// The journal keeps a budget, and does not know what a request of this model costs.
    pub fn unknown_price(model: impl Into<String>) -> Self {
        let model = model.into();
        Self {
            description: format!("what a request of {model} costs is not known"),
            kind: JournalErrorKind::UnknownPrice { model },
        }
    }

    /// Another operation is at the same create, or has taken it over.
    pub fn under_way() -> Self {
        Self {
            kind: JournalErrorKind::UnderWay,
            description: "another operation is at the same create".into(),
        }
    }

    /// A create of the same id is known, and may be charged.
    pub fn known(state: KnownCreate) -> Self {
        Self {
            description: format!("it knows a create of this id, {state}"),
            kind: JournalErrorKind::Known(state),
        }
    }

    /// A create of the same id is known, for another request.
    pub fn other_request() -> Self {
        Self {
            kind: JournalErrorKind::OtherRequest,
            description: "it knows a create of this id, for another request".into(),
        }
    }

    /// The create was sent again once already because its absence was proved.
    pub fn repetition_used() -> Self {
        Self {
            kind: JournalErrorKind::RepetitionUsed,
            description: "the create was, or may have been, sent again once already after it was proved to be absent"
                .into(),
        }
    }
}

/// What it means for a create that is about to be sent.
impl From<JournalError> for Withheld {
    fn from(error: JournalError) -> Self {
        let description = error.description;
        match error.kind {
            JournalErrorKind::Failed => Self::Journal { description },
            JournalErrorKind::Known(state) => Self::Known { state },
            JournalErrorKind::OtherRequest => Self::OtherRequest,
            JournalErrorKind::OverBudget => Self::Budget { description },
            JournalErrorKind::RepetitionUsed => Self::RepetitionUsed,
            JournalErrorKind::UnderWay => Self::UnderWay,
            JournalErrorKind::UnknownPrice { model } => Self::UnknownPrice { model },
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.description)
    }
}

impl Error for JournalError {}
