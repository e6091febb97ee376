//! What the create rule lets a client do, remembered from what the world said: an oracle that is
//! written from the table in `design.md`, and knows nothing of the machine's states.

use std::time::Duration;

use kirin_client::{
    DuplicateIds, Error, Lookup,
    machine::{Knowledge, Outcome},
    wire::{CreateAnswer, QueryAnswer},
};
use kirin_types::TaskId;
use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestCaseResult},
};

use super::answers::EXTERNAL_ID;
use crate::strategies::{Create, Query, World};

/// What the create rule lets a client know, from what the world said.
#[derive(Clone, Debug)]
pub(crate) struct Oracle {
    host_refuses: bool,
    lookup: Lookup,
    lag: Option<Duration>,
    deadline: Option<Duration>,
    has_clock: bool,
    creates: usize,
    /// When the last attempt that is neither refused nor unsent nor proved absent was answered.
    doubt: Option<Duration>,
    /// Attempts that may have been sent, in all.
    maybe_sent: usize,
    not_sent_in_a_row: usize,
    /// When the last attempt was answered, if it is to wait before the next: at most 30 s.
    waits_from: Option<Duration>,
    /// The service said that the id is in use, after an attempt of ours.
    exists: bool,
    /// An attempt was refused for good: no other may follow.
    refused: bool,
    /// Look-ups in a row that told nothing.
    failed_look_ups: usize,
    /// The latest look-up, by when it began.
    looked_up_at: Option<Duration>,
    /// The last answer to a look-up.
    last_look_up: Option<Query>,
    pub(crate) accepted: Option<TaskId>,
}

impl Oracle {
    pub(crate) fn new(world: &World) -> Self {
        let host = world.settings.capabilities;
        Self {
            host_refuses: host.duplicate_ids == DuplicateIds::Refused,
            lookup: host.lookup,
            lag: host.lookup_lag,
            deadline: world.settings.deadline,
            has_clock: world.settings.started_at.is_some(),
            creates: usize::from(world.reconciles),
            // The other process's call may have gone on for its whole time-out.
            doubt: world.reconciles.then_some(Duration::ZERO),
            maybe_sent: usize::from(world.reconciles),
            not_sent_in_a_row: 0,
            waits_from: None,
            exists: false,
            refused: false,
            failed_look_ups: 0,
            looked_up_at: None,
            last_look_up: None,
            accepted: None,
        }
    }

    /// A create is asked for. Is that safe?
    pub(crate) fn judge_create(&self, now: Duration) -> TestCaseResult {
        prop_assert!(self.accepted.is_none(), "a second task");
        prop_assert!(!self.refused, "a refusal is final");
        prop_assert!(!self.exists, "the task is known to exist");
        prop_assert!(self.maybe_sent < 4, "too many attempts");
        if self.creates > 0 {
            prop_assert!(!self.is_over(now), "money spent after the deadline");
            prop_assert!(
                self.doubt.is_none() || self.host_refuses,
                "sent again in doubt"
            );
        }
        Ok(())
    }

    pub(crate) fn hear_create(&mut self, now: Duration, answer: Create) {
        self.creates += 1;
        self.not_sent_in_a_row = match answer {
            Create::NotSent => self.not_sent_in_a_row + 1,
            _ => 0,
        };
        let waits = matches!(answer, Create::NotSent | Create::RateLimit);
        self.waits_from = waits.then_some(now);
        match answer {
            Create::Created(_) => self.accepted = Some(id_of(&answer.answer())),
            Create::DuplicateByCode | Create::DuplicateByWords => {
                self.host_refuses |= answer == Create::DuplicateByWords;
                match self.maybe_sent {
                    0 => self.refused = true,
                    _ => {
                        self.exists = true;
                        self.doubt.get_or_insert(now);
                        self.failed_look_ups = 0;
                    }
                }
            }
            Create::Lost | Create::ServerError => {
                self.doubt = Some(now);
                self.maybe_sent += 1;
                self.failed_look_ups = 0;
            }
            Create::NotSent | Create::RateLimit => {}
            Create::Refused(_) | Create::Withheld => self.refused = true,
        }
    }

