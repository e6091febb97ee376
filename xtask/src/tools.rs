//! Programs from crates.io, of versions that are pinned here and installed once, outside of the tree.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{cargo, command, execute};
use crate::error::Failure;

/// Runs the tests. One on the path is taken, for installing it takes minutes.
pub(crate) const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    version: "0.9.143",
};

/// Judges licences, sources and duplicates of dependencies.
pub(crate) const DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
};

/// A cargo subcommand.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Tool {
    /// The program, built first where neither the path nor the cache has this version.
    pub(crate) fn command(&self) -> Result<Command, Failure> {
        let Self { name, version } = self;
        let program = PathBuf::from(name);
        if self.is(&program) {
            return Ok(command(program));
        }
        let folder = cache()?.join(format!("{name}-{version}"));
        let program = folder.join("bin").join(name);
        if !self.is(&program) {
            let mut install = cargo("install --locked --version");
            install.args([version, name, "--root"]).arg(&folder);
            if !execute(&mut install)? {
                return Err(Failure::new(format!(
                    "{name} {version} from crates.io could not be installed"
                )));
            }
        }
        Ok(command(program))
    }

    /// Whether a program of this version is there.
    fn is(&self, program: &Path) -> bool {
        let output = command(program).arg("--version").output();
        output.is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout)
                .split_whitespace()
                .any(|word| word == self.version)
        })
    }
}

/// The folder of this user's caches, which outlives every `target`.
fn cache() -> Result<PathBuf, Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "where a user's caches lie is said by the environment"
    )]
    let folder = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
    };
    let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    let caches = caches
        .ok_or_else(|| Failure::new("set HOME or XDG_CACHE_HOME: tools are kept below it"))?;
    Ok(caches.join("kirin-xtask"))
}
