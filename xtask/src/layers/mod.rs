//! The rules of the house: what each crate may depend on, do and show in public.

mod circles;
mod purity;
mod signature;
mod tree;

use crate::cargo::Workspace;
use crate::error::Failure;

/// What a rule came to: a line that says what was counted, or what is wrong.
type Verdict = Result<String, Vec<String>>;

/// Checks all rules and prints a line for each.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let verdicts = circles::check(workspace)?
        .into_iter()
        .chain(tree::check()?)
        .chain([purity::check(workspace)?])
        .chain(signature::check(workspace)?);
    for verdict in verdicts {
        match verdict {
            Ok(line) => println!("{line}"),
            Err(sentences) => problems.extend(sentences),
        }
    }
    Failure::unless_empty("layers", &problems)
}
