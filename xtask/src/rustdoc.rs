//! What rustdoc knows of the libraries, as JSON.

use std::path::PathBuf;

use crate::cargo::{LIBRARIES, Workspace, capture, cargo};
use crate::error::Failure;

/// Documents all libraries with all features, as docs.rs does, and gives their files in the order of
/// [`LIBRARIES`].
pub(crate) fn documents(workspace: &Workspace) -> Result<Vec<PathBuf>, Failure> {
    let mut command = cargo("doc --locked --no-deps --lib --all-features");
    for library in LIBRARIES {
        command.args(["--package", library]);
    }
    // The format is not stable. Only rustdoc must know: build scripts run again when RUSTC_BOOTSTRAP changes.
    command.env("RUSTDOC", workspace.root.join("xtask/rustdoc"));
    let flags = "-Z unstable-options --output-format json --cfg docsrs";
    command.env("RUSTDOCFLAGS", flags);
    capture(&mut command)?;
    let file = |library: &str| format!("doc/{}.json", library.replace('-', "_"));
    Ok(LIBRARIES
        .map(|library| workspace.target.join(file(library)))
        .to_vec())
}
