//! Gateways, caches and proxies that answer in the place of the service, or ask it twice.

use std::{collections::BTreeSet, time::Duration};

use kirin_emulator::{Duplicates, EmulatorConfig, Lookup};
use kirin_types::{ErrorBody, ErrorReason, Task};
use serde_json::json;

use super::{create, last, query, tasks, with, with_config};
use crate::{support::CREATE, wire::Wire};

#[tokio::test(flavor = "multi_thread")]
async fn fault_gateway_not_found() {
    let mut bodies = BTreeSet::new();
    for seed in 0..60 {
        let rule = json!({ "fault": "gateway_not_found", "count": 2 });
        let emulator = with_config(EmulatorConfig::new().seed(seed), json!([rule])).await;
        let mut wire = Wire::connect(&emulator);
        assert_eq!(create(&mut wire).status, 200);
        let first = query(&mut wire);
        let second = query(&mut wire);
        assert_eq!((first.status, second.status), (404, 404));
        assert_eq!(first.header("x-request-id"), None);
        assert_eq!(first.body.len(), second.body.len(), "one gateway, one form");
        assert!(Task::from_json(&first.body).is_err());
        assert_eq!(query(&mut wire).status, 200, "the route is back");
        bodies.insert(String::from_utf8(first.body).unwrap());
    }
    let json = bodies.iter().filter(|body| body.starts_with('{'));
    assert!(json.count() >= 9, "{bodies:#?}");
    assert!(bodies.contains(r#"{"message":"no Route matched with those values"}"#));
    assert!(bodies.contains(r#"{"detail":"Not Found"}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_gateway_not_found_by_one_upstream_of_two() {
    let emulator = with(json!([{ "fault": "gateway_not_found", "every": 2 }])).await;
    let mut wire = Wire::connect(&emulator);
    assert_eq!(create(&mut wire).status, 200);
    let statuses = [(); 6].map(|()| query(&mut wire).status);
    assert_eq!(statuses, [200, 404, 200, 404, 200, 404]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_cached_not_found() {
    let config = EmulatorConfig::new();
    let rule = json!({ "fault": "cached_not_found", "milliseconds": 60_000 });
    let emulator = with_config(config, json!([rule])).await;
    let mut wire = Wire::connect(&emulator);
    let first = query(&mut wire);
    assert_eq!((first.status, first.header("age")), (404, None));
    assert_eq!(create(&mut wire).status, 200);
    emulator.advance(Duration::from_secs(59));
    let path = format!("{CREATE}/task/order-42?nonce=7f3a");
    wire.send(format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer any\r\n\
         cache-control: no-cache\r\n\r\n"
    ));
    let kept = wire.answer();
    let age = kept.header("age").expect("it came from the cache");
    assert!(["59", "60"].contains(&age), "{age}");
    assert_eq!(
        (kept.status, kept.header("date")),
        (404, first.header("date"))
    );
    assert_eq!(kept.body, first.body);
    emulator.advance(Duration::from_secs(1));
    assert_eq!(query(&mut wire).status, 200, "it was kept for a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_stale_not_found() {
    let emulator = with(json!([{ "fault": "stale_not_found" }])).await;
    let mut wire = Wire::connect(&emulator);
    let first = query(&mut wire);
    assert_eq!(create(&mut wire).status, 200);
    emulator.advance(Duration::from_secs(50));
    let kept = query(&mut wire);
    assert_eq!((kept.status, kept.header("age")), (404, None));
    assert_eq!(kept.body, first.body);
    assert_ne!(kept.header("date"), first.header("date"));
    let path = format!("{CREATE}/task/order-42?nonce=7f3a");
    assert_eq!(wire.ask("GET", &path, "").status, 200, "another key");
    emulator.advance(Duration::from_secs(11));
    assert_eq!(query(&mut wire).status, 200, "it was kept for a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_replayed_post() {
    let emulator = with(json!([{ "fault": "replayed_post" }])).await;
    let mut wire = Wire::connect(&emulator);
    let refused = create(&mut wire);
    assert_eq!((refused.status, tasks(&emulator)), (400, 1));
    let reason = ErrorBody::decode(&refused.body).reason(400);
    assert_eq!(reason, ErrorReason::DuplicateExternalTaskId);
    assert!(
        last(&emulator).task.is_some(),
        "the log knows what was created"
    );
    assert_eq!(query(&mut wire).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_replayed_post_where_duplicates_are_accepted_is_charged_to_the_proxy() {
    let config = EmulatorConfig::new().duplicates(Duplicates::Accept);
    let emulator = with_config(config, json!([{ "fault": "replayed_post" }])).await;
    let answer = create(&mut Wire::connect(&emulator));
    assert_eq!((answer.status, tasks(&emulator)), (200, 2));
    let ledger = emulator.ledger();
    let proxys: Vec<_> = ledger
        .charges()
        .iter()
        .map(|charge| charge.is_of_proxy)
        .collect();
    assert_eq!(proxys, [false, true]);
    let task = Task::from_json(&answer.body).unwrap();
    assert_eq!(task.id().as_str(), ledger.charges()[1].task_id);
    ledger.assert_charged_once();
    // Two of its own are still two.
    let _ = create(&mut Wire::connect(&emulator));
    assert_eq!(emulator.ledger().double_charges().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_refused_replay() {
    let mut statuses = BTreeSet::new();
    for seed in 0..30 {
        let rule = json!({ "fault": "refused_replay" });
        let emulator = with_config(EmulatorConfig::new().seed(seed), json!([rule])).await;
        let mut wire = Wire::connect(&emulator);
        let refused = create(&mut wire);
        assert_eq!(tasks(&emulator), 1);
        let reason = ErrorBody::decode(&refused.body).reason(refused.status);
        assert_ne!(reason, ErrorReason::DuplicateExternalTaskId);
        assert_eq!(query(&mut wire).status, 200, "it was created all the same");
        statuses.insert(refused.status);
    }
    assert_eq!(Vec::from_iter(statuses), [402, 404, 429]);
}

/// What a client adds to get past a cache means nothing to the service.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_may_have_any_query_parameters() {
    for lookup in [Lookup::Works, Lookup::Lags(Duration::ZERO)] {
        let emulator = with_config(EmulatorConfig::new().lookup(lookup), json!([])).await;
        let mut wire = Wire::connect(&emulator);
        let id = create(&mut wire).json()["id"].clone();
        for parameters in ["?", "?nonce=7f3a", "?a=1&a=2&%00", "?id=other"] {
            let path = format!("{CREATE}/task/order-42{parameters}");
            let answer = wire.ask("GET", &path, "");
            assert_eq!(
                (answer.status, &answer.json()["id"]),
                (200, &id),
                "{parameters}"
            );
        }
    }
}
