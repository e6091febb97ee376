//! What keeps a batch from being run, or ends it.

use std::io;

use kirin_client::{Billing, DownloadError};
use kirin_types::Amount;

use super::Failure;
use crate::{commands::Costs, exit_code, interrupt::Ids, request_file::how_many};

impl Failure {
    /// The video of a line cannot be written, found before it was sent.
    pub(crate) fn line_output(error: &DownloadError) -> Self {
        Self {
            next_step: "Move what is there away, or choose another --output or --name-template."
                .into(),
            ..Self::output(error)
        }
    }

    /// A batch costs more than it may; nothing of it was sent in this run.
    pub(crate) fn batch_over_budget(costs: &Costs, max_cost: &Amount) -> Self {
        let (rest, spent) = (&costs.rest, &costs.spent);
        let left = how_many(costs.to_create);
        let what = format!(
            "{left} to create at {rest} USD, {spent} USD spent or reserved: the batch may cost \
             {max_cost} USD"
        );
        let next_step = "Take lines out of the file, or allow more with --max-cost.";
        let mut failure = Self::new(exit_code::BALANCE, what, next_step);
        let unknown = costs.unknown.iter();
        failure
            .what
            .extend(unknown.map(|line| format!("line {line}: what it costs is not known")));
        failure.money = "This command has sent nothing, and spent nothing.".into();
        failure
    }

    /// Ctrl-C or SIGTERM during a batch.
    pub(crate) fn batch_interrupted(under_way: &[Ids]) -> Self {
        let what = format!("interrupted, with {} under way", how_many(under_way.len()));
        let next_step =
            "Go on with the same command: it looks for what was sent before it sends anything.";
        let mut failure = Self::new(exit_code::INTERRUPTED, what, next_step);
        for ids in under_way {
            failure.what.push(match (&ids.external_task_id, &ids.id) {
                (Some(external), Some(id)) => format!("{external}, task {id}"),
                (Some(external), None) => format!("{external}, sent and not answered"),
                (None, Some(id)) => format!("task {id}"),
                (None, None) => "nothing is sent yet".into(),
            });
        }
        let is_sent = |ids: &Ids| ids.external_task_id.is_some() || ids.id.is_some();
        if under_way.iter().any(is_sent) {
            failure.money = "What is under way goes on at the service, and may be charged.".into();
            failure.billing = Billing::Unknown;
        }
        failure
    }

    /// Ctrl-C or SIGTERM while several were gone on with; none where nothing was interrupted.
    pub(crate) fn all_interrupted(mut all: Vec<Self>) -> Option<Self> {
        if all.len() < 2 {
            return all.pop();
        }
        let ids: Vec<_> = all.into_iter().map(|failure| failure.about.ids).collect();
        Some(Self::batch_interrupted(&ids))
    }

    /// The batch ended, and stdout does not take its summary.
    pub(crate) fn batch_unwritten(error: &io::Error) -> Self {
        let what = format!("the summary cannot be written to stdout: {error}");
        let next_step = "Run the same command again: it tells the same.";
        Self {
            money: "The batch has ended; what is completed was charged.".into(),
            billing: Billing::Unknown,
            ..Self::new(exit_code::DISK, what, next_step)
        }
    }

    /// What happened, and what to do next.
    pub(crate) fn in_a_line(&self) -> String {
        let what = self.what.join(", ");
        format!("{what}. {} {}", self.money, self.next_step())
    }
}
