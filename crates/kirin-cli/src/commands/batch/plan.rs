//! The plan of a batch: the requests of the file, and their entries in the ledger.

use kirin_client::{BaseUrl, Billing, Error, JournalState, machine::Outcome};
use kirin_ledger::{DownloadedFile, Entry, Ledger, Money};
use kirin_types::{Amount, ExternalTaskId, Price, Task};
use serde::{Serialize, Serializer};

use crate::{
    downloaded_files, exit_code,
    failure::Failure,
    request_file::{Line, Problem, RequestFile, how_many},
    session::one_of_accounts,
};

/// A request, and what an earlier run has made of it.
pub(super) struct Planned {
    pub(super) line: Line,
    entry: Option<Entry>,
    /// Whether its files are there, and are what was downloaded.
    has_files: bool,
}

/// What a batch costs, and how far it is: `--dry-run` prints it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Costs {
    requests: usize,
    pub(super) done: usize,
    /// How many an earlier run has begun, and not ended with files.
    begun: usize,
    to_create: usize,
    /// List price of what is to be created, in USD.
    pub(super) price: Amount,
    /// The lines that are to be created at a price that is not known.
    #[serde(rename = "without_price", serialize_with = "serialize_count")]
    unknown: Vec<u64>,
    /// What is spent, or may be, in USD.
    pub(super) spent: Amount,
    /// The part of it that belongs to tasks with a known id.
    #[serde(skip)]
    with_task: Amount,
}

/// Looks up each request in the ledger. Fails if the ledger has another request under the id of one.
pub(super) async fn plan_lines(
    ledger: &Ledger,
    base_url: &BaseUrl,
    file: &RequestFile,
    lines: Vec<Line>,
) -> Result<Vec<Planned>, Failure> {
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for line in lines {
        let id = line.id();
        let found = ledger.find(id.as_str()).await?;
        let is_meant = |entry: &Entry| entry.base_url == *base_url && entry.external_task_id == *id;
        let entry = one_of_accounts(id.as_str(), found.into_iter().filter(is_meant).collect())?;
        let entry = entry.filter(|entry| entry.money() != Money::None);
        if let Some(entry) = &entry
            && ledger.intent(entry.number).await?.request != line.request
        {
            let what = format!("external_task_id {id} was used for another request");
            problems.push(Problem::in_line(line.number, what));
        }
        let has_files = match &entry {
            Some(entry) if entry.task_with_output().is_some() => {
                downloaded_files::are_there(ledger, entry).await?
            }
            _ => false,
        };
        all.push(Planned {
            line,
            entry,
            has_files,
        });
    }
    match problems.is_empty() {
        true => Ok(all),
        false => Err(file.invalid_failure(&problems)),
    }
}

impl Planned {
    pub(super) fn id(&self) -> &ExternalTaskId {
        self.line.id()
    }

    /// Whether nothing may have been created for it yet.
    pub(super) fn is_new(&self) -> bool {
        self.entry.is_none()
    }

    /// The task and its files, where they are there.
    pub(super) fn finished_files(&self) -> Option<(&Task, &[DownloadedFile])> {
        let entry = self.entry.as_ref().filter(|_| self.has_files)?;
        Some((entry.task_with_output()?, &entry.files))
    }

    /// The error of a task that ended without a video for good.
    pub(super) fn final_failure(&self) -> Option<Error> {
        let JournalState::Ended(outcome) = &self.entry.as_ref()?.state else {
            return None;
        };
        match &**outcome {
            Outcome::Failed(_) | Outcome::CompletedWithoutOutput(_) => {
                Error::check((**outcome).clone()).err()
            }
            _ => None,
        }
    }

    /// What it cost in USD, or may, where that is known.
    pub(super) fn expected_cost(&self) -> Option<Amount> {
        match &self.entry {
            Some(entry) => entry.amount().cloned(),
            None => self.line.request.price_estimate().map(Price::amount),
        }
    }
}

impl Costs {
    pub(super) fn of(all: &[Planned]) -> Self {
        let mut costs = Self {
            requests: all.len(),
            ..Self::default()
        };
        for planned in all {
            let amount = planned.expected_cost();
            match (&planned.entry, planned.finished_files().is_some()) {
                (Some(_), true) => costs.done += 1,
                (Some(_), false) => costs.begun += 1,
                (None, _) => costs.to_create += 1,
            }
            match (&planned.entry, amount) {
                (Some(entry), Some(amount)) => {
                    if entry.task_id.is_some() {
                        costs.with_task = costs.with_task.clone() + amount.clone();
                    }
                    costs.spent = costs.spent.clone() + amount;
                }
                (Some(_), None) => {}
                (None, Some(amount)) => costs.price = costs.price.clone() + amount,
                (None, None) => costs.unknown.push(planned.line.number),
            }
        }
        costs
    }

    /// What the client of this run may spend; a failure if the rest does not fit, or has no known price. The client
    /// itself counts a create whose task is looked for.
    pub(super) fn remaining_budget(&self, max_cost: &Amount) -> Result<Amount, Failure> {
        let total = self.spent.clone() + self.price.clone();
        if self.to_create > 0 && (total > *max_cost || !self.unknown.is_empty()) {
            return Err(self.over_budget(max_cost));
        }
        let left = max_cost.clone() - self.with_task.clone();
        Ok(match left.is_negative() {
            true => Amount::default(),
            false => left,
        })
    }

    /// It costs more than it may; nothing of it was sent in this run.
    fn over_budget(&self, max_cost: &Amount) -> Failure {
        let (price, spent) = (&self.price, &self.spent);
        let left = how_many(self.to_create);
        let what = format!(
            "{left} to create at {price} USD, {spent} USD spent or reserved: the batch may cost \
             {max_cost} USD"
        );
        let unknown = self.unknown.iter();
        let unknown = unknown.map(|line| format!("line {line}: its price is not known"));
        let next_step = "Take lines out of the file, or allow more with --max-cost.";
        let money = "This command has sent nothing, and spent nothing.";
        Failure::new(exit_code::BALANCE, what, next_step)
            .with_details(unknown)
            .with_money(Billing::None, money)
    }
}

fn serialize_count<S: Serializer>(lines: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    lines.len().serialize(serializer)
}
