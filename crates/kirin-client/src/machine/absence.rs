//! The row of lookups that proves that a task does not exist.
//!
//! A miss alone proves nothing: a gateway says 404 in JSON while the route of the lookups is away, a
//! cache keeps one, and of two servers behind one address the other may know the task. So the misses
//! stand between controls, tasks that the same lookup must find.

use std::{cmp::Ordering, time::Duration};

use kirin_types::{ExternalTaskId, Task, Timestamp};
use serde::{Deserialize, Serialize};

use super::context::Context;
use crate::{
    Control,
    wire::{Probe, QueryAnswer},
};

/// What is looked up, in this order, back to back. Strict alternation fools itself where two servers
/// take turns.
const STEPS: [Step; 6] = [
    Step::Control,
    Step::Miss,
    Step::Miss,
    Step::Control,
    Step::Miss,
    Step::Control,
];

/// How long a row may take.
const LONGEST_ROW: Duration = Duration::from_secs(10);

/// How long a complete row proves that there is no task.
pub(super) const PROOF_HOLDS: Duration = Duration::from_secs(10);

/// Rows that may break before the rest is left to a person.
pub(super) const MAX_ROWS: u32 = 2;

/// The wait between two rows.
pub(super) const BETWEEN_ROWS: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Control,
    Miss,
}

/// A row under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    began_at: Duration,
    done: usize,
    /// Which of the controls comes first: another row tries others.
    first_control: usize,
    latest_date: Option<Timestamp>,
    has_control_before_intent: bool,
}

/// What a row makes of an answer.
pub(super) enum Progress {
    /// It proves nothing any more; why, as a sentence part.
    Broken(String),
    /// The task of our own id, or what looks like it.
    Found(Box<Task>),
    Next,
    Proved,
}

impl Row {
    pub(super) fn begin(now: Duration, number: u32) -> Self {
        Self {
            began_at: now,
            done: 0,
            first_control: number as usize * 3,
            latest_date: None,
            has_control_before_intent: false,
        }
    }

    pub(super) fn began_at(&self) -> Duration {
        self.began_at
    }

    /// What is looked up now.
    pub(super) fn target<'a>(
        &self,
        own: &'a ExternalTaskId,
        context: &'a Context,
    ) -> &'a ExternalTaskId {
        match (self.step(), self.control(context)) {
            (Step::Control, Some(control)) => &control.external_task_id,
            _ => own,
        }
    }

    fn step(&self) -> Step {
        STEPS[self.done.min(STEPS.len() - 1)]
    }

    /// The controls take turns. A row is begun only where there is one.
    fn control<'a>(&self, context: &'a Context) -> Option<&'a Control> {
        let controls = &context.settings.controls;
        let earlier = STEPS.iter().take(self.done);
        let turn = earlier.filter(|step| **step == Step::Control).count();
        let turn = self.first_control.saturating_add(turn);
        controls.get(turn % controls.len().max(1))
    }

    pub(super) fn answered(
        &mut self,
        now: Duration,
        probe: Probe,
        own: &ExternalTaskId,
        context: &Context,
    ) -> Progress {
        if let (Step::Miss, QueryAnswer::Task(task)) = (self.step(), &probe.answer)
            && !task.names_another_than(own)
        {
            return Progress::Found(Box::new(task.clone()));
        }
        if let Err(reason) = self.take(now, &probe, context) {
            return Progress::Broken(reason);
        }
        self.done = self.done.saturating_add(1);
        match (self.done.cmp(&STEPS.len()), self.has_control_before_intent) {
            (Ordering::Less, _) => Progress::Next,
            (Ordering::Equal, true) => Progress::Proved,
            (Ordering::Equal, false) => {
                Progress::Broken("no control is older than the create".into())
            }
            // Only a machine that was damaged where it was kept has done more than there is to do.
            (Ordering::Greater, _) => Progress::Broken("it has no such look-up".into()),
        }
    }

    fn take(&mut self, now: Duration, probe: &Probe, context: &Context) -> Result<(), String> {
        if now.saturating_sub(self.began_at) > LONGEST_ROW {
            return Err("the look-ups took too long".into());
        }
        if probe.age.is_some_and(|age| !age.is_zero()) {
            return Err("a cache answered".into());
        }
        if probe.date < self.latest_date {
            return Err("an answer is older than the one before it".into());
        }
        self.latest_date = probe.date;
        match (self.step(), &probe.answer) {
            (Step::Control, answer) => self.take_control(answer, context),
            (Step::Miss, QueryAnswer::NotFound(_)) => Ok(()),
            (Step::Miss, QueryAnswer::Refused(refusal)) => Err(refusal.to_string()),
            (Step::Miss, QueryAnswer::Trouble(trouble)) => Err(trouble.to_string()),
            (Step::Miss, QueryAnswer::Task(_)) => {
                Err("the answer names another external id".into())
            }
        }
    }

    fn take_control(&mut self, answer: &QueryAnswer, context: &Context) -> Result<(), String> {
        let missed = || Err("a task that exists was not found".to_owned());
        let (Some(control), QueryAnswer::Task(task)) = (self.control(context), answer) else {
            return missed();
        };
        if *task.id() != control.task_id || task.names_another_than(&control.external_task_id) {
            return missed();
        }
        let is_older = |created_at| {
            context
                .clocks
                .is_before_intent(created_at, &context.settings)
        };
        self.has_control_before_intent |=
            control.accepted_before_intent || task.created_at().is_some_and(is_older);
        Ok(())
    }
}
