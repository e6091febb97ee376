//! What each write makes of an entry.

use kirin_types::TaskId;

use super::{Intent, JournalEntry, JournalError, JournalState, OperationId};
use crate::{
    KeyFingerprint,
    machine::{Cause, KnownCreate, MAX_REPETITIONS_AFTER_ABSENCE, Outcome, SendReason, Withheld},
};

impl JournalEntry {
    pub(super) fn of(intent: Intent, operation: OperationId, state: JournalState) -> Self {
        let intent = Intent {
            operation: Some(operation),
            ..intent
        };
        Self::new(intent, state)
    }

    /// Nothing was sent under the id, or nothing came of it: it is free. How often it was repeated
    /// stays known.
    pub(super) fn intend(
        before: Option<&Self>,
        intent: &Intent,
        operation: OperationId,
    ) -> Result<Self, JournalError> {
        let mut intent = intent.clone();
        if let Some(entry) = before {
            if !entry.state.is_nothing() {
                return Err(match entry.intent.request == intent.request {
                    true => JournalError::known(entry.state.known()),
                    false => JournalError::other_request(),
                });
            }
            // Whoever names the operation that was refused knows of it, and looks the task up.
            let is_another =
                entry.intent.operation != intent.operation || entry.intent.key != intent.key;
            if entry.may_hide_a_task() && is_another {
                return Err(JournalError::under_way());
            }
            // Whatever key pays: the host may take two keys for one user.
            intent.repetitions_after_absence = intent
                .repetitions_after_absence
                .max(entry.intent.repetitions_after_absence);
            if entry.attempts > 0 {
                // It was proved to be absent, and what is sent now follows from that.
                count_repetition(&mut intent)?;
            }
        }
        let is_refusal_open = before.is_some_and(Self::may_hide_a_task);
        Ok(Self {
            is_refusal_open,
            ..Self::of(intent, operation, JournalState::Intended)
        })
    }

    /// Only who names the operation that is at it may take it over: of two who do, the second is late.
    /// What was sent and proved to be absent is in doubt again, because a person wants it sent once more, with
    /// the key that they have now.
    pub(super) fn take_over(
        &self,
        intent: &Intent,
        operation: OperationId,
        key: &KeyFingerprint,
    ) -> Result<Self, JournalError> {
        if self.intent.request != intent.request {
            return Err(JournalError::other_request());
        }
        if self.intent.operation != intent.operation || self.intent.key != intent.key {
            return Err(JournalError::under_way());
        }
        let is_proved_absent = self.is_proved_absent();
        if self.state.is_final() && !is_proved_absent {
            return Err(JournalError::known(self.state.known()));
        }
        let mut entry = self.clone();
        if is_proved_absent {
            entry.state = JournalState::Sent;
            entry.intent.key = key.clone();
        }
        entry.intent.operation = Some(operation);
        entry.latest_attempt = 0;
        entry.is_attempt_open = false;
        Ok(entry)
    }

    pub(super) fn send(
        &self,
        operation: OperationId,
        attempt: u32,
        reason: SendReason,
    ) -> Result<Self, JournalError> {
        self.check_operation(operation)?;
        if self.state.task_id().is_some() || self.state.is_final() {
            return Err(JournalError::known(self.state.known()));
        }
        if reason == SendReason::Unsent && self.attempts > 0 {
            return Err(JournalError::known(KnownCreate::InDoubt));
        }
        if attempt != self.latest_attempt.saturating_add(1) {
            return Err(JournalError::new(format!(
                "attempt {attempt} is out of turn"
            )));
        }
        let mut entry = self.clone();
        if reason == SendReason::Absence {
            count_repetition(&mut entry.intent)?;
        }
        entry.state = JournalState::Sent;
        entry.attempts = entry.attempts.saturating_add(1);
        entry.latest_attempt = attempt;
        entry.is_attempt_open = true;
        Ok(entry)
    }

