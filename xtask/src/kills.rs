//! `kirin generate`, killed by strace at each system call that writes, and run again each time.

use crate::cargo::Workspace;
use crate::each_call::EachCall;
use crate::error::Failure;

/// What writes to the ledger, and what writes to the video and makes it what it is called.
const CALLS: [&str; 2] = [
    "pwrite64,fsync,fdatasync,ftruncate",
    "write,writev,link,linkat,rename,renameat2,unlink",
];

/// Fewest kills of a run: the ledger is written for the intent, the attempt, the acceptance, the end and
/// the file, and a video has its part file and its note.
const FEWEST: u32 = 10;

/// Kills at the first call, at the second, and so on, until a run ends by itself. After each kill the
/// same command must give the video, and nothing may be charged twice.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let each_call = EachCall::new(workspace, "kill.sh", "kills", FEWEST)?;
    for calls in CALLS {
        let kills = each_call.run(&[calls])?;
        println!("kills: {kills} at {calls}");
    }
    Ok(())
}
