//! What the cases write, and what it has to come to.

use kirin_types::{GenerationRequest, Task};

use super::bench::Outcome;
use crate::{
    BaseUrl, Intent, Journal, JournalChange, JournalEntry, JournalError, JournalWrite, OperationId,
    machine::{self, Cause, Knowledge, SendReason, Withheld},
};

/// An intent under an id, of one of two requests.
pub(super) fn intent(id: &str, prompt: &str) -> Intent {
    let request = GenerationRequest::builder(prompt).external_task_id(id);
    // A short prompt and an id of letters and digits.
    let request = request.build().expect("a legal request");
    let key = "0123456789abcdef".parse().expect("a fingerprint");
    Intent::new(request, BaseUrl::default(), key, None).expect("an external task id")
}

/// The write of an operation about the create of an intent.
pub(super) fn write(
    intent: &Intent,
    operation: OperationId,
    change: JournalChange,
) -> JournalWrite {
    // It was made with an id.
    let create = intent.create_id().expect("an external task id");
    JournalWrite::new(create, operation, change)
}

pub(super) fn intend(intent: &Intent) -> JournalChange {
    JournalChange::Intend(Box::new(intent.clone()))
}

/// Names the operation from which it is taken.
pub(super) fn take_over(intent: &Intent, from: OperationId) -> JournalChange {
    JournalChange::TakeOver(Box::new(Intent {
        operation: Some(from),
        ..intent.clone()
    }))
}

pub(super) fn send(attempt: u32, reason: SendReason) -> JournalChange {
    JournalChange::Send { attempt, reason }
}

pub(super) fn end(outcome: machine::Outcome) -> JournalChange {
    JournalChange::End(Box::new(outcome))
}

pub(super) fn not_created() -> machine::Outcome {
    machine::Outcome::NotCreated {
        cause: Cause::Withheld(Withheld::Deadline),
    }
}

pub(super) fn unresolved(intent: &Intent) -> machine::Outcome {
    machine::Outcome::Unresolved {
        external_task_id: write(intent, OperationId::new(0, 0), intend(intent))
            .create
            .external_task_id,
        knowledge: Knowledge::MayExist,
        cause: Cause::Withheld(Withheld::Deadline),
    }
}

pub(super) fn failed(task: &str) -> machine::Outcome {
    let body = format!(r#"{{"id":"{task}","status":"failed"}}"#);
    // A task with an id and a status.
    machine::Outcome::Failed(Task::from_json(body.as_bytes()).expect("a task"))
}

pub(super) fn completed(task: &str) -> machine::Outcome {
    let output = r#""output":[{"content":[{"url":"https://example.com/a.mp4"}]}]"#;
    let body = format!(r#"{{"id":"{task}","status":"completed",{output}}}"#);
    // As above.
    machine::Outcome::Completed(Task::from_json(body.as_bytes()).expect("a task"))
}

pub(super) fn other_end(task: &str) -> machine::Outcome {
    let body = format!(r#"{{"id":"{task}","status":"cancelled"}}"#);
    // As above.
    machine::Outcome::OtherEnd(Task::from_json(body.as_bytes()).expect("a task"))
}

/// A journal beside what it should know.
pub(super) struct Checked<'a> {
    journal: &'a dyn Journal,
    pub(super) entry: Option<JournalEntry>,
    pub(super) intent: Intent,
}

impl<'a> Checked<'a> {
    pub(super) fn new(journal: &'a dyn Journal, intent: Intent) -> Self {
        Self {
            journal,
            entry: None,
            intent,
        }
    }

    /// Writes, and compares what came of it.
    ///
    /// A journal may keep others from what a living operation is at: then it says so, and nothing changes.
    pub(super) async fn write(&mut self, operation: OperationId, change: JournalChange) -> Outcome {
        let is_another = self
            .entry
            .as_ref()
            .is_some_and(|entry| entry.intent.operation != Some(operation));
        let may_keep = is_another
            && matches!(
                change,
                JournalChange::Intend(_) | JournalChange::TakeOver(_)
            );
        let write = write(&self.intent, operation, change);
        let expected = JournalEntry::apply(self.entry.as_ref(), &write);
        let written = self.journal.write(&write).await;
        let described = || format!("{:?} of {operation}", write.change);
        match (expected, written) {
            (Ok(entry), Ok(())) => self.entry = Some(entry),
            (Ok(_), Err(error)) if may_keep && kind(&error) == Kind::UnderWay => {}
            (Err(expected), Err(error)) if kind(&expected) == kind(&error) => {}
            (Err(_), Err(error)) if is_another && kind(&error) == Kind::UnderWay => {}
            (Err(expected), Ok(())) => {
                return Err(format!(
                    "{} was written, and had to be refused: {expected}",
                    described()
                ));
            }
            (Err(expected), Err(error)) => {
                return Err(format!(
                    "{} was refused as {error:?}, not as {expected:?}",
                    described()
                ));
            }
            (Ok(_), Err(error)) => return Err(format!("{} was refused: {error}", described())),
        }
        self.compare(&described()).await
    }

    /// Writes several at once, and compares what came of it.
    pub(super) async fn write_all(
        &mut self,
        operation: OperationId,
        changes: Vec<JournalChange>,
    ) -> Outcome {
        let writes: Vec<_> = changes
            .into_iter()
            .map(|change| write(&self.intent, operation, change))
            .collect();
        let mut expected = Ok(());
        for write in &writes {
            match JournalEntry::apply(self.entry.as_ref(), write) {
                Ok(entry) => self.entry = Some(entry),
                Err(error) => {
                    expected = Err(kind(&error));
                    break;
                }
            }
        }
        let written = self.journal.write_all(&writes).await;
        let written = written.map_err(|error| kind(&error));
        let described = format!("{} writes at once", writes.len());
        match written == expected {
            true => self.compare(&described).await,
            false => Err(format!("{described}: {written:?}, not {expected:?}")),
        }
    }

    /// Compares what the journal recalls.
    pub(super) async fn compare(&self, after: &str) -> Outcome {
        let create = write(&self.intent, OperationId::new(0, 0), intend(&self.intent)).create;
        let recalled = self.journal.recall(&create).await;
        let recalled = recalled.map_err(|error| format!("after {after}: {error}"))?;
        match recalled.entry == self.entry {
            true => Ok(()),
            false => Err(format!(
                "after {after} it recalls {:?}, not {:?}",
                recalled.entry, self.entry
            )),
        }
    }
}

/// What a refusal says, without its words.
#[derive(Debug, PartialEq)]
enum Kind {
    Known(machine::KnownCreate),
    Other,
    OtherRequest,
    RepetitionUsed,
    UnderWay,
}

fn kind(error: &JournalError) -> Kind {
    match Withheld::from(error.clone()) {
        Withheld::Known { state } => Kind::Known(state),
        Withheld::OtherRequest => Kind::OtherRequest,
        Withheld::RepetitionUsed => Kind::RepetitionUsed,
        Withheld::UnderWay => Kind::UnderWay,
        _ => Kind::Other,
    }
}
