//! `kirin generate` under strace, disturbed at its first system call of a kind, then at its second, and so on,
//! until a run is not disturbed any more. A script does that, inside of an emulator that counts the charges.

use std::path::PathBuf;
use std::process::Command;

use crate::apt;
use crate::cargo::{Workspace, built, shown};
use crate::durability::STRACE;
use crate::error::Failure;

/// How much faster the emulator's time is. Its clock must not come to be an hour ahead of ours in all of the
/// runs: then nothing is sent again, because the age of an intent is not known any more.
const SPEED: &str = "20";

/// What is disturbed, and where it leaves its files.
pub(crate) struct EachCall {
    kirin: PathBuf,
    script: PathBuf,
    folder: PathBuf,
    /// Fewest disturbances of a run.
    fewest: u32,
}

impl EachCall {
    /// Builds the program, and empties the folder of this name.
    pub(crate) fn new(
        workspace: &Workspace,
        script: &str,
        folder: &str,
        fewest: u32,
    ) -> Result<Self, Failure> {
        apt::installed(&[STRACE], &["strace"])?;
        let folder = workspace.target.join(folder);
        // The one of the run before, if there was one.
        let _ = std::fs::remove_dir_all(&folder);
        Ok(Self {
            kirin: built(workspace, &["kirin-cli"], "kirin")?,
            script: workspace.root.join("xtask/durability").join(script),
            folder,
            fewest,
        })
    }

    /// Runs the script with these arguments; gives how often the program was disturbed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<u32, Failure> {
        let cannot = |error| Failure::new(format!("{}: {error}", self.script.display()));
        let folder = self.folder.join(arguments.join("-"));
        std::fs::create_dir_all(&folder).map_err(cannot)?;
        let mut command = Command::new(&self.kirin);
        command.args(["emulator", "--speed", SPEED, "exec", "--", "sh"]);
        command.arg(&self.script).arg(STRACE).arg(&self.kirin);
        command.arg(&folder).args(arguments);
        println!("+ {}", shown(&command));
        let output = command.output().map_err(cannot)?;
        let said = String::from_utf8_lossy(&output.stderr);
        let count = String::from_utf8_lossy(&output.stdout);
        check(output.status.success(), count.trim(), self.fewest, &said).map_err(Failure::new)
    }
}

/// Whether each create was charged once. The last run is not disturbed, and is charged too.
fn check(succeeded: bool, count: &str, fewest: u32, said: &str) -> Result<u32, String> {
    let wrong = |what: &str| Err(format!("{what}; the last words were:\n{said}"));
    let Ok(count) = count.parse::<u32>() else {
        return wrong("kirin was not disturbed to the end");
    };
    if !succeeded || count < fewest {
        return wrong(&format!("kirin was disturbed {count} times"));
    }
    let charges = format!("emulator: charges: {}, ", count + 1);
    match said.contains(&charges) && said.contains("double charges: 0") {
        true => Ok(count),
        false => wrong(&format!("{} creates are not as many charges", count + 1)),
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
        assert_eq!(check(true, "36", 10, &said(37, 0)), Ok(36));
        assert_eq!(check(true, "9", 1, &said(10, 0)), Ok(9));
        for (succeeded, count, fewest, said) in [
            (false, "36", 10, said(37, 0)),
            (true, "", 10, said(37, 0)),
            (true, "0", 10, said(1, 0)),
            (true, "0", 1, said(1, 0)),
            (true, "9", 10, said(10, 0)),
            (true, "36", 10, said(36, 0)),
            (true, "36", 10, said(370, 0)),
            (true, "36", 10, said(37, 1)),
            (false, "9", 1, said(10, 0)),
            (true, "", 1, said(10, 0)),
            (true, "9", 1, said(9, 0)),
            (true, "9", 1, said(100, 0)),
            (true, "9", 1, said(10, 1)),
        ] {
            assert!(
                check(succeeded, count, fewest, &said).is_err(),
                "{count} {said}"
            );
        }
    }
}
