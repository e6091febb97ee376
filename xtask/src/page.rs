//! The emulator's page, looked at in a real browser: Debian's Chromium without a screen, driven by
//! selenium through the driver that Debian builds from the same source. Playwright would bring a
//! Node.js of its own, and promises to work with its own build of Chromium only.

use std::path::Path;
use std::process::Command;

use crate::cargo::{Workspace, capture, execute, shown};
use crate::emulator::Emulator;
use crate::error::Failure;
use crate::python;

/// Pinned for the same reason as schemathesis: what it finds should not change by itself.
const SELENIUM: &str = "selenium==4.50.0";

/// Where Debian's packages put them; `xtask/page/look.py` starts these two.
const PROGRAMS: [&str; 2] = ["/usr/bin/chromium", "/usr/bin/chromedriver"];

/// The packages that they are in.
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Installs what it needs if it is not there, starts an emulator and looks at its page.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    install_browser()?;
    let programs = python::installed(workspace, SELENIUM)?;
    let emulator = Emulator::start(workspace, "page", &[])?;
    let mut look = Command::new(programs.join("python"));
    look.arg(workspace.root.join("xtask/page/look.py"));
    look.arg(emulator.base_url());
    look.arg(workspace.target.join("page"));
    match execute(&mut look)? {
        true => Ok(()),
        false => Err(Failure::new(
            "the emulator's page is not as it should be; see above",
        )),
    }
}

fn install_browser() -> Result<(), Failure> {
    if PROGRAMS.iter().all(|program| Path::new(program).exists()) {
        return Ok(());
    }
    let is_root = capture(Command::new("id").arg("-u"))?.trim() == "0";
    for arguments in [&["update", "--quiet"][..], &install()] {
        let mut command = apt(is_root, arguments);
        if !matches!(execute(&mut command), Ok(true)) {
            return Err(Failure::new(format!(
                "`{}` failed; `page` needs {} from Debian or Ubuntu's packages as {}",
                shown(&command),
                PACKAGES.join(" and "),
                PROGRAMS.join(" and "),
            )));
        }
    }
    Ok(())
}

fn install() -> [&'static str; 5] {
    let [browser, driver] = PACKAGES;
    [
        "install",
        "--yes",
        "--no-install-recommends",
        browser,
        driver,
    ]
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
        let install = install();
        let install = |is_root| shown(&apt(is_root, &install));
        let command = "apt-get install --yes --no-install-recommends chromium chromium-driver";
        assert_eq!(install(true), command);
        assert_eq!(install(false), format!("sudo --non-interactive {command}"));
    }
}
