//! What keeps a batch from being run, or ends it.

use std::io;

use kirin_client::{Billing, DownloadError};
use kirin_types::Amount;

use super::Failure;
use crate::{commands::Costs, exit_code, request_file::how_many};

impl Failure {
    /// The video of a line cannot be written, found before it was sent.
    pub(crate) fn line_output(error: &DownloadError) -> Self {
        let failure = Self::output(error);
        match error.longest_name() {
            Some(_) => failure,
            None => Self {
                next_step:
                    "Move what is there away, or choose another --output or --name-template.".into(),
                ..failure
            },
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
