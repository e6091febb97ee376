//! The journal of a session: it outlives the processes that write it, and each write takes time, in
//! which the process may end.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use kirin_client::{
    CreateId, Journal, JournalChange, JournalEntry, JournalError, JournalState, JournalWrite,
    MemoryJournal, Recalled, machine::Outcome,
};

use super::pause;

/// Its entry of each create.
#[derive(Clone, Default)]
pub(crate) struct SessionJournal(Arc<Shared>);

#[derive(Default)]
struct Shared {
    kept: MemoryJournal,
    violations: Mutex<Vec<String>>,
}

/// Before and after each write.
const WRITE_TIME: Duration = Duration::from_millis(3);

impl SessionJournal {
    pub(crate) fn entry(&self, id: &str) -> Option<JournalEntry> {
        let entries = self.0.kept.entries().into_iter();
        let mut entries = entries.filter(|entry| {
            let known = entry.intent.request.external_task_id();
            known.is_some_and(|known| known.as_str() == id)
        });
        entries.next()
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        std::mem::take(&mut self.locked())
    }

    fn locked(&self) -> MutexGuard<'_, Vec<String>> {
        let violations = self.0.violations.lock();
        violations.unwrap_or_else(PoisonError::into_inner)
    }

    /// What one process after the other writes: none of it is refused, and nothing is forgotten.
    fn judge(&self, before: Option<&JournalEntry>, write: &JournalWrite) {
        let id = &write.create.external_task_id;
        let Some(before) = before else {
            if !matches!(write.change, JournalChange::Intend(_)) {
                self.violation(format!("loss: {id} is not in the journal"));
            }
            return;
        };
        let state = &before.state;
        let problem = match &write.change {
            // What was refused is looked up once more.
            JournalChange::Accept(_) | JournalChange::End(_) if before.is_refusal_open => return,
            _ if state.is_final() => "terminal state: it had ended",
            JournalChange::Intend(_) if *state != JournalState::Intended => {
                "money: it is intended again"
            }
            JournalChange::Send { .. } if state.task_id().is_some() => {
                "money: it is sent after its acceptance"
            }
            _ => return,
        };
        self.violation(format!(
            "{problem}: {id} is {}, {:?}",
            word(state),
            write.change
        ));
    }

    fn violation(&self, problem: String) {
        self.locked().push(problem);
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
            Outcome::OtherEnd(_) => "other end",
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
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        self.0.kept.recall(create).await
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        pause(WRITE_TIME).await;
        let before = self.entry(write.create.external_task_id.as_str());
        self.judge(before.as_ref(), write);
        if let Err(error) = self.0.kept.write(write).await {
            let id = &write.create.external_task_id;
            self.violation(format!("loss: a write of {id} is refused: {error}"));
            return Err(error);
        }
        pause(WRITE_TIME).await;
        Ok(())
    }
}
