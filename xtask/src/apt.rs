//! Programs from the packages of Debian and Ubuntu, for the checks that need one.

use std::path::Path;
use std::process::Command;

use crate::cargo::{capture, execute, shown};
use crate::error::Failure;

/// Installs packages unless the programs that are in them are there.
pub(crate) fn installed(programs: &[&str], packages: &[&str]) -> Result<(), Failure> {
    if programs.iter().all(|program| Path::new(program).exists()) {
        return Ok(());
    }
    let is_root = capture(Command::new("id").arg("-u"))?.trim() == "0";
    let options = ["install", "--yes", "--no-install-recommends"];
    for arguments in [&["update", "--quiet"][..], &[&options, packages].concat()] {
        let mut apt = apt(is_root);
        if !matches!(execute(apt.args(arguments)), Ok(true)) {
            return Err(Failure::new(format!(
                "`{}` failed; {} from Debian or Ubuntu's packages must be there as {}",
                shown(&apt),
                packages.join(" and "),
                programs.join(" and "),
            )));
        }
    }
    Ok(())
}

fn apt(is_root: bool) -> Command {
    if is_root {
        return Command::new("apt-get");
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["--non-interactive", "apt-get"]);
    sudo
}
