//! Several clients with one journal, in one process: one POST for each id.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use kirin_client::{
    Client, CreateId, ErrorKind, HostCapabilities, Journal, JournalError, JournalWrite, Lookup,
    MemoryJournal, OperationId, Recalled,
};
use kirin_tests::canary;
use kirin_transport::{Body, Transport, TransportError};
use kirin_types::GenerationRequest;

/// A host that takes duplicates: each POST is a task, and a charge.
#[derive(Default)]
struct Takes(Mutex<HashMap<String, usize>>);

impl Takes {
    fn charges(&self) -> Vec<usize> {
        self.0.lock().unwrap().values().copied().collect()
    }
}

#[async_trait]
impl Transport for Takes {
    #[expect(clippy::disallowed_methods, reason = "tokio's paused clock")]
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let id = match *request.method() {
            Method::POST => {
                let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
                let id = body["input"][0]["params"]["external_task_id"].clone();
                let id = id.as_str().unwrap().to_owned();
                *self.0.lock().unwrap().entry(id.clone()).or_default() += 1;
                id
            }
            _ => request.uri().path().rsplit('/').next().unwrap().to_owned(),
        };
        let id = id.trim_start_matches("task-");
        if !self.0.lock().unwrap().contains_key(id) {
            let mut missing = Response::new(Body::from(r#"{"message":"task not found"}"#));
            *missing.status_mut() = StatusCode::NOT_FOUND;
            return Ok(missing);
        }
        let output = r#"[{"content":[{"url":"https://example.com/a.mp4"}]}]"#;
        let task = format!(r#"{{"id":"task-{id}","status":"completed","output":{output}}}"#);
        Ok(Response::new(Body::from(task)))
    }
}

/// A journal that takes its time before and after each call, as one behind a network does.
struct Late(Arc<dyn Journal>);

#[expect(clippy::disallowed_methods, reason = "tokio's paused clock")]
async fn late() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[async_trait]
impl Journal for Late {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        late().await;
        let recalled = self.0.recall(create).await;
        late().await;
        recalled
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        late().await;
        let written = self.0.write(write).await;
        late().await;
        written
    }

    fn operation_ended(&self, operation: &OperationId) {
        self.0.operation_ended(operation);
    }
}

fn client(service: &Arc<Takes>, journal: &Arc<dyn Journal>) -> Client {
    Client::builder(canary::key().parse().unwrap())
        .transport(service.clone())
        .journal(journal.clone())
        .capabilities(
            HostCapabilities::default()
                .with_lookup(Lookup::Proven)
                .with_lookup_lag(Duration::ZERO),
        )
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn two_clients_of_one_journal_post_each_id_once() {
    for is_late in [false, true] {
        for run in 0..20 {
            let service = Arc::new(Takes::default());
            let memory: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
            let journal = match is_late {
                true => Arc::new(Late(memory)),
                false => memory,
            };
            let clients = [client(&service, &journal), client(&service, &journal)];
            let mut generating = Vec::new();
            for id in 0..5 {
                let request = GenerationRequest::builder("a fox")
                    .external_task_id(format!("order-{run}-{id}"))
                    .build()
                    .unwrap();
                for client in &clients {
                    let generation = client.generate(request.clone());
                    generating.push(tokio::spawn(generation.into_future()));
                }
            }
            let (mut completed, mut others) = (0, 0);
            for generating in generating {
                match generating.await.unwrap() {
                    Ok(_) => completed += 1,
                    Err(error) => {
                        let kind = error.kind();
                        let told = matches!(kind, ErrorKind::UnderWay | ErrorKind::Known);
                        assert!(told, "{error}");
                        others += 1;
                    }
                }
            }
            assert_eq!((completed, others), (5, 5), "late: {is_late}, run {run}");
            assert_eq!(service.charges(), [1; 5], "late: {is_late}, run {run}");
        }
    }
}
