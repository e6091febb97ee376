//! What holds for every session, every answer and every schedule.
//!
//! The sessions are judged by an oracle of their own: see [`crate::machine::oracle`].

use std::time::Duration;

use kirin_client::{
    PollSchedule,
    machine::{Action, Event, Machine},
    wire::{CreateAnswer, QueryAnswer},
};
use kirin_types::{ErrorReason, Task};
use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestCaseResult},
};

use crate::{
    machine::{answers::EXTERNAL_ID, walk::Walk},
    strategies::{Create, Probed, Query, World, any_durations, bodies, worlds},
    wire::{decode_create, decode_query, response},
};

/// No session with a deadline has more steps: the shortest waits are half a second long, the
/// longest deadline is 15 minutes, and each wait stands between two calls.
const MOST_STEPS: usize = 6_000;

/// Steps of a session that nothing need ever end.
const STEPS_FOR_EVER: usize = 300;

/// One session of a machine with a world, and what the oracle makes of it.
struct Session<'a> {
    world: &'a World,
    walk: Walk,
    steps: usize,
    creates: usize,
    queries: usize,
    probes: usize,
}

impl<'a> Session<'a> {
    fn new(world: &'a World) -> Self {
        Self {
            world,
            walk: Walk::new(world),
            steps: 0,
            creates: 0,
            queries: 0,
            probes: 0,
        }
    }

    fn run(&mut self) -> TestCaseResult {
        loop {
            if let Some(judged) = self.walk.judge_end() {
                return judged;
            }
            let most_steps = match self.world.settings.deadline {
                Some(_) => MOST_STEPS,
                None if self.steps >= STEPS_FOR_EVER => return Ok(()),
                None => usize::MAX,
            };
            prop_assert!(self.steps < most_steps, "it does not end");
            self.step()?;
        }
    }

    fn step(&mut self) -> TestCaseResult {
        self.steps += 1;
        if self.steps.is_multiple_of(self.world.checked_every) {
            self.tell_wrong_events()?;
            self.move_to_another_process()?;
        }
        let delay = self.world.delays[self.steps % self.world.delays.len()];
        if self.world.wakes[self.steps % self.world.wakes.len()] {
            self.walk.wake(delay / 2)?;
        }
        match self.walk.machine.action() {
            Action::Create(_) => {
                let answer = self.world.creates[self.creates % self.world.creates.len()];
                self.creates += 1;
                self.walk.create(answer, delay)
            }
            Action::Finished(_) => Ok(()),
            Action::Probe(_) => {
                let answer = self.world.probes[self.probes % self.world.probes.len()];
                self.probes += 1;
                self.walk.probe(answer, delay)
            }
            Action::LookUp(_) | Action::Query(_) => {
                let answer = self.world.queries[self.queries % self.world.queries.len()];
                self.queries += 1;
                self.walk.query(answer, delay)
            }
            Action::Wait { .. } => self.walk.wait(delay),
        }
    }

