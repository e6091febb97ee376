//! The emulator's page, looked at in a real browser: Debian's Chromium without a screen, driven by
//! selenium through the driver that Debian builds from the same source. Playwright would bring a
//! Node.js of its own, and promises to work with its own build of Chromium only.

use std::process::Command;

use crate::apt;
use crate::cargo::{Workspace, execute};
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
    apt::installed(&PROGRAMS, &PACKAGES)?;
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
