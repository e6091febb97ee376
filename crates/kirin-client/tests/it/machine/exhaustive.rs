//! Every sequence of events up to a length, over a small alphabet, on every host that the create rule
//! tells apart: none breaks the rule, waits past the deadline, or waits for nothing.
//!
//! `cargo xtask simulate --exhaustive` runs the long ones.

use std::{collections::HashMap, time::Duration};

use kirin_client::{DuplicateIds, HostCapabilities, Lookup, machine::Action};

use super::{
    answers::{CANCELLED, COMPLETED, ID, IN_PROGRESS},
    script::settings,
    walk::Walk,
};
use crate::strategies::{Create, Probed, Query, World};

const CREATES: [Create; 8] = [
    Create::Created(IN_PROGRESS),
    Create::Delayed,
    Create::DuplicateByWords,
    Create::Lost,
    Create::NotSent,
    Create::RateLimit,
    Create::Refused(402),
    Create::Withheld,
];

const QUERIES: [Query; 8] = [
    Query::Key,
    Query::NotFound,
    Query::OldTask,
    Query::Refused,
    Query::Task(ID, CANCELLED),
    Query::Task(ID, IN_PROGRESS),
    Query::Task(ID, COMPLETED),
    Query::Trouble,
];

const PROBES: [Probed; 5] = [
    Probed::Cached,
    Probed::Miss,
    Probed::Right,
    Probed::Task,
    Probed::Trouble,
];

/// How long a call takes.
const CALL: Duration = Duration::from_millis(500);

/// Hosts of every cell of the table, from the first attempt on and after one of another process,
/// with a deadline that comes within the sequence and one that does not.
fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    let lags = [None, Some(Duration::ZERO), Some(Duration::from_secs(4))];
    for duplicate_ids in [DuplicateIds::Refused, DuplicateIds::Unknown] {
        for lookup in [Lookup::Missing, Lookup::Proven, Lookup::Unproven] {
            for lag in lags {
                for deadline in [3, 900] {
                    for reconciles in [false, true] {
                        let mut host = HostCapabilities::default()
                            .with_duplicate_ids(duplicate_ids)
                            .with_lookup(lookup);
                        host.lookup_lag = lag;
                        let mut settings = settings();
                        settings.capabilities = host;
                        settings.deadline = Some(Duration::from_secs(deadline));
                        worlds.push(World {
                            settings,
                            reconciles,
                            creates: Vec::new(),
                            queries: Vec::new(),
                            probes: Vec::new(),
                            delays: Vec::new(),
                            wakes: Vec::new(),
                            checked_every: 1,
                        });
                    }
                }
            }
        }
    }
    worlds
}

/// What can follow: each event that answers the action at hand.
fn next(walk: &Walk) -> Vec<Walk> {
    let after = |step: &dyn Fn(&mut Walk) -> proptest::test_runner::TestCaseResult| {
        let mut next = walk.clone();
        if let Err(error) = step(&mut next) {
            panic!("{error}\n{walk:#?}");
        }
        next
    };
    let mut all = vec![after(&|walk| walk.wake(CALL / 2))];
    match walk.machine.action() {
        Action::Create(_) => {
            all.extend(CREATES.map(|answer| after(&|walk| walk.create(answer, CALL))));
        }
        Action::Finished(_) => all.clear(),
        Action::Probe(_) => {
            all.extend(PROBES.map(|answer| after(&|walk| walk.probe(answer, CALL))));
        }
        Action::LookUp(_) | Action::Query(_) => {
            all.extend(QUERIES.map(|answer| after(&|walk| walk.query(answer, CALL))));
        }
        Action::Wait { .. } => all.push(after(&|walk| walk.wait(Duration::ZERO))),
    }
    all
}

/// How many sequences there are, of how many different states they come to, and how many end.
#[derive(Debug, Default)]
struct Count {
    sequences: u64,
    states: u64,
    ends: u64,
}

