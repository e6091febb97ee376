//! Play money: charges, refunds, the balance, and whether anything was charged twice.

use std::{panic::catch_unwind, time::Duration};

use http::{HeaderValue, Method, StatusCode};
use kirin_emulator::{Charging, Duplicates, Emulator, EmulatorConfig, Ledger, Lifecycle, Which};
use serde_json::{Value, json};

use crate::{
    support::{CREATE, MODEL, Session, envelope, read, request},
    wire::Wire,
};

fn order(id: &str) -> Value {
    json!({ "prompt": "a fox", "external_task_id": id })
}

fn ledger(session: &mut Session) -> Ledger {
    session.world.ledger(session.elapsed)
}

fn left(session: &mut Session) -> String {
    ledger(session).balance().unwrap().to_string()
}

#[test]
fn a_balance_is_spent_to_the_cent_and_then_refused() {
    let config = EmulatorConfig::new().balance("0.77".parse().unwrap());
    let mut session = Session::new(config);
    session.create(json!({ "prompt": "a fox", "mode": "pro" }));
    assert_eq!(left(&mut session), "0.42");
    session.create(json!({ "prompt": "a fox" }));
    session.create(json!({ "prompt": "a fox" }));
    assert_eq!(left(&mut session), "0.00");
    let (status, refused) = session.post(envelope(order("order-42")));
    assert_eq!(status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(
        refused,
        json!({
            "status": { "code": 402, "message": "Insufficient credits", "error_code": 40201 },
            "data": null,
        })
    );
    // Nothing was created, so nothing is found.
    assert_eq!(session.query("order-42").0, StatusCode::NOT_FOUND);
    assert_eq!(session.world.statistics().tasks_created, 3);
    assert_eq!(ledger(&mut session).spent().to_string(), "0.77");
}

#[test]
fn every_charge_names_the_create_that_caused_it() {
    let mut session = Session::new(EmulatorConfig::new());
    session.advance(250);
    let mut create = request(Method::POST, CREATE, envelope(order("order-42")));
    let own = HeaderValue::from_static("request-7");
    create.headers_mut().insert("x-request-id", own);
    let (_, task) = read(&session.response(&create));
    let other = session.create_with("kirin_v1_t2v", json!({ "prompt": "a fox" }));
    let ledger = serde_json::to_value(ledger(&mut session)).unwrap();
    let made = ledger["charges"][1]["request_id"].as_str().unwrap();
    assert_eq!(made.len(), 32, "{made}");
    let at = 1_769_757_744_271_i64;
    assert_eq!(
        ledger,
        json!({
            "balance": null,
            "spent": "0.46",
            "double_charges": [],
            "charges": [
                {
                    "request_id": "request-7", "external_task_id": "order-42",
                    "task_id": task["id"], "model": MODEL, "amount": "0.21",
                    "charged_at": at, "refunded_at": null, "is_of_proxy": false,
                },
                {
                    "request_id": made, "external_task_id": null,
                    "task_id": other, "model": "kirin_v1_t2v", "amount": "0.25",
                    "charged_at": at, "refunded_at": null, "is_of_proxy": false,
                },
            ],
        })
    );
}

#[test]
fn when_a_task_is_charged_is_a_switch() {
    // What is spent after the create, after a task completed, and after another one failed.
    let check = |config: EmulatorConfig, expected: [&str; 3]| {
        let failing = Lifecycle::default().fail_with("002011095");
        let mut session = Session::new(config.lifecycle_of(Which::Nth(2), failing));
        let mut spent = Vec::new();
        session.create(json!({ "prompt": "a fox" }));
        spent.push(ledger(&mut session).spent().to_string());
        session.advance(3000);
        spent.push(ledger(&mut session).spent().to_string());
        session.create(json!({ "prompt": "a fox" }));
        session.advance(3000);
        spent.push(ledger(&mut session).spent().to_string());
        assert_eq!(spent, expected);
    };
    let charging = |charging| EmulatorConfig::new().charging(charging);
    check(charging(Charging::AtCreate), ["0.21", "0.21", "0.42"]);
    check(charging(Charging::AtCompletion), ["0", "0.21", "0.21"]);
    check(
        charging(Charging::AtCreateRefunded),
        ["0.21", "0.21", "0.21"],
    );
    check(EmulatorConfig::new(), ["0.21", "0.21", "0.21"]);
}

#[test]
fn a_refund_makes_room_for_another_task() {
    let config = EmulatorConfig::new().balance("0.21".parse().unwrap());
    let mut session = Session::new(config.fail_with("002011095"));
    session.create(json!({ "prompt": "a fox" }));
    let refused = |session: &mut Session| session.post(envelope(order("order-42"))).0;
    assert_eq!(refused(&mut session), StatusCode::PAYMENT_REQUIRED);
    session.advance(3000);
    session.create(json!({ "prompt": "a fox" }));
    let ledger = ledger(&mut session);
    let refunded = ledger.charges()[0].refunded_at.unwrap();
    assert_eq!(refunded.milliseconds(), 1_769_757_744_021 + 3000);
    assert_eq!(ledger.charges()[1].refunded_at, None);
}

#[test]
fn a_double_charge_is_found_and_reported() {
    let config = EmulatorConfig::new().duplicates(Duplicates::Accept);
    let mut session = Session::new(config);
    let first = session.create(order("order-42"));
    session.create(order("order-43"));
    ledger(&mut session).assert_charged_once();
    let second = session.create(order("order-42"));
    let ledger = ledger(&mut session);
    let doubles = ledger.double_charges();
    assert_eq!(doubles.len(), 1);
    assert_eq!(doubles[0].external_task_id, "order-42");
    let tasks: Vec<_> = doubles[0]
        .charges
        .iter()
        .map(|charge| &charge.task_id)
        .collect();
    assert_eq!(tasks, [&first, &second]);
    let report = catch_unwind(|| ledger.assert_charged_once()).unwrap_err();
    let report = report.downcast_ref::<String>().unwrap();
    assert!(
        report.starts_with("charged more than once:\n  order-42: 2 times\n"),
        "{report}"
    );
    assert!(
        report.contains(&format!("0.21 USD for task {second}, by request ")),
        "{report}"
    );
}

#[test]
fn a_refused_or_replayed_duplicate_is_not_charged() {
    for duplicates in [Duplicates::Refuse, Duplicates::Replay] {
        let mut session = Session::new(EmulatorConfig::new().duplicates(duplicates));
        session.create(order("order-42"));
        session.post(envelope(order("order-42")));
        assert_eq!(ledger(&mut session).charges().len(), 1);
        ledger(&mut session).assert_charged_once();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_emulator_says_what_it_charged() {
    let config = EmulatorConfig::new().balance("1".parse().unwrap());
    let emulator = Emulator::start(config.task_time(Duration::ZERO))
        .await
        .unwrap();
    let mut wire = Wire::connect(&emulator);
    wire.ask("POST", CREATE, &envelope(order("order-42")));
    emulator.assert_charged_once();
    let ledger = emulator.ledger();
    assert_eq!(ledger.balance().unwrap().to_string(), "0.79");
    assert_eq!(
        ledger.charges()[0].external_task_id.as_deref(),
        Some("order-42")
    );
    emulator.shutdown().await;
}
