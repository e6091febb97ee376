//! The commands of this workspace, run as `cargo xtask <command>`.
//!
//! It uses no crate of the workspace, so that what it checks cannot break it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the terminal"
)]

mod apt;
mod canary;
mod cargo;
mod ci;
mod conformance;
mod durability;
mod emulator;
mod error;
mod figures;
mod files;
mod layers;
mod page;
mod public_api;
mod python;
mod rustdoc;
mod search;
mod soak;
mod strace;
mod tests;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cargo::Workspace;
use crate::error::Failure;
use crate::search::{Exploration, Simulation};

/// The commands of this workspace. Exit codes: 0 all is well, 1 something failed, 2 wrong usage.
#[derive(Debug, clap::Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Run every test of the workspace, with a table per crate
    Test,
    /// Run the snapshot tests
    Snap {
        /// Write what changed, and delete snapshots that no test asserts
        #[arg(long)]
        accept: bool,
    },
    /// Run the property tests
    Prop {
        /// The cases of each property; without it PROPTEST_CASES, else 256
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        cases: Option<u32>,
        /// Where the random numbers begin
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Hold sessions with faults and crashes, or all short sequences of events, against the create rule
    Simulate(Simulation),
    /// Drive the machine and the journal through every order of faults; some minutes
    Explore(Exploration),
    /// Kill kirin at each of its writes and at random moments, let its calls fail, and count the charges
    Soak {
        /// How often batches are killed
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
        kills: u64,
        /// Where the random moments begin
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Check what each crate may depend on and show in public
    Layers,
    /// Check the public items of each library against the lists in docs/public-api
    PublicApi {
        /// Write the lists as they are now
        #[arg(long)]
        accept: bool,
    },
    /// Check the files: lengths, attributes, manifests, leftovers
    Tidy,
    /// Run schemathesis against the emulator and its OpenAPI document, a minute; needs Python 3
    Conformance,
    /// Check with strace that an intent is on the disk before its create is on the wire
    Durability,
    /// Look at the emulator's page and at a gallery in a headless Chromium; screenshots go to target/page
    Page,
    /// Run what CI runs besides the tests
    Ci,
}

fn main() -> ExitCode {
    match run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(sentence) = failure.unsaid() {
                eprintln!("xtask: {sentence}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    match command {
        Command::Test => tests::all(&workspace),
        Command::Snap { accept } => tests::snapshots(&workspace, accept),
        Command::Prop { cases, seed } => tests::properties(&workspace, cases, seed),
        Command::Simulate(simulation) => search::simulate(simulation),
        Command::Explore(exploration) => search::explore(exploration),
        Command::Soak { kills, seed } => soak::run(&workspace, kills, seed),
        Command::Layers => layers::run(&workspace),
        Command::PublicApi { accept } => public_api::run(&workspace, accept),
        Command::Tidy => tidy::run(&workspace),
        Command::Conformance => conformance::run(&workspace),
        Command::Durability => durability::run(&workspace),
        Command::Page => page::run(&workspace),
        Command::Ci => ci::run(&workspace),
    }
}

#[cfg(test)]
mod usage {
    use super::*;

    #[test]
    fn each_command_says_what_it_takes() {
        for right in [
            "soak --seed 7 --kills 20",
            "explore --clients 2 --depth 5",
            "simulate --tasks 9 --seed 7",
            "simulate --planted-bug --session 9",
            "simulate --exhaustive",
            "prop --seed 7 --cases 9",
        ] {
            assert!(parse(right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "test --fast",
            "explore --depth 0",
            "explore --clients 3",
            "simulate",
            "simulate --seed 1",
            "simulate --tasks 0",
            "simulate --tasks 5 --session 5",
            "simulate --exhaustive --seed 1",
            "prop --cases 0",
            "soak --kills 0",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    fn parse(line: &str) -> Result<Command, clap::Error> {
        Command::try_parse_from(["xtask"].into_iter().chain(line.split_whitespace()))
    }
}
