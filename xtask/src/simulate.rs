//! The long checks of the create rule: sessions with faults, every short sequence of events, and very
//! many random ones.

use std::process::Command;

use crate::arguments::{Simulated, Simulation};
use crate::cargo::{cargo, shown};
use crate::error::Failure;
use crate::executable::stream;

/// Runs sessions of the client against the emulator's world, optimized, and prints their figures.
pub(crate) fn run(simulation: Simulation) -> Result<(), Failure> {
    let mut command = optimized("kirin-tests");
    command.args(["--test", "it", "--", "--nocapture", "--exact"]);
    command.arg("simulation::every_session_keeps_the_create_rule");
    command.env("KIRIN_SIMULATION_SEED", simulation.seed.to_string());
    if simulation.planted_bug {
        command.env("KIRIN_SIMULATION_BUG", "1");
    }
    let (variable, number, figure) = match simulation.what {
        Simulated::Session(number) => ("KIRIN_SIMULATION_SESSION", number, "process 1 begins"),
        Simulated::Tasks(number) => ("KIRIN_SIMULATION_TASKS", number, "simulation: "),
    };
    command.env(variable, number.to_string());
    let broken = "a session breaks a rule; see above";
    conclude("simulate", &mut command, &[figure], broken)
}

/// The tests of a package, built so that they run fast.
pub(crate) fn optimized(package: &str) -> Command {
    let mut command = cargo();
    command.args(["test", "--profile", "bench", "--locked"]);
    command.args(["--package", package]);
    command
}

/// Runs every short sequence and the random creates, optimized, and prints their figures.
pub(crate) fn exhaustive() -> Result<(), Failure> {
    let mut command = optimized("kirin-client");
    command.args(["--all-features", "--test", "it", "--"]);
    command.args(["--ignored", "--nocapture", "machine::exhaustive::"]);
    let broken = "a sequence of events breaks the create rule; see above";
    let figures = ["exhaustive: ", "random: "];
    conclude("simulate", &mut command, &figures, broken)
}

/// Runs a test program that prints these figures.
pub(crate) fn conclude(
    name: &str,
    command: &mut Command,
    figures: &[&str],
    broken: &str,
) -> Result<(), Failure> {
    println!("+ {}", shown(command));
    let mut problems = Vec::new();
    let lines = stream(command, &mut problems)?;
    problems.extend(absent(&lines, figures));
    if lines
        .iter()
        .any(|line| line.starts_with("test result: FAILED"))
    {
        problems.push(broken.to_owned());
    }
    Failure::unless_empty(name, &problems)
}

/// A sentence for each figure that no test printed: a filter that matches nothing passes.
fn absent(lines: &[String], figures: &[&str]) -> Vec<String> {
    let absent = figures
        .iter()
        .filter(|figure| lines.iter().all(|line| !line.contains(**figure)));
    absent
        .map(|figure| format!("no test printed its line `{figure}...`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIGURES: [&str; 2] = ["exhaustive: ", "random: "];

    #[test]
    fn a_run_of_nothing_is_no_success() {
        let lines = ["test result: ok. 0 passed", "random: 5 creates"].map(str::to_owned);
        assert_eq!(
            absent(&lines, &FIGURES),
            ["no test printed its line `exhaustive: ...`"]
        );
        assert_eq!(absent(&[], &FIGURES).len(), 2);
        let both = ["exhaustive: 9 sequences", "random: 5 creates"].map(str::to_owned);
        assert_eq!(absent(&both, &FIGURES), [""; 0]);
    }
}
