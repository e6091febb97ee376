#![doc = include_str!("../metrics.md")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use metrics::{
    Gauge, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

/// Describes all metrics to the recorder that is installed. [`ClientBuilder::build`](crate::ClientBuilder::build)
/// does this; it is for a recorder that is installed later.
///
/// ```
/// use metrics::NoopRecorder;
///
/// // In place of an exporter of yours.
/// metrics::set_global_recorder(NoopRecorder)?;
/// kirin_client::metrics::describe();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn describe() {
    guarded(|| {
        describe_histogram!(
            POSTS,
            Unit::Count,
            "POSTs of one create that may have made a task, recorded when the operation that sent them ends"
        );
        describe_counter!(
            AMBIGUOUS,
            Unit::Count,
            "POSTs of creates that may or may not have made a task"
        );
        describe_counter!(
            RECONCILED,
            Unit::Count,
            "Ended searches for the task of a create whose answer was lost"
        );
        describe_histogram!(
            TASK_DURATION,
            Unit::Seconds,
            "Time from the creation of a task until its end was seen"
        );
        describe_histogram!(
            POLL_LATENESS,
            Unit::Seconds,
            "Time from when a query of a task was due until it was sent"
        );
        describe_histogram!(COST, "USD of one create, rounded to a 64-bit float");
        describe_counter!(
            UNRESOLVED,
            Unit::Count,
            "Operations that ended unresolved: the create may have been charged, and its task was not found"
        );
        describe_gauge!(
            IN_FLIGHT,
            Unit::Count,
            "Operations that have begun and have neither ended nor been dropped"
        );
        describe_counter!(
            DOWNLOADED,
            Unit::Bytes,
            "Received bytes of outputs, including those received again"
        );
    });
}

const POSTS: &str = "kirin.create.posts";
const AMBIGUOUS: &str = "kirin.create.ambiguous";
const RECONCILED: &str = "kirin.reconcile.outcome";
const TASK_DURATION: &str = "kirin.task.duration";
const POLL_LATENESS: &str = "kirin.poll.lateness";
const COST: &str = "kirin.cost";
const UNRESOLVED: &str = "kirin.unresolved";
const IN_FLIGHT: &str = "kirin.in_flight";
const DOWNLOADED: &str = "kirin.download.bytes";

pub(crate) fn posts(posts: u32) {
    guarded(|| histogram!(POSTS).record(posts));
}

pub(crate) fn ambiguous() {
    guarded(|| counter!(AMBIGUOUS).increment(1));
}

pub(crate) fn reconciled(outcome: &'static str) {
    guarded(|| counter!(RECONCILED, "outcome" => outcome).increment(1));
}

pub(crate) fn task_ended(model: &'static str, end: &'static str, seconds: f64) {
    guarded(|| histogram!(TASK_DURATION, "model" => model, "end" => end).record(seconds));
}

pub(crate) fn polled(late_by: std::time::Duration) {
    guarded(|| histogram!(POLL_LATENESS).record(late_by));
}

pub(crate) fn cost(model: &'static str, state: &'static str, usd: f64) {
    guarded(|| histogram!(COST, "model" => model, "state" => state).record(usd));
}

pub(crate) fn unresolved() {
    guarded(|| counter!(UNRESOLVED).increment(1));
}

pub(crate) fn downloaded(bytes: usize) {
    guarded(|| counter!(DOWNLOADED).increment(bytes as u64));
}

/// An operation that has begun, until it is dropped.
pub(crate) struct InFlight(Option<Gauge>);

impl InFlight {
    pub(crate) fn enter() -> Self {
        let mut entered = None;
        guarded(|| {
            let gauge = gauge!(IN_FLIGHT);
            gauge.increment(1);
            entered = Some(gauge);
        });
        Self(entered)
    }
}

/// What was counted up is counted down again, whatever recorder is installed by then.
impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(gauge) = self.0.take() {
            guarded(|| gauge.decrement(1));
        }
    }
}

/// A recorder is someone else's code: where it panics, what is paid for continues all the same.
fn guarded(record: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(record));
}
