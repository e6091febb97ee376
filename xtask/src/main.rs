//! The commands of this workspace, run as `cargo xtask <command>`.
//!
//! Everything here needs nothing but cargo and git, Python for `conformance` and `page`, Chromium
//! for `page` and strace for `durability`; and no crate of the workspace, so that it builds in
//! seconds and cannot be broken by what it checks.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the terminal"
)]

mod apt;
mod arguments;
mod canary;
mod cargo;
mod ci;
mod conformance;
mod durability;
mod each_call;
mod emulator;
mod error;
mod executable;
mod explore;
mod files;
mod injections;
mod kills;
mod layers;
mod libtest;
mod manifest;
mod page;
mod property;
mod python;
mod simulate;
mod snapshot;
mod soak;
mod suite;
mod tally;
mod test;
mod tidy;

use std::process::ExitCode;

use crate::arguments::{Command, HELP};
use crate::cargo::Workspace;
use crate::error::Failure;

fn main() -> ExitCode {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program reads its own arguments"
    )]
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = match Command::parse(&arguments) {
        Ok(command) => command,
        Err(problem) => {
            eprintln!("xtask: {problem}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(sentence) = failure.unsaid() {
                eprintln!("xtask: {sentence}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    if *command == Command::Help {
        println!("{HELP}");
        return Ok(());
    }
    let workspace = Workspace::load()?;
    match *command {
        Command::Ci => ci::run(&workspace),
        Command::Conformance => conformance::run(&workspace),
        Command::Durability => durability::run(&workspace),
        Command::Explore(exploration) => explore::run(exploration),
        Command::Help => Ok(()),
        Command::Layers => layers::run(&workspace),
        Command::Page => page::run(&workspace),
        Command::Prop { cases, seed } => property::run(&workspace, cases, seed),
        Command::Simulate(simulation) => simulate::run(simulation),
        Command::SimulateExhaustively => simulate::exhaustive(),
        Command::Snap { accept } => snapshot::run(&workspace, accept),
        Command::Soak { kills, seed } => soak::run(&workspace, kills, seed),
        Command::Test => test::run(&workspace),
        Command::Tidy => tidy::run(&workspace),
    }
}
