//! What is measured of an operation, with the feature `metrics`; `unmeasured.rs` takes its place without it.
//!
//! Everything is counted after it was written down: a recorder may be slow, and a create that waits for one
//! must not be lost.

use std::time::Duration;

use kirin_transport::SendWatch;
use kirin_types::{GenerationRequest, Model, Task};

pub(crate) use crate::metrics::downloaded;

use super::{
    Client,
    plan::{Plan, Start},
    record::Record,
};
use crate::{
    Error, ErrorKind,
    clock::{Clock, Moment},
    machine::{Notice, Outcome},
    metrics::{self, InFlight},
    wire::CreateAnswer,
};

/// What one operation adds to the metrics, at its end or when it is dropped.
pub(super) struct Measures {
    _in_flight: InFlight,
    /// As a label: one of the catalogue's, or a word for all others.
    model: &'static str,
    /// POSTs of this operation that may have made a task.
    posts: u32,
    /// Those of earlier operations, as far as they are known.
    earlier_posts: u32,
    /// Of the POST whose answer has not come yet.
    leaving: Option<SendWatch>,
    /// What the create costs, in USD, where that is known.
    price: Option<f64>,
    /// Its task is looked for, because the answer was lost.
    is_sought: bool,
    /// The end of the task is one that no one has counted.
    is_new_end: bool,
    /// The task runs since then, where its creation was seen here.
    created_at: Option<Moment>,
    began_at: Moment,
    /// When the next query is, or was, to be sent.
    poll_due: Option<Duration>,
}

impl Measures {
    pub(super) fn begin(plan: &Plan) -> Self {
        Self {
            _in_flight: InFlight::enter(),
            model: model_label(plan.start.model_id().as_deref()),
            posts: 0,
            earlier_posts: 0,
            leaving: None,
            price: None,
            is_sought: false,
            is_new_end: !plan.had_ended && !matches!(plan.start, Start::Wait(_)),
            created_at: None,
            began_at: Moment::now(),
            poll_due: None,
        }
    }

    /// The journal was asked: `plan` says how the create continues.
    pub(super) fn prepared(&mut self, plan: &Plan) {
        if let Start::Reconcile(intent) | Start::SendAgain(intent) = &plan.start {
            self.is_sought = true;
            self.earlier_posts = intent.repetitions_after_absence.saturating_add(1);
        }
    }

    /// A POST is about to leave. Nothing is recorded before it has: it must not wait for a recorder.
    pub(super) fn create_leaves(
        &mut self,
        watch: &SendWatch,
        request: &GenerationRequest,
        record: &Record,
    ) {
        self.posts = self.posts.saturating_add(1);
        self.leaving = Some(watch.clone());
        self.price = record.price(request).as_ref().and_then(usd);
        self.poll_due = None;
    }

    pub(super) fn answered(&mut self, answer: &CreateAnswer) {
        self.leaving = None;
        match answer {
            CreateAnswer::Ambiguous(_) => {
                metrics::ambiguous();
                self.sent_again_if_sought();
                self.is_sought = true;
            }
            // The journal is to know of it first.
            CreateAnswer::Created(_) => {}
            CreateAnswer::Duplicate(_) => {
                self.sent_again_if_sought();
                self.is_sought = true;
            }
            CreateAnswer::NotSent(_) => self.posts = self.posts.saturating_sub(1),
            CreateAnswer::Refused(_) => {
                self.sent_again_if_sought();
                self.posts = self.posts.saturating_sub(1);
            }
        }
    }

    fn sent_again_if_sought(&mut self) {
        if std::mem::take(&mut self.is_sought) {
            metrics::reconciled("sent_again");
        }
    }

