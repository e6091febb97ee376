//! Why a journal did not write.

use std::{error::Error, fmt};

use crate::{
    BaseUrl,
    machine::{KnownCreate, Withheld},
};

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
    OtherBaseUrl,
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

    /// The journal is for creates at another base URL.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, JournalError};
    ///
    /// let error = JournalError::other_base_url(&BaseUrl::default(), &"https://example.com".parse()?);
    /// assert_eq!(
    ///     error.to_string(),
    ///     "the journal is for https://cloud.vtrix.ai, and the create goes to https://example.com"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn other_base_url(journal: &BaseUrl, create: &BaseUrl) -> Self {
        Self {
            kind: JournalErrorKind::OtherBaseUrl,
            description: format!("the journal is for {journal}, and the create goes to {create}"),
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
            JournalErrorKind::OtherBaseUrl => Self::JournalOfOtherBaseUrl { description },
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
