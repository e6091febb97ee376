//! What became of a rule.

use serde::Serialize;

use super::Fault;

/// The rule of a scenario that applied to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FiredRule {
    /// Its place in the scenario, counted from 0.
    pub rule: usize,
    /// What went wrong.
    pub fault: Fault,
    /// Why it applied to this request, in words.
    pub why: String,
}
