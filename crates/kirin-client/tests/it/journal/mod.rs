//! What is written down of a create, and what it is good for.

mod account_names;
mod accounts;
#[cfg(feature = "conformance")]
mod conformance;
mod delivery;
mod dropped;
mod known;
mod overtaken;
#[cfg(feature = "conformance")]
mod postgres;
mod reports;
mod restart;
mod shared;
mod silent;
mod transitions;
mod under_way;
mod wiring;
mod writes;

use std::{sync::Arc, task::Poll};

use kirin_client::{
    ApiKey, Client, Intent, Journal, JournalChange, JournalWrite, OperationId,
    machine::{Cause, Outcome, SendReason},
};
use kirin_tests::canary;
use kirin_types::Timestamp;

use crate::{
    scripted::{self, Answer, Scripted, json, request},
    wire::{refusal, response},
};

const CREATED: &str = r#"{"id":"task-1","status":"in_progress"}"#;
const COMPLETED: &str = r#"{"id":"task-1","status":"completed",
    "output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}]}"#;

/// No balance, and no task either.
fn refused() -> Vec<Answer> {
    scripted::refused(json(402, r#"{"message":"insufficient balance"}"#))
}

/// The end of a create for which there was no balance.
fn refused_outcome() -> Outcome {
    let body = r#"{"message":"insufficient balance"}"#;
    Outcome::NotCreated {
        cause: Cause::Refused(refusal(&response(402, &[], body.as_bytes()))),
    }
}

/// What is known of a create of these tests before it is made, by a client of another process.
fn intent(client: &Client) -> Intent {
    let key = canary::key().parse::<ApiKey>().unwrap().fingerprint();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let now = Timestamp::from_milliseconds(i64::try_from(now).unwrap());
    let mut intent = Intent::new(request(), client.base_url().clone(), key, Some(now)).unwrap();
    intent.operation = Some(stranger());
    intent
}

/// What a write is called in these tests.
fn name_of(change: &JournalChange) -> &'static str {
    match change {
        JournalChange::Accept(_) => "accept",
        JournalChange::Deliver => "deliver",
        JournalChange::End(_) => "end",
        JournalChange::Intend(_) => "intend",
        JournalChange::Send { .. } => "send",
        JournalChange::TakeBack { .. } => "take back",
        JournalChange::TakeOver(_) => "take over",
    }
}

/// An operation of another process.
fn stranger() -> OperationId {
    OperationId::new(0xdead, 1)
}

/// The write of an operation about the create of these tests.
fn write(intent: &Intent, operation: OperationId, change: JournalChange) -> JournalWrite {
    JournalWrite::new(intent.create_id().unwrap(), operation, change)
}

/// The other process intends it, and sends it if `is_sent`.
async fn intend(journal: &dyn Journal, intent: &Intent, is_sent: bool) {
    let intend = JournalChange::Intend(Box::new(intent.clone()));
    journal
        .write(&write(intent, stranger(), intend))
        .await
        .unwrap();
    if is_sent {
        let send = JournalChange::Send {
            attempt: 1,
            reason: SendReason::Unsent,
        };
        journal
            .write(&write(intent, stranger(), send))
            .await
            .unwrap();
    }
}

fn client(transport: &Scripted, journal: Arc<dyn Journal>) -> Client {
    Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .journal(journal)
        .build()
        .unwrap()
}

/// Lets a future be polled so many times, and drops it. Its end, if it came.
async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut polls = 0;
    std::future::poll_fn(|context| {
        if polls == times {
            return Poll::Ready(None);
        }
        polls += 1;
        let polled = future.as_mut().poll(context).map(Some);
        // It is asked again soon, whether or not it asked for it: then the drop comes in between.
        context.waker().wake_by_ref();
        polled
    })
    .await
}
