//! The emulator calls the client's receiver back.

use std::time::Duration;

use kirin_client::{CallbackReceiver, Client};
use kirin_emulator::{CallbackBody, Callbacks, Emulator, EmulatorConfig, Scenario};
use kirin_types::{GenerationRequest, TaskState};

/// How many queries a generation of 300 ms needs. A client that expects callbacks would query for
/// the first time after the typical time of the model, which is 45 s.
async fn queries(config: EmulatorConfig) -> u64 {
    let config = config.task_time(Duration::from_millis(300));
    let emulator = Emulator::start(config).await.unwrap();
    let client = Client::builder("any-key".parse().unwrap())
        .base_url(emulator.base_url().parse().unwrap())
        .expects_callbacks()
        .build()
        .unwrap();
    let receiver = CallbackReceiver::builder(&client)
        .bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let url = receiver.url(&format!("http://{}", receiver.address()));
    let request = GenerationRequest::builder("a fox").callback_url(url);
    let task = client
        .submit(request.build().unwrap())
        .await
        .unwrap()
        .await
        .unwrap();
    assert!(matches!(task.state(), TaskState::Completed { .. }));
    emulator.statistics().queries_received
}

#[tokio::test]
async fn the_emulator_wakes_a_client_that_then_needs_few_queries() {
    // One for the callback that it is in progress, and one or two around its end: a client asks
    // once a second at most.
    let few = 1..=4;
    let new = EmulatorConfig::new;
    let plain = queries(new()).await;
    assert!(few.contains(&plain), "{plain}");
    let kling = queries(new().callbacks(Callbacks::new().body(CallbackBody::Kling))).await;
    assert!(few.contains(&kling), "{kling}");
    for fault in ["before_answer", "forged", "repeated", "reordered"] {
        let json = format!(r#"{{"rules": [{{"fault": "callback_{fault}"}}]}}"#);
        let disturbed = queries(new().scenario(Scenario::from_json(&json).unwrap())).await;
        assert!(few.contains(&disturbed), "{fault}: {disturbed}");
    }
}
