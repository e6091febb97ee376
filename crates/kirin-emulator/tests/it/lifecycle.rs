//! How tasks go: at once, after some queries, after some time, by hand, and failing at a step.

use std::time::Duration;

use kirin_emulator::{CannotEnd, Emulator, EmulatorConfig, Lifecycle, Which};
use kirin_types::MODELS;
use serde_json::{Value, json};

use crate::{
    support::{CREATE, Session, envelope},
    wire::Wire,
};

fn session(lifecycle: Lifecycle) -> Session {
    Session::new(EmulatorConfig::new().lifecycle(lifecycle))
}

fn fox() -> Value {
    json!({ "prompt": "a fox" })
}

/// Status and progress of each query, one millisecond apart.
fn queries(session: &mut Session, id: &str, count: usize) -> Vec<String> {
    let mut ask = || {
        session.advance(1);
        let (_, task) = session.query(id);
        format!("{} {}", task["status"].as_str().unwrap(), task["progress"])
    };
    (0..count).map(|_| ask()).collect()
}

#[test]
fn a_task_ends_at_once() {
    let mut session = session(Lifecycle::at_once());
    let (_, created) = session.post(envelope(fox()));
    assert_eq!(created["status"], "completed");
}

#[test]
fn a_task_ends_after_some_queries() {
    let mut session = session(Lifecycle::after_queries(3));
    let id = session.create(fox());
    session.advance(1_000_000_000);
    let expected = [
        "in_progress 0.33",
        "in_progress 0.66",
        "completed null",
        "completed null",
    ];
    assert_eq!(queries(&mut session, &id, 4), expected);
    // Every task counts its own.
    let other = session.create(fox());
    assert_eq!(queries(&mut session, &other, 1), ["in_progress 0.33"]);
}

#[test]
fn a_task_ends_after_a_time_that_the_seed_draws() {
    let ends = |seed| {
        let config = EmulatorConfig::new().seed(seed);
        let mut session = Session::new(config.lifecycle(Lifecycle::drawn()));
        let id = session.create(fox());
        let mut ended_after = 0;
        while session.query(&id).1["status"] == "in_progress" {
            session.advance(100);
            ended_after += 100;
        }
        ended_after
    };
    let typical = MODELS
        .iter()
        .find(|model| model.id == crate::support::MODEL);
    let typical = typical.unwrap().typical_time.duration.as_millis() as u64;
    let times: Vec<u64> = (0..50).map(ends).collect();
    assert_eq!(
        times,
        (0..50).map(ends).collect::<Vec<_>>(),
        "the same seed, the same time"
    );
    assert!(
        times
            .iter()
            .all(|time| (typical / 2..=typical * 2 + 100).contains(time))
    );
    let shorter = times.iter().filter(|time| **time < typical).count();
    assert!(
        (15..=35).contains(&shorter),
        "{shorter} of 50 are below the typical time"
    );
}

#[test]
fn a_task_ends_by_hand() {
    let mut session = session(Lifecycle::by_hand());
    let id = session.create(json!({ "prompt": "a fox", "external_task_id": "order-42" }));
    let other = session.create(fox());
    session.advance(1_000_000_000);
    assert_eq!(queries(&mut session, &id, 1), ["in_progress 0.0"]);
    let elapsed = session.elapsed;
    assert_eq!(session.world.complete(elapsed, "order-42"), Ok(()));
    assert_eq!(session.world.fail(elapsed, &other, "002011096"), Ok(()));
    assert_eq!(queries(&mut session, &id, 1), ["completed null"]);
    assert_eq!(session.query(&other).1["error"]["code"], "002011096");
    // An end never changes.
    let ended = Err(CannotEnd::HasEnded);
    assert_eq!(session.world.fail(elapsed, &id, "002011096"), ended);
    assert_eq!(session.world.complete(elapsed, &other), ended);
    let nobody = session.world.complete(elapsed, "nobody");
    assert_eq!(nobody, Err(CannotEnd::NoSuchTask));
}

