//! What is written down of a create is on the disk before the create is on the wire: the order of the
//! system calls of a real run, as strace sees it.

use std::path::Path;
use std::process::Command;

use crate::apt;
use crate::cargo::{Workspace, built, execute, shown, succeed};
use crate::error::Failure;
use crate::strace::{self, STRACE};

/// The id of the create that is watched.
const ID: &str = "order-42";

/// Runs `kirin generate` against the emulator under strace, and checks the order.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    apt::installed(&[STRACE], &["strace"])?;
    let kirin = built(workspace, &["kirin-cli"], "kirin")?;
    let folder = workspace.target.join("durability");
    std::fs::create_dir_all(&folder).map_err(Failure::of("keep a trace"))?;
    let trace = folder.join("trace.txt");
    let mut command = Command::new(&kirin);
    command.args(["emulator", "exec", "--", STRACE]);
    // Children too, paths of files, and texts as long as a page of the ledger.
    command.args([
        "--follow-forks",
        "--decode-fds=path",
        "--string-limit=65536",
    ]);
    command.args(["--trace=write,pwrite64,writev,sendto,sendmsg,fsync,fdatasync"]);
    command.arg("--output").arg(&trace).arg(&kirin);
    command.args(["generate", "a fox", "--quiet", "--force"]);
    command.args(["--external-task-id", ID]);
    command.arg("--output").arg(folder.join("fox.mp4"));
    succeed(&mut command)?;
    let trace = std::fs::read_to_string(&trace).map_err(Failure::of("keep a trace"))?;
    check(&trace).map_err(Failure::new)?;
    println!("durability: the intent is on the disk before the create is on the wire");
    without_links(&kirin, &folder)?;
    backup(&kirin, &folder)?;
    strace::disturb(workspace, &strace::FEW)
}

/// Runs `kirin generate` where a file can neither be linked nor be renamed without replacing another.
fn without_links(kirin: &Path, folder: &Path) -> Result<(), Failure> {
    let video = folder.join("linked.mp4");
    let _ = std::fs::remove_file(&video);
    let mut command = Command::new(kirin);
    command.args(["emulator", "exec", "--", STRACE]);
    command.args(["--follow-forks", "--quiet=all", "--output=/dev/null"]);
    command.args(["--trace=renameat2,linkat"]);
    command.args([
        "--inject=renameat2:error=EINVAL",
        "--inject=linkat:error=EPERM",
    ]);
    command.arg(kirin).args(["generate", "a fox", "--quiet"]);
    command.arg("--output").arg(&video);
    let has_video = execute(&mut command)?
        && std::fs::metadata(&video).is_ok_and(|metadata| metadata.len() > 0);
    match has_video {
        true => {
            println!("durability: a video gets its name where nothing can be linked");
            Ok(())
        }
        false => Err(Failure::new(format!("`{}` left no video", shown(&command)))),
    }
}

/// Makes a backup of a ledger, and looks whether it and its name are on the disk in the end.
fn backup(kirin: &Path, folder: &Path) -> Result<(), Failure> {
    let folder = folder.join("backup");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(Failure::of("keep a trace"))?;
    let folder = folder.canonicalize().map_err(Failure::of("keep a trace"))?;
    let trace = folder.join("trace.txt");
    let mut command = Command::new(kirin);
    command.args(["emulator", "exec", "--", "sh", "-c"]);
    command.arg("\"$1\" create \"a fox\" --quiet && exec \"$0\" --follow-forks --decode-fds=path --trace=fsync --output=\"$2\" \"$1\" ledger backup \"$3\"");
    command.arg(STRACE).arg(kirin).arg(&trace);
    command.arg(folder.join("copy"));
    succeed(&mut command)?;
    let trace = std::fs::read_to_string(&trace).map_err(Failure::of("keep a trace"))?;
    match ends_with_folder(&trace, &folder.display().to_string()) {
        true => {
            println!("durability: a backup and its name are on the disk");
            Ok(())
        }
        false => Err(Failure::new(format!(
            "a backup or its name is not synchronized in the end:\n{trace}"
        ))),
    }
}

