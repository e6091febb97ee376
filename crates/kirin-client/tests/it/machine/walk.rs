//! A machine and the oracle that judges it, step by step.

use std::time::Duration;

use kirin_client::machine::{Action, Event, Machine, Notice};
use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestCaseResult},
};

use super::{
    answers::{CONTROL_EXTERNAL_ID, EXTERNAL_ID},
    oracle::Oracle,
    script::request,
};
use crate::strategies::{Create, Probed, Query, World};

/// A session so far. Each step tells the machine what came of its action, and has the oracle judge
/// what the machine did.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    pub(crate) machine: Machine,
    pub(crate) oracle: Oracle,
    pub(crate) now: Duration,
    /// When the action at hand was asked for: when a call begins.
    pub(crate) since: Duration,
    deadline: Option<Duration>,
}

impl Walk {
    pub(crate) fn new(world: &World) -> Self {
        let settings = world.settings.clone();
        Self {
            deadline: settings.deadline,
            machine: match world.reconciles {
                true => Machine::reconcile(request(), settings).unwrap(),
                false => Machine::generate(request(), settings).unwrap(),
            },
            oracle: Oracle::new(world),
            now: Duration::ZERO,
            since: Duration::ZERO,
        }
    }

    /// The create at hand comes to `answer`, after `delay`.
    pub(crate) fn create(&mut self, answer: Create, delay: Duration) -> TestCaseResult {
        self.oracle.judge_create(self.since)?;
        self.now += delay;
        let answer = match answer {
            // Only what a proof allows may come too late.
            Create::Delayed if self.machine.send_by().is_none() => Create::NotSent,
            answer => answer,
        };
        self.oracle.hear_create(self.now, answer);
        self.handle(answer.event())
    }

    /// The look-up of a row at hand comes to `answer`, after `delay`.
    pub(crate) fn probe(&mut self, answer: Probed, delay: Duration) -> TestCaseResult {
        let Action::Probe(id) = self.machine.action() else {
            panic!("{:?} is no part of a row", self.machine.action());
        };
        let is_control = id.as_str() == CONTROL_EXTERNAL_ID;
        prop_assert!(is_control || id.as_str() == EXTERNAL_ID);
        self.now += delay;
        self.oracle
            .hear_probe(self.since, self.now, is_control, answer);
        self.handle(Event::Probed(answer.probe(is_control)))
    }

    /// The look-up or the query at hand comes to `answer`, after `delay`.
    pub(crate) fn query(&mut self, answer: Query, delay: Duration) -> TestCaseResult {
        match self.machine.action() {
            Action::LookUp(id) => prop_assert_eq!(id.as_str(), EXTERNAL_ID),
            Action::Query(id) => prop_assert_eq!(Some(id), self.oracle.accepted.as_ref()),
            other => panic!("{other:?} is no query"),
        }
        self.now += delay;
        match self.oracle.accepted {
            Some(_) => self.oracle.hear_query(self.since, self.now, answer),
            None => self.oracle.hear_look_up(self.since, self.now, answer),
        }
        self.handle(Event::QueryAnswered(answer.answer()))?;
        let is_over = matches!(self.machine.action(), Action::Finished(_));
        prop_assert!(
            is_over || !self.oracle.has_ended_in_other_words(),
            "it waits although an end was said often enough"
        );
        Ok(())
    }

    /// The wait at hand ends, `delay` too late.
    pub(crate) fn wait(&mut self, delay: Duration) -> TestCaseResult {
        let Action::Wait { until } = self.machine.action() else {
            panic!("{:?} is no wait", self.machine.action());
        };
        // What was refused is looked up after the lag, whenever that is.
        if let Some(deadline) = self.deadline.filter(|_| !self.oracle.was_refused()) {
            prop_assert!(until <= deadline.max(self.now), "waits past the deadline");
        }
        self.now = self.now.max(until) + delay;
        self.handle(Event::WaitEnded)?;
        let waits = matches!(self.machine.action(), Action::Wait { .. });
        prop_assert!(!waits, "a wait after a wait: it was for nothing");
        Ok(())
    }

    /// Something wakes the machine, after `delay`.
    pub(crate) fn wake(&mut self, delay: Duration) -> TestCaseResult {
        self.now += delay;
        self.handle(Event::Woken)
    }

    /// What the end is worth, if this is one.
    pub(crate) fn judge_end(&self) -> Option<TestCaseResult> {
        match self.machine.action() {
            Action::Finished(outcome) => Some(self.oracle.judge_end(outcome, self.now)),
            _ => None,
        }
    }

    fn handle(&mut self, event: Event) -> TestCaseResult {
        let woken = event == Event::Woken;
        let handled = self.machine.handle(self.now, event);
        let notice = handled.map_err(|error| TestCaseError::fail(error.to_string()))?;
        if let Notice::Accepted { id, .. } = &notice {
            prop_assert_eq!(Some(id), self.oracle.accepted.as_ref());
        }
        // A wake comes while a call is under way: the call began before it.
        if !woken {
            self.since = self.now;
        }
        Ok(())
    }
}
