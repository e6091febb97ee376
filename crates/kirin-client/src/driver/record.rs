//! What one operation tells the journal.

use std::sync::Arc;

use kirin_types::{ExternalTaskId, GenerationRequest, TaskId};

use super::{Client, clock::wall_time};
use crate::{Intent, Journal, JournalError, machine::Outcome};

/// The journal's page for one operation; without a journal, or for an operation that creates
/// nothing, every write is done.
pub(super) struct Record {
    page: Option<(Arc<dyn Journal>, ExternalTaskId)>,
    client: Client,
    /// Whether the intent is written down.
    is_intended: bool,
}

impl Record {
    pub(super) fn new(client: &Client, id: Option<&ExternalTaskId>, is_intended: bool) -> Self {
        Self {
            page: client.0.journal.clone().zip(id.cloned()),
            client: client.clone(),
            is_intended,
        }
    }

    /// Before an attempt; where it fails, nothing may be sent.
    pub(super) async fn sending(
        &mut self,
        request: &GenerationRequest,
    ) -> Result<(), JournalError> {
        let Some((journal, id)) = &self.page else {
            return Ok(());
        };
        if !self.is_intended {
            let (base_url, key) = (self.client.base_url(), &self.client.0.fingerprint);
            let intent = Intent::new(request.clone(), base_url.clone(), key.clone(), wall_time());
            journal.intent(&intent).await?;
            self.is_intended = true;
        }
        journal.sent(id).await
    }

    pub(super) async fn accepted(&self, task: &TaskId) -> Result<(), JournalError> {
        match &self.page {
            Some((journal, id)) => journal.accepted(id, task).await,
            None => Ok(()),
        }
    }

    /// At the end. An end of which nothing was intended is not written down.
    pub(super) async fn ended(&self, outcome: &Outcome) -> Result<(), JournalError> {
        match &self.page {
            Some((journal, id)) if self.is_intended => journal.outcome(id, outcome).await,
            _ => Ok(()),
        }
    }
}
