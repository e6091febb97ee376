//! What one operation tells the journal and the budget.

use kirin_types::{ExternalTaskId, GenerationRequest, TaskId};

use super::{Client, clock::wall_time};
use crate::{
    Intent, JournalError, Reservation,
    machine::{MissingExternalTaskId, Outcome, Withheld},
};

/// The only door to a create: the budget is asked first, and then the journal.
pub(super) struct Record<'a> {
    client: &'a Client,
    /// The create that it is about; an operation that creates nothing has none.
    id: Option<ExternalTaskId>,
    /// Whether the intent is written down.
    is_intended: bool,
    /// What it has taken of the budget, if there is one.
    reservation: Option<Reservation>,
}

impl<'a> Record<'a> {
    pub(super) fn new(client: &'a Client, id: Option<&ExternalTaskId>) -> Self {
        Self {
            client,
            id: id.cloned(),
            is_intended: false,
            reservation: None,
        }
    }

    /// For a create that another process has intended, and may have sent.
    pub(super) fn intended(client: &'a Client, intent: &Intent) -> Self {
        let budget = client.0.budget.as_ref();
        Self {
            is_intended: true,
            reservation: budget.map(|budget| budget.remember(&intent.request)),
            ..Self::new(client, intent.request.external_task_id())
        }
    }

    /// Before an attempt; where it fails, nothing may be sent.
    pub(super) async fn sending(&mut self, request: &GenerationRequest) -> Result<(), Withheld> {
        if let Some(budget) = &self.client.0.budget {
            match self.reservation {
                None => self.reservation = Some(budget.reserve(request)?),
                Some(_) if self.is_intended => budget.readmit(request)?,
                Some(_) => {}
            }
        }
        let written = self.write_sending(request).await;
        written.map_err(|error| Withheld::Journal {
            description: error.to_string(),
        })
    }

    async fn write_sending(&mut self, request: &GenerationRequest) -> Result<(), JournalError> {
        let (Some(journal), Some(id)) = (&self.client.0.journal, &self.id) else {
            return Ok(());
        };
        if !self.is_intended {
            let (base_url, key) = (self.client.base_url(), &self.client.0.fingerprint);
            let (request, base_url, key) = (request.clone(), base_url.clone(), key.clone());
            let missing = |error: MissingExternalTaskId| JournalError::new(error.to_string());
            let intent = Intent::new(request, base_url, key, wall_time()).map_err(missing)?;
            journal.intent(&intent).await?;
            self.is_intended = true;
        }
        journal.sent(id).await
    }

    pub(super) async fn accepted(&self, task: &TaskId) -> Result<(), JournalError> {
        match (&self.client.0.journal, &self.id) {
            (Some(journal), Some(id)) => journal.accepted(id, task).await,
            _ => Ok(()),
        }
    }

    /// At the end. An end of which nothing was intended is not written down.
    pub(super) async fn ended(&self, outcome: &Outcome) -> Result<(), JournalError> {
        let Some(id) = &self.id else {
            return Ok(());
        };
        if let (Some(budget), Some(reservation)) = (&self.client.0.budget, self.reservation) {
            match outcome {
                Outcome::NotCreated { .. } => budget.release(reservation),
                outcome => budget.settle(reservation, outcome),
            }
        }
        match &self.client.0.journal {
            Some(journal) if self.is_intended => journal.outcome(id, outcome).await,
            _ => Ok(()),
        }
    }
}