    /// A look-up that began at `since` is answered, while no task is known.
    pub(crate) fn hear_look_up(&mut self, since: Duration, answer: Query) {
        self.looked_up_at = Some(since);
        self.last_look_up = Some(answer);
        self.failed_look_ups = match answer {
            Query::Trouble | Query::RateLimit => self.failed_look_ups + 1,
            _ => 0,
        };
        match answer {
            Query::NotFound if self.proves_absence(since) => self.doubt = None,
            Query::Task(id, _) => self.accepted = Some(id.parse().unwrap()),
            Query::OldTask if !self.has_clock => {
                self.accepted = Some(task_id_of(&answer.answer()));
            }
            _ => {}
        }
    }

    fn settles_at(&self) -> Option<Duration> {
        let lag = self.lag.filter(|_| self.lookup == Lookup::Proven)?;
        // The first of the usual look-ups comes after a second: none before it is a proof.
        // A call may be on its way for 30 s.
        let over_at = self.doubt? + Duration::from_secs(30);
        Some(over_at + (lag * 2).max(Duration::from_secs(1)))
    }

    fn proves_absence(&self, since: Duration) -> bool {
        !self.exists && self.settles_at().is_some_and(|at| since >= at)
    }

    fn is_over(&self, now: Duration) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// The session is at its end. Does the table allow this one?
    pub(crate) fn judge_end(&self, outcome: &Outcome, now: Duration) -> TestCaseResult {
        if let Some(accepted) = &self.accepted {
            let id = match outcome {
                Outcome::Completed(task) => Some(task.id().clone()),
                outcome => Error::check(outcome.clone())
                    .unwrap_err()
                    .task_id()
                    .cloned(),
            };
            prop_assert_eq!(id.as_ref(), Some(accepted));
            return Ok(());
        }
        match outcome {
            Outcome::NotCreated { .. } => {
                prop_assert!(self.doubt.is_none(), "not proved to be absent");
                Ok(())
            }
            Outcome::Unresolved {
                external_task_id,
                knowledge,
                ..
            } => {
                prop_assert_eq!(external_task_id.as_str(), EXTERNAL_ID);
                self.judge_unresolved(knowledge, now)
            }
            other => Err(TestCaseError::fail(format!("no task, and {other:?}"))),
        }
    }

    /// Unresolved is allowed only where the table has no other end.
    fn judge_unresolved(&self, knowledge: &Knowledge, now: Duration) -> TestCaseResult {
        prop_assert!(self.doubt.is_some(), "nothing is in doubt");
        match knowledge {
            Knowledge::Exists => prop_assert!(self.exists),
            Knowledge::MayExist => prop_assert!(!self.exists),
            _ => {
                prop_assert_eq!(self.last_look_up, Some(Query::OldTask));
                return Ok(());
            }
        }
        let over = self.is_over(now);
        // A look-up that was refused ends it, unless another create is harmless.
        let refused = matches!(self.last_look_up, Some(Query::Key | Query::Refused));
        let failing = self.failed_look_ups >= 10;
        let may_send = !self.exists && !self.refused && self.maybe_sent < 4;
        let unreachable = self.not_sent_in_a_row >= 4;
        let settles = self.settles_at().is_some_and(|at| {
            // With the lag declared there is something to wait for, unless it was waited for.
            self.looked_up_at.is_none_or(|looked_up| looked_up < at)
        });
        if self.host_refuses && may_send && !unreachable {
            let key = self.last_look_up == Some(Query::Key);
            let wait = Duration::from_secs(30);
            let too_late = self
                .waits_from
                .is_some_and(|from| self.is_over(from + wait));
            let too_late = too_late || self.is_over(now + Duration::from_secs(1));
            prop_assert!(key || too_late, "a harmless create was left out");
        }
        if settles {
            prop_assert!(over || refused || failing, "the lag is not over");
        } else if self.lookup == Lookup::Proven && self.lag.is_some() && !self.exists {
            // It settled, and a miss would have been a proof.
            prop_assert!(over || refused || failing);
        }
        Ok(())
    }
}

fn id_of(answer: &CreateAnswer) -> TaskId {
    match answer {
        CreateAnswer::Created(task) => task.id().clone(),
        other => panic!("{other:?}"),
    }
}

fn task_id_of(answer: &QueryAnswer) -> TaskId {
    match answer {
        QueryAnswer::Task(task) => task.id().clone(),
        other => panic!("{other:?}"),
    }
}