    /// What happened, after the journal knows of it.
    pub(super) fn count_notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Accepted { adopted: true, .. } => {
                self.is_sought = false;
                metrics::reconciled("found");
            }
            Notice::Accepted { adopted: false, .. } => {
                self.created_at = Some(Moment::now());
                self.sent_again_if_sought();
            }
            Notice::Progress { .. } | Notice::UnknownStatus { .. } => self.is_new_end = true,
            _ => {}
        }
    }

    /// A wait until then is over. Where a wake ended it, a shorter one comes before the query.
    pub(super) fn waited(&mut self, until: Duration) {
        self.poll_due = Some(until);
    }

    /// The next query is due, unless it was before.
    pub(super) fn poll_is_due(&mut self, clock: &Clock) {
        self.poll_due.get_or_insert_with(|| clock.elapsed());
    }

    pub(super) fn polled(&mut self, clock: &Clock) {
        if let Some(due) = self.poll_due.take() {
            metrics::polled(clock.elapsed().saturating_sub(due));
        }
    }

    pub(super) fn ended(&mut self, outcome: &Outcome, client: &Client) {
        if std::mem::take(&mut self.is_sought) {
            match outcome {
                Outcome::NotCreated { .. } => metrics::reconciled("not_created"),
                Outcome::Unresolved { .. } => metrics::reconciled("unresolved"),
                _ => {}
            }
        }
        match outcome {
            Outcome::Completed(task) => self.task_ended("completed", task, client),
            Outcome::CompletedWithoutOutput(task) => {
                self.task_ended("completed_without_output", task, client);
            }
            Outcome::Failed(task) => self.task_ended("failed", task, client),
            Outcome::OtherEnd(task) => self.task_ended("other_end", task, client),
            Outcome::NotCreated { .. } => self.price = None,
            _ => {}
        }
    }

    fn task_ended(&mut self, end: &'static str, task: &Task, client: &Client) {
        if !self.is_new_end {
            return;
        }
        metrics::task_ended(self.model, end, self.age(task, client).as_secs_f64());
        let cost = task.cost().filter(|cost| !cost.is_negative());
        if let Some(cost) = cost.and_then(usd) {
            self.price = None;
            metrics::cost(self.model, "charged", cost);
        }
    }

    /// How long the task has existed: by our clock where it was created here, else by its own time.
    fn age(&self, task: &Task, client: &Client) -> Duration {
        let now = Moment::now();
        let by_service = || {
            let ours = client.wall_time()?;
            let difference = client.clock_difference();
            let service = difference.map_or(ours, |difference| difference.at_service(ours));
            let created_at = task.created_at()?.milliseconds();
            let age = service.milliseconds().checked_sub(created_at)?;
            // Zero is no time.
            let age = u64::try_from(age).ok().filter(|_| created_at > 0)?;
            Some(Duration::from_millis(age))
        };
        match self.created_at {
            Some(created_at) => now.since(created_at),
            None => by_service().unwrap_or_else(|| now.since(self.began_at)),
        }
    }
}

impl Drop for Measures {
    fn drop(&mut self) {
        // Dropped in the middle of an attempt: what the transport did not take yet, it never does.
        if let Some(watch) = self.leaving.take() {
            match watch.withdraw() {
                true => self.posts = self.posts.saturating_sub(1),
                false => metrics::ambiguous(),
            }
        }
        if self.posts == 0 {
            return;
        }
        metrics::posts(self.posts.saturating_add(self.earlier_posts));
        if let Some(price) = self.price {
            metrics::cost(self.model, "unknown", price);
        }
    }
}

pub(super) fn operation_ended(ended: &Result<Task, Error>) {
    if let Err(error) = ended
        && error.kind() == ErrorKind::Unresolved
    {
        metrics::unresolved();
    }
}

/// Names of models outside the catalogue are the caller's, and there may be any number of them.
fn model_label(id: Option<&str>) -> &'static str {
    match id.map(Model::find) {
        Some(Some(model)) => model.id,
        Some(None) => "other",
        None => "unknown",
    }
}

/// As near as a 64-bit float comes to it.
fn usd(amount: &impl ToString) -> Option<f64> {
    amount.to_string().parse().ok()
}
