//! The time of an emulator: as on the wall, faster, or frozen and advanced.

use std::{num::NonZeroU32, time::Duration};

use http::StatusCode;
use kirin_emulator::{Emulator, EmulatorConfig, Pace, VideoSize, world::Reply};
use serde_json::json;

use crate::{
    support::{CREATE, Session, envelope, file_path, request},
    wire::Wire,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn with(pace: Pace) -> Emulator {
    let config = EmulatorConfig::new().clock(pace);
    let config = config.video_size(VideoSize::Small);
    Emulator::start(config).await.unwrap()
}

fn create(wire: &mut Wire) -> String {
    let body = envelope(json!({ "prompt": "a fox" }));
    let created = wire.ask("POST", CREATE, &body).json();
    format!("{CREATE}/task/{}", created["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_clock_moves_only_when_it_is_advanced() {
    let emulator = with(Pace::Frozen).await;
    let mut wire = Wire::connect(&emulator);
    let task = create(&mut wire);
    let mut check = |advance, status: &str, progress| {
        emulator.advance(Duration::from_millis(advance));
        let answer = wire.ask("GET", &task, "").json();
        assert_eq!(
            (&answer["status"], &answer["progress"]),
            (&json!(status), &progress)
        );
    };
    check(0, "in_progress", json!(0.0));
    check(1500, "in_progress", json!(0.5));
    check(1499, "in_progress", json!(0.99));
    check(1, "completed", json!(null));
    emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faster_clock_makes_tasks_shorter() {
    // Three seconds are over within a few microseconds.
    let factor = NonZeroU32::new(1_000_000).unwrap();
    let emulator = with(Pace::Faster(factor)).await;
    assert_eq!(emulator.typical_time(), Duration::from_micros(3));
    let mut wire = Wire::connect(&emulator);
    let task = create(&mut wire);
    assert_eq!(wire.ask("GET", &task, "").json()["status"], "completed");
    emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_expires_after_thirty_days_that_take_no_time() {
    let emulator = with(Pace::Frozen).await;
    let mut wire = Wire::connect(&emulator);
    let task = create(&mut wire);
    emulator.advance(EmulatorConfig::TASK_TIME);
    let url = |wire: &mut Wire| {
        let answer = wire.ask("GET", &task, "").json();
        let url = answer["output"][0]["content"][0]["url"].as_str().unwrap();
        url.strip_prefix(emulator.base_url()).unwrap().to_owned()
    };
    let path = url(&mut wire);
    emulator.advance(30 * DAY - Duration::from_millis(1));
    assert_eq!(wire.download(&path, "range: bytes=0-7\r\n").status, 206);
    emulator.advance(Duration::from_millis(1));
    let expired = wire.download(&path, "");
    assert_eq!(expired.status, 404);
    assert!(String::from_utf8_lossy(&expired.body).contains("has expired"));
    // What is cleared stays cleared: another query gives no other URL.
    assert_eq!(url(&mut wire), path);
    emulator.shutdown().await;
}

#[test]
fn the_lifetime_of_videos_can_be_set() {
    let config = EmulatorConfig::new().video_lifetime(Duration::from_secs(60));
    let mut session = Session::new(config);
    let id = session.create(json!({ "prompt": "a fox" }));
    session.advance(3000);
    let path = file_path(&session.query(&id).1, "url");
    let download = request(http::Method::GET, &path, "");
    session.advance(59_999);
    assert!(matches!(session.send(&download), Reply::Artifact(_)));
    session.advance(1);
    assert_eq!(session.response(&download).status(), StatusCode::NOT_FOUND);
}
