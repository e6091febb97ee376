//! What another process needs to continue a task that the service has.

use kirin_types::{ExternalTaskId, TaskId, TaskRef};
use serde::{Deserialize, Serialize};

use crate::{AccountName, BaseUrl, KeyFingerprint};

/// A task that was accepted, and where and for whom. It holds no secret, can be written down, and
/// is taken up again with `Client::resume`, by this process or another.
///
/// ```
/// use kirin_client::GenerationHandle;
///
/// let written = r#"{"base_url":"https://cloud.vtrix.ai","key":"0123456789abcdef",
///     "task_id":"d5u5obte8783ap44qtj0","model":"kirin_v2_5_turbo_t2v"}"#;
/// let handle: GenerationHandle = serde_json::from_str(written)?;
/// assert_eq!(handle.task_id.as_str(), "d5u5obte8783ap44qtj0");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GenerationHandle {
    /// Where the task is.
    pub base_url: BaseUrl,
    /// Fingerprint of the key that it was created with.
    pub key: KeyFingerprint,
    /// The user that the key is of, where the caller names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountName>,
    /// The service's id of it.
    pub task_id: TaskId,
    /// Its model, which decides how long it takes; the reference model's time if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The id that it was created under: the journal knows the task by it, and so do some callbacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_task_id: Option<ExternalTaskId>,
    /// The caller's own words; they are kept when it is resumed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl GenerationHandle {
    /// A handle of parts that were kept elsewhere.
    pub fn new(base_url: BaseUrl, key: KeyFingerprint, task_id: TaskId) -> Self {
        Self {
            base_url,
            key,
            account: None,
            task_id,
            model: None,
            external_task_id: None,
            tags: Vec::new(),
        }
    }
}

impl From<&GenerationHandle> for TaskRef {
    fn from(handle: &GenerationHandle) -> Self {
        Self::Id(handle.task_id.clone())
    }
}
