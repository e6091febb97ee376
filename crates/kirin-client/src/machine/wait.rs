//! The second phase: from a task that the service has to its end, or to a reason to stop asking.
//!
//! Only `completed` and `failed`, and what the service documents as their synonyms, are final. A word that
//! plainly means an end elsewhere ([`TaskState::OtherEnd`] has the rule) ends the wait, and not the task:
//! when the service has answered it [`ENDING_TIMES`] times in a row over [`ENDING_TIME`] at least. A word that
//! means it by what is beside it has to come with the same progress, too. Another word in between begins
//! the count again, a failed query does not. As long as it is counted, the gaps are at most [`ENDING_GAP`], so
//! that the count can come to its end before the deadline.

use std::time::Duration;

use kirin_types::{ExternalTaskId, Task, TaskId, TaskState};
use serde::{Deserialize, Serialize};

use super::{
    Action, Cause, Event, Notice, Outcome, Withheld, WrongEvent, context::Context,
    outcome::names_output, step::Step,
};
use crate::{
    Lookup,
    last_word::reason,
    signed_url::serialize_optional_task,
    wire::{QueryAnswer, Refusal, Trouble},
};

/// Failed queries in a row before the task is left to a later start.
pub(super) const MAX_FAILURES: u32 = 10;

/// How long a task that was just created may be unknown to the service.
const GRACE_AFTER_CREATE: Duration = Duration::from_secs(60);

/// The same for a task that this machine did not see created.
pub(super) const GRACE_AFTER_RESUME: Duration = Duration::from_secs(10);

/// Shortest time between two queries, however often something wakes the machine.
pub(super) const SHORTEST_GAP: Duration = Duration::from_secs(1);

/// How often an end in other words is answered, and over how long at least, before it is believed.
const ENDING_TIMES: u32 = 3;
const ENDING_TIME: Duration = Duration::from_secs(30);

/// The longest gap meanwhile: the first, the second and the third answer just span the time.
const ENDING_GAP: Duration = Duration::from_secs(15);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WaitPhase {
    id: TaskId,
    state: State,
    /// When the task was accepted, or this machine began to wait for it.
    began_at: Duration,
    grace: Duration,
    /// When the last query began.
    asked_at: Duration,
    /// The task as last heard of.
    #[serde(serialize_with = "serialize_optional_task")]
    task: Option<Task>,
    /// Whether a query has found the task.
    found: bool,
    /// Failed queries in a row.
    failures: u32,
    /// Queries that did not find the task yet.
    misses: u32,
    /// Whether the last answer was completed without output.
    empty: bool,
    /// The first query goes by this id, to learn whether the host can be asked by it.
    look_up_by: Option<ExternalTaskId>,
    /// A wake came since the last query began, so its answer may be older than what the wake is
    /// about: the next wait is short.
    #[serde(default)]
    woken: bool,
    /// The latest answer was an end in other words.
    #[serde(default)]
    ending: Option<Ending>,
}

/// An end in other words, as long as the service repeats it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ending {
    word: String,
    /// Where it moves, the task continues, unless its word is plain.
    progress: Option<f64>,
    /// When its first answer had come.
    since: Duration,
    /// How many answers there were.
    times: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum State {
    Asking,
    LookingUp,
    Paused { until: Duration },
}

const LOST_OUTPUT: &str = "the answer was damaged, and no output in it can be read";

/// Whether a completed task names no output only because its answer was damaged: it may well have one.
fn has_lost_its_output(task: &Task) -> bool {
    let is_completed = matches!(task.state(), TaskState::Completed { .. });
    is_completed && task.is_damaged() && !names_output(task)
}

impl WaitPhase {
    /// A wait for a task whose create was just answered; it may be at its end already. `woken` if a
    /// callback was faster than the answer.
    pub(super) fn accepted(
        now: Duration,
        task: Task,
        external_task_id: Option<ExternalTaskId>,
        woken: bool,
        context: &Context,
    ) -> (Self, Step) {
        let unproven = context.settings.capabilities.lookup == Lookup::Unproven;
        let look_up_by = external_task_id.filter(|_| unproven);
        let mut phase = Self::new(task.id().clone(), now, GRACE_AFTER_CREATE, look_up_by);
        phase.woken = woken;
        let step = phase.learn(now, task, context);
        (phase, step)
    }

