//! Downloads: who gets one, and how much of it.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use kirin_emulator::{EmulatorConfig, VideoSize, World, artifact::RenderedVideo, world::Reply};
use serde_json::{Value, json};

use crate::support::{Session, file_path, read};

/// A session with one completed task, and the task.
fn completed(config: EmulatorConfig) -> (Session, Value) {
    let mut session = Session::new(config);
    let id = session.create(json!({
        "prompt": "a fox", "mode": "pro", "aspect_ratio": "9:16", "duration": "10",
        "watermark_info": { "enabled": true },
    }));
    session.advance(3000);
    let (_, task) = session.query(&id);
    (session, task)
}

fn keyless(method: Method, path: &str, headers: &[(&str, &str)]) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::new()).unwrap()
}

#[test]
fn a_url_leads_to_the_video_of_its_task() {
    let check = |config: EmulatorConfig, size: (u32, u32)| {
        let (mut session, task) = completed(config);
        let mut seeds = Vec::new();
        for (field, watermark) in [("url", false), ("watermark_url", true)] {
            let get = keyless(Method::GET, &file_path(&task, field), &[]);
            let artifact = session.artifact(&get);
            let spec = artifact.spec();
            assert_eq!(
                (spec.width, spec.height, spec.seconds),
                (size.0, size.1, 10)
            );
            assert_eq!((spec.prompt.as_str(), spec.watermark), ("a fox", watermark));
            seeds.push(spec.seed);
        }
        assert_eq!(seeds[0], seeds[1], "the copy shows the same");
        assert_eq!(session.world.statistics().artifacts_served, 2);
        let (width, height) = size;
        let said = &task["output"][0]["content"][0]["size"];
        assert_eq!(*said, format!("{width}x{height}"));
    };
    check(EmulatorConfig::new(), (1080, 1920));
    check(
        EmulatorConfig::new().video_size(VideoSize::Small),
        (378, 672),
    );
}

#[test]
fn without_the_right_url_there_is_no_video() {
    let (mut session, task) = completed(EmulatorConfig::new());
    let path = file_path(&task, "url");
    let (file, signature) = path.split_once("?signature=").unwrap();
    assert_eq!(signature.len(), 32);
    let mut check = |path: &str, expected: StatusCode| {
        let get = keyless(Method::GET, path, &[]);
        assert_eq!(read(&session.response(&get)).0, expected, "{path}");
    };
    check(file, StatusCode::FORBIDDEN);
    check(&format!("{file}?signature="), StatusCode::FORBIDDEN);
    check(
        &format!("{file}?signature={}", "0".repeat(32)),
        StatusCode::FORBIDDEN,
    );
    check("/artifacts/", StatusCode::NOT_FOUND);
    check("/artifacts/nobody.mp4", StatusCode::NOT_FOUND);
    check(&path.replace(".mp4", ".mov"), StatusCode::NOT_FOUND);
    check(
        &path.replace(".mp4", "-watermarked-watermarked.mp4"),
        StatusCode::NOT_FOUND,
    );
    assert_eq!(session.world.statistics().artifacts_served, 0);
}

#[test]
fn there_is_no_video_before_the_end_nor_after_a_failure() {
    let (mut session, task) = completed(EmulatorConfig::new());
    let get = keyless(Method::GET, &file_path(&task, "url"), &[]);
    assert!(matches!(session.send(&get), Reply::Artifact(_)));

    let check = |config, milliseconds, expected| {
        let mut session = Session::new(config);
        let id = session.create(json!({ "prompt": "a fox" }));
        session.advance(milliseconds);
        let get = keyless(Method::GET, &format!("/artifacts/{id}.mp4"), &[]);
        assert_eq!(session.response(&get).status(), expected);
    };
    check(EmulatorConfig::new(), 2999, StatusCode::NOT_FOUND);
    check(EmulatorConfig::new(), 3000, StatusCode::FORBIDDEN);
    check(
        EmulatorConfig::new().fail_with("002011095"),
        3000,
        StatusCode::NOT_FOUND,
    );
}

