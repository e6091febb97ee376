//! A machine that was damaged where it was kept: no number in it makes it panic.

use std::time::Duration;

use kirin_client::machine::{Action, Event, Machine};
use serde_json::{Value, json};

use super::{
    answers::{IN_PROGRESS, control_with, lost, miss_with, not_sent, query_status, task},
    totality::states,
};

const STEPS: usize = 10;

/// The paths of all numbers in a value.
fn numbers(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(path.into()),
        Value::Array(values) => {
            for (place, value) in values.iter().enumerate() {
                numbers(value, &format!("{path}/{place}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                numbers(value, &format!("{path}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// Goes on with one of two kinds of answer to everything.
fn drive(mut machine: Machine, is_reached: bool) {
    let mut now = Duration::ZERO;
    for step in 0..STEPS {
        let event = match machine.action() {
            Action::Create(_) if is_reached => Event::CreateAnswered(lost()),
            Action::Create(_) => Event::CreateAnswered(not_sent()),
            Action::Finished(_) => return,
            Action::LookUp(_) => Event::QueryAnswered(query_status(404)),
            Action::Query(_) if is_reached => Event::QueryAnswered(task(IN_PROGRESS)),
            Action::Query(_) => Event::QueryAnswered(query_status(503)),
            Action::Probe(_) if step % 2 == 0 => Event::Probed(control_with(&[])),
            Action::Probe(_) => Event::Probed(miss_with(&[])),
            Action::Wait { until } => {
                now = now.max(until);
                Event::WaitEnded
            }
        };
        machine.handle(now, event).unwrap();
    }
}

#[test]
fn no_number_in_a_kept_machine_makes_it_panic() {
    let extremes = [
        json!(0),
        json!(255),
        json!(u32::MAX),
        json!(u64::MAX),
        json!(i64::MIN),
    ];
    let mut driven = 0;
    for (_, script) in states() {
        let kept = serde_json::to_value(&script.machine).unwrap();
        let mut paths = Vec::new();
        numbers(&kept, "", &mut paths);
        for path in paths {
            for extreme in &extremes {
                let mut damaged = kept.clone();
                *damaged.pointer_mut(&path).unwrap() = extreme.clone();
                // What cannot be read is an error already.
                let Ok(machine) = serde_json::from_value::<Machine>(damaged) else {
                    continue;
                };
                for is_reached in [true, false] {
                    drive(machine.clone(), is_reached);
                    drive(machine.clone().after_restart(), is_reached);
                    driven += 1;
                }
            }
        }
    }
    assert!(driven > 1000, "only {driven} machines could be read");
}
