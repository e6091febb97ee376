//! What the create rule lets a client do, remembered from what the world said: an oracle that is
//! written from section 3 of `design.md`, and knows nothing of the machine's states.

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

use super::answers::{CANCELLED, DONE, EXTERNAL_ID, STARTED_AT};
use crate::strategies::{Create, Probed, Query, World};

/// The order in which a row looks up: whether it is a control.
const ROW: [bool; 6] = [true, false, false, true, false, true];

/// How long a row may take, and how long it is good for.
const TEN_SECONDS: Duration = Duration::from_secs(10);

/// What the create rule lets a client know, from what the world said.
#[derive(Clone, Debug)]
pub(crate) struct Oracle {
    host_refuses: bool,
    lookup: Lookup,
    lag: Option<Duration>,
    deadline: Option<Duration>,
    /// Whether the task that was created a day before the machine began is older than the intent.
    tells_old_tasks: bool,
    /// Whether an earlier process made the intent, and whether it is at most 24 h old.
    reconciles: bool,
    is_recent: bool,
    creates: usize,
    /// When the last attempt that is neither refused nor unsent was answered.
    doubt: Option<Duration>,
    /// A row has shown that there is no task of the attempts so far, and until when that holds.
    absent: bool,
    proof_until: Option<Duration>,
    /// The row under way: when it began, and how many of it are done.
    row: Option<(Duration, usize)>,
    broken_rows: usize,
    /// Creates that may have been sent because of a row.
    repetitions: usize,
    /// Attempts that may have been sent, in all.
    maybe_sent: usize,
    not_sent_in_a_row: usize,
    /// When the last attempt was answered, if it is to wait before the next: at most 30 s.
    waits_from: Option<Duration>,
    /// When the last attempt was refused, if it was.
    refused_at: Option<Duration>,
    /// The service said that the id is in use.
    exists: bool,
    /// An attempt was refused for good: no other may follow.
    refused: bool,
    /// The first attempt follows a look-up.
    looks_up_first: bool,
    /// Look-ups in a row that told nothing.
    failed_look_ups: usize,
    /// The latest look-up, by when it began, and the latest that missed.
    looked_up_at: Option<Duration>,
    missed_at: Option<Duration>,
    /// The last answer to a look-up.
    last_look_up: Option<Query>,
    pub(crate) accepted: Option<TaskId>,
    /// The end in other words that was answered last.
    ending: Option<Ending>,
}

/// An end in other words, as long as it is repeated: when its first answer had come, how often it was
/// answered, and when the latest query for it began.
#[derive(Clone, Debug)]
struct Ending {
    fields: &'static str,
    first: Duration,
    times: usize,
    latest: Duration,
}

impl Oracle {
    pub(crate) fn new(world: &World) -> Self {
        let settings = &world.settings;
        let host = settings.capabilities;
        let age = settings.intended_at.zip(settings.started_at);
        let is_young = |(then, now): (kirin_types::Timestamp, kirin_types::Timestamp)| {
            now.milliseconds() - then.milliseconds() <= 24 * 3_600_000
        };
        let intended_at = match world.reconciles {
            true => settings.intended_at,
            false => settings.started_at,
        };
        let is_after_old_task =
            |at: kirin_types::Timestamp| at.milliseconds() - 5 * 60_000 > STARTED_AT - 86_400_000;
        Self {
            host_refuses: host.duplicate_ids == DuplicateIds::Refused,
            lookup: host.lookup,
            lag: host.lookup_lag,
            deadline: settings.deadline,
            tells_old_tasks: intended_at.is_some_and(is_after_old_task)
                && settings.clock_difference.is_some(),
            reconciles: world.reconciles,
            is_recent: !world.reconciles || age.is_some_and(is_young),
            creates: usize::from(world.reconciles),
            // The other process's call may have gone on for its whole time-out.
            doubt: world.reconciles.then_some(Duration::ZERO),
            absent: false,
            proof_until: None,
            row: None,
            broken_rows: 0,
            repetitions: settings.repetitions_after_absence as usize,
            maybe_sent: usize::from(world.reconciles),
            not_sent_in_a_row: 0,
            waits_from: None,
            refused_at: None,
            exists: false,
            refused: false,
            looks_up_first: settings.looks_up_first && !world.reconciles,
            failed_look_ups: 0,
            looked_up_at: None,
            missed_at: None,
            last_look_up: None,
            accepted: None,
            ending: None,
        }
    }

