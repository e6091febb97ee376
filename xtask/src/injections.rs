//! `kirin generate` with errors of the system, which strace makes, one at a time: the video is there afterwards,
//! for one charge, and no file of somebody else was touched.

use crate::cargo::Workspace;
use crate::each_call::EachCall;
use crate::error::Failure;

/// A system call, or several that fail together, the error it ends with, and which calls are meant: `part` for
/// those about the part file.
type Injection = (&'static str, &'static str, &'static str);

/// Those that end in a wrong video where they are mistaken, in half a minute.
pub(crate) const FEW: [Injection; 3] = [
    ("fsync", "EIO", ""),
    ("renameat2", "EIO", ""),
    ("write", "ENOSPC", "part"),
];

/// All that a generation calls to write, to name and to lock.
pub(crate) const ALL: [Injection; 13] = [
    ("fsync", "EIO", ""),
    ("write", "EIO", "part"),
    ("write", "ENOSPC", "part"),
    ("pwrite64", "ENOSPC", ""),
    ("ftruncate", "EIO", ""),
    ("renameat2", "EIO", ""),
    ("rename", "EIO", ""),
    // Without renames that replace nothing, a file is linked; without links, its name is taken by an empty file.
    ("renameat2", "EINVAL", ""),
    ("renameat2,linkat", "EINVAL", ""),
    ("unlink", "EIO", ""),
    ("flock", "EINTR", ""),
    ("openat", "EACCES", ""),
    ("mkdir", "ENOSPC", ""),
];

/// Injects each error at the first call, at the second, and so on, until a run meets none.
pub(crate) fn run(workspace: &Workspace, injections: &[Injection]) -> Result<(), Failure> {
    let each_call = EachCall::new(workspace, "inject.sh", "injections", 1)?;
    for (call, error, only) in injections {
        let errors = each_call.run(&[call, error, only])?;
        println!("injections: {errors} of {error} at {call}");
    }
    Ok(())
}
