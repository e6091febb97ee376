//! The real client against the emulator's world on a virtual clock, with faults of every kind mixed
//! pairwise and processes that end at any moment: does the create rule hold?
//!
//! `cargo xtask simulate --tasks 1000000 --seed 1` runs many sessions. One that breaks a rule prints
//! the command that runs it again, with its log.

#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

mod callbacks;
mod exchange;
mod fault;
mod journal;
mod oracle;
mod row;
mod service;
mod session;
mod setting;
mod surroundings;
mod totals;

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use self::{
    session::{Plan, Report, TASKS},
    setting::Setting,
    totals::Totals,
};

/// What `cargo xtask simulate` says to the test below.
const TASKS_VARIABLE: &str = "KIRIN_SIMULATION_TASKS";
const SEED_VARIABLE: &str = "KIRIN_SIMULATION_SEED";
const ONLY_VARIABLE: &str = "KIRIN_SIMULATION_SESSION";
const BUG_VARIABLE: &str = "KIRIN_SIMULATION_BUG";

/// How many tasks `cargo xtask test` simulates.
const TASKS_BY_DEFAULT: usize = 20_000;

/// Of so many sessions, one runs twice, to see that it is the same.
const TWICE: usize = 50;

/// Sessions that broke a rule and are shown; then it stops.
const SHOWN: usize = 3;

#[test]
fn every_session_keeps_the_create_rule() {
    let seed = variable(SEED_VARIABLE).unwrap_or(1);
    let planted_bug = variable(BUG_VARIABLE).is_some_and(|bug| bug == 1);
    if let Some(number) = variable(ONLY_VARIABLE) {
        return replay(Plan {
            seed,
            number: usize::try_from(number).expect("a number"),
            planted_bug,
        });
    }
    let tasks = variable(TASKS_VARIABLE).map_or(TASKS_BY_DEFAULT, |tasks| {
        usize::try_from(tasks).expect("a number")
    });
    let sessions = tasks.div_ceil(TASKS);
    #[expect(
        clippy::disallowed_methods,
        reason = "the time that it takes is printed"
    )]
    let began_at = std::time::Instant::now();
    let (totals, broken) = run(seed, sessions, planted_bug);
    totals.print(seed, began_at.elapsed());
    for (number, report) in &broken {
        print_broken(seed, *number, planted_bug, report);
    }
    assert!(broken.is_empty(), "{} sessions broke a rule", broken.len());
    // A few tasks do not meet everything.
    if tasks >= TASKS_BY_DEFAULT {
        totals.check_that_everything_happened();
    }
}

/// The oracle catches a client that sends again what may be charged, and its session can be run again, to
/// the byte.
#[test]
fn a_planted_bug_is_found_and_replayed() {
    let (_, broken) = run(7, 20 * Setting::COUNT, true);
    let (number, report) = broken.first().expect("the bug is found");
    let sent_again = |violation: &String| violation.starts_with("money:");
    assert!(
        report.violations.iter().any(sent_again),
        "{:?}",
        report.violations
    );
    let plan = Plan {
        seed: 7,
        number: *number,
        planted_bug: true,
    };
    assert_eq!(session::run(plan).log, report.log);
    assert!(replay_command(7, *number, true).contains(&number.to_string()));
    let without = Plan {
        planted_bug: false,
        ..plan
    };
    assert_eq!(session::run(without).violations, [""; 0]);
}

/// Runs all sessions, on all cores; the totals, and the first sessions that broke a rule.
fn run(seed: u64, sessions: usize, planted_bug: bool) -> (Totals, Vec<(usize, Report)>) {
    let next = AtomicUsize::new(0);
    let enough = AtomicBool::new(false);
    let results = Mutex::new((Totals::default(), Vec::new()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let mut totals = Totals::default();
                while !enough.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= sessions {
                        break;
                    }
                    let plan = Plan {
                        seed,
                        number,
                        planted_bug,
                    };
                    let mut report = session::run(plan);
                    if number.is_multiple_of(TWICE) && session::run(plan).log != report.log {
                        report
                            .violations
                            .push("determinism: it is another one the second time".into());
                    }
                    totals.add(&report);
                    if !report.violations.is_empty() {
                        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                        results.1.push((number, report));
                        enough.store(results.1.len() >= SHOWN, Ordering::Relaxed);
                    }
                }
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                results.0.merge(totals);
            });
        }
    });
    let (totals, mut broken) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    broken.sort_by_key(|(number, _)| *number);
    (totals, broken)
}

/// Runs one session and prints its log.
fn replay(plan: Plan) {
    let report = session::run(plan);
    print!("{}", report.log);
    assert_eq!(report.violations, [""; 0]);
}

fn print_broken(seed: u64, number: usize, planted_bug: bool, report: &Report) {
    println!("session {number} broke a rule ({}):", report.setting);
    for violation in &report.violations {
        println!("  {violation}");
    }
    println!("  {}", replay_command(seed, number, planted_bug));
}

fn replay_command(seed: u64, number: usize, planted_bug: bool) -> String {
    let bug = if planted_bug { " --planted-bug" } else { "" };
    format!("cargo xtask simulate --seed {seed} --session {number}{bug}")
}

/// Lets virtual time pass.
async fn pause(duration: Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "the service is a driver, and its clock is paused"
    )]
    tokio::time::sleep(duration).await;
}

fn variable(name: &str) -> Option<u64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the environment sets how much is simulated"
    )]
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a whole number"))
}
