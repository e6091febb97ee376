//! Transcripts of whole sessions. The world is asked itself, at a fixed port and a fixed start,
//! so nothing needs to be redacted.

use std::fmt::Write;

use bytes::Bytes;
use http::{Method, Request};
use kirin_emulator::{Duplicates, EmulatorConfig, World, world::Reply};
use serde_json::{Value, json};

use crate::support::{CREATE, MODEL, Session, envelope, envelope_of, file_path, request};

/// A session that writes down what is said.
struct Transcript {
    session: Session,
    text: String,
}

impl Transcript {
    fn new(config: EmulatorConfig) -> Self {
        Self {
            session: Session::new(config),
            text: String::new(),
        }
    }

    fn advance(&mut self, milliseconds: u64) {
        self.session.advance(milliseconds);
        let elapsed = self.session.elapsed;
        writeln!(self.text, "-- {elapsed:?}\n").unwrap();
    }

    fn get(&mut self, path: &str) -> Value {
        self.send(&request(Method::GET, path, ""))
    }

    fn post(&mut self, body: impl Into<String>) -> Value {
        self.send(&request(Method::POST, CREATE, body.into()))
    }

    fn send(&mut self, request: &Request<Bytes>) -> Value {
        self.write_request(request);
        match self.session.send(request) {
            Reply::Response(response) => {
                writeln!(self.text, "< {}", response.status()).unwrap();
                for (name, value) in response.headers() {
                    writeln!(self.text, "< {name}: {}", value.to_str().unwrap()).unwrap();
                }
                let body = serde_json::from_slice(response.body()).unwrap();
                writeln!(self.text, "{}\n", String::from_utf8_lossy(response.body())).unwrap();
                body
            }
            Reply::Artifact(artifact) => {
                let spec = artifact.spec();
                writeln!(self.text, "< the video {}: {spec:#?}\n", artifact.name()).unwrap();
                Value::Null
            }
            reply => panic!("{reply:?}"),
        }
    }

    fn write_request(&mut self, request: &Request<Bytes>) {
        writeln!(self.text, "> {} {}", request.method(), request.uri()).unwrap();
        for (name, value) in request.headers() {
            writeln!(self.text, "> {name}: {}", value.to_str().unwrap()).unwrap();
        }
        match String::from_utf8_lossy(request.body()) {
            body if body.is_empty() => {}
            body if body.len() > 1000 => writeln!(self.text, "({} bytes)", body.len()).unwrap(),
            body => writeln!(self.text, "{body}").unwrap(),
        }
    }
}

fn full() -> Value {
    json!({
        "prompt": "a paper boat on a rainy street", "duration": "10", "aspect_ratio": "9:16",
        "mode": "pro", "negative_prompt": "text", "watermark_info": { "enabled": true },
        "callback_url": "https://example.com/hook", "external_task_id": "order-42",
    })
}

#[test]
fn a_session() {
    let mut transcript = Transcript::new(EmulatorConfig::new());
    let created = transcript.post(envelope(full()));
    let path = format!("{CREATE}/task/{}", created["id"].as_str().unwrap());
    transcript.get(&path);
    transcript.advance(1300);
    transcript.get(&path);
    transcript.get("/model/v1/generation/task/order-42");
    transcript.advance(1700);
    let completed = transcript.get(&path);
    for field in ["url", "watermark_url"] {
        let download = Request::get(file_path(&completed, field))
            .body(Bytes::new())
            .unwrap();
        transcript.send(&download);
    }
    insta::assert_snapshot!(transcript.text);
}

#[test]
fn a_failing_session() {
    let mut transcript = Transcript::new(EmulatorConfig::new().fail_with("002011096"));
    let created = transcript.post(envelope(json!({ "prompt": "a fox" })));
    transcript.advance(3000);
    transcript.get(&format!(
        "{CREATE}/task/{}",
        created["id"].as_str().unwrap()
    ));
    insta::assert_snapshot!(transcript.text);
}

