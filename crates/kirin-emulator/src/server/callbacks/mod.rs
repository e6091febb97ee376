//! The sender of callbacks: the world says what to send when, and hears the result.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::JoinSet};

use super::{Service, clock};
use crate::{CallbackOutcome, world::OutgoingCallback};

mod address;

mod target;
use target::Target;

/// How many tasks are called back about at once; more wait for their turn.
const AT_ONCE: usize = 64;

/// How long an attempt may take, from the lookup of the host to the head of the answer.
const ATTEMPT_TIME: Duration = Duration::from_secs(10);

/// Shortest wait for the next callback, in real time.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// Sends what is due until it is dropped, and what it sends is dropped with it.
pub(super) async fn deliver(service: Arc<Service>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut sending = JoinSet::new();
    let mut jumps = service.watch_time();
    loop {
        let (due, wait) = service.callbacks_due();
        for callbacks in by_task(due) {
            let (service, places) = (Arc::clone(&service), Arc::clone(&places));
            sending.spawn(async move {
                let _place = places.acquire_owned().await;
                for callback in callbacks {
                    send(&service, callback).await;
                }
            });
        }
        let wait = async {
            match wait {
                Some(wait) => clock::pause(wait.max(SHORTEST_WAIT)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => {}
            () = service.callbacks_changed() => {}
            // The clock lives as long as the service.
            _ = jumps.changed() => {}
            // There may be another attempt to wait for.
            Some(_) = sending.join_next() => {}
        }
    }
}

/// What is due at once about one task is sent in its order, one after the other.
fn by_task(due: Vec<OutgoingCallback>) -> impl Iterator<Item = Vec<OutgoingCallback>> {
    let mut tasks: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for callback in due {
        let task = tasks.entry(callback.task().into()).or_default();
        task.push(callback);
    }
    tasks.into_values()
}

/// Sends one and returns the result.
pub(super) async fn send(service: &Service, callback: OutgoingCallback) {
    let targets = service.world().callback_targets();
    let attempt = async {
        let target = Target::read(callback.url())?;
        let addresses = target.addresses(targets, target::resolve).await?;
        target.post(&addresses, callback.body().clone()).await
    };
    let outcome = match clock::within(ATTEMPT_TIME, attempt).await {
        Some(Ok(status)) => CallbackOutcome::Answered(status),
        Some(Err(outcome)) => outcome,
        None => CallbackOutcome::Failed("no answer in time".into()),
    };
    service.callback_sent(callback, outcome);
}