/// Whether the file `copy` of a folder was synchronized, and then the folder, and nothing after that.
fn ends_with_folder(trace: &str, folder: &str) -> bool {
    let is_of =
        |line: &str, path: &str| line.contains(&format!("<{path}>")) && line.ends_with("= 0");
    let mut synchronized = trace.lines().filter(|line| line.contains(" fsync(")).rev();
    synchronized.next().is_some_and(|line| is_of(line, folder))
        && synchronized
            .next()
            .is_some_and(|line| is_of(line, &format!("{folder}/copy")))
}

/// Whether all that was written to the ledger before the create was sent, the intent among it, was
/// synchronized before.
fn check(trace: &str) -> Result<(), String> {
    let mut is_intended = false;
    let mut is_durable = true;
    for line in trace.lines() {
        let begins = |calls: &[&str]| calls.iter().any(|call| line.contains(call));
        let is_ledger = line.contains("ledger.sqlite3-wal>");
        if is_ledger && begins(&[" pwrite64(", " write("]) {
            is_intended |= line.contains(ID);
            is_durable = false;
        } else if is_ledger && begins(&[" fsync(", " fdatasync("]) {
            // What is resumed on another line is not done yet.
            is_durable |= line.trim_end().ends_with("= 0");
        } else if begins(&[" fsync resumed>", " fdatasync resumed>"]) {
            is_durable |= line.trim_end().ends_with("= 0");
        } else if line.contains("POST /model/v1/generation") {
            return match (is_intended, is_durable) {
                (true, true) => Ok(()),
                (false, _) => Err(format!(
                    "the create was sent before it was written down: {line}"
                )),
                (true, false) => Err(format!("the create was sent before it was durable: {line}")),
            };
        }
    }
    Err("no create was sent".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTENT: &str = r#"7 pwrite64(11</tmp/ledger.sqlite3-wal>, "\r\0order-42", 10, 0) = 10"#;
    const OTHER: &str = r#"7 pwrite64(11</tmp/ledger.sqlite3-wal>, "\r\0", 2, 10) = 2"#;
    const SYNC: &str = "7 fsync(11</tmp/ledger.sqlite3-wal>) = 0";
    const BEGUN: &str = "7 fsync(11</tmp/ledger.sqlite3-wal> <unfinished ...>";
    const ENDED: &str = "7 <... fsync resumed>) = 0";
    const FAILED: &str = "7 fsync(11</tmp/ledger.sqlite3-wal>) = -1 EIO (Input/output error)";
    const CREATE: &str =
        r#"6 writev(14<socket:[1]>, [{iov_base="POST /model/v1/generation HTTP/1.1"#;

    #[test]
    fn a_backup_is_synchronized_before_its_folder() {
        let copy = "7 fsync(16</a/copy>) = 0";
        let folder = "7 fsync(16</a>)       = 0";
        for (trace, is_durable) in [
            (vec![folder, copy, copy, folder], true),
            (vec![copy, folder, "7 +++ exited with 0 +++"], true),
            (vec![folder, copy], false),
            (vec![folder], false),
            (vec![folder, folder], false),
            (vec![], false),
        ] {
            assert_eq!(
                ends_with_folder(&trace.join("\n"), "/a"),
                is_durable,
                "{trace:?}"
            );
        }
    }

    #[test]
    fn the_order_is_what_counts() {
        for order in [
            &[INTENT, SYNC, CREATE][..],
            &[OTHER, INTENT, BEGUN, ENDED, CREATE],
            &[INTENT, SYNC, OTHER, SYNC, CREATE],
        ] {
            assert_eq!(check(&order.join("\n")), Ok(()), "{order:?}");
        }
        for (order, problem) in [
            (&[CREATE, INTENT, SYNC][..], "before it was written down"),
            (&[OTHER, SYNC, CREATE], "before it was written down"),
            (&[INTENT, CREATE, SYNC], "before it was durable"),
            (&[INTENT, BEGUN, CREATE, ENDED], "before it was durable"),
            (&[INTENT, FAILED, CREATE], "before it was durable"),
            (&[INTENT, SYNC, OTHER, CREATE], "before it was durable"),
            (&[INTENT, SYNC], "no create"),
        ] {
            let error = check(&order.join("\n")).unwrap_err();
            assert!(error.contains(problem), "{order:?}: {error}");
        }
    }
}
