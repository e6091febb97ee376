//! An emulator to run something against.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::cargo::{Workspace, built, command};
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
        let mut command = command(built(workspace, &what, &format!("examples/{example}"))?);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let process = command.spawn().map_err(Failure::of("start the emulator"))?;
        let mut emulator = Self {
            process,
            base_url: String::new(),
        };
        let mut line = String::new();
        if let Some(output) = emulator.process.stdout.take() {
            let read = BufReader::new(output).read_line(&mut line);
            read.map_err(Failure::of("read the emulator's URL"))?;
        }
        emulator.base_url = line.trim_end().to_owned();
        match emulator.base_url.is_empty() {
            false => Ok(emulator),
            true => Err(Failure::new("the emulator said no URL")),
        }
    }

    /// What stands before the path of every call.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It has nothing to lose; an error means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
