//! What is under way in a client, and whether more may begin.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use tokio::sync::watch;

use super::shared_progress::SharedProgress;
use crate::CreateId;

/// What is under way in a client, and whether more may begin.
#[derive(Default)]
pub(super) struct Drain {
    pub(super) has_begun: watch::Sender<bool>,
    pub(super) running: watch::Sender<BTreeMap<u64, Running>>,
}

#[derive(Clone)]
pub(super) struct Running {
    pub(super) progress: Arc<SharedProgress>,
    pub(super) create: Option<CreateId>,
}

/// The place of one generation among those that are under way, until it is dropped.
pub(super) struct UnderWay {
    drain: Arc<Drain>,
    number: u64,
}

impl Drain {
    /// A generation begins.
    pub(super) fn enter(self: &Arc<Self>, number: u64, progress: Arc<SharedProgress>) -> UnderWay {
        let create = None;
        self.running.send_modify(|running| {
            running.insert(number, Running { progress, create });
        });
        UnderWay {
            drain: Arc::clone(self),
            number,
        }
    }

    /// What comes of `work`, or nothing once the client is drained.
    pub(super) async fn unless_begun<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut draining = self.has_begun.subscribe();
        let mut draining = pin!(draining.wait_for(|has_begun| *has_begun));
        let mut work = pin!(work);
        poll_fn(|context| {
            if draining.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }

    pub(super) async fn is_over(&self) {
        let mut running = self.running.subscribe();
        // The sender is here, so it does not fail.
        let _ = running.wait_for(BTreeMap::is_empty).await;
    }
}

impl UnderWay {
    /// The create that it is about is known.
    pub(super) fn is_about(&self, create: Option<&CreateId>) {
        self.drain.running.send_modify(|running| {
            if let Some(running) = running.get_mut(&self.number) {
                running.create = create.cloned();
            }
        });
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.drain.running.send_modify(|running| {
            running.remove(&self.number);
        });
    }
}
