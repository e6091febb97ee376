//! Where an emulator listens, and by which names it answers.

use std::{io, time::Duration};

use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};

use crate::{
    support::{CREATE, MODEL},
    wire::{Answer, Wire},
};

fn config() -> EmulatorConfig {
    let config = EmulatorConfig::new().task_time(Duration::ZERO);
    config.video_size(VideoSize::Small)
}

/// A create under a `Host`, with more headers.
fn create(emulator: &Emulator, host: &str, headers: &str) -> Answer {
    let body = format!(r#"{{"model":"{MODEL}","input":[{{"params":{{"prompt":"a fox"}}}}]}}"#);
    let mut wire = Wire::connect(emulator);
    wire.send(format!(
        "POST {CREATE} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer any\r\n\
         content-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    ));
    wire.answer()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emulator_listens_where_it_is_set_to_and_answers_by_that_address() {
    let config = config().listen("127.0.0.2".parse().unwrap());
    let emulator = Emulator::start(config).await.unwrap();
    let address = emulator.address();
    assert_eq!(address.ip().to_string(), "127.0.0.2");
    assert_eq!(emulator.base_url(), format!("http://{address}"));
    let task = create(&emulator, &address.to_string(), "").json();
    let url = task["output"][0]["content"][0]["url"].to_string();
    assert!(url.contains(&format!("http://{address}/")), "{url}");
    assert_eq!(create(&emulator, "localhost", "").status, 200);
    assert_eq!(create(&emulator, "127.0.0.3", "").status, 403);
    assert_eq!(create(&emulator, "emulator:4010", "").status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emulator_on_all_addresses_calls_itself_by_loopback() {
    let config = config().listen("0.0.0.0".parse().unwrap());
    let port = {
        let emulator = Emulator::start(config.clone()).await.unwrap();
        let port = emulator.address().port();
        assert_eq!(emulator.base_url(), format!("http://127.0.0.1:{port}"));
        assert_eq!(create(&emulator, "127.0.0.1", "").status, 200);
        assert_eq!(create(&emulator, "0.0.0.0", "").status, 403);
        port
    };
    assert_ne!(port, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_name_is_answered_and_stands_in_the_urls() {
    let emulator = Emulator::start(config().host_name("emulator"))
        .await
        .unwrap();
    let port = emulator.address().port();
    assert_eq!(emulator.base_url(), format!("http://emulator:{port}"));
    for host in [
        format!("emulator:{port}"),
        "Emulator".into(),
        "127.0.0.1".into(),
    ] {
        let created = create(&emulator, &host, "");
        assert_eq!(created.status, 200, "{host}");
        let url = created.json()["output"][0]["content"][0]["url"].to_string();
        assert!(url.contains(&format!("http://emulator:{port}/")), "{url}");
        let own = format!("origin: http://{host}\r\nsec-fetch-site: same-origin\r\n");
        assert_eq!(create(&emulator, &host, &own).status, 200, "{host}");
    }
    for host in [
        "emulator.evil.example",
        "evil.example",
        "emulator@evil.example",
        "",
    ] {
        let refused = create(&emulator, host, "");
        assert_eq!(refused.status, 403, "{host}");
        let said = refused.json()["message"].to_string();
        assert!(said.contains("--host-name"), "{said}");
    }
    let foreign = "origin: http://evil.example\r\n";
    assert_eq!(create(&emulator, "emulator", foreign).status, 403);
}

#[tokio::test]
async fn what_cannot_be_the_name_of_a_host_is_an_error() {
    for name in [
        "",
        "emulator:4010",
        "http://emulator",
        "two words",
        "a/b",
        "line\nend",
        &"x".repeat(254),
    ] {
        let started = Emulator::start(config().host_name(name)).await;
        assert_eq!(
            started.unwrap_err().kind(),
            io::ErrorKind::InvalidInput,
            "{name:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_task_says_how_long_tasks_take_here() {
    for (milliseconds, expected) in [(0, "0"), (200, "200"), (20_000, "20000")] {
        let config = config().task_time(Duration::from_millis(milliseconds));
        let emulator = Emulator::start(config).await.unwrap();
        let mut created = create(&emulator, "localhost", "");
        let said = |answer: &Answer| {
            answer
                .header("x-kirin-typical-milliseconds")
                .map(str::to_owned)
        };
        assert_eq!(said(&created).as_deref(), Some(expected));
        let id = created.json()["id"].as_str().unwrap().to_owned();
        let mut wire = Wire::connect(&emulator);
        created = wire.ask("GET", &format!("{CREATE}/task/{id}"), "");
        assert_eq!(said(&created).as_deref(), Some(expected));
    }
}
