//! What a lookup has to find before a miss counts.

use kirin_types::{ExternalTaskId, TaskId};
use serde::{Deserialize, Serialize};

/// A task that is known by both of its ids: a lookup by its external id must find it under the
/// service's id. Only then does a miss beside it say that there is no task, and not that a gateway, a
/// cache or the wrong server answered.
///
/// ```
/// use kirin_client::Control;
///
/// let control = Control::new("order-41".parse()?, "d5u5obte8783ap44qtj0".parse()?);
/// assert!(!control.accepted_before_intent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Control {
    /// The id under which it is looked up.
    pub external_task_id: ExternalTaskId,
    /// The id that the answer must name.
    pub task_id: TaskId,
    /// Whether it was accepted before the create that it is a control for was intended. One such at
    /// least is in every row; of another one, the answer's `created_at` decides.
    #[serde(default)]
    pub accepted_before_intent: bool,
}

impl Control {
    /// A task of which only the ids are known.
    pub fn new(external_task_id: ExternalTaskId, task_id: TaskId) -> Self {
        Self {
            external_task_id,
            task_id,
            accepted_before_intent: false,
        }
    }

    /// One that was accepted before the create was intended.
    pub fn before_intent(self) -> Self {
        Self {
            accepted_before_intent: true,
            ..self
        }
    }
}
