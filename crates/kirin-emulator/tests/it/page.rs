//! The page at `/`, and the endpoints that it asks. `cargo xtask page` looks at it in a browser.

use kirin_emulator::{Emulator, EmulatorConfig, Lifecycle, Pace, VideoSize};
use serde_json::{Value, json};

use crate::{
    support::{CREATE, envelope},
    wire::{Answer, Wire},
};

const FILES: [(&str, &str); 4] = [
    ("/", "text/html; charset=utf-8"),
    ("/_emulator/icon.svg", "image/svg+xml"),
    ("/_emulator/page.css", "text/css; charset=utf-8"),
    ("/_emulator/page.js", "text/javascript; charset=utf-8"),
];

async fn started(config: EmulatorConfig) -> Emulator {
    Emulator::start(config.video_size(VideoSize::Small))
        .await
        .unwrap()
}

fn get(emulator: &Emulator, path: &str) -> Answer {
    let mut wire = Wire::connect(emulator);
    let address = emulator.address();
    wire.send(format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n"));
    wire.answer()
}

fn text(emulator: &Emulator, path: &str) -> String {
    String::from_utf8(get(emulator, path).body).unwrap()
}

fn state(emulator: &Emulator) -> Value {
    get(emulator, "/_emulator/state").json()
}

fn create(emulator: &Emulator, params: Value) -> String {
    let created = Wire::connect(emulator).ask("POST", CREATE, &envelope(params));
    created.json()["id"].as_str().unwrap().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_the_emulator_and_nobody_else_may_frame_it() {
    let emulator = started(EmulatorConfig::new()).await;
    for (path, media_type) in FILES {
        let page = get(&emulator, path);
        assert_eq!(page.status, 200, "{path}");
        for (name, value) in [
            ("content-type", media_type),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path}");
        }
        let policy = page.header("content-security-policy").unwrap();
        let directives: Vec<_> = policy.split("; ").collect();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ] {
            assert!(directives.contains(&directive), "{policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
    }
    assert!(emulator.requests().is_empty(), "to look is no request");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_for_this_machine_and_cannot_be_written_to() {
    let emulator = started(EmulatorConfig::new()).await;
    let address = emulator.address();
    for (path, _) in FILES {
        let length = get(&emulator, path)
            .header("content-length")
            .map(String::from);
        let mut wire = Wire::connect(&emulator);
        wire.send(format!("HEAD {path} HTTP/1.1\r\nhost: {address}\r\n\r\n"));
        let head = wire.head();
        assert_eq!(
            (head.status, head.header("content-length")),
            (200, length.as_deref())
        );
        // The connection goes on with the next answer: the HEAD had no body.
        wire.send(format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n"
        ));
        let refused = wire.answer();
        assert_eq!(
            (refused.status, refused.header("allow")),
            (405, Some("get, head"))
        );
        wire.send(format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\n\r\n"));
        assert_eq!(wire.answer().status, 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_needs_nothing_from_elsewhere() {
    let emulator = started(EmulatorConfig::new()).await;
    for (path, _) in FILES {
        let file = text(&emulator, path);
        // The name of SVG's vocabulary looks like an address, and is never asked for.
        let file = file.replace("http://www.w3.org/2000/svg", "");
        for outside in [
            "http:",
            "https:",
            "=\"//",
            "url(",
            "@import",
            "innerHTML",
            "eval(",
        ] {
            assert!(!file.contains(outside), "{path} has {outside}");
        }
    }
    let page = text(&emulator, "/");
    for inline in [
        "<style",
        "style=",
        " onclick",
        " onload",
        " onerror",
        "javascript:",
    ] {
        assert!(!page.contains(inline), "{inline}");
    }
    let asked_for: Vec<_> = page
        .split(['"', '\''])
        .filter(|word| word.starts_with("_emulator/"))
        .collect();
    let files = FILES[1..].iter().map(|(path, _)| &path[1..]);
    assert_eq!(asked_for, files.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_lists_the_latest_tasks() {
    let emulator = started(EmulatorConfig::new().clock(Pace::Frozen)).await;
    assert_eq!(state(&emulator)["tasks"], json!([]));
    let long = "a fox ".repeat(100);
    let id = create(
        &emulator,
        json!({ "prompt": long, "external_task_id": "order-42" }),
    );
    let mut expected = json!({
        "id": id,
        "external_task_id": "order-42",
        "model": "kirin_v2_5_turbo_t2v",
        "status": "in_progress",
        "progress": 0.0,
        "error_code": null,
        "created_ms": 0,
        "ended_ms": null,
        "price": "0.21",
        "prompt": &long[..200],
        "seconds": 5,
        "width": 448,
        "height": 252,
        "video": null,
    });
    assert_eq!(state(&emulator)["tasks"][0], expected);
    emulator.advance(EmulatorConfig::TASK_TIME / 2);
    assert_eq!(state(&emulator)["tasks"][0]["progress"], 0.5);
    emulator.advance(EmulatorConfig::TASK_TIME);
    expected["status"] = "completed".into();
    expected["progress"] = Value::Null;
    expected["ended_ms"] = 3000.into();
    expected["video"] = format!("videos/{id}.mp4").into();
    assert_eq!(state(&emulator)["tasks"][0], expected);

    let ids: Vec<_> = (0..100)
        .map(|number| create(&emulator, json!({ "prompt": number.to_string() })))
        .collect();
    emulator.fail(&ids[99], "002011095").unwrap();
    let state = state(&emulator);
    let tasks = state["tasks"].as_array().unwrap();
    let listed = tasks.iter().map(|task| task["id"].as_str().unwrap());
    assert!(
        listed.eq(ids.iter().rev()),
        "the latest 100, the newest first"
    );
    assert_eq!(
        (
            &tasks[0]["status"],
            &tasks[0]["error_code"],
            &tasks[0]["video"]
        ),
        (&json!("failed"), &json!("002011095"), &Value::Null)
    );
    assert_eq!(state["statistics"]["tasks_created"], 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn to_look_at_a_task_is_no_query_of_it() {
    let config = EmulatorConfig::new().lifecycle(Lifecycle::after_queries(2));
    let emulator = started(config).await;
    let id = create(&emulator, json!({ "prompt": "a fox" }));
    for _ in 0..5 {
        assert_eq!(state(&emulator)["tasks"][0]["progress"], 0.0);
    }
    assert_eq!(emulator.statistics().queries_received, 0);
    let query = format!("{CREATE}/task/{id}");
    Wire::connect(&emulator).ask("GET", &query, "");
    assert_eq!(state(&emulator)["tasks"][0]["progress"], 0.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_videos_of_the_page_leave_no_trace() {
    let config = EmulatorConfig::new().clock(Pace::Frozen);
    let emulator = started(config).await;
    let id = create(&emulator, json!({ "prompt": "a fox" }));
    let path = format!("/_emulator/videos/{id}.mp4");
    assert_eq!(get(&emulator, &path).status, 404, "it is not there yet");
    emulator.advance(EmulatorConfig::TASK_TIME);
    let video = get(&emulator, &path);
    assert_eq!(
        (video.status, video.header("content-type")),
        (200, Some("video/mp4"))
    );
    assert_eq!(&video.body[4..8], b"ftyp");

    let mut wire = Wire::connect(&emulator);
    let address = emulator.address();
    let range = "range: bytes=4-7\r\n";
    wire.send(format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\n{range}\r\n"
    ));
    let part = wire.answer();
    assert_eq!((part.status, &part.body[..]), (206, &b"ftyp"[..]));
    wire.send(format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\n\r\n"));
    assert_eq!(wire.answer().status, 403);

    assert_eq!(emulator.statistics().artifacts_served, 0);
    assert_eq!(emulator.requests().len(), 1, "the create alone");
    emulator.advance(EmulatorConfig::VIDEO_LIFETIME);
    assert_eq!(get(&emulator, &path).status, 404, "it was cleared");
    assert_eq!(state(&emulator)["tasks"][0]["video"], Value::Null);
}
