//! Programs from PyPI, for the checks that somebody else's program makes.

use std::path::PathBuf;
use std::process::Command;

use crate::cargo::{Workspace, execute};
use crate::error::Failure;

/// Installs a pinned package where it is not there yet, in an environment of its own in the target
/// folder, and gives the folder of its programs.
pub(crate) fn installed(workspace: &Workspace, package: &str) -> Result<PathBuf, Failure> {
    let folder = workspace.target.join("xtask").join(package);
    let programs = folder.join("bin");
    // An installation that was interrupted has none.
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(programs);
    }
    let mut environment = Command::new("python3");
    environment.args(["-m", "venv", "--clear"]).arg(&folder);
    let mut install = Command::new(programs.join("python"));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        package,
    ]);
    if !(execute(&mut environment)? && execute(&mut install)?) {
        let sentence = "Python 3.10 or newer with venv must be there, and PyPI once; see above";
        return Err(Failure::new(sentence));
    }
    std::fs::write(&complete, "").map_err(Failure::of(format!("write {}", complete.display())))?;
    Ok(programs)
}
