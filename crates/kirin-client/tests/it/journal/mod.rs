//! What is written down of a create, and what it is good for.

mod dropped;
mod restart;
mod under_way;
mod writes;

use std::{sync::Arc, task::Poll};

use kirin_client::{Client, Journal};
use kirin_tests::canary;

use crate::scripted::{Scripted, request};

const CREATED: &str = r#"{"id":"task-1","status":"in_progress"}"#;
const COMPLETED: &str = r#"{"id":"task-1","status":"completed",
    "output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}]}"#;

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
