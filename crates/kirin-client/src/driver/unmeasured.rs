//! Without the feature `metrics` nothing is kept and nothing happens: see `measures.rs`.

use std::time::Duration;

use kirin_transport::SendWatch;
use kirin_types::{GenerationRequest, Task};

use super::{Client, plan::Plan, record::Record};
use crate::{
    Error,
    clock::Clock,
    machine::{Notice, Outcome},
    wire::CreateAnswer,
};

pub(super) struct Measures;

impl Measures {
    pub(super) fn begin(plan: &Plan) -> Self {
        let _ = plan.had_ended;
        Self
    }

    pub(super) fn prepared(&mut self, _: &Plan) {}

    pub(super) fn create_leaves(&mut self, _: &SendWatch, _: &GenerationRequest, _: &Record) {}

    pub(super) fn answered(&mut self, _: &CreateAnswer) {}

    pub(super) fn count_notice(&mut self, _: &Notice) {}

    pub(super) fn waited(&mut self, _: Duration) {}

    pub(super) fn poll_is_due(&mut self, _: &Clock) {}

    pub(super) fn polled(&mut self, _: &Clock) {}

    pub(super) fn ended(&mut self, _: &Outcome, _: &Client) {}
}

pub(super) fn operation_ended(_: &Result<Task, Error>) {}

pub(crate) fn downloaded(_: usize) {}
