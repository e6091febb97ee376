//! Every test of the workspace.

use crate::canary;
use crate::cargo::Workspace;
use crate::error::Failure;
use crate::libtest::Kind;
use crate::property::{cases_asked, doubts};
use crate::snapshot::{complaint, orphans};
use crate::suite::Suite;

/// Runs everything and checks that each library crate was tested in each way.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let suite = Suite::new(workspace, cases_asked()?, false)?;
    let mut outcome = suite.run(&[Kind::Unit, Kind::Snapshot, Kind::Property, Kind::Doc])?;
    let orphans = orphans(workspace, &outcome)?;
    let doubts = doubts(&outcome.tally, &outcome.properties, outcome.asked);
    outcome
        .problems
        .extend(outcome.tally.lacking(Kind::Snapshot));
    outcome
        .problems
        .extend(outcome.tally.lacking(Kind::Property));
    outcome.problems.extend(doubts);
    outcome.problems.extend(canary::unseen(&outcome.looks));
    println!("{}", canary::summary(&outcome.looks));
    outcome
        .problems
        .extend(orphans.iter().map(|path| complaint(path)));
    outcome.conclude(workspace)
}
