//! The time that a command has, also while another process is at the same create.

use std::time::{Duration, Instant};

use kirin_client::machine::Settings;
use kirin_ledger::{Entry, Owner};
use kirin_types::{GenerationRequest, KIRIN_V2_5_TURBO_T2V};

use super::take_over;
use crate::{clock, failure::Failure, terminal::say};

/// How often it is asked whether another process is still at the same create.
const ANOTHER_PROCESS: Duration = Duration::from_millis(200);

/// When a command stops to wait, whatever it waits for.
pub(super) struct Deadline {
    began: Instant,
    /// None waits for ever.
    limit: Option<Duration>,
}

impl Deadline {
    /// Counts from now: the time that was typed, or what the model has.
    pub(super) fn of(request: &GenerationRequest, typed: Option<Duration>) -> Self {
        let model = request.model().unwrap_or(&KIRIN_V2_5_TURBO_T2V);
        Self {
            began: clock::now(),
            limit: typed.or_else(|| Settings::for_model(model, None).deadline),
        }
    }

    pub(super) fn left(&self) -> Option<Duration> {
        let limit = self.limit?;
        Some(limit.saturating_sub(clock::now().duration_since(self.began)))
    }
}

/// Another process that is at the same create, which this one waits for.
#[derive(Default)]
pub(super) struct AnotherProcess {
    is_told: bool,
}

impl AnotherProcess {
    /// Waits a moment for what may become of the entry.
    ///
    /// # Errors
    ///
    /// The time to wait is over.
    pub(super) async fn wait(
        &mut self,
        entry: &Entry,
        owner: &Owner,
        deadline: &Deadline,
    ) -> Result<(), Failure> {
        if !self.is_told {
            take_over::leave(&entry.external_task_id, owner);
            say("waiting for it");
            self.is_told = true;
        }
        let left = deadline.left().unwrap_or(ANOTHER_PROCESS);
        if left.is_zero() {
            return Err(Failure::under_way_elsewhere(entry));
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "it waits for another process, which tells nobody"
        )]
        tokio::time::sleep(ANOTHER_PROCESS.min(left)).await;
        Ok(())
    }
}
