//! Every order: the real machine and the real journal transitions, under an environment that may do
//! anything in one table.
//!
//! `cargo xtask explore` searches deep; the tests search less deep. What breaks a rule is printed as the
//! shortest way to it, a step a line.

#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

mod answers;
mod begin;
mod calm;
mod cell;
mod choices;
mod driver;
mod found;
mod operations;
mod rules;
mod search;
mod service;
mod small_print;
mod state;
mod step;
mod store;
mod table;
mod world;

use std::{
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use self::{
    cell::{ALONE, Cell, TOGETHER},
    search::{CounterExample, Found, search},
    table::Can,
};

/// What `cargo xtask explore` says to the test below.
const DEEP_VARIABLE: &str = "KIRIN_EXPLORE_DEEP";
const DEPTH_VARIABLE: &str = "KIRIN_EXPLORE_DEPTH";
const CLIENTS_VARIABLE: &str = "KIRIN_EXPLORE_CLIENTS";

/// Faults and choices on one way, with one client and with two: in the tests, and deep.
const DEPTHS: [usize; 2] = [4, 3];
const DEEP: [usize; 2] = [7, 6];

/// Steps of all kinds that one client makes at least on the longest way.
const STEPS: u16 = 14;

/// More states than these are not kept: two searches at a time have to fit into 16 GB.
const MOST: usize = 10_000_000;

/// Searches of cells, at the same time.
const THREADS: usize = 2;

#[test]
fn every_order_keeps_the_create_rule() {
    let only = variable(CLIENTS_VARIABLE);
    let cells = ALONE.iter().chain(&TOGETHER).copied();
    let cells: Vec<Cell> = cells
        .filter(|cell| only.is_none_or(|clients| usize::from(cell.clients) == clients))
        .collect();
    let began_at = now();
    let found = explore(&cells);
    let states: usize = found.iter().map(|found| found.states).sum();
    let seconds = began_at.elapsed().as_secs_f64();
    println!(
        "explore: {} settings, {states} states, {seconds:.0} s",
        found.len()
    );
    let broken: Vec<String> = found.iter().filter_map(transcript).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    check_that_everything_happened(&found, only.is_none());
}

/// A search in which little happens shows little.
fn check_that_everything_happened(found: &[Found], everybody: bool) {
    for row in Can::ALL {
        let times: u64 = found.iter().filter_map(|it| it.rows.get(&row)).sum();
        assert!(times > 0 || !everybody, "{row:?} never happened");
    }
    for found in found.iter().filter(|found| found.depth >= DEPTHS[0]) {
        let cell = found.cell;
        assert!(found.longest >= STEPS, "{cell}: {} steps", found.longest);
    }
}

/// Searches each cell, on two threads.
fn explore(cells: &[Cell]) -> Vec<Found> {
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began_at = now();
                    let found = search(*cell, depth(cell), MOST, sample());
                    println!("{}", figures(&found, began_at.elapsed()));
                    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                    all.push(found);
                }
            });
        }
    });
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn depth(cell: &Cell) -> usize {
    let depths = match variable(DEEP_VARIABLE) {
        Some(_) => DEEP,
        None => DEPTHS,
    };
    let usual = depths[usize::from(cell.clients) - 1];
    variable(DEPTH_VARIABLE).unwrap_or(usual)
}

/// Deep, every state is followed to its end; that takes too long without optimization.
fn sample() -> u128 {
    match variable(DEEP_VARIABLE) {
        Some(_) => 1,
        None => 50,
    }
}

fn figures(found: &Found, took: Duration) -> String {
    let Found {
        cell,
        states,
        depth,
        longest,
        ..
    } = found;
    let cut = if found.is_complete { "" } else { ", cut short" };
    let seconds = took.as_secs_f64();
    format!(
        "explore: {cell}: {states} states, {depth} faults and choices, up to {longest} steps, {seconds:.1} s{cut}"
    )
}

fn transcript(found: &Found) -> Option<String> {
    let CounterExample { broken, steps } = found.counter_example.as_ref()?;
    let mut text = format!("{}:\n", found.cell);
    for (at, step) in steps {
        let seconds = *at as f64 / 1000.0;
        // Writing to a string does not fail.
        let _ = writeln!(text, "{seconds:9.1} s  {step}");
    }
    let _ = writeln!(text, "             {broken}");
    Some(text)
}

#[expect(clippy::disallowed_methods, reason = "cargo xtask explore says it so")]
fn variable(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time that it takes is printed"
)]
fn now() -> Instant {
    Instant::now()
}
