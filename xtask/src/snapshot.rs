//! The snapshot tests, and the snapshots that no test looks at any more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cargo::Workspace;
use crate::error::Failure;
use crate::files;
use crate::libtest::{Kind, Verdict};
use crate::suite::{Outcome, Suite};

/// Runs the snapshot tests only; `accept` writes what changed and deletes orphans.
pub(crate) fn run(workspace: &Workspace, accept: bool) -> Result<(), Failure> {
    let suite = Suite::new(workspace, 1, accept)?;
    let mut outcome = suite.run(&[Kind::Snapshot])?;
    outcome
        .problems
        .extend(outcome.tally.lacking(Kind::Snapshot));
    let orphans = orphans(workspace, &outcome)?;
    if accept && outcome.problems.is_empty() {
        delete(workspace, &orphans)?;
    } else {
        outcome
            .problems
            .extend(orphans.iter().map(|path| complaint(path)));
    }
    outcome.conclude(workspace)
}

/// The snapshots that no test of this run asserted, as paths from the root.
///
/// A test that failed or was skipped may not have come to all of its snapshots: then nothing can
/// be said.
pub(crate) fn orphans(workspace: &Workspace, outcome: &Outcome) -> Result<Vec<String>, Failure> {
    let mut snapshots = outcome
        .tally
        .tests
        .iter()
        .filter(|test| test.kind == Kind::Snapshot);
    if snapshots.any(|test| test.verdict != Verdict::Passed) {
        return Ok(Vec::new());
    }
    let files = files::read(&workspace.root)?;
    let files = files.iter().filter(|file| file.has_extension("snap"));
    let paths: Vec<&str> = files.map(|file| file.path.as_str()).collect();
    let references = outcome.referenced.lines().map(|line| real(Path::new(line)));
    Ok(unreferenced(
        &real(&workspace.root),
        &paths,
        &references.collect(),
    ))
}

/// What to do about an orphan.
pub(crate) fn complaint(path: &str) -> String {
    format!(
        "{path}: no test in a module named `snap` asserts this; run `cargo xtask snap --accept` \
         to delete it"
    )
}

fn unreferenced(root: &Path, paths: &[&str], references: &BTreeSet<PathBuf>) -> Vec<String> {
    let orphans = paths
        .iter()
        .filter(|path| !references.contains(&root.join(path)));
    orphans.map(|path| (*path).to_owned()).collect()
}

/// The path without links and `..`, as far as the file exists.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn delete(workspace: &Workspace, orphans: &[String]) -> Result<(), Failure> {
    for path in orphans {
        std::fs::remove_file(workspace.root.join(path))
            .map_err(|error| Failure::new(format!("could not delete {path}: {error}")))?;
        println!("deleted {path}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_nobody_looks_at_is_found() {
        let references = BTreeSet::from([PathBuf::from("/w/a/snapshots/kept.snap")]);
        let paths = ["a/snapshots/kept.snap", "a/snapshots/left.snap"];
        let orphans = unreferenced(Path::new("/w"), &paths, &references);
        assert_eq!(orphans, ["a/snapshots/left.snap"]);
    }
}
