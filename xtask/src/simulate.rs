//! The long checks of the create rule: every short sequence of events, and very many random ones.

use crate::cargo::{cargo, shown};
use crate::error::Failure;
use crate::executable::stream;

/// What the tests print at their end, one line each.
const FIGURES: [&str; 2] = ["exhaustive: ", "random: "];

/// Runs them, optimized, and prints their figures.
pub(crate) fn exhaustive() -> Result<(), Failure> {
    let mut command = cargo();
    command.args(["test", "--release", "--locked", "--package", "kirin-client"]);
    command.args(["--all-features", "--test", "it", "--"]);
    command.args(["--ignored", "--nocapture", "machine::exhaustive::"]);
    println!("+ {}", shown(&command));
    let mut problems = Vec::new();
    let lines = stream(&mut command, &mut problems)?;
    problems.extend(absent(&lines));
    if lines
        .iter()
        .any(|line| line.starts_with("test result: FAILED"))
    {
        problems.push("a sequence of events breaks the create rule; see above".to_owned());
    }
    Failure::unless_empty("simulate", &problems)
}

/// A sentence for each test that did not say what it did: a filter that matches nothing passes.
fn absent(lines: &[String]) -> Vec<String> {
    let absent = FIGURES
        .iter()
        .filter(|figure| lines.iter().all(|line| !line.contains(**figure)));
    absent
        .map(|figure| format!("no test printed its line `{figure}...`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_nothing_is_no_success() {
        let lines = ["test result: ok. 0 passed", "random: 5 creates"].map(str::to_owned);
        assert_eq!(
            absent(&lines),
            ["no test printed its line `exhaustive: ...`"]
        );
        assert_eq!(absent(&[]).len(), 2);
        let both = ["exhaustive: 9 sequences", "random: 5 creates"].map(str::to_owned);
        assert_eq!(absent(&both), [""; 0]);
    }
}
