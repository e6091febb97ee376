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
    for mut command in [
        apt(is_root, &["update", "--quiet"]),
        install(is_root, packages),
    ] {
        if !matches!(execute(&mut command), Ok(true)) {
            return Err(Failure::new(format!(
                "`{}` failed; {} from Debian or Ubuntu's packages must be there as {}",
                shown(&command),
                packages.join(" and "),
                programs.join(" and "),
            )));
        }
    }
    Ok(())
}

fn install(is_root: bool, packages: &[&str]) -> Command {
    let mut command = apt(is_root, &["install", "--yes", "--no-install-recommends"]);
    command.args(packages);
    command
}

fn apt(is_root: bool, arguments: &[&str]) -> Command {
    let mut command = match is_root {
        true => Command::new("apt-get"),
        false => {
            let mut sudo = Command::new("sudo");
            sudo.args(["--non-interactive", "apt-get"]);
            sudo
        }
    };
    command.args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_installed_by_root_and_through_sudo() {
        let install = |is_root| shown(&install(is_root, &["chromium", "chromium-driver"]));
        let command = "apt-get install --yes --no-install-recommends chromium chromium-driver";
        assert_eq!(install(true), command);
        assert_eq!(install(false), format!("sudo --non-interactive {command}"));
    }
}
