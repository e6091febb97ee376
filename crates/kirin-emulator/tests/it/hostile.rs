//! Clients that mean no good, or know no better: the emulator answers or refuses, and lives on.

use std::collections::VecDeque;

use kirin_emulator::{Emulator, EmulatorConfig, World};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{support::CREATE, wire::Wire};

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
async fn a_page_of_another_origin_reaches_nothing_of_the_api() {
    let emulator = started().await;
    let body = r#"{"model":"kirin_v2_5_turbo_t2v","input":[{"params":{"prompt":"a fox"}}]}"#;
    let create = |headers: &str| {
        let length = body.len();
        let mut wire = Wire::connect(&emulator);
        wire.send(format!(
            "POST {CREATE} HTTP/1.1\r\nauthorization: Bearer any\r\ncontent-type: application/json\r\n\
             {headers}content-length: {length}\r\n\r\n{body}"
        ));
        wire.answer().status
    };
    for headers in [
        "host: evil.example\r\n",
        "host: 169.254.169.254\r\n",
        "host: localhost\r\norigin: https://evil.example\r\n",
        "host: localhost\r\norigin: null\r\n",
        "host: localhost:4010\r\norigin: http://localhost:3000\r\n",
        "host: localhost\r\nsec-fetch-site: cross-site\r\n",
    ] {
        assert_eq!(create(headers), 403, "{headers}");
    }
    assert_eq!(emulator.statistics().creates_received, 0);
    // A program says less of itself.
    for headers in ["host: localhost\r\n", "host: 127.0.0.1:80\r\n"] {
        assert_eq!(create(headers), 200, "{headers}");
    }
    assert_eq!(emulator.statistics().tasks_created, 2);
}

/// A world keeps its tasks for as long as it lives.
#[tokio::test(flavor = "multi_thread")]
async fn a_url_of_a_megabyte_is_not_kept() {
    let emulator = started().await;
    let url = |length: usize| {
        let start = "https://example.com/";
        format!("{start}{}", "a".repeat(length - start.len()))
    };
    for (name, length, status) in [
        ("callback_url", 2048, 200),
        ("callback_url", 2049, 400),
        ("callback_url", 900_000, 400),
        ("image", 2049, 400),
    ] {
        let mut params = serde_json::json!({ "prompt": "a fox" });
        params[name] = url(length).into();
        let model = match name {
            "image" => "kirin_v2_5_turbo_i2v",
            _ => "kirin_v2_5_turbo_t2v",
        };
        let body = serde_json::json!({ "model": model, "input": [{ "params": params }] });
        let answer = Wire::connect(&emulator).ask("POST", CREATE, &body.to_string());
        assert_eq!(answer.status, status, "{name} of {length}");
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(
            said.contains(&format!("{name} has more than 2048 characters")),
            status == 400,
            "{said}"
        );
    }
}
