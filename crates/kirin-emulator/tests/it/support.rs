//! What the tests share: a world that is asked and answers, and the words of a create.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use kirin_emulator::{EmulatorConfig, World, artifact::Artifact, world::Reply};
use kirin_types::Timestamp;
use serde_json::{Value, json};

pub(crate) const CREATE: &str = "/model/v1/generation";
pub(crate) const MODEL: &str = "kirin_v2_5_turbo_t2v";

/// A world, and how much time has passed in it.
pub(crate) struct Session {
    pub(crate) world: World,
    pub(crate) elapsed: Duration,
}

impl Session {
    pub(crate) fn new(config: EmulatorConfig) -> Self {
        let started_at = Timestamp::from_milliseconds(1_769_757_744_021);
        Self {
            world: World::new(config.port(4010), started_at),
            elapsed: Duration::ZERO,
        }
    }

    pub(crate) fn advance(&mut self, milliseconds: u64) {
        self.elapsed += Duration::from_millis(milliseconds);
    }

    pub(crate) fn send(&mut self, request: &Request<Bytes>) -> Reply {
        self.world.handle(self.elapsed, request)
    }

    pub(crate) fn response(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        match self.send(request) {
            Reply::Response(response) => response,
            reply => panic!("no response but {reply:?}"),
        }
    }

    /// A call with a key, and its answer's status and JSON.
    pub(crate) fn get(&mut self, path: &str) -> (StatusCode, Value) {
        read(&self.response(&request(Method::GET, path, "")))
    }

    /// A create with a key and this body, and its answer's status and JSON.
    pub(crate) fn post(&mut self, body: impl Into<Bytes>) -> (StatusCode, Value) {
        read(&self.response(&request(Method::POST, CREATE, body)))
    }

    /// Creates a task of the reference model and gives its id.
    pub(crate) fn create(&mut self, params: Value) -> String {
        self.create_with(MODEL, params)
    }

    /// Creates a task of any model and gives its id.
    pub(crate) fn create_with(&mut self, model: &str, params: Value) -> String {
        let (status, task) = self.post(envelope_of(model, params));
        assert_eq!(status, StatusCode::OK, "{task}");
        task["id"].as_str().unwrap().into()
    }

    pub(crate) fn query(&mut self, id: &str) -> (StatusCode, Value) {
        self.get(&format!("{CREATE}/task/{id}"))
    }

    /// The answer to a keyless download, before it is rendered.
    pub(crate) fn artifact(&mut self, request: &Request<Bytes>) -> Artifact {
        match self.send(request) {
            Reply::Artifact(artifact) => artifact,
            reply => panic!("no artifact but {reply:?}"),
        }
    }
}

/// A request with a key.
pub(crate) fn request(method: Method, path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer any")
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

/// The body of a create as the service's samples have it.
pub(crate) fn envelope(params: Value) -> String {
    envelope_of(MODEL, params)
}

/// The same for any model.
pub(crate) fn envelope_of(model: &str, params: Value) -> String {
    json!({ "model": model, "input": [{ "params": params }] }).to_string()
}

pub(crate) fn read(response: &Response<Bytes>) -> (StatusCode, Value) {
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(response.headers().contains_key("x-request-id"));
    let body = serde_json::from_slice(response.body()).unwrap();
    (response.status(), body)
}

/// The URL in a completed task's field, without the base URL.
pub(crate) fn file_path(task: &Value, field: &str) -> String {
    let url = task["output"][0]["content"][0][field].as_str().unwrap();
    let path = url.strip_prefix("http://127.0.0.1:4010");
    path.unwrap_or_else(|| panic!("{url}")).into()
}
