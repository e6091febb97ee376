//! The long checks of the create rule, optimized: sessions with faults, sequences of events, orders of faults.

use crate::cargo::cargo;
use crate::error::Failure;
use crate::figures;

/// Tests, built so that they run fast.
const OPTIMIZED: &str = "test --profile bench --locked";

/// What to simulate.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["tasks", "session", "exhaustive"]))]
pub(crate) struct Simulation {
    /// Run this many generations against the emulator, on a virtual clock
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    tasks: Option<u64>,
    /// Run one session of a simulation again, and print its log
    #[arg(long)]
    session: Option<u64>,
    /// Take every sequence of up to eight events, and 100,000,000 random creates
    #[arg(long, conflicts_with_all = ["seed", "planted_bug"])]
    exhaustive: bool,
    /// Where the random numbers begin
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Show how a failure looks
    #[arg(long)]
    planted_bug: bool,
}

/// How far to explore.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Exploration {
    /// The faults on one way; without it 7 with one client and 6 with two
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    depth: Option<u64>,
    /// With one client or with two; without it with both
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=2))]
    clients: Option<u64>,
}

/// Runs sessions of the client against the emulator's world, or every short sequence of events.
pub(crate) fn simulate(simulation: Simulation) -> Result<(), Failure> {
    if simulation.exhaustive {
        let mut command = cargo(OPTIMIZED);
        command.args([
            "--package",
            "kirin-client",
            "--all-features",
            "--test",
            "it",
        ]);
        command.args(["--", "--ignored", "--nocapture", "machine::exhaustive::"]);
        return figures::run("simulate", &mut command, &["exhaustive: ", "random: "]);
    }
    let mut command = cargo(OPTIMIZED);
    command.args(["--package", "kirin-tests", "--test", "it"]);
    command.args(["--", "--nocapture", "--exact"]);
    command.arg("simulation::every_session_keeps_the_create_rule");
    command.env("KIRIN_SIMULATION_SEED", simulation.seed.to_string());
    if simulation.planted_bug {
        command.env("KIRIN_SIMULATION_BUG", "1");
    }
    let figure = match simulation.session {
        Some(session) => {
            command.env("KIRIN_SIMULATION_SESSION", session.to_string());
            "process 1 begins"
        }
        None => {
            let tasks = simulation.tasks.unwrap_or_default();
            command.env("KIRIN_SIMULATION_TASKS", tasks.to_string());
            "simulation: "
        }
    };
    figures::run("simulate", &mut command, &[figure])
}

/// Searches deep, and prints the figures of each setting.
pub(crate) fn explore(exploration: Exploration) -> Result<(), Failure> {
    let mut command = cargo(OPTIMIZED);
    command.args(["--package", "kirin-tests", "--test", "it"]);
    command.args(["--", "--nocapture", "--exact"]);
    command.arg("explore::every_order_keeps_the_create_rule");
    command.env("KIRIN_EXPLORE_DEEP", "1");
    for (variable, value) in [
        ("KIRIN_EXPLORE_DEPTH", exploration.depth),
        ("KIRIN_EXPLORE_CLIENTS", exploration.clients),
    ] {
        if let Some(value) = value {
            command.env(variable, value.to_string());
        }
    }
    figures::run("explore", &mut command, &["explore: "])
}
