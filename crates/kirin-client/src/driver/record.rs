//! What one operation tells the journal and the budget.

use kirin_types::{ExternalTaskId, GenerationRequest, TaskId};

use super::{Client, plan::Start};
use crate::{
    Intent, JournalError, Reservation,
    machine::{MissingExternalTaskId, Outcome, Withheld},
};

/// The only door to a create: the budget is asked first, and then the journal.
pub(super) struct Record {
    /// The create that it is about; an operation that creates nothing has none.
    id: Option<ExternalTaskId>,
    /// Whether the intent is written down.
    is_intended: bool,
    /// What it has taken of the budget, if there is one.
    reservation: Option<Reservation>,
}

impl Record {
    /// What is written down of `start`. A create that another process has intended, and may have
    /// sent, is there already, and so is a task that is known by the id of its create.
    pub(super) fn new(client: &Client, start: &Start) -> Self {
        let intent = match start {
            Start::Reconcile(intent) | Start::SendAgain(intent) => Some(intent),
            _ => None,
        };
        let budget = client.0.budget.as_ref();
        Self {
            id: None,
            is_intended: !matches!(start, Start::Generate(_)),
            reservation: budget
                .zip(intent)
                .map(|(budget, intent)| budget.remember(&intent.request)),
        }
    }

    pub(super) fn about(self, id: Option<ExternalTaskId>) -> Self {
        Self { id, ..self }
    }

    pub(super) fn external_task_id(&self) -> Option<&ExternalTaskId> {
        self.id.as_ref()
    }

    /// Before an attempt; where it fails, nothing may be sent.
    pub(super) async fn sending(
        &mut self,
        client: &Client,
        request: &GenerationRequest,
    ) -> Result<(), Withheld> {
        if let Some(budget) = &client.0.budget {
            match self.reservation {
                None => self.reservation = Some(budget.reserve(request)?),
                Some(_) if self.is_intended => budget.readmit(request)?,
                Some(_) => {}
            }
        }
        Ok(self.write_sending(client, request).await?)
    }

    async fn write_sending(
        &mut self,
        client: &Client,
        request: &GenerationRequest,
    ) -> Result<(), JournalError> {
        let (Some(journal), Some(id)) = (&client.0.journal, &self.id) else {
            return Ok(());
        };
        if !self.is_intended {
            let (base_url, key) = (client.base_url().clone(), client.0.fingerprint.clone());
            let missing = |error: MissingExternalTaskId| JournalError::new(error.to_string());
            let intent = Intent::new(request.clone(), base_url, key, client.wall_time());
            journal.intent(&intent.map_err(missing)?).await?;
            self.is_intended = true;
        }
        journal.sent(id).await
    }

    pub(super) async fn accepted(
        &self,
        client: &Client,
        task: &TaskId,
    ) -> Result<(), JournalError> {
        match (&client.0.journal, &self.id) {
            (Some(journal), Some(id)) => journal.accepted(id, task).await,
            _ => Ok(()),
        }
    }

    /// At the end. An end of which nothing was intended is not written down.
    pub(super) async fn ended(
        &self,
        client: &Client,
        outcome: &Outcome,
    ) -> Result<(), JournalError> {
        let Some(id) = &self.id else {
            return Ok(());
        };
        if let (Some(budget), Some(reservation)) = (&client.0.budget, self.reservation) {
            match outcome {
                Outcome::NotCreated { .. } => budget.release(reservation),
                outcome => budget.settle(reservation, outcome),
            }
        }
        match &client.0.journal {
            Some(journal) if self.is_intended => journal.outcome(id, outcome).await,
            _ => Ok(()),
        }
    }
}