#[test]
fn a_copy_that_was_not_asked_for_does_not_exist() {
    let mut session = Session::new(EmulatorConfig::new());
    let id = session.create(json!({ "prompt": "a fox", "watermark_info": { "enabled": false } }));
    session.advance(3000);
    let path = file_path(&session.query(&id).1, "url").replace(".mp4", "-watermarked.mp4");
    let get = keyless(Method::GET, &path, &[]);
    assert_eq!(session.response(&get).status(), StatusCode::NOT_FOUND);
}

#[test]
fn a_key_that_reached_a_download_is_noted() {
    let (mut session, task) = completed(EmulatorConfig::new());
    let path = file_path(&task, "url");
    session.artifact(&keyless(Method::GET, &path, &[]));
    assert_eq!(session.world.notes().count(), 0);
    session.artifact(&keyless(
        Method::GET,
        &path,
        &[("authorization", "Bearer canary")],
    ));
    let notes: Vec<_> = session.world.notes().collect();
    assert!(notes[0].contains("must not see the key"), "{notes:?}");
    assert!(!notes[0].contains("canary"));
}

#[test]
fn a_download_is_whole_a_part_or_refused() {
    let (mut session, task) = completed(EmulatorConfig::new());
    let path = file_path(&task, "url");
    let video = RenderedVideo::new("0123456789");
    let etag = video.etag().to_str().unwrap();
    assert!(
        etag.starts_with('"') && etag.ends_with('"'),
        "{etag} is a strong tag"
    );
    let mut check = |headers: &[(&str, &str)], status, content_range: Option<&str>, body: &str| {
        for method in [Method::GET, Method::HEAD] {
            let is_head = method == Method::HEAD;
            let artifact = session.artifact(&keyless(method, &path, headers));
            let response = artifact.respond(&video);
            let header = |name| Some(response.headers().get(name)?.to_str().unwrap());
            assert_eq!(header("content-type"), Some("video/mp4"));
            assert_eq!(header("accept-ranges"), Some("bytes"));
            assert_eq!(header("etag"), Some(etag));
            assert!(header("x-request-id").is_some());
            if is_head {
                assert_eq!(
                    response.status(),
                    StatusCode::OK,
                    "HTTP has no ranges for HEAD"
                );
                assert_eq!(header("content-length"), Some("10"));
                assert!(response.body().is_empty());
                continue;
            }
            assert_eq!(response.status(), status, "{headers:?}");
            assert_eq!(header("content-range"), content_range);
            assert_eq!(
                header("content-length"),
                Some(body.len().to_string().as_str())
            );
            assert_eq!(response.body(), body);
        }
    };
    let (whole, part) = (StatusCode::OK, StatusCode::PARTIAL_CONTENT);
    check(&[], whole, None, "0123456789");
    check(&[("range", "bytes=2-4")], part, Some("bytes 2-4/10"), "234");
    check(&[("range", "bytes=7-")], part, Some("bytes 7-9/10"), "789");
    check(&[("range", "bytes=-3")], part, Some("bytes 7-9/10"), "789");
    check(
        &[("range", "bytes=0-99")],
        part,
        Some("bytes 0-9/10"),
        "0123456789",
    );
    let unsatisfiable = StatusCode::RANGE_NOT_SATISFIABLE;
    check(
        &[("range", "bytes=10-")],
        unsatisfiable,
        Some("bytes */10"),
        "",
    );
    check(&[("range", "bytes=0-1,4-5")], whole, None, "0123456789");
    check(
        &[("range", "bytes=2-4"), ("if-range", etag)],
        part,
        Some("bytes 2-4/10"),
        "234",
    );
    check(&[("if-range", etag)], whole, None, "0123456789");
    let weak = format!("W/{etag}");
    for other in [&weak, "\"other\"", "Thu, 01 Jan 2026 00:00:00 GMT", ""] {
        check(
            &[("range", "bytes=2-4"), ("if-range", other)],
            whole,
            None,
            "0123456789",
        );
    }
}

#[test]
fn a_download_has_no_body_either() {
    let (mut session, task) = completed(EmulatorConfig::new());
    let get = Request::get(file_path(&task, "url"))
        .body(Bytes::from(vec![b' '; World::MAX_BODY_BYTES + 1]))
        .unwrap();
    assert_eq!(
        session.response(&get).status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
}
