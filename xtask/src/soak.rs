//! The program under very many kills.

use crate::cargo::{Workspace, cargo};
use crate::error::Failure;
use crate::{figures, strace};

/// Kills a generation at each of its writes, lets each of its calls fail, and kills batches this often, with and
/// without anything that is declared of the host, and prints what came of it.
pub(crate) fn run(workspace: &Workspace, kills: u64, seed: Option<u64>) -> Result<(), Failure> {
    strace::disturb(workspace, &strace::ALL)?;
    let mut command = cargo("test --locked --package kirin-cli --all-features --test it");
    command.args(["--", "--nocapture", "batch_kill::"]);
    command.env("KIRIN_KILLS", kills.to_string());
    if let Some(seed) = seed {
        command.env("KIRIN_KILL_SEED", seed.to_string());
    }
    let figures = [
        "soak: duplicates refused",
        "soak: look-up with a lag",
        "soak: nothing declared",
    ];
    figures::run("soak", &mut command, &figures)
}
