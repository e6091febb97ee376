//! `kirin emulator exec`

use std::{ffi::OsString, fs, io, pin::pin, process::ExitStatus};

use kirin_emulator::{Emulator, Ledger};
use tokio::process::{Child, Command};

use super::plain_host;
use crate::{
    emulated_host, exit_code, failure::Failure, interrupt::wait_for_sigterm, terminal::print_stderr,
};

/// Only an emulator takes a key that begins like this: the client refuses it for any other host.
const KEY: &str = "emulator-key";

/// Runs a command that talks to the emulator, and reports what it was charged. Ctrl-C reaches the
/// command too, SIGTERM is passed on to it, and how it ends is its own matter.
pub(super) async fn run_beside(emulator: &Emulator, command: &[OsString]) -> Result<u8, Failure> {
    // clap asks for one at least.
    let (program, arguments) = command.split_first().expect("a command");
    // Before there is a command that a signal could leave behind.
    let mut termination = pin!(wait_for_sigterm());
    // The tasks of this emulator end with it, and are no matter of the person's own ledger.
    let no_room = |error: io::Error| {
        let what = format!("cannot make a ledger and a configuration for the command: {error}");
        let next_step = "Free some disk space, or set TMPDIR to a writable folder.";
        Failure::other(what, next_step)
    };
    let folder = tempfile::tempdir().map_err(no_room)?;
    let configuration = folder.path().join("config.toml");
    fs::write(&configuration, emulated_host::configuration_text(emulator)).map_err(no_room)?;
    let mut command = Command::new(program);
    if let Some(host) = plain_host(emulator) {
        command.env("KIRIN_PLAIN_HTTP_TO", host);
    }
    let mut child = command
        .args(arguments)
        .env("KIRIN_BASE_URL", emulator.base_url())
        .env("KIRIN_API_KEY", KEY)
        // It declares what the emulator does with lost creates. The person's own file does not hold here.
        .env("KIRIN_CONFIG", configuration)
        .env("KIRIN_LEDGER", folder.path().join("ledger.sqlite3"))
        .spawn()
        .map_err(|error| {
            let what = format!("{} cannot be run: {error}", program.display());
            Failure::other(what, "Check the command after `--`.")
        })?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            Ok(()) = tokio::signal::ctrl_c() => {}
            () = &mut termination => {
                termination.set(wait_for_sigterm());
                pass_on_sigterm(&child);
            }
        }
    };
    let status = status.map_err(|error| {
        let what = format!("{} cannot be waited for: {error}", program.display());
        Failure::other(what, "Try again.")
    })?;
    print_stderr(&charges_report(&emulator.ledger()));
    Ok(exit_code_of(status))
}

/// Passes SIGTERM on, which, unlike Ctrl-C at a terminal, comes to one process alone.
fn pass_on_sigterm(child: &Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process};
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id.and_then(Pid::from_raw) {
            // If it has ended meanwhile, that was wanted.
            let _ = kill_process(id, Signal::TERM);
        }
    }
    #[cfg(not(unix))]
    let _ = child;
}

fn charges_report(ledger: &Ledger) -> String {
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

/// The command's own exit code; if a signal ended it, as a shell reports that.
fn exit_code_of(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(exit_code::OTHER);
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.unwrap_or(exit_code::OTHER)
}
