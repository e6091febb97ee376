//! A service of one task that takes its time, and writes down who asked what.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests keep tokio's paused clock"
)]

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, header::AUTHORIZATION};
use kirin_client::{Client, ClientBuilder, HostCapabilities, Lookup};
use kirin_tests::canary;
use kirin_transport::{Body, Transport, TransportError};
use kirin_types::{Callback, GenerationRequest, Task};
use tokio::time::Instant;

/// What the service itself says of its task.
pub(super) const ID: &str = "task-1";
pub(super) const EXTERNAL_ID: &str = "order-42";
pub(super) const URL: &str = "https://example.com/real.mp4";

/// Time counts from the create.
#[derive(Clone)]
pub(super) struct Service {
    task_time: Duration,
    answer_time: Duration,
    asked: Arc<Mutex<Asked>>,
}

#[derive(Default)]
struct Asked {
    created_at: Option<Instant>,
    queries: Vec<f64>,
}

impl Service {
    pub(super) fn new(task_time: Duration) -> Self {
        Self {
            task_time,
            answer_time: Duration::ZERO,
            asked: Arc::default(),
        }
    }

    /// Sets how long the answer to a create takes.
    pub(super) fn answer_time(mut self, answer_time: Duration) -> Self {
        self.answer_time = answer_time;
        self
    }

    /// A client of a host whose look-up needs no proof.
    pub(super) fn builder(&self) -> ClientBuilder {
        Client::builder(canary::key().parse().unwrap())
            .transport(self.clone())
            .capabilities(HostCapabilities::default().with_lookup(Lookup::Proven))
            .jitter_seed(7)
    }

    /// When the task was queried, in seconds since the create.
    pub(super) fn queries(&self) -> Vec<f64> {
        self.locked().queries.clone()
    }

    fn locked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &Request<Bytes>) -> String {
        let key = format!("Bearer {}", canary::key());
        assert_eq!(request.headers()[AUTHORIZATION], key.as_str());
        let mut asked = self.locked();
        if request.method() == Method::POST {
            assert_eq!(asked.created_at, None, "one create");
            asked.created_at = Some(Instant::now());
            return format!(r#"{{"id":"{ID}","status":"in_progress"}}"#);
        }
        let elapsed = asked.created_at.expect("a create first").elapsed();
        asked.queries.push(elapsed.as_secs_f64());
        match elapsed < self.task_time {
            true => format!(r#"{{"id":"{ID}","status":"in_progress"}}"#),
            false => format!(
                r#"{{"id":"{ID}","status":"completed","output":[{{"content":[{{"url":"{URL}"}}]}}]}}"#
            ),
        }
    }
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let answer = self.answer(&request);
        if request.method() == Method::POST {
            tokio::time::sleep(self.answer_time).await;
        }
        Ok(Response::new(answer.into()))
    }
}

/// A request that asks for callbacks.
pub(super) fn request(callback_url: &str) -> GenerationRequest {
    GenerationRequest::builder("a fox")
        .external_task_id(EXTERNAL_ID)
        .callback_url(callback_url)
        .build()
        .unwrap()
}

pub(super) fn callback(body: &str) -> Callback {
    Callback::from_json(body.as_bytes()).unwrap()
}

/// The service's answer decided, whatever callbacks said.
pub(super) fn assert_real(task: &Task) {
    assert_eq!(task.status(), Some("completed"));
    assert!(task.raw().as_str().contains(URL), "{task:?}");
}
