//! What a client records with the feature `metrics`, read by a recorder of this file's own.

#![expect(
    clippy::disallowed_methods,
    reason = "the tests keep tokio's paused clock"
)]

mod downloads;
mod ends;
mod in_flight;
mod order;
mod recorder;
mod table;
mod tasks;

use std::{
    future::{Future, IntoFuture},
    sync::Arc,
};

use kirin_client::{
    Client, ClientBuilder, Control, DuplicateIds, HostCapabilities, Lookup, PollSchedule,
};
use kirin_tests::canary::{self, Shown};
use kirin_transport::{Sent, Transport};
use kirin_types::GenerationRequest;

use crate::scripted::{self, Answer, Scripted, json, not_found, proved_absent, with_headers};
use recorder::Recorded;

const CREATED: &str = r#"{"id":"task-1","status":"in_progress"}"#;
const RUNNING: &str = r#"{"id":"task-1","status":"in_progress","progress":0.5}"#;
const COMPLETED: &str = r#"{"id":"task-1","status":"completed","usage":{"cost":"0.17"},
    "output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}]}"#;

fn request() -> GenerationRequest {
    let hook = format!("https://example.com/{}", canary::signature());
    scripted::request().with_callback_url(&hook).unwrap()
}

fn builder(transport: impl Transport + 'static) -> ClientBuilder {
    Client::builder(canary::key().parse().unwrap())
        .transport(transport)
        .schedule(PollSchedule::Fixed(std::time::Duration::from_secs(5)))
}

/// What `work` records. Nothing secret is in it, and nothing that the table does not list.
fn recorded<F: Future<Output = ()>>(work: impl FnOnce() -> F) -> Recorded {
    let recorded = Recorded::default();
    record(&recorded, work);
    canary::shown(Shown::Debug, &format!("{recorded:?}"));
    table::check(&recorded.samples());
    recorded
}

fn record<F: Future<Output = ()>>(recorded: &Recorded, work: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    metrics::with_local_recorder(recorded, || runtime.block_on(work()));
}

/// What a generation with these answers records, however it ends.
fn generated(answers: impl IntoIterator<Item = Answer>) -> Recorded {
    let transport = Scripted::new(answers);
    let asked = transport.clone();
    let recorded = recorded(|| async move {
        // How it ends is told by other tests.
        let _ = builder(transport)
            .build()
            .unwrap()
            .generate(request())
            .await;
    });
    assert!(asked.is_used_up());
    recorded
}

fn lost() -> Answer {
    Answer::Fail(Sent::Maybe)
}
