//! The end of a client's work: no create begins any more, and what is under way is waited for.

use std::time::Duration;

use kirin_types::ExternalTaskId;
use serde::{Deserialize, Serialize};

use super::{Client, under_way::Running};
use crate::{GenerationHandle, JournalEntry, clock::within};

/// How long the journal may take to tell what it knows of a create that was not finished.
const RECALL_TIMEOUT: Duration = Duration::from_secs(5);

/// A generation that was under way when the time of [`Client::drain`] was over. It has what continues it:
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

impl Client {
    /// Ends the work of this client and its clones, before the process ends: from now on no create begins, and
    /// what is under way is waited for, `deadline` long. What is left then is given back.
    ///
    /// What would begin a create ends with [`ErrorKind::Draining`](crate::ErrorKind::Draining), also what waits
    /// for its turn: nothing was spent on it. Tasks can be queried, waited for and downloaded as before. Poll
    /// the generations meanwhile, in tasks of their own: what no one polls does not continue.
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

    /// The entry or handle that continues it. A create that was not sent has none.
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
        let handle = running.progress.locked().handle.clone();
        let external_task_id = running.create.map(|create| create.external_task_id);
        (is_open || handle.is_some()).then_some(Unfinished {
            external_task_id,
            handle,
            entry,
        })
    }
}