#[test]
fn duplicates() {
    let mut text = String::new();
    for duplicates in [Duplicates::Refuse, Duplicates::Replay, Duplicates::Accept] {
        let mut transcript = Transcript::new(EmulatorConfig::new().duplicates(duplicates));
        let body = json!({ "prompt": "a fox", "external_task_id": "order-42" });
        transcript.post(envelope(body.clone()));
        transcript.advance(3000);
        transcript.post(envelope(body));
        transcript.get("/model/v1/generation/task/order-42");
        write!(text, "=== {duplicates:?}\n\n{}", transcript.text).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_flat_body() {
    let mut transcript = Transcript::new(EmulatorConfig::new());
    transcript.post(json!({ "model": MODEL, "prompt": "a fox" }).to_string());
    for note in transcript.session.world.notes() {
        writeln!(transcript.text, "note: {note}").unwrap();
    }
    insta::assert_snapshot!(transcript.text);
}

#[test]
fn models_and_their_spec() {
    let mut transcript = Transcript::new(EmulatorConfig::new());
    transcript.get("/api/v1/skill/models");
    transcript.get("/api/v1/skill/models?page=2&page_size=1&type=video&keywords=turbo");
    transcript.get("/api/v1/skill/models?page=0&page_size=many");
    transcript.get("/api/v1/skill/models/kirin_v2_5_turbo_t2v/spec");
    // Between them every type that a parameter has.
    transcript.get("/api/v1/skill/models/kirin_v1_t2v/spec");
    transcript.get("/api/v1/skill/models/kirin_v1_6_t2v/spec");
    transcript.get("/api/v1/skill/models/kirin_v3_t2v/spec");
    transcript.get("/api/v1/skill/models/unknown/spec");
    insta::assert_snapshot!(transcript.text);
}

#[test]
fn refused_bodies() {
    let mut transcript = Transcript::new(EmulatorConfig::new());
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"input":[]}"#,
        r#"{"input":[{},{}]}"#,
        r#"{"input":"a fox"}"#,
        r#"{"input":["a fox"]}"#,
        r#"{"input":[{"params":"a fox"}]}"#,
        r#"{"prompt":"a fox","input":[{"type":"text","params":{"model":"kirin"}}]}"#,
        r#"{"model":"kirin_v9","prompt":"a fox"}"#,
        r#"{"prompt":"a fox","input":[{"type":"text","params":{"model":"kirin"}}],
            "model":"kirin_v2_5_turbo_t2v"}"#,
        r#"{"model":"kirin_v2_5_turbo_t2v","prompt":"","duration":7,"aspect_ratio":"4:3","mode":"best",
            "negative_prompt":1,"watermark_info":[true],"callback_url":"example.com",
            "external_task_id":"order 42","promt":"a fox","seed":1}"#,
    ] {
        transcript.post(body);
    }
    for (model, params) in [
        (
            "kirin_v1_t2v",
            json!({ "prompt": "a fox", "mode": "pro", "camera_control": {} }),
        ),
        ("kirin_v1_6_t2v", json!({ "duration": "5" })),
        (
            "kirin_v2_6_i2v",
            json!({ "image": "fox.png", "sound": "on" }),
        ),
        (
            "kirin_v3_t2v",
            json!({ "multi_shot": true, "prompt": "a fox" }),
        ),
        ("kirin_duration_extension", json!({ "cfg_scale": 2 })),
    ] {
        transcript.post(envelope_of(model, params));
    }
    transcript.post(envelope(json!({ "prompt": "a".repeat(2501) })));
    transcript.post(" ".repeat(World::MAX_BODY_BYTES + 1));
    insta::assert_snapshot!(transcript.text);
}

#[test]
fn refused_callers() {
    let mut transcript = Transcript::new(EmulatorConfig::new().keys(["secret"]));
    for authorization in [
        None,
        Some("Bearer "),
        Some("Bearer wrong"),
        Some("Basic c2VjcmV0"),
    ] {
        let mut request = Request::get("/model/v1/generation/task/a");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.header("x-request-id", "mine-1");
        transcript.send(&request.body(Bytes::new()).unwrap());
    }
    insta::assert_snapshot!(transcript.text);
}

#[test]
fn refused_paths() {
    let mut transcript = Transcript::new(EmulatorConfig::new());
    transcript.get("/model/v1/generation/task/nobody");
    transcript.get("/");
    transcript.get(CREATE);
    transcript.send(&request(Method::DELETE, "/model/v1/generation/task/a", ""));
    transcript.get("/artifacts/nobody.mp4?signature=0");
    let created = transcript.post(envelope(json!({ "prompt": "a fox" })));
    transcript.advance(3000);
    let id = created["id"].as_str().unwrap();
    transcript.get(&format!("/artifacts/{id}.mp4?signature=0"));
    insta::assert_snapshot!(transcript.text);
}
