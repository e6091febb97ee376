//! A create that is to be made.

use kirin_types::{ExternalTaskId, GenerationRequest, Timestamp};
use serde::{Deserialize, Serialize};

use super::OperationId;
use crate::{
    AccountName, BaseUrl, KeyFingerprint,
    machine::{ClockDifference, MissingExternalTaskId},
};

/// A create that is to be made: all that another process needs to continue it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Intent {
    /// The request, with its external task id.
    pub request: GenerationRequest,
    /// Where it goes.
    pub base_url: BaseUrl,
    /// The key that pays.
    pub key: KeyFingerprint,
    /// The user that the key is of, where the caller names it; keys without one may be of one user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountName>,
    /// When it was intended; `None` if there was no wall clock to ask.
    pub intended_at: Option<Timestamp>,
    /// How far the service's clock was ahead of ours then; `None` if no answer showed it.
    #[serde(default)]
    pub clock_difference: Option<ClockDifference>,
    /// Whether the external task id was made up for this create, by the client or by a program for one
    /// command or one line: a task that has it is ours. One that the caller chose may be another's.
    #[serde(default)]
    pub is_minted: bool,
    /// How often this create was sent again because its absence was proved: once at most, over all
    /// entries that it ever had.
    #[serde(default)]
    pub repetitions_after_absence: u32,
    /// The operation that is at it, or was: whoever takes it over names it.
    #[serde(default)]
    pub operation: Option<OperationId>,
    /// What made it unclear whether it was created, where that was written down.
    #[serde(default)]
    pub doubt: Option<String>,
}

impl Intent {
    /// An intent as it was written down: for implementations of a journal.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, Intent};
    /// use kirin_types::{GenerationRequest, Timestamp};
    ///
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let intended_at = Timestamp::from_milliseconds(1_769_757_744_021);
    /// let key = "0123456789abcdef".parse()?;
    /// let intent = Intent::new(request, BaseUrl::default(), key, Some(intended_at))?;
    /// assert_eq!(intent.base_url.as_str(), BaseUrl::SERVICE);
    /// assert_eq!(intent.repetitions_after_absence, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The request has no external task id.
    pub fn new(
        request: GenerationRequest,
        base_url: BaseUrl,
        key: KeyFingerprint,
        intended_at: Option<Timestamp>,
    ) -> Result<Self, MissingExternalTaskId> {
        match request.external_task_id() {
            Some(_) => Ok(Self {
                request,
                base_url,
                key,
                account: None,
                intended_at,
                clock_difference: None,
                is_minted: false,
                repetitions_after_absence: 0,
                operation: None,
                doubt: None,
            }),
            None => Err(MissingExternalTaskId),
        }
    }

    /// Which create it is; `None` if its request has lost its external task id.
    pub fn create_id(&self) -> Option<CreateId> {
        Some(CreateId {
            base_url: self.base_url.clone(),
            key: self.key.clone(),
            account: self.account.clone(),
            external_task_id: self.request.external_task_id()?.clone(),
        })
    }
}

/// Which create a write is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreateId {
    /// Where it goes.
    pub base_url: BaseUrl,
    /// The key that pays.
    pub key: KeyFingerprint,
    /// The user that the key is of, where the caller names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountName>,
    /// The id under which it is sent.
    pub external_task_id: ExternalTaskId,
}

impl CreateId {
    /// A create under this id, at this base URL, paid by this key, of no account that has a name.
    pub fn new(base_url: BaseUrl, key: KeyFingerprint, external_task_id: ExternalTaskId) -> Self {
        Self {
            base_url,
            key,
            account: None,
            external_task_id,
        }
    }

    /// The same create, of an account.
    pub fn with_account(self, account: Option<AccountName>) -> Self {
        Self { account, ..self }
    }
}
