//! The emulator's page and a gallery of its videos, looked at in a real browser: Debian's Chromium
//! without a screen, driven by selenium through the driver that Debian builds from the same source.
//! Playwright would bring a Node.js of its own, and promises to work with its own build of Chromium
//! only.

use std::process::Command;

use crate::apt;
use crate::cargo::{Workspace, built, execute};
use crate::emulator::Emulator;
use crate::error::Failure;
use crate::python;

/// Pinned for the same reason as schemathesis: what it finds should not change by itself.
const SELENIUM: &str = "selenium==4.50.0";

/// Where Debian's packages put them; `tests/browser/browser.py` starts these two.
const PROGRAMS: [&str; 2] = ["/usr/bin/chromium", "/usr/bin/chromedriver"];

/// The packages that they are in.
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Installs what it needs if it is not there, starts an emulator, and looks at its page and at a
/// gallery of its videos.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    apt::installed(&PROGRAMS, &PACKAGES)?;
    let programs = python::installed(workspace, SELENIUM)?;
    let kirin = built(workspace, &["kirin-cli"], "kirin")?;
    let emulator = Emulator::start(workspace, "page", &[])?;
    let look = |script: &str| {
        let mut look = Command::new(programs.join("python"));
        look.arg(workspace.root.join("tests/browser").join(script));
        look.arg(emulator.base_url());
        look.arg(workspace.target.join("page"));
        look
    };
    let mut gallery = look("gallery.py");
    gallery.arg(kirin);
    let looks = [
        ("the emulator's page", look("look.py")),
        ("the gallery", gallery),
    ];
    for (name, mut look) in looks {
        if !execute(&mut look)? {
            let sentence = format!("{name} is not as it should be; see above");
            return Err(Failure::new(sentence));
        }
    }
    Ok(())
}