    /// A create is asked for. Is that safe?
    pub(crate) fn judge_create(&self, now: Duration) -> TestCaseResult {
        prop_assert!(self.accepted.is_none(), "a second task");
        prop_assert!(!self.refused, "a refusal is final");
        prop_assert!(!self.exists, "the task is known to exist");
        prop_assert!(self.maybe_sent < 4, "too many attempts");
        let can_look_up = self.lookup != Lookup::Missing;
        if self.creates > 0 {
            prop_assert!(!self.is_over(now), "money spent after the deadline");
            let harmless = self.host_refuses && self.is_recent;
            let proved = self.proof_until.is_some_and(|until| now <= until)
                && self.repetitions < 1
                && self.is_recent;
            prop_assert!(
                self.doubt.is_none() || harmless || proved,
                "sent again in doubt"
            );
            if let Some(refused_at) = self.refused_at
                && can_look_up
                && !self.host_refuses
            {
                let from = refused_at + self.lag.unwrap_or(Duration::from_secs(30));
                let looked_up = self.looked_up_at.is_some_and(|at| at >= from);
                prop_assert!(looked_up, "repeated without a look-up");
                prop_assert!(
                    self.has_missed(),
                    "repeated after a look-up that said nothing"
                );
            }
        } else if self.looks_up_first && can_look_up {
            prop_assert!(self.looked_up_at.is_some(), "sent without a look-up");
        }
        Ok(())
    }

    /// Whether an attempt was refused since the last that is in doubt.
    pub(crate) fn was_refused(&self) -> bool {
        self.refused_at.is_some()
    }

    /// A look-up that the host does not offer says no more than one that it misses.
    fn has_missed(&self) -> bool {
        matches!(self.last_look_up, Some(Query::NotFound | Query::Refused))
    }

    pub(crate) fn hear_create(&mut self, now: Duration, answer: Create) {
        self.creates += 1;
        self.row = None;
        self.not_sent_in_a_row = match answer {
            Create::NotSent => self.not_sent_in_a_row + 1,
            _ => 0,
        };
        let waits = matches!(answer, Create::NotSent | Create::RateLimit);
        self.waits_from = waits.then_some(now);
        // Whatever comes of it, the next one takes a new row.
        let by_proof = self.proof_until.take().is_some();
        if by_proof {
            self.broken_rows = 0;
        }
        match answer {
            Create::Created(fields) => {
                self.accepted = Some(id_of(&answer.answer()));
                self.hear_task(now, now, fields);
            }
            Create::Delayed => self.creates -= 1,
            Create::DuplicateByCode | Create::DuplicateByWords => {
                self.exists = true;
                self.doubt.get_or_insert(now);
                self.failed_look_ups = 0;
            }
            Create::Lost | Create::ServerError => {
                self.doubt = Some(now);
                self.absent = false;
                self.broken_rows = 0;
                self.refused_at = None;
                self.repetitions += usize::from(by_proof);
                self.maybe_sent += 1;
                self.failed_look_ups = 0;
            }
            Create::NotSent => {}
            Create::RateLimit => self.refused_at = Some(now),
            Create::Refused(_) => {
                self.refused = true;
                self.refused_at = Some(now);
                self.failed_look_ups = 0;
            }
            Create::Withheld => self.refused = true,
        }
    }

    /// A query that began at `since` is answered at `now`, while the task is known.
    pub(crate) fn hear_query(&mut self, since: Duration, now: Duration, answer: Query) {
        let accepted = self.accepted.as_ref().map(TaskId::as_str);
        match answer {
            Query::Task(id, fields) if accepted == Some(id) => self.hear_task(since, now, fields),
            Query::OldTask if accepted == Some(task_id_of(&answer.answer()).as_str()) => {
                self.ending = None;
            }
            _ => {}
        }
    }

    /// What is said of the task; only the same end again goes on with the count.
    fn hear_task(&mut self, since: Duration, now: Duration, fields: &'static str) {
        let earlier = self.ending.take();
        if fields != CANCELLED && fields != DONE {
            return;
        }
        let same = earlier.filter(|ending| ending.fields == fields);
        self.ending = Some(Ending {
            fields,
            first: same.as_ref().map_or(now, |ending| ending.first),
            times: same.map_or(0, |ending| ending.times) + 1,
            latest: since,
        });
    }