    /// Every event that does not answer the action at hand.
    fn tell_wrong_events(&mut self) -> TestCaseResult {
        let create = Event::CreateAnswered(Create::Created(r#""status":"completed""#).answer());
        let query = Event::QueryAnswered(Query::Task(EXTERNAL_ID, r#""status":"failed""#).answer());
        let probe = Event::Probed(Probed::Right.probe(false));
        let (wrong, now) = match self.walk.machine.action() {
            Action::Create(_) => (vec![query, probe, Event::WaitEnded], self.walk.now),
            Action::Finished(_) => (
                vec![create, query, probe, Event::WaitEnded, Event::Woken],
                self.walk.now,
            ),
            Action::LookUp(_) | Action::Query(_) => {
                (vec![create, probe, Event::WaitEnded], self.walk.now)
            }
            Action::Probe(_) => (vec![create, query, Event::WaitEnded], self.walk.now),
            Action::Wait { until } if until > self.walk.now => {
                let early = until - Duration::from_nanos(1);
                (
                    vec![create, query, probe, Event::WaitEnded],
                    early.max(self.walk.now),
                )
            }
            Action::Wait { .. } => (vec![create, query, probe], self.walk.now),
        };
        for event in wrong {
            let before = self.walk.machine.clone();
            prop_assert!(self.walk.machine.handle(now, event).is_err());
            prop_assert_eq!(&self.walk.machine, &before);
        }
        Ok(())
    }

    fn move_to_another_process(&mut self) -> TestCaseResult {
        let written = serde_json::to_vec(&self.walk.machine).unwrap();
        let read: Machine = serde_json::from_slice(&written).unwrap();
        prop_assert_eq!(&read, &self.walk.machine);
        self.walk.machine = read;
        Ok(())
    }
}

/// The create rule, the deadline, the wrong events and the end, all in one: what is told at one
/// step shows at a later one.
#[test]
fn no_session_breaks_the_create_rule() {
    kirin_tests::property!(worlds(), |world| {
        let mut session = Session::new(&world);
        session
            .run()
            .map_err(|error| TestCaseError::fail(format!("{error}\n{:#?}", session.walk.oracle)))
    });
}

#[test]
fn any_answer_can_be_judged() {
    kirin_tests::property!((100_u16..1000, bodies()), |(status, body)| {
        let answer = response(status, &[("retry-after", "7"), ("location", "/a?b")], &body);
        let create = decode_create(&answer);
        let query = decode_query(&answer);
        let success = (200..300).contains(&status);
        let task = Task::from_json(&body).ok().filter(|_| success);
        // A success with an id is created, and nothing else is; beside an error it may be a hint.
        match (&create, &task) {
            (CreateAnswer::Created(created), Some(task)) => prop_assert_eq!(created, task),
            (CreateAnswer::Ambiguous(trouble), Some(task)) => {
                prop_assert_eq!(trouble.hint.as_ref(), Some(task.id()));
                prop_assert!(task.status().is_none());
            }
            (other, Some(_)) => prop_assert!(false, "{:?}", other),
            (other, None) => prop_assert!(!matches!(other, CreateAnswer::Created(_))),
        }
        match &create {
            CreateAnswer::Ambiguous(_) => {
                prop_assert!(!is_refusal(status));
            }
            CreateAnswer::Created(_) => {}
            CreateAnswer::Duplicate(refusal) | CreateAnswer::Refused(refusal) => {
                let duplicate = refusal.reason == ErrorReason::DuplicateExternalTaskId;
                let refused = is_refusal(status) || (duplicate && (400..500).contains(&status));
                prop_assert!(refused || (success && refusal.body.is_known()));
            }
            CreateAnswer::NotSent(_) => prop_assert!(false, "an answer came"),
        }
        if let QueryAnswer::Task(found) = &query {
            prop_assert!(success);
            prop_assert_eq!(Some(found), task.as_ref());
        }
        Ok(())
    });
}

/// The closed list of what created nothing.
fn is_refusal(status: u16) -> bool {
    matches!(
        status,
        307 | 308 | 400..=406 | 411 | 413..=415 | 421 | 422 | 426 | 428 | 429 | 431 | 451
    )
}

#[test]
fn any_retry_after_can_be_read() {
    let values = "[ -~]{0,40}|[0-9]{1,30}|-?[0-9.e]{1,9}";
    kirin_tests::property!((values, values), |(retry_after, date)| {
        let headers = [("retry-after", retry_after.as_str()), ("date", &date)];
        let CreateAnswer::Refused(refusal) = decode_create(&response(429, &headers, b"")) else {
            return Err(TestCaseError::fail("a 429 is not created"));
        };
        let expected = retry_after.trim().parse().map(Duration::from_secs).ok();
        prop_assert_eq!(refusal.retry_after, expected);
        Ok(())
    });
}

#[test]
fn optimum_gaps_are_above_zero_and_at_most_a_minute() {
    kirin_tests::property!((any_durations(), any_durations()), |(typical, elapsed)| {
        let gap = PollSchedule::optimum(typical).gap(elapsed);
        prop_assert!(gap > Duration::ZERO && gap <= Duration::from_secs(60));
        Ok(())
    });
}

#[test]
fn optimum_gaps_grow_far_past_the_typical_time() {
    let times = (1_u64..600_000, 2.0..1e6, 1.0..1e3);
    kirin_tests::property!(times, |(typical, past, further)| {
        let typical = Duration::from_millis(typical);
        let schedule = PollSchedule::optimum(typical);
        let earlier = schedule.gap(typical.mul_f64(past));
        let later = schedule.gap(typical.mul_f64(past * further));
        prop_assert!(earlier <= later);
        Ok(())
    });
}

#[test]
fn no_schedule_panics_or_polls_without_a_pause() {
    const SMALLEST_GAP: Duration = Duration::from_millis(10);
    let schedules = prop_oneof![
        any_durations().prop_map(PollSchedule::Fixed),
        (any_durations(), any_durations(), any::<u32>()).prop_map(|(first, longest, factor)| {
            PollSchedule::Exponential {
                first,
                longest,
                factor,
            }
        }),
    ];
    kirin_tests::property!((schedules, any_durations()), |(schedule, elapsed)| {
        let gap = schedule.gap(elapsed);
        match schedule {
            PollSchedule::Exponential { longest, .. } => {
                prop_assert!(gap <= longest.max(SMALLEST_GAP));
            }
            PollSchedule::Fixed(fixed) => prop_assert_eq!(gap, fixed.max(SMALLEST_GAP)),
            _ => {}
        }
        Ok(())
    });
}
