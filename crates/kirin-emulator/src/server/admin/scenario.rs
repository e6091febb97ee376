//! What goes wrong: seen, set and taken away while the emulator runs.

use serde_json::{Value, json};

use super::Refusal;
use crate::{Scenario, World, server::Service};

/// The rules, each with how many requests it was for and how many it applied to.
pub(super) fn report(world: &World) -> Value {
    let rules = world.scenario().rules().iter().zip(world.rule_counts());
    let rules: Vec<_> = rules
        .map(|(rule, (seen, applied))| json!({ "rule": rule, "seen": seen, "applied": applied }))
        .collect();
    json!({ "rules": rules })
}

/// Puts the scenario of a body in the place of the one that is there.
///
/// # Errors
///
/// It is none; then the one that is there stays.
pub(super) fn set(service: &Service, body: &[u8]) -> Result<Value, Refusal> {
    let invalid = |problem: String| Refusal::InvalidScenario { problem };
    let json = str::from_utf8(body).map_err(|error| invalid(error.to_string()))?;
    let scenario = Scenario::from_json(json).map_err(|error| invalid(error.to_string()))?;
    service.set_scenario(scenario);
    Ok(report(&service.world()))
}
