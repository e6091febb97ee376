//! Which creates the operations of a client are about: two at once about the same one would both find
//! that it is to be sent again.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kirin_types::ExternalTaskId;

/// The external task ids of the creates that are under way.
#[derive(Default)]
pub(super) struct Claims(Mutex<HashSet<ExternalTaskId>>);

/// The right to send a create, until it is dropped.
pub(super) struct Claim {
    claims: Arc<Claims>,
    id: ExternalTaskId,
}

impl Claims {
    /// None where somebody else has it.
    pub(super) fn take(self: &Arc<Self>, id: &ExternalTaskId) -> Option<Claim> {
        self.locked().insert(id.clone()).then(|| Claim {
            claims: Arc::clone(self),
            id: id.clone(),
        })
    }

    fn locked(&self) -> MutexGuard<'_, HashSet<ExternalTaskId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.locked().remove(&self.id);
    }
}
