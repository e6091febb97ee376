//! Clients that mean no good, or know no better: the emulator answers or refuses, and lives on.

use std::{collections::VecDeque, time::Duration};

use kirin_emulator::{Emulator, EmulatorConfig, World};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    support::CREATE,
    wire::{Answer, Wire},
};

/// How many connections are open at the same time: with both ends in this process, and with what
/// else it has open, within the 1024 descriptors that many systems allow.
const HELD: usize = 400;

async fn started() -> Emulator {
    Emulator::start(EmulatorConfig::new()).await.unwrap()
}

fn lives(emulator: &Emulator) {
    let models = Wire::connect(emulator).ask("GET", "/api/v1/skill/models", "");
    assert_eq!(models.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_connections() {
    let emulator = started().await;
    let mut held = VecDeque::new();
    for number in 0..10_000 {
        if held.len() == HELD {
            held.pop_front();
        }
        let mut wire = Wire::connect(&emulator);
        match number % 3 {
            0 => wire.send("GET / HT"),
            1 => wire.send("\0\r\n\r\n"),
            _ => {}
        }
        held.push_back(wire);
    }
    lives(&emulator);
}

#[tokio::test(start_paused = true)]
async fn heads_that_never_end_are_not_waited_for() {
    let emulator = started().await;
    let mut slow = Vec::new();
    for _ in 0..HELD {
        let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
        stream.write_all(b"GET / HT").await.unwrap();
        slow.push(stream);
    }
    for mut stream in slow {
        // The clock goes on by itself as long as nobody else does.
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 408"));
    }
    assert_eq!(emulator.statistics().requests_received, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gigabyte_is_not_read() {
    let emulator = started().await;
    let mut wire = Wire::connect(&emulator);
    wire.send(format!(
        "POST {CREATE} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer any\r\n\
         transfer-encoding: chunked\r\n\r\n"
    ));
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1 << 20));
    let sent = (0..1024).take_while(|_| wire.try_send(&chunk)).count();
    assert!(sent < 1024, "it was cut off after {sent} MiB");
    assert!(sent >= World::MAX_BODY_BYTES >> 20);
    assert_eq!(emulator.statistics().creates_received, 0);
    lives(&emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_do_not_exist_are_refused() {
    let emulator = started().await;
    let long = "A".repeat(10_000);
    for method in ["BREW", "get", "CONNECT", "TRACE", "PATCH", &long] {
        for target in [CREATE, "/_emulator/state", "/artifacts/a.mp4"] {
            let mut wire = Wire::connect(&emulator);
            wire.send(format!(
                "{method} {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n\
                 content-type: application/json\r\ncontent-length: 0\r\n\r\n"
            ));
            let status = wire.head().status;
            assert!((400..500).contains(&status), "{method} {target}: {status}");
        }
    }
    let longest = emulator
        .requests()
        .into_iter()
        .map(|request| request.method.len());
    assert!(longest.max() <= Some(20));
    lives(&emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_reach_nothing_of_its_own() {
    let emulator = started().await;
    for host in [
        "evil.example",
        "169.254.169.254",
        "",
        "127.0.0.1.evil.example:80",
    ] {
        let mut wire = Wire::connect(&emulator);
        wire.send(format!(
            "GET /_emulator/state HTTP/1.1\r\nhost: {host}\r\n\r\n"
        ));
        assert_eq!(wire.answer().status, 403, "{host}");
    }
    lives(&emulator);
}

/// A page in a browser can reach loopback, and could create tasks whose callbacks go to any local port.
#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_and_pages_of_other_origins_reach_nothing_of_the_api() {
    let emulator = started().await;
    let (_, video) = completed(&emulator);
    let served = emulator.statistics();
    for target in [
        format!("POST {CREATE}"),
        format!("GET {CREATE}/task/order-42"),
        "GET /api/v1/skill/models".into(),
        format!("GET {video}"),
        format!("OPTIONS {CREATE}"),
        "GET /nothing".into(),
    ] {
        for headers in [
            "",
            "host: evil.example\r\n",
            "host: 169.254.169.254\r\n",
            "host: localhost\r\nhost: evil.example\r\n",
            "host: localhost\r\norigin: https://evil.example\r\n",
            "host: localhost\r\norigin: null\r\n",
            "host: localhost:4010\r\norigin: http://localhost:3000\r\n",
            "host: localhost\r\nsec-fetch-site: cross-site\r\n",
            "host: localhost\r\nsec-fetch-site: same-site\r\n",
        ] {
            let refused = ask(&emulator, &target, headers);
            assert_eq!(refused.status, 403, "{target} {headers}");
            assert!(!refused.head.contains("access-control"), "{refused:?}");
        }
    }
    let absolute = format!("POST http://evil.example{CREATE}");
    assert_eq!(ask(&emulator, &absolute, "host: localhost\r\n").status, 403);
    assert_eq!(emulator.statistics(), served);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_and_the_own_page_reach_the_api_by_every_name_of_this_machine() {
    let emulator = started().await;
    let (id, video) = completed(&emulator);
    let port = emulator.address().port();
    for host in [
        "localhost".to_owned(),
        "127.0.0.1:80".into(),
        format!("[::1]:{port}"),
        format!("LocalHost:{port}"),
    ] {
        for headers in [
            format!("host: {host}\r\n"),
            format!("host: {host}\r\norigin: http://{host}\r\nsec-fetch-site: same-origin\r\n"),
            format!("host: {host}\r\nsec-fetch-site: none\r\n"),
        ] {
            for target in [
                format!("POST {CREATE}"),
                format!("GET {CREATE}/task/{id}"),
                format!("GET {video}"),
                format!("GET /_emulator/videos/{id}.mp4"),
            ] {
                let answer = ask(&emulator, &target, &headers);
                assert_eq!(answer.status, 200, "{target} {headers}");
            }
        }
    }
}

/// The refusal comes when the body was read: a connection that is closed under a sender may lose it.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_with_a_long_body_gets_to_read_why() {
    let emulator = started().await;
    let mut wire = Wire::connect(&emulator);
    let body = " ".repeat(8 << 20);
    wire.send(format!(
        "POST {CREATE} HTTP/1.1\r\nhost: emulator:4010\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    let refused = wire.answer();
    assert_eq!(refused.status, 403);
    let said = refused.json()["message"].to_string();
    assert!(said.contains("127.0.0.1, localhost and [::1]"), "{said}");
}

/// A request with a key, the body of a create and these headers.
fn ask(emulator: &Emulator, target: &str, headers: &str) -> Answer {
    let body = r#"{"model":"kirin_v2_5_turbo_t2v","input":[{"params":{"prompt":"a fox"}}]}"#;
    let body = if target.starts_with("POST") { body } else { "" };
    let length = body.len();
    let mut wire = Wire::connect(emulator);
    wire.send(format!(
        "{target} HTTP/1.1\r\nauthorization: Bearer any\r\ncontent-type: application/json\r\n\
         {headers}content-length: {length}\r\n\r\n{body}"
    ));
    wire.answer()
}

/// The id of a completed task, and the path of its video.
fn completed(emulator: &Emulator) -> (String, String) {
    let created = ask(emulator, &format!("POST {CREATE}"), "host: localhost\r\n").json();
    let id = created["id"].as_str().unwrap().to_owned();
    emulator.advance(Duration::from_secs(3600));
    let query = format!("GET {CREATE}/task/{id}");
    let task = ask(emulator, &query, "host: localhost\r\n").json();
    let url = task["output"][0]["content"][0]["url"].as_str().unwrap();
    let (_, path) = url.split_once("/artifacts").unwrap();
    (id, format!("/artifacts{path}"))
}

/// A world keeps its tasks for as long as it lives.
#[tokio::test(flavor = "multi_thread")]
async fn a_url_of_more_than_2048_characters_is_refused_in_every_form() {
    let (image, text) = ("kirin_v1_6_i2v", "kirin_v2_5_turbo_t2v");
    for is_lenient in [false, true] {
        let config = match is_lenient {
            true => EmulatorConfig::new().lenient(),
            false => EmulatorConfig::new(),
        };
        let emulator = Emulator::start(config).await.unwrap();
        for (model, name, start, length, status) in [
            (text, "callback_url", "https://example.com/", 2048, 200),
            (text, "callback_url", "https://example.com/", 2049, 400),
            (text, "callback_url", "HTTPS://example.com/", 2049, 400),
            (text, "callback_url", "https://example.com/", 900_000, 400),
            (image, "image", "https://example.com/", 2048, 200),
            (image, "image", "https://example.com/", 2049, 400),
            (image, "image", "HtTp://example.com/", 2049, 400),
            (image, "image_tail", "https://example.com/", 2049, 400),
            // A prompt may begin as it likes.
            (text, "prompt", "https://example.com/", 2500, 200),
        ] {
            let value = format!("{start}{}", "\u{e9}".repeat(length - start.len()));
            let mut params = json!({ "prompt": "a fox" });
            if model == image {
                params["image"] = "https://example.com/fox.png".into();
                params["mode"] = "pro".into();
            }
            params[name] = value.into();
            let enveloped = json!({ "model": model, "input": [{ "params": params }] });
            let mut flat = params;
            flat["model"] = model.into();
            for body in [enveloped, flat] {
                let answer = Wire::connect(&emulator).ask("POST", CREATE, &body.to_string());
                assert_eq!(answer.status, status, "{name} of {length}: {answer:?}");
                let said = String::from_utf8_lossy(&answer.body).into_owned();
                let is_told = said.contains(&format!("{name} has more than 2048 characters"));
                assert_eq!(is_told, status == 400, "{said}");
            }
        }
    }
}
