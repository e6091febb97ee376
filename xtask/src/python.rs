//! Programs from PyPI, for the checks that somebody else's program makes.

use std::path::PathBuf;
use std::process::Command;

use crate::cargo::{Workspace, execute, shown};
use crate::error::Failure;

/// Installs a pinned package where it is not there yet, in an environment of its own in the target
/// folder, and gives the folder of its programs.
pub(crate) fn installed(workspace: &Workspace, package: &str) -> Result<PathBuf, Failure> {
    let folder = workspace.target.join("xtask").join(package);
    let programs = folder.join("bin");
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(programs);
    }
    let mut environment = Command::new("python3");
    environment.args(["-m", "venv", "--clear"]).arg(&folder);
    let mut install = Command::new(programs.join("python"));
    install.args(["-m", "pip", "install", "--quiet"]);
    install.args(["--disable-pip-version-check", package]);
    for command in [&mut environment, &mut install] {
        if !execute(command)? {
            return Err(Failure::new(format!(
                "`{}` failed; it needs Python 3.10 or newer with venv, and PyPI once",
                shown(command)
            )));
        }
    }
    // An installation that was interrupted has none.
    std::fs::write(&complete, "").map_err(|error| {
        Failure::new(format!("could not write {}: {error}", complete.display()))
    })?;
    Ok(programs)
}
