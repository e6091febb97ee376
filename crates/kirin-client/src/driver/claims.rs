//! Which creates the operations of a client are about: two at once about the same one would both find
//! that it is to be sent again.

use std::{collections::HashSet, sync::Arc};

use kirin_types::ExternalTaskId;
use tokio::sync::watch;

/// The external task ids of creates that someone is at.
#[derive(Default)]
pub(super) struct Claims(watch::Sender<HashSet<ExternalTaskId>>);

/// The right to be at a create, until it is dropped.
pub(super) struct Claim {
    claims: Arc<Claims>,
    id: ExternalTaskId,
}

impl Claims {
    /// None where someone else has it.
    pub(super) fn take(self: &Arc<Self>, id: &ExternalTaskId) -> Option<Claim> {
        let is_free = self.0.send_if_modified(|taken| taken.insert(id.clone()));
        is_free.then(|| Claim {
            claims: Arc::clone(self),
            id: id.clone(),
        })
    }

    /// Waits until no one has it.
    pub(super) async fn are_free_of(&self, id: &ExternalTaskId) {
        let mut taken = self.0.subscribe();
        // The sender is here, so it does not fail.
        let _ = taken.wait_for(|taken| !taken.contains(id)).await;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims
            .0
            .send_if_modified(|taken| taken.remove(&self.id));
    }
}
