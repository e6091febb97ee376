//! `kirin emulator exec`

use std::{ffi::OsString, process::ExitStatus};

use kirin_emulator::{Emulator, Ledger};
use tokio::process::Command;

use crate::{exit_code, failure::Failure, terminal::say};

/// Only an emulator takes a key that begins like this: the client refuses it for any other host.
const KEY: &str = "emulator-key";

/// Runs a command that talks to the emulator, and tells what it was charged. Ctrl-C reaches the
/// command too, and how it ends is its own matter.
pub(crate) async fn exec(emulator: &Emulator, command: &[OsString]) -> Result<u8, Failure> {
    // clap asks for one at least.
    let (program, arguments) = command.split_first().expect("a command");
    let mut child = Command::new(program)
        .args(arguments)
        .env("KIRIN_BASE_URL", emulator.base_url())
        .env("KIRIN_API_KEY", KEY)
        .spawn()
        .map_err(|error| {
            let what = format!("{} cannot be run: {error}", program.display());
            Failure::other(what, "Check the command behind `--`.")
        })?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            Ok(()) = tokio::signal::ctrl_c() => {}
        }
    };
    let status = status.map_err(|error| {
        let what = format!("{} cannot be waited for: {error}", program.display());
        Failure::other(what, "Try again.")
    })?;
    say(&report(&emulator.ledger()));
    Ok(code(status))
}

fn report(ledger: &Ledger) -> String {
    let doubles = ledger.double_charges();
    let mut report = format!(
        "emulator: charges: {}, USD of play money: {}, double charges: {}",
        ledger.charges().len(),
        ledger.spent(),
        doubles.len()
    );
    for double in doubles {
        report += &format!(
            "\n  {} was charged {} times",
            double.external_task_id,
            double.charges.len()
        );
    }
    report
}

/// The command's own exit code; as a shell tells it where a signal ended it.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(exit_code::OTHER);
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.unwrap_or(exit_code::OTHER)
}