    /// The entry is what it was before the attempt: intended only if no earlier one may have been sent.
    pub(super) fn take_back(
        &self,
        operation: OperationId,
        attempt: u32,
        reason: SendReason,
    ) -> Result<Self, JournalError> {
        self.check_operation(operation)?;
        if self.state != JournalState::Sent
            || attempt != self.latest_attempt
            || !self.is_attempt_open
        {
            return Err(JournalError::new(format!("attempt {attempt} is not open")));
        }
        let mut entry = self.clone();
        entry.attempts = entry.attempts.saturating_sub(1);
        entry.is_attempt_open = false;
        if reason == SendReason::Absence {
            let repetitions = &mut entry.intent.repetitions_after_absence;
            *repetitions = repetitions.saturating_sub(1);
        }
        // One that ended as unresolved was in doubt, whatever was taken back.
        if entry.attempts == 0 && entry.intent.doubt.is_none() {
            entry.state = JournalState::Intended;
        }
        Ok(entry)
    }

    /// That the service has a task is true, whoever tells it, and also of what was said not to be created. It
    /// belongs to whoever's key finds it.
    pub(super) fn accept(&self, task: &TaskId, key: &KeyFingerprint) -> Result<Self, JournalError> {
        match self.state.task_id() {
            Some(known) if known == task => return Ok(self.clone()),
            Some(known) => {
                let problem = format!("the create has the task {known}, not {task}");
                return Err(JournalError::new(problem));
            }
            None => {}
        }
        let mut entry = self.clone();
        entry.state = JournalState::Accepted(task.clone());
        entry.intent.key = key.clone();
        entry.is_attempt_open = false;
        entry.is_refusal_open = false;
        Ok(entry)
    }

    /// That it is there is true, whoever tells it.
    pub(super) fn deliver(&self) -> Result<Self, JournalError> {
        let has_output = |outcome: &Outcome| outcome.task_with_output().is_some();
        match &self.state {
            JournalState::Ended(outcome) if has_output(outcome) => Ok(Self {
                is_delivered: true,
                ..self.clone()
            }),
            _ => Err(JournalError::new("it is not known to be completed")),
        }
    }

    /// The first final end stays, and what is known of a task is never replaced by knowing less.
    pub(super) fn end(
        &self,
        operation: OperationId,
        outcome: &Outcome,
    ) -> Result<Self, JournalError> {
        match (self.state.task_id(), outcome.task_id()) {
            // Whoever ended without it hears that there is one.
            (Some(_), None) => return Err(JournalError::known(self.state.known())),
            _ if self.state.is_final() => return Ok(self.looked_up_again(outcome)),
            (Some(known), Some(ended)) if known != ended => {
                let problem = format!("the create has the task {known}, not {ended}");
                return Err(JournalError::new(problem));
            }
            (None, None) => self.check_operation(operation)?,
            (_, Some(_)) => {}
        }
        let mut entry = self.clone();
        entry.is_attempt_open = false;
        if self.state.has_ended_in_other_words() && outcome.task().is_none() {
            // Whoever had no answer knows less than was known.
            return Ok(entry);
        }
        if let Outcome::Unresolved { cause, .. } = outcome {
            if *cause == Cause::Withheld(Withheld::OtherKey) {
                // It says nothing of what happened.
                return Ok(entry);
            }
            entry.intent.doubt = Some(cause.to_string());
        }
        entry.state = JournalState::Ended(Box::new(outcome.clone()));
        entry.is_refusal_open = match outcome {
            Outcome::Unresolved { .. } => self.is_refusal_open,
            Outcome::NotCreated { cause } => {
                self.is_refusal_open || matches!(cause, Cause::Refused(_))
            }
            _ => false,
        };
        Ok(entry)
    }

    /// The end stays; that it was looked up once more is all that another one may say.
    fn looked_up_again(&self, outcome: &Outcome) -> Self {
        Self {
            is_refusal_open: self.is_refusal_open && !matches!(outcome, Outcome::NotCreated { .. }),
            ..self.clone()
        }
    }

    fn check_operation(&self, operation: OperationId) -> Result<(), JournalError> {
        match self.intent.operation == Some(operation) {
            true => Ok(()),
            false => Err(JournalError::under_way()),
        }
    }
}

/// # Errors
///
/// It was repeated before.
fn count_repetition(intent: &mut Intent) -> Result<(), JournalError> {
    if intent.repetitions_after_absence >= MAX_REPETITIONS_AFTER_ABSENCE {
        return Err(JournalError::repetition_used());
    }
    intent.repetitions_after_absence += 1;
    Ok(())
}
