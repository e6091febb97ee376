//! The time that a command has, also while another process is at the same create.

use std::time::{Duration, Instant};

use kirin_client::{Billing, machine::Settings};
use kirin_ledger::{Entry, Owner};
use kirin_types::{GenerationRequest, KIRIN_V2_5_TURBO_T2V};

use super::take_over;
use crate::{
    clock, exit_code,
    failure::{Failure, Ids},
    terminal::print_stderr,
};

/// How often the ledger is asked whether another process is still at the same create.
const ANOTHER_PROCESS: Duration = Duration::from_millis(200);

/// When a command stops waiting, whatever it waits for.
pub(crate) struct Deadline {
    began: Instant,
    /// None waits for ever.
    limit: Option<Duration>,
}

impl Deadline {
    /// Counts from now: the time that was typed, or what the model has.
    pub(super) fn from_now(request: &GenerationRequest, typed: Option<Duration>) -> Self {
        let model = request.model().unwrap_or(&KIRIN_V2_5_TURBO_T2V);
        Self {
            began: clock::instant_now(),
            limit: typed.or_else(|| Settings::for_model(model, None).deadline),
        }
    }

    pub(super) fn time_left(&self) -> Option<Duration> {
        let limit = self.limit?;
        Some(limit.saturating_sub(clock::instant_now().duration_since(self.began)))
    }
}

/// Another process that is at the same create, which this one waits for.
#[derive(Default)]
pub(super) struct AnotherProcess {
    is_reported: bool,
}

impl AnotherProcess {
    /// Waits a moment for what may become of the entry; a failure if the time to wait is over.
    pub(super) async fn wait_a_moment(
        &mut self,
        entry: &Entry,
        owner: &Owner,
        deadline: &Deadline,
    ) -> Result<(), Failure> {
        if !self.is_reported {
            take_over::report_owner(&entry.external_task_id, owner);
            print_stderr("waiting for it");
            self.is_reported = true;
        }
        let left = deadline.time_left().unwrap_or(ANOTHER_PROCESS);
        if left.is_zero() {
            return Err(under_way_elsewhere(entry));
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "it waits for another process, which sends no signal"
        )]
        tokio::time::sleep(ANOTHER_PROCESS.min(left)).await;
        Ok(())
    }
}

/// Another process was at the same create for all the time that there was.
fn under_way_elsewhere(entry: &Entry) -> Failure {
    let external = &entry.external_task_id;
    let failure = match &entry.task_id {
        Some(id) => Failure::new(
            exit_code::NOT_FINISHED,
            format!(
                "another process waits for task {id} of the same create, and it was not finished when the \
                 time to wait was over"
            ),
            "Do not generate it under another id: wait for the task again.",
        )
        .followed_by("wait", id.as_str()),
        None => Failure::new(
            exit_code::UNRESOLVED,
            format!(
                "another process is sending the same create {external}, and had no answer when the time to \
                 wait was over"
            ),
            "Do not generate it under another id: run the same command again, or look for the task of the \
             other process.",
        )
        .followed_by("status", external.as_str()),
    };
    let money = "This command has sent nothing. What the other process sent may be charged once.";
    failure.with_money(Billing::Unknown, money).with_ids(Ids {
        id: entry.task_id.clone(),
        ..Ids::from(external)
    })
}
