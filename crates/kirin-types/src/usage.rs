//! What a task cost.

use crate::{Amount, RawJson, decode::Object};

/// Usage statistics of a task that is at its end: of a completed one (documented), or of a failed one.
///
/// ```
/// use kirin_types::{Task, TaskState};
///
/// let task = Task::from_json(
///     br#"{"id":"a","status":"completed","usage":{"cost":"0.21","discount":0.5}}"#,
/// )?;
/// let TaskState::Completed { usage: Some(usage), .. } = task.state() else { unreachable!() };
/// assert_eq!(usage.cost.as_ref().unwrap().to_string(), "0.21");
/// # Ok::<(), kirin_types::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Total cost in USD (documented).
    pub cost: Option<Amount>,
    /// Discount amount (documented, without a unit).
    pub discount: Option<Amount>,
    /// Number of units that were charged (seen elsewhere).
    pub quantity: Option<i64>,
    /// Price of a unit (seen elsewhere).
    pub unit_price: Option<Amount>,
    /// Anything else that the service says of the charge (seen elsewhere).
    pub extra_info: Option<RawJson>,
}

impl Usage {
    pub(crate) fn from_object(usage: &Object<'_>) -> Self {
        let amount = |name| usage.field(name).and_then(Amount::from_token);
        Self {
            cost: amount("cost"),
            discount: amount("discount"),
            quantity: usage.integer("quantity"),
            unit_price: amount("unit_price"),
            extra_info: usage
                .field("extra_info")
                .map(|token| RawJson::new(token.raw())),
        }
    }
}