#[test]
fn a_hand_is_faster_than_the_time() {
    let mut session = session(Lifecycle::after(Duration::from_secs(3)));
    let id = session.create(fox());
    session.advance(1000);
    let elapsed = session.elapsed;
    session.world.fail(elapsed, &id, "002011095").unwrap();
    session.advance(5000);
    assert_eq!(session.query(&id).1["status"], "failed");
    let late = session.create(fox());
    session.advance(3000);
    // Its time has come, although nobody has asked yet.
    let elapsed = session.elapsed;
    assert_eq!(
        session.world.complete(elapsed, &late),
        Err(CannotEnd::HasEnded)
    );
}

#[test]
fn a_task_fails_at_a_step() {
    let check = |lifecycle: Lifecycle, milliseconds: &[u64], expected: &[&str]| {
        let mut session = session(lifecycle);
        let (_, created) = session.post(envelope(fox()));
        let id = created["id"].as_str().unwrap();
        let mut seen = vec![created["status"].as_str().unwrap().to_owned()];
        for step in milliseconds {
            session.advance(*step);
            let (_, task) = session.query(id);
            seen.push(task["status"].as_str().unwrap().to_owned());
        }
        assert_eq!(seen, expected);
        assert_eq!(session.query(id).1["error"]["code"], "002011095");
    };
    let code = "002011095";
    let time = || Lifecycle::after(Duration::from_secs(3));
    let (running, failed) = ("in_progress", "failed");
    check(time().fail_at(0, code), &[0], &[failed, failed]);
    check(
        time().fail_at(50, code),
        &[1499, 1],
        &[running, running, failed],
    );
    check(
        time().fail_with(code),
        &[2999, 1],
        &[running, running, failed],
    );
    let queries = || Lifecycle::after_queries(4);
    check(queries().fail_at(0, code), &[0], &[failed, failed]);
    check(
        queries().fail_at(50, code),
        &[0, 0],
        &[running, running, failed],
    );
    check(
        queries().fail_with(code),
        &[0; 4],
        &[running, running, running, running, failed],
    );
    check(Lifecycle::by_hand().fail_at(0, code), &[], &[failed]);
}

#[test]
fn each_task_and_each_model_can_have_its_own() {
    let config = EmulatorConfig::new()
        .lifecycle_of(
            Which::Model("kirin_v1_t2v".into()),
            Lifecycle::after_queries(1),
        )
        .lifecycle_of(Which::Nth(2), Lifecycle::by_hand())
        .lifecycle_of(
            Which::ExternalTaskId("order-42".into()),
            Lifecycle::at_once(),
        )
        // The last one that fits holds.
        .lifecycle_of(Which::Nth(5), Lifecycle::at_once().fail_with("002011095"));
    let mut session = Session::new(config);
    let mut statuses = |model: &str, params: Value| {
        let id = session.create_with(model, params);
        let first = session.query(&id).1["status"].clone();
        session.advance(3000);
        [first, session.query(&id).1["status"].clone()]
    };
    let model = crate::support::MODEL;
    assert_eq!(statuses(model, fox()), ["in_progress", "completed"]);
    assert_eq!(statuses(model, fox()), ["in_progress", "in_progress"]);
    assert_eq!(statuses("kirin_v1_t2v", fox()), ["completed", "completed"]);
    let order = |id: &str| json!({ "prompt": "a fox", "external_task_id": id });
    assert_eq!(
        statuses(model, order("order-42")),
        ["completed", "completed"]
    );
    assert_eq!(statuses(model, order("order-43")), ["failed", "failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_ends_a_task_by_hand() {
    let config = EmulatorConfig::new().lifecycle(Lifecycle::by_hand());
    let emulator = Emulator::start(config).await.unwrap();
    assert_eq!(emulator.typical_time(), EmulatorConfig::TASK_TIME);
    let mut wire = Wire::connect(&emulator);
    let mut end = |how: fn(&Emulator, &str) -> Result<(), CannotEnd>| {
        let id = wire.ask("POST", CREATE, &envelope(fox())).json()["id"].clone();
        let id = id.as_str().unwrap();
        how(&emulator, id).unwrap();
        wire.ask("GET", &format!("{CREATE}/task/{id}"), "").json()["status"].clone()
    };
    assert_eq!(end(|emulator, id| emulator.complete(id)), "completed");
    assert_eq!(end(|emulator, id| emulator.fail(id, "002011095")), "failed");
    emulator.shutdown().await;
}
