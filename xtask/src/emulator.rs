//! An emulator to run something against.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::cargo::{Workspace, built, remove_package};
use crate::error::Failure;

/// A running emulator. It stops when its standard input ends, which it does with this process too.
pub(crate) struct Emulator {
    process: Child,
    base_url: String,
}

impl Emulator {
    /// Builds an example of `kirin-emulator` that serves one, and starts it.
    pub(crate) fn start(
        workspace: &Workspace,
        example: &str,
        arguments: &[&str],
    ) -> Result<Self, Failure> {
        let what = ["kirin-emulator", "--example", example];
        let program = built(workspace, &what, &format!("examples/{example}"))?;
        Self::spawn(&program, arguments)
    }

    /// What stands before the path of every call.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    fn spawn(program: &Path, arguments: &[&str]) -> Result<Self, Failure> {
        let cannot = |error| Failure::new(format!("the emulator does not start: {error}"));
        let mut command = Command::new(program);
        remove_package(&mut command);
        command.args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut emulator = Self {
            process: command.spawn().map_err(cannot)?,
            base_url: String::new(),
        };
        if let Some(output) = emulator.process.stdout.take() {
            let mut lines = BufReader::new(output);
            lines.read_line(&mut emulator.base_url).map_err(cannot)?;
        }
        emulator
            .base_url
            .truncate(emulator.base_url.trim_end().len());
        match emulator.base_url.is_empty() {
            false => Ok(emulator),
            true => Err(Failure::new("the emulator said no URL")),
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It has nothing to lose; an error means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
