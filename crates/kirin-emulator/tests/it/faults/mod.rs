//! Every fault, as a client of raw bytes sees it.

use std::time::Duration;

use kirin_emulator::{Emulator, EmulatorConfig, Fault, Scenario, VideoSize, world::LoggedRequest};
use serde_json::{Value, json};

use crate::{
    support::{CREATE, envelope},
    wire::{Answer, Wire},
};

mod answers;

mod artifacts;

mod clocks;

mod connections;

mod proxies;

mod tasks;

/// An emulator of tasks that end at once, with these rules.
async fn with(rules: Value) -> Emulator {
    with_config(EmulatorConfig::new(), rules).await
}

async fn with_config(config: EmulatorConfig, rules: Value) -> Emulator {
    let json = json!({ "rules": rules }).to_string();
    let config = config
        .task_time(Duration::ZERO)
        .video_size(VideoSize::Small)
        .scenario(Scenario::from_json(&json).unwrap());
    Emulator::start(config).await.unwrap()
}

fn body() -> String {
    envelope(json!({ "prompt": "a fox", "external_task_id": "order-42" }))
}

fn create(wire: &mut Wire) -> Answer {
    wire.ask("POST", CREATE, &body())
}

/// A query of the task that `create` makes.
fn query(wire: &mut Wire) -> Answer {
    wire.ask("GET", &format!("{CREATE}/task/order-42"), "")
}

fn tasks(emulator: &Emulator) -> u64 {
    emulator.statistics().tasks_created
}

fn last(emulator: &Emulator) -> LoggedRequest {
    emulator.requests().pop().unwrap()
}

/// Everything that becomes of a create on a connection of its own.
fn outcome(emulator: &Emulator) -> (Vec<u8>, std::io::Result<()>) {
    let mut wire = Wire::connect(emulator);
    wire.send_call("POST", CREATE, &body());
    wire.rest()
}

/// Each has a test in this folder, or beside the callbacks, that is named after it.
#[test]
fn every_fault_has_a_test_of_its_name() {
    let tests = [
        include_str!("answers.rs"),
        include_str!("artifacts.rs"),
        include_str!("clocks.rs"),
        include_str!("connections.rs"),
        include_str!("proxies.rs"),
        include_str!("tasks.rs"),
        include_str!("../callbacks.rs"),
    ]
    .concat();
    let without: Vec<_> = Fault::ALL
        .iter()
        .map(|fault| fault.name())
        .filter(|name| {
            let test = format!("fn fault_{name}");
            let mut rest = tests.split(test.as_str()).skip(1);
            // A longer name may be that of another fault, but none is the beginning of another's.
            !rest.any(|rest| rest.starts_with(['(', '_']))
        })
        .collect();
    assert_eq!(without, [""; 0]);
}