    /// A wait for a task that was created some time ago.
    pub(super) fn resumed(id: TaskId) -> Self {
        Self::new(id, Duration::ZERO, GRACE_AFTER_RESUME, None)
    }

    fn new(id: TaskId, now: Duration, grace: Duration, look_up_by: Option<ExternalTaskId>) -> Self {
        Self {
            id,
            state: State::Asking,
            began_at: now,
            grace,
            asked_at: now,
            task: None,
            found: false,
            failures: 0,
            misses: 0,
            empty: false,
            look_up_by,
            woken: false,
            ending: None,
        }
    }

    pub(super) fn task(&self) -> Option<&Task> {
        self.task.as_ref()
    }

    pub(super) fn action(&self) -> Action<'_> {
        match (self.state, &self.look_up_by) {
            (State::LookingUp, Some(external_task_id)) => Action::LookUp(external_task_id),
            (State::Asking | State::LookingUp, _) => Action::Query(&self.id),
            (State::Paused { until }, _) => Action::Wait { until },
        }
    }

    pub(super) fn handle(
        &mut self,
        now: Duration,
        event: Event,
        context: &mut Context,
    ) -> Result<Step, WrongEvent> {
        match (self.state, event) {
            (State::Asking, Event::QueryAnswered(answer)) => {
                Ok(self.query_answered(now, answer, context))
            }
            (State::LookingUp, Event::QueryAnswered(answer)) => {
                Ok(self.look_up_answered(now, answer, context))
            }
            (State::Paused { until }, Event::WaitEnded) if now >= until => Ok(self.ask(now)),
            (_, Event::Woken) => Ok(Step::Stay(self.wake(now))),
            _ => Err(WrongEvent),
        }
    }

    /// However many wakes come, there is one query for them, and it begins after them.
    fn wake(&mut self, now: Duration) -> Notice {
        let before = (self.state, self.woken);
        self.woken = true;
        self.bring_forward(now);
        match (self.state, self.woken) == before {
            true => Notice::Nothing,
            false => Notice::Woken,
        }
    }

    /// Cuts a wait to the shortest gap, but never one after trouble: what makes the service's
    /// trouble worse, or uses up the failures that are forgiven, helps no one.
    fn bring_forward(&mut self, now: Duration) {
        if let State::Paused { until } = self.state
            && self.failures == 0
        {
            let earliest = self.asked_at.saturating_add(SHORTEST_GAP).max(now);
            self.state = State::Paused {
                until: until.min(earliest),
            };
        }
    }

    fn ask(&mut self, now: Duration) -> Step {
        self.asked_at = now;
        self.woken = false;
        self.state = match self.look_up_by {
            Some(_) => State::LookingUp,
            None => State::Asking,
        };
        Step::Stay(Notice::Nothing)
    }

    /// A hit proves that the host can be asked by external id; a miss is repeated by task id.
    fn look_up_answered(
        &mut self,
        now: Duration,
        answer: QueryAnswer,
        context: &mut Context,
    ) -> Step {
        self.look_up_by = None;
        match answer {
            QueryAnswer::Task(task) if *task.id() == self.id => {
                context.settings.capabilities.lookup = Lookup::Proven;
                self.found = true;
                self.learn(now, task, context)
            }
            _ => self.ask(now),
        }
    }

    fn query_answered(
        &mut self,
        now: Duration,
        answer: QueryAnswer,
        context: &mut Context,
    ) -> Step {
        match answer {
            QueryAnswer::NotFound(refusal) => self.not_found(now, refusal, context),
            QueryAnswer::Refused(refusal) => self.cannot_query(Cause::Refused(refusal)),
            QueryAnswer::Task(task) if *task.id() == self.id => {
                self.found = true;
                if has_lost_its_output(&task) {
                    self.task = Some(task);
                    return self.fail(now, Trouble::new(LOST_OUTPUT), context);
                }
                self.learn(now, task, context)
            }
            QueryAnswer::Task(_) => {
                self.fail(now, Trouble::new("an answer about another task"), context)
            }
            QueryAnswer::Trouble(trouble) => self.fail(now, trouble, context),
        }
    }

    fn learn(&mut self, now: Duration, task: Task, context: &Context) -> Step {
        self.failures = 0;
        self.ending = self.ending_after(now, &task);
        let notice = match task.state() {
            TaskState::Failed { .. } => return Step::Finish(Outcome::Failed(task)),
            TaskState::Completed { .. } => {
                if names_output(&task) {
                    return Step::Finish(Outcome::Completed(task));
                }
                let is_lost = has_lost_its_output(&task);
                if self.empty && !is_lost {
                    return Step::Finish(Outcome::CompletedWithoutOutput(task));
                }
                self.empty |= !is_lost;
                if !is_lost && context.is_over(self.asked_at) {
                    // It is not running any more, so it is not told to be: asked once more now.
                    self.task = Some(task);
                    return self.ask(now);
                }
                Notice::Trouble {
                    cause: "completed, but no output is named yet".into(),
                }
            }
            TaskState::InProgress { progress } => Notice::Progress {
                status: task.status().map(str::to_owned),
                progress: *progress,
                reason: reason(&task),
            },
            TaskState::OtherEnd { .. } if self.is_repeated_enough() => {
                return Step::Finish(Outcome::OtherEnd(task));
            }
            _ => Notice::UnknownStatus {
                status: task.status().map(str::to_owned),
                reason: reason(&task),
            },
        };
        self.task = Some(task);
        let gap = context
            .settings
            .schedule
            .gap(now.saturating_sub(self.began_at));
        let gap = match self.ending {
            Some(_) => gap.min(ENDING_GAP),
            None => gap,
        };
        self.pause(now, gap, notice, context)
    }

    /// What an answer makes of the count of ends in other words.
    fn ending_after(&self, now: Duration, task: &Task) -> Option<Ending> {
        let TaskState::OtherEnd {
            word,
            is_plain,
            progress,
            ..
        } = task.state()
        else {
            return None;
        };
        let progress = progress.filter(|_| !is_plain);
        let earlier = self.ending.as_ref();
        let same = earlier.filter(|it| it.word == *word && it.progress == progress);
        Some(Ending {
            word: word.clone(),
            progress,
            since: same.map_or(now, |it| it.since),
            times: same.map_or(0, |it| it.times).saturating_add(1),
        })
    }

    /// Whether an end in other words is believed. The last query began so long after the first answer: how
    /// long a call takes says nothing about the task.
    fn is_repeated_enough(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| {
            ending.times >= ENDING_TIMES
                && self.asked_at.saturating_sub(ending.since) >= ENDING_TIME
        })
    }

    fn not_found(&mut self, now: Duration, refusal: Refusal, context: &mut Context) -> Step {
        if self.found {
            return self.fail(now, refusal.into(), context);
        }
        if now.saturating_sub(self.began_at) >= self.grace {
            if context.settings.was_sent_with_another_key {
                return self.cannot_query(Cause::Withheld(Withheld::OtherKey));
            }
            return Step::Finish(Outcome::Lost {
                id: self.id.clone(),
            });
        }
        let notice = Notice::Trouble {
            cause: refusal.to_string(),
        };
        self.misses = self.misses.saturating_add(1);
        let gap = context.backoff.delay(self.misses, refusal.retry_after);
        self.pause(now, gap, notice, context)
    }

    fn fail(&mut self, now: Duration, trouble: Trouble, context: &mut Context) -> Step {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= context.settings.call_policy.query_attempts_or(MAX_FAILURES) {
            return self.cannot_query(Cause::Trouble(trouble));
        }
        let gap = context.backoff.delay(self.failures, trouble.retry_after);
        self.pause(
            now,
            gap,
            Notice::Trouble {
                cause: trouble.description,
            },
            context,
        )
    }

    /// Waits for `gap`, at most until the deadline; at the deadline the task is asked once more.
    fn pause(&mut self, now: Duration, gap: Duration, notice: Notice, context: &Context) -> Step {
        if context.is_over(self.asked_at) {
            return Step::Finish(Outcome::StillRunning {
                id: self.id.clone(),
                task: self.task.clone().map(Box::new),
            });
        }
        self.state = State::Paused {
            until: context.cut(now.saturating_add(gap)).max(now),
        };
        if self.woken {
            self.bring_forward(now);
        }
        Step::Stay(notice)
    }

    fn cannot_query(&self, cause: Cause) -> Step {
        Step::Finish(Outcome::CannotQuery {
            id: self.id.clone(),
            cause,
            task: self.task.clone().map(Box::new),
        })
    }
}
