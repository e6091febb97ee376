//! The journal of a session: it outlives the processes that write it, and each write takes time, in
//! which the process may end.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use kirin_client::{Intent, Journal, JournalError, JournalState, machine::Outcome};
use kirin_types::{ExternalTaskId, TaskId};

use super::pause;

/// What stands in it of each create.
#[derive(Clone, Default)]
pub(crate) struct SessionJournal(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    entries: BTreeMap<String, Entry>,
    violations: Vec<String>,
}

/// What stands in it of one create.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) intent: Intent,
    pub(crate) state: JournalState,
}

/// Before and after each write.
const WRITE_TIME: Duration = Duration::from_millis(3);

impl SessionJournal {
    pub(crate) fn entry(&self, id: &str) -> Option<Entry> {
        self.locked().entries.get(id).cloned()
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        std::mem::take(&mut self.locked().violations)
    }

    fn locked(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn set(&self, id: &ExternalTaskId, state: JournalState) -> Result<(), JournalError> {
        pause(WRITE_TIME).await;
        self.locked().set(id.as_str(), state);
        pause(WRITE_TIME).await;
        Ok(())
    }
}

impl Entries {
    fn set(&mut self, id: &str, state: JournalState) {
        let Some(entry) = self.entries.get_mut(id) else {
            self.violations
                .push(format!("I2: {id} is not in the journal"));
            return;
        };
        if entry.state.is_final() {
            let problem = format!("I4: {id} had ended, and is {} now", word(&state));
            self.violations.push(problem);
        }
        if let (JournalState::Accepted(_), JournalState::Sent) = (&entry.state, &state) {
            self.violations
                .push(format!("I1: {id} is sent after its acceptance"));
        }
        entry.state = state;
    }
}

/// A word for a state, without what it holds.
pub(crate) fn word(state: &JournalState) -> &'static str {
    match state {
        JournalState::Accepted(_) => "accepted",
        JournalState::Ended(outcome) => match **outcome {
            Outcome::CannotQuery { .. } => "cannot query",
            Outcome::Completed(_) => "completed",
            Outcome::CompletedWithoutOutput(_) => "completed without output",
            Outcome::Failed(_) => "failed",
            Outcome::Lost { .. } => "lost",
            Outcome::NotCreated { .. } => "not created",
            Outcome::StillRunning { .. } => "still running",
            Outcome::Unresolved { .. } => "unresolved",
            _ => "unknown",
        },
        JournalState::Intended => "intended",
        JournalState::Sent => "sent",
        _ => "unknown",
    }
}

#[async_trait]
impl Journal for SessionJournal {
    async fn intent(&self, intent: &Intent) -> Result<(), JournalError> {
        pause(WRITE_TIME).await;
        let id = intent
            .request
            .external_task_id()
            .expect("an intent has one");
        let entry = Entry {
            intent: intent.clone(),
            state: JournalState::Intended,
        };
        let earlier = self.locked().entries.insert(id.to_string(), entry);
        if earlier.is_some_and(|earlier| earlier.state != JournalState::Intended) {
            let problem = format!("I1: {id} is intended again");
            self.locked().violations.push(problem);
        }
        pause(WRITE_TIME).await;
        Ok(())
    }

    async fn sent(&self, id: &ExternalTaskId) -> Result<(), JournalError> {
        self.set(id, JournalState::Sent).await
    }

    async fn accepted(&self, id: &ExternalTaskId, task: &TaskId) -> Result<(), JournalError> {
        self.set(id, JournalState::Accepted(task.clone())).await
    }

    async fn outcome(&self, id: &ExternalTaskId, outcome: &Outcome) -> Result<(), JournalError> {
        self.set(id, JournalState::Ended(Box::new(outcome.clone())))
            .await
    }
}
