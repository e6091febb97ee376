//! `kirin generate`, killed by strace at each system call that writes, and run again each time.

use std::process::Command;

use crate::apt;
use crate::cargo::{Workspace, built, shown};
use crate::durability::STRACE;
use crate::error::Failure;

/// What writes to the ledger, and what writes to the video and makes it what it is called.
const CALLS: [&str; 2] = [
    "pwrite64,fsync,fdatasync,ftruncate",
    "write,writev,link,linkat,rename,unlink",
];

/// How much faster the emulator's time is. Its clock must not come to be an hour ahead of ours in all of the
/// runs: then nothing is sent again, because the age of an intent is not known any more.
const SPEED: &str = "20";

/// Kills at the first call, at the second, and so on, until a run ends by itself. After each kill the
/// same command must give the video, and nothing may be charged twice.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    apt::installed(&[STRACE], &["strace"])?;
    let kirin = built(workspace, &["kirin-cli"], "kirin")?;
    for calls in CALLS {
        let cannot = |error| Failure::new(format!("the kills of kirin: {error}"));
        let folder = workspace.target.join("kills");
        // The one of the run before, if there was one.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(cannot)?;
        let mut command = Command::new(&kirin);
        command.args(["emulator", "--speed", SPEED, "exec", "--", "sh"]);
        command.arg(workspace.root.join("xtask/durability/kill.sh"));
        command.arg(STRACE).arg(&kirin).arg(&folder).arg(calls);
        println!("+ {}", shown(&command));
        let output = command.output().map_err(cannot)?;
        let said = String::from_utf8_lossy(&output.stderr);
        let kills = String::from_utf8_lossy(&output.stdout);
        check(output.status.success(), kills.trim(), &said).map_err(Failure::new)?;
        println!("kills: {} at {calls}", kills.trim());
    }
    Ok(())
}

/// Fewest kills of a run: the ledger is written for the intent, the attempt, the acceptance, the end and
/// the file, and a video has its part file and its note.
const FEWEST: u32 = 10;

/// Whether each create was charged once. The last run is not killed, and is charged too.
fn check(succeeded: bool, kills: &str, said: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{what}; the last words were:\n{said}"));
    let Ok(kills) = kills.parse::<u32>() else {
        return wrong("kirin was not killed to the end");
    };
    if !succeeded || kills < FEWEST {
        return wrong(&format!("kirin was killed {kills} times"));
    }
    let charges = format!("emulator: charges: {}, ", kills + 1);
    match said.contains(&charges) && said.contains("double charges: 0") {
        true => Ok(()),
        false => wrong(&format!("{} creates are not as many charges", kills + 1)),
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
        assert_eq!(check(true, "36", &said(37, 0)), Ok(()));
        for (succeeded, kills, said) in [
            (false, "36", said(37, 0)),
            (true, "", said(37, 0)),
            (true, "0", said(1, 0)),
            (true, "36", said(36, 0)),
            (true, "36", said(370, 0)),
            (true, "36", said(37, 1)),
        ] {
            assert!(check(succeeded, kills, &said).is_err(), "{kills} {said}");
        }
    }
}
