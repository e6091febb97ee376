//! What keeps a create from being sent here, and what is known of one that was sent.

use kirin_client::{
    Billing,
    machine::{Cause, Outcome, Withheld},
};
use kirin_ledger::Entry;

use super::Failure;
use crate::{exit_code, interrupt::Ids};

impl Failure {
    /// It costs more than it may; nothing was sent.
    pub(crate) fn over_budget(withheld: Withheld) -> Self {
        let cause = Cause::Withheld(withheld);
        let ended = kirin_client::Error::check(Outcome::NotCreated { cause });
        // Only a completed task is no error.
        Self::generation(&ended.expect_err("an error"), Ids::default())
    }

    /// Another process was at the same create for all the time that there was.
    pub(crate) fn under_way_elsewhere(entry: &Entry) -> Self {
        let external = entry.external_task_id.as_str();
        let failure = match &entry.task_id {
            Some(id) => Self::new(
                exit_code::NOT_FINISHED,
                format!(
                    "another process waits for task {id} of the same create, and it was not \
                     finished when the time to wait was over"
                ),
                "Do not generate it under another id: wait for the task again.",
            )
            .resumed_by("wait", id.as_str()),
            None => Self::new(
                exit_code::UNRESOLVED,
                format!(
                    "another process is at the same create {external}, and had no answer when the \
                     time to wait was over"
                ),
                "Do not generate it under another id: run the same command again, or look for the \
                 task of the other process.",
            )
            .resumed_by("status", external),
        };
        Self {
            money:
                "This command has sent nothing. What the other process sent may be charged once."
                    .into(),
            billing: Billing::Unknown,
            ..failure
        }
        .with_ids(Ids {
            external_task_id: Some(entry.external_task_id.clone()),
            id: entry.task_id.clone(),
            ..Ids::default()
        })
    }

    /// A create that was not found was not sent again, because it may cost too much.
    pub(crate) fn not_sent_again(entry: &Entry, sends: u32, why: String) -> Self {
        let id = entry.external_task_id.as_str();
        let what = format!("{id} was not found, and was not sent again: {why}");
        let next_step = "Allow more with --max-cost or budget_per_day, or only look for it again:";
        let failure = Self::new(exit_code::BALANCE, what, next_step).resumed_by("resolve", id);
        let failure = failure.with_ids(Ids {
            external_task_id: Some(entry.external_task_id.clone()),
            ..Ids::default()
        });
        match sends {
            0 => failure,
            sends => Self {
                money: format!("This command has sent nothing. {}.", charged_up_to(sends)),
                billing: Billing::Unknown,
                ..failure
            },
        }
    }

    /// How often an unresolved create was sent, where it was more than once.
    pub(crate) fn sent_before(mut self, sends: u32) -> Self {
        if sends > 1 {
            self.what.push(format!("it was sent {sends} times"));
            self.money = format!("{}.", charged_up_to(sends));
        }
        self
    }
}

/// Each send is a charge that may have been made.
pub(crate) fn charged_up_to(sends: u32) -> String {
    match sends {
        0 | 1 => "It may have been charged once".into(),
        sends => format!("It may have been charged up to {sends} times"),
    }
}
