//! The end of a client's work: no create begins any more, and what is under way is waited for.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use kirin_types::ExternalTaskId;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{Client, clock::within, told::Told};
use crate::{CreateId, GenerationHandle, JournalEntry};

/// How long the journal may take to tell what it knows of a create that was not finished.
const RECALL_TIMEOUT: Duration = Duration::from_secs(5);

/// A generation that was under way when the time of [`Client::drain`] was over. It has what goes on with it:
/// its handle, for [`Client::resume`], or its entry, for [`Client::resume_entry`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unfinished {
    /// The id of its create; `None` where only the task was known.
    pub external_task_id: Option<ExternalTaskId>,
    /// The task, once the service has it.
    pub handle: Option<GenerationHandle>,
    /// What the journal knows of the create; `None` where it has none, or could not be read.
    pub entry: Option<JournalEntry>,
}

/// What is under way in a client, and whether more may begin.
#[derive(Default)]
pub(super) struct Drain {
    has_begun: watch::Sender<bool>,
    running: watch::Sender<BTreeMap<u64, Running>>,
}

#[derive(Clone)]
struct Running {
    told: Arc<Told>,
    create: Option<CreateId>,
}

/// The place of one generation among those that are under way, until it is dropped.
pub(super) struct UnderWay {
    drain: Arc<Drain>,
    number: u64,
}

impl Drain {
    /// A generation begins.
    pub(super) fn enter(self: &Arc<Self>, number: u64, told: Arc<Told>) -> UnderWay {
        let create = None;
        self.running.send_modify(|running| {
            running.insert(number, Running { told, create });
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

    async fn is_over(&self) {
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

impl Client {
    /// Ends the work of this client and its clones, before the process ends: from now on no create begins, and
    /// what is under way is waited for, `deadline` long. What is left then is given back.
    ///
    /// What would begin a create ends with [`ErrorKind::Draining`](crate::ErrorKind::Draining), also what waits
    /// for its turn: nothing was spent on it. Tasks can be queried, waited for and downloaded as before. Poll
    /// the generations meanwhile, in tasks of their own: what nobody polls does not go on.
    ///
    /// Downloads and [`delivered`](Self::delivered) are not waited for: wait for the tasks that make them. Callbacks
    /// have to arrive meanwhile, so drain first and stop your web server then; where it waits for open connections,
    /// as axum's graceful shutdown does, close your streams of events before that.
    ///
    /// With a journal that outlives the process, what is left is in there too
    /// ([`JournalEntry::is_unfinished`]); without one, keep what this gives back.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// // The process is asked to end, and has half a minute for it.
    /// for left in client.drain(Duration::from_secs(25)).await {
    ///     println!("to be gone on with: {}", serde_json::to_string(&left)?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn drain(&self, deadline: Duration) -> Vec<Unfinished> {
        let drain = &self.0.drain;
        drain.has_begun.send_replace(true);
        let _ = within(deadline, drain.is_over()).await;
        let running: Vec<_> = drain.running.borrow().values().cloned().collect();
        let mut unfinished = Vec::new();
        for running in running {
            unfinished.extend(self.unfinished(running).await);
        }
        unfinished
    }

    /// What goes on with one. Of what was not sent there is nothing to go on with.
    async fn unfinished(&self, running: Running) -> Option<Unfinished> {
        let mut is_open = false;
        let mut entry = None;
        if let Some(create) = &running.create {
            let recall = self.0.journal.recall(create);
            match within(RECALL_TIMEOUT, recall).await {
                Some(Ok(recalled)) => entry = recalled.entry,
                // Nobody knows.
                Some(Err(_)) | None => is_open = true,
            }
        }
        is_open |= entry.as_ref().is_some_and(JournalEntry::is_unfinished);
        let handle = running.told.locked().handle.clone();
        let external_task_id = running.create.map(|create| create.external_task_id);
        (is_open || handle.is_some()).then_some(Unfinished {
            external_task_id,
            handle,
            entry,
        })
    }
}
