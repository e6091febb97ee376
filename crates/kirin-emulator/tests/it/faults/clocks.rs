//! A service whose clock is not ours.

use std::time::Duration;

use kirin_emulator::Emulator;
use kirin_types::{Task, Timestamp};
use serde_json::{Value, json};

use super::{create, query, tasks, with};
use crate::wire::{Answer, Wire};

/// What an answer says that the time is, in seconds.
fn date(answer: &Answer) -> i64 {
    // Its head was read in lower case.
    let date = answer.header("date").unwrap();
    Timestamp::from_text(date).unwrap().milliseconds() / 1000
}

/// The `Date` and the `created_at` of a create under this scenario, in seconds.
async fn said(rules: Value) -> (i64, i64) {
    let emulator = with(rules).await;
    let answer = create(&mut Wire::connect(&emulator));
    assert_eq!((answer.status, tasks(&emulator)), (200, 1));
    (date(&answer), created_at(&answer))
}

fn created_at(answer: &Answer) -> i64 {
    let task = Task::from_json(&answer.body).unwrap();
    task.created_at().unwrap().milliseconds() / 1000
}

/// Two creates of two emulators are less than this apart, in seconds.
const SLACK: i64 = 60;

async fn check(rule: Value, off: i64) {
    let (date, created_at) = said(json!([])).await;
    let (date_off, created_at_off) = said(json!([rule])).await;
    for difference in [date_off - date, created_at_off - created_at] {
        assert!((difference - off).abs() < SLACK, "{difference}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_clock_ahead() {
    check(json!({ "fault": "clock_ahead" }), 360).await;
    let day = json!({ "fault": "clock_ahead", "milliseconds": 86_400_000 });
    check(day, 86_400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_clock_behind() {
    check(json!({ "fault": "clock_behind" }), -360).await;
    let day = json!({ "fault": "clock_behind", "milliseconds": 86_400_000 });
    check(day, -86_400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_date_of_every_answer_follows_the_clock_of_the_emulator() {
    let emulator = Emulator::start(super::EmulatorConfig::new()).await.unwrap();
    let mut wire = Wire::connect(&emulator);
    let before = date(&create(&mut wire));
    emulator.advance(Duration::from_secs(86_400));
    let after = query(&mut wire);
    assert!((date(&after) - before - 86_400).abs() < SLACK);
    assert!((created_at(&after) - before).abs() < SLACK);
    let missing = wire.ask("GET", "/model/v1/generation/task/none", "");
    assert!((date(&missing) - before - 86_400).abs() < SLACK);
    let task = Task::from_json(&after.body).unwrap();
    let file = format!("/artifacts/{}.mp4", task.id());
    assert!((date(&wire.download(&file, "")) - before - 86_400).abs() < SLACK);
}
