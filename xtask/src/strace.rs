//! `kirin generate` under strace, disturbed at its first system call of a kind, then at its second, and so on,
//! until a run is not disturbed any more. A script does that, inside of an emulator that counts the charges.

use crate::apt;
use crate::cargo::{Workspace, built, command, shown};
use crate::error::Failure;

pub(crate) const STRACE: &str = "/usr/bin/strace";

/// How much faster the emulator's time is. Its clock must not come to be an hour ahead of ours in all of the
/// runs: then nothing is sent again, because the age of an intent is not known any more.
const SPEED: &str = "20";

/// System calls at which kirin is disturbed.
pub(crate) struct Disturbance {
    /// What the script gets: the calls, and for an error its name and which calls are meant: `part` for those
    /// about the part file.
    arguments: &'static [&'static str],
    /// Fewest disturbances of a run.
    fewest: u32,
}

/// An error of the system: the call it comes from, several that fail together, and which of them.
const fn error(arguments: &'static [&'static str]) -> Disturbance {
    Disturbance {
        arguments,
        fewest: 1,
    }
}

/// A kill. The ledger is written for the intent, the attempt, the acceptance, the end and the file, and a video
/// has its part file and its note.
const fn kill(arguments: &'static [&'static str]) -> Disturbance {
    Disturbance {
        arguments,
        fewest: 10,
    }
}

/// Errors that end in a wrong video where they are mistaken, in half a minute.
pub(crate) const FEW: [Disturbance; 3] = [
    error(&["fsync", "EIO", ""]),
    error(&["renameat2", "EIO", ""]),
    error(&["write", "ENOSPC", "part"]),
];

/// All that a generation calls to write, to name and to lock, and kills at all that it writes.
pub(crate) const ALL: [Disturbance; 15] = [
    kill(&["pwrite64,fsync,fdatasync,ftruncate"]),
    kill(&["write,writev,link,linkat,rename,renameat2,unlink"]),
    error(&["fsync", "EIO", ""]),
    error(&["write", "EIO", "part"]),
    error(&["write", "ENOSPC", "part"]),
    error(&["pwrite64", "ENOSPC", ""]),
    error(&["ftruncate", "EIO", ""]),
    error(&["renameat2", "EIO", ""]),
    error(&["rename", "EIO", ""]),
    // Without renames that replace nothing, a file is linked; without links, its name is taken by an empty file.
    error(&["renameat2", "EINVAL", ""]),
    error(&["renameat2,linkat", "EINVAL", ""]),
    error(&["unlink", "EIO", ""]),
    error(&["flock", "EINTR", ""]),
    error(&["openat", "EACCES", ""]),
    error(&["mkdir", "ENOSPC", ""]),
];

/// Disturbs kirin at the first call, at the second, and so on. Afterwards the video is there, for one charge, and
/// no file of somebody else was touched.
pub(crate) fn disturb(workspace: &Workspace, disturbances: &[Disturbance]) -> Result<(), Failure> {
    apt::installed(&[STRACE], &["strace"])?;
    let kirin = built(workspace, &["kirin-cli"], "kirin")?;
    let all = workspace.target.join("disturbed");
    // The one of the run before, if there was one.
    let _ = std::fs::remove_dir_all(&all);
    for Disturbance { arguments, fewest } in disturbances {
        let script = if arguments.len() == 1 {
            "kill.sh"
        } else {
            "inject.sh"
        };
        let folder = all.join(arguments.join("-"));
        std::fs::create_dir_all(&folder)
            .map_err(Failure::of(format!("create {}", folder.display())))?;
        let mut command = command(&kirin);
        command.args(["emulator", "--speed", SPEED, "exec", "--", "sh"]);
        command.arg(workspace.root.join("xtask/durability").join(script));
        command
            .arg(STRACE)
            .arg(&kirin)
            .arg(&folder)
            .args(*arguments);
        println!("+ {}", shown(&command));
        let output = command
            .output()
            .map_err(Failure::of(format!("run {script}")))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let count = String::from_utf8_lossy(&output.stdout);
        let count =
            check(output.status.success(), count.trim(), *fewest, &said).map_err(Failure::new)?;
        println!("disturbed: {count} times by {}", arguments.join(" "));
    }
    Ok(())
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
            (true, "0", 1, said(1, 0)),
            (true, "9", 10, said(10, 0)),
            (true, "36", 10, said(36, 0)),
            (true, "36", 10, said(370, 0)),
            (true, "36", 10, said(37, 1)),
        ] {
            assert!(
                check(succeeded, count, fewest, &said).is_err(),
                "{count} {said}"
            );
        }
    }
}
