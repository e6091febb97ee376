//! What each case is given, and where its outcome goes.

use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{Clause, Finding};
use crate::{Journal, clock::within};

/// How long a case may take before it counts as broken.
const LIMIT: Duration = Duration::from_secs(60);

/// Makes the journals that are checked. A closure that gives one is a maker; write the trait out for a
/// journal that can be opened again.
#[async_trait]
pub trait JournalMaker: Send + Sync {
    /// A journal that knows nothing.
    async fn make(&self) -> Arc<dyn Journal>;

    /// The same journal, closed and opened again, as by the next process; `None` if that cannot be. `journal` is what
    /// [`make`](Self::make) gave last, and no one else holds it.
    async fn reopen(&self, journal: Arc<dyn Journal>) -> Option<Arc<dyn Journal>> {
        drop(journal);
        None
    }
}

#[async_trait]
impl<F: Fn() -> Arc<dyn Journal> + Send + Sync> JournalMaker for F {
    async fn make(&self) -> Arc<dyn Journal> {
        self()
    }
}

/// What the cases need, and where their outcomes go.
pub(super) struct Bench<'a> {
    pub(super) maker: &'a dyn JournalMaker,
    pub(super) findings: Vec<Finding>,
}

impl Bench<'_> {
    /// Runs one case: its outcome is what is broken, if anything is.
    pub(super) async fn run(
        &mut self,
        clause: Clause,
        case: impl Into<String>,
        work: impl Future<Output = Outcome>,
    ) {
        let outcome = within(LIMIT, work).await;
        let outcome = outcome.unwrap_or_else(|| Err(format!("nothing came of it in {LIMIT:?}")));
        self.findings.push(Finding {
            clause,
            case: case.into(),
            broken: outcome.err(),
        });
    }
}

pub(super) type Outcome = Result<(), String>;