    /// Whether an end in other words was answered three times over 30 s.
    pub(crate) fn has_ended_in_other_words(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| {
            let lasted = ending.latest.saturating_sub(ending.first);
            ending.times >= 3 && lasted >= Duration::from_secs(30)
        })
    }

    /// A look-up that began at `since` is answered at `now`, while no task is known.
    pub(crate) fn hear_look_up(&mut self, since: Duration, now: Duration, answer: Query) {
        self.row = None;
        self.looked_up_at = Some(since);
        self.last_look_up = Some(answer);
        self.failed_look_ups = match answer {
            Query::Trouble | Query::RateLimit => self.failed_look_ups + 1,
            _ => 0,
        };
        match answer {
            Query::NotFound => self.missed_at = Some(since),
            Query::Task(id, fields) => {
                self.accepted = Some(id.parse().unwrap());
                // The wait begins with this answer.
                self.hear_task(now, now, fields);
            }
            Query::OldTask if !self.tells_old_tasks => {
                self.accepted = Some(task_id_of(&answer.answer()));
            }
            _ => {}
        }
    }

    /// A look-up of a row that began at `since` is answered at `now`.
    pub(crate) fn hear_probe(
        &mut self,
        since: Duration,
        now: Duration,
        is_control: bool,
        answer: Probed,
    ) {
        let (began_at, done) = self.row.take().unwrap_or((since, 0));
        if !is_control {
            self.looked_up_at = Some(began_at);
            self.last_look_up = match answer {
                Probed::Cached | Probed::Miss | Probed::Right => Some(Query::NotFound),
                Probed::Task => Some(Query::Task(super::answers::ID, "")),
                Probed::Trouble => Some(Query::Trouble),
            };
        }
        let right = match answer {
            Probed::Cached | Probed::Trouble => false,
            Probed::Miss => !is_control,
            Probed::Right => true,
            Probed::Task => {
                if !is_control {
                    self.accepted = Some(super::answers::ID.parse().unwrap());
                }
                false
            }
        };
        let right = right && is_control == ROW[done] && now - began_at <= TEN_SECONDS;
        match (right, done + 1 == ROW.len()) {
            (false, _) => self.broken_rows += 1,
            (true, false) => self.row = Some((began_at, done + 1)),
            (true, true) if self.settles_at().is_some_and(|at| began_at >= at) => {
                self.absent = true;
                self.proof_until = Some(now + TEN_SECONDS);
            }
            (true, true) => {}
        }
    }

    fn settles_at(&self) -> Option<Duration> {
        let lag = self.lag.filter(|_| self.lookup == Lookup::Proven)?;
        // A call may be on its way for 30 s; the lag is taken for half a second at least.
        let over_at = self.doubt? + Duration::from_secs(30);
        Some(over_at + (lag * 2).max(Duration::from_secs(1)))
    }

    fn is_over(&self, now: Duration) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// The session is at its end. Does the table allow this one?
    pub(crate) fn judge_end(&self, outcome: &Outcome, now: Duration) -> TestCaseResult {
        if let Some(accepted) = &self.accepted {
            let id = match outcome {
                Outcome::Completed(task) | Outcome::OtherEnd(task) => Some(task.id().clone()),
                outcome => Error::check(outcome.clone())
                    .unwrap_err()
                    .task_id()
                    .cloned(),
            };
            prop_assert_eq!(id.as_ref(), Some(accepted));
            let is_other_end = matches!(outcome, Outcome::OtherEnd(_));
            prop_assert_eq!(is_other_end, self.has_ended_in_other_words());
            return Ok(());
        }
        match outcome {
            Outcome::NotCreated { .. } => self.judge_not_created(),
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

    fn judge_not_created(&self) -> TestCaseResult {
        let is_another = self.last_look_up == Some(Query::OldTask);
        if is_another && (self.maybe_sent == 0 || (self.host_refuses && !self.reconciles)) {
            // The id is another task's, and nothing of ours can have been accepted.
            return Ok(());
        }
        prop_assert!(
            self.doubt.is_none() || self.absent,
            "not proved to be absent"
        );
        if let Some(refused_at) = self.refused_at
            && self.lookup != Lookup::Missing
        {
            let last = refused_at + self.lag.unwrap_or(Duration::from_secs(4));
            let missed = self.missed_at.is_some_and(|at| at >= last) || self.absent;
            let refused = matches!(self.last_look_up, Some(Query::Key | Query::Refused));
            prop_assert!(
                missed || refused,
                "a refused create ended without its look-ups"
            );
        }
        Ok(())
    }

    /// A refused create whose look-ups told nothing, or came when the host may have forgotten it.
    fn judge_unresolved_refusal(&self, now: Duration) -> TestCaseResult {
        prop_assert!(self.refused_at.is_some(), "nothing is in doubt");
        let told_nothing = matches!(
            self.last_look_up,
            Some(Query::Key | Query::RateLimit | Query::Refused | Query::Trouble)
        );
        let is_old = !self.is_recent || now > Duration::from_secs(24 * 3600);
        prop_assert!(told_nothing || is_old, "its look-ups told something");
        Ok(())
    }

    /// Unresolved is allowed only where the table has no other end.
    fn judge_unresolved(&self, knowledge: &Knowledge, now: Duration) -> TestCaseResult {
        if self.doubt.is_none() {
            return self.judge_unresolved_refusal(now);
        }
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
        let failing = self.failed_look_ups >= 4;
        let may_send = !self.exists && !self.refused && self.maybe_sent < 4 && self.is_recent;
        let unreachable = self.not_sent_in_a_row >= 4;
        if self.host_refuses && may_send && !unreachable {
            let key = self.last_look_up == Some(Query::Key);
            let wait = Duration::from_secs(30);
            let too_late = self
                .waits_from
                .is_some_and(|from| self.is_over(from + wait));
            let too_late = too_late || self.is_over(now + Duration::from_secs(1));
            prop_assert!(key || too_late, "a harmless create was left out");
        }
        let can_be_proved =
            self.lookup == Lookup::Proven && self.lag.is_some() && self.is_recent && !self.exists;
        if can_be_proved {
            // Two rows may break.
            let broken = self.broken_rows >= 2;
            prop_assert!(over || refused || failing || broken, "no row was made");
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
