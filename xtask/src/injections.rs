//! `kirin generate` with errors of the system, which strace makes, one at a time: the video is there afterwards,
//! for one charge, and no file of somebody else was touched.

use std::process::Command;

use crate::apt;
use crate::cargo::{Workspace, built, shown};
use crate::durability::STRACE;
use crate::error::Failure;

/// A system call, the error it ends with, and which calls are meant: `part` for those about the part file.
type Injection = (&'static str, &'static str, &'static str);

/// Those that end in a wrong video where they are mistaken, in half a minute.
pub(crate) const FEW: [Injection; 3] = [
    ("fsync", "EIO", ""),
    ("renameat2", "EIO", ""),
    ("write", "ENOSPC", "part"),
];

/// All that a generation calls to write, to name and to lock.
pub(crate) const ALL: [Injection; 11] = [
    ("fsync", "EIO", ""),
    ("write", "EIO", "part"),
    ("write", "ENOSPC", "part"),
    ("pwrite64", "ENOSPC", ""),
    ("ftruncate", "EIO", ""),
    ("renameat2", "EIO", ""),
    ("rename", "EIO", ""),
    ("unlink", "EIO", ""),
    ("flock", "EINTR", ""),
    ("openat", "EACCES", ""),
    ("mkdir", "ENOSPC", ""),
];

/// How much faster the emulator's time is.
const SPEED: &str = "20";

/// Injects each error at the first call, at the second, and so on, until a run meets none.
pub(crate) fn run(workspace: &Workspace, injections: &[Injection]) -> Result<(), Failure> {
    apt::installed(&[STRACE], &["strace"])?;
    let kirin = built(workspace, &["kirin-cli"], "kirin")?;
    let cannot = |error| Failure::new(format!("the errors for kirin: {error}"));
    let folder = workspace.target.join("injections");
    // The one of the run before, if there was one.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(cannot)?;
    for (call, error, only) in injections {
        let mut command = Command::new(&kirin);
        command.args(["emulator", "--speed", SPEED, "exec", "--", "sh"]);
        command.arg(workspace.root.join("xtask/durability/inject.sh"));
        command.arg(STRACE).arg(&kirin).arg(&folder);
        command.args([call, error, only]);
        println!("+ {}", shown(&command));
        let output = command.output().map_err(cannot)?;
        let said = String::from_utf8_lossy(&output.stderr);
        let errors = String::from_utf8_lossy(&output.stdout);
        check(output.status.success(), errors.trim(), &said).map_err(Failure::new)?;
        println!("injections: {} of {error} at {call}", errors.trim());
    }
    Ok(())
}

/// Whether each create was charged once. The last run meets no error, and is charged too.
fn check(succeeded: bool, errors: &str, said: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{what}; the last words were:\n{said}"));
    let Ok(errors) = errors.parse::<u32>() else {
        return wrong("kirin did not meet every error");
    };
    if !succeeded || errors == 0 {
        return wrong(&format!("kirin met {errors} errors"));
    }
    let charges = format!("emulator: charges: {}, ", errors + 1);
    match said.contains(&charges) && said.contains("double charges: 0") {
        true => Ok(()),
        false => wrong(&format!("{} creates are not as many charges", errors + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_create_is_one_charge() {
        let said = |charges, doubles| {
            format!("emulator: charges: {charges}, USD of play money: 1, double charges: {doubles}")
        };
        assert_eq!(check(true, "9", &said(10, 0)), Ok(()));
        for (succeeded, errors, said) in [
            (false, "9", said(10, 0)),
            (true, "", said(10, 0)),
            (true, "0", said(1, 0)),
            (true, "9", said(9, 0)),
            (true, "9", said(100, 0)),
            (true, "9", said(10, 1)),
        ] {
            assert!(check(succeeded, errors, &said).is_err(), "{errors} {said}");
        }
    }
}