/// Goes through all sequences of at most so many events. Sessions that came to the same state, in
/// the machine's and in the oracle's eyes, go on as one.
fn enumerate(length: usize) -> Count {
    let mut count = Count::default();
    for world in worlds() {
        let mut level = HashMap::from([(String::new(), (Walk::new(&world), 1_u64))]);
        for _ in 0..length {
            let mut following: HashMap<String, (Walk, u64)> = HashMap::new();
            for (walk, sequences) in level.into_values() {
                for walk in next(&walk) {
                    count.sequences += sequences;
                    if let Some(judged) = walk.judge_end() {
                        judged.unwrap_or_else(|error| panic!("{error}\n{walk:#?}"));
                        count.ends += sequences;
                        continue;
                    }
                    let machine = serde_json::to_string(&walk.machine).unwrap();
                    let key = format!("{machine}{:?}{:?}{:?}", walk.oracle, walk.now, walk.since);
                    following.entry(key).or_insert_with(|| (walk, 0)).1 += sequences;
                }
            }
            count.states += following.len() as u64;
            level = following;
        }
    }
    count
}

#[test]
fn no_sequence_of_six_events_breaks_the_create_rule() {
    let count = enumerate(6);
    assert!(
        count.sequences > 100_000 && count.ends > 30_000,
        "{count:?}"
    );
}

#[test]
#[ignore = "long: run it with `cargo xtask simulate --exhaustive`"]
#[expect(clippy::print_stdout, reason = "the figures are for people")]
fn no_sequence_of_eight_events_breaks_the_create_rule() {
    let count = enumerate(8);
    println!(
        "exhaustive: {} sequences of up to 8 events on {} hosts, {} ends, {} states",
        count.sequences,
        worlds().len(),
        count.ends,
        count.states
    );
    assert!(count.sequences > 1_000_000, "{count:?}");
}

// ----------------------------------------------------------------- far into a session

/// A number below `limit`, from the generator SplitMix64.
fn below(state: &mut u64, limit: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    // A remainder of a remainder of this size fits.
    (mixed % limit as u64) as usize
}

/// Whole sessions of random events, until so many creates were sent; how many sessions.
fn wander(creates: u64, seed: u64) -> u64 {
    let worlds: Vec<Walk> = worlds().iter().map(Walk::new).collect();
    let (mut state, mut sent, mut sessions) = (seed, 0, 0);
    while sent < creates {
        let mut walk = worlds[below(&mut state, worlds.len())].clone();
        sessions += 1;
        while walk.judge_end().is_none() {
            let woken = below(&mut state, 8) == 0;
            let stepped = match walk.machine.action() {
                _ if woken => walk.wake(CALL / 2),
                Action::Create(_) => {
                    sent += 1;
                    walk.create(CREATES[below(&mut state, CREATES.len())], CALL)
                }
                Action::Wait { .. } => walk.wait(Duration::ZERO),
                // Rows come to their end now and then.
                Action::Probe(_) => {
                    let some = below(&mut state, 6 * PROBES.len());
                    let answer = PROBES.get(some).copied().unwrap_or(Probed::Right);
                    walk.probe(answer, CALL)
                }
                _ => walk.query(QUERIES[below(&mut state, QUERIES.len())], CALL),
            };
            if let Err(error) = stepped {
                panic!("seed {seed}, session {sessions}: {error}\n{walk:#?}");
            }
        }
        if let Some(Err(error)) = walk.judge_end() {
            panic!("seed {seed}, session {sessions}: {error}\n{walk:#?}");
        }
    }
    sessions
}

#[test]
fn random_sessions_keep_the_create_rule_to_their_end() {
    assert!(wander(2_000, 1) > 500);
}

#[test]
#[ignore = "long: run it with `cargo xtask simulate --exhaustive`"]
#[expect(clippy::print_stdout, reason = "the figures are for people")]
fn a_hundred_million_random_creates_keep_the_create_rule() {
    const CREATES_EACH: u64 = 50_000_000;
    let wandering = [1, 2].map(|seed| std::thread::spawn(move || wander(CREATES_EACH, seed)));
    let sessions = wandering.map(|it| it.join().unwrap());
    let total = 2 * CREATES_EACH;
    println!(
        "random: {total} creates in {} sessions",
        sessions.iter().sum::<u64>()
    );
}
