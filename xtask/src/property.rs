//! The property tests, and the proof that they ran.
//!
//! Each property written with `kirin_tests::property!` appends a line to the file that
//! `KIRIN_PROPERTY_REPORT` names: its package, its path and how many cases it ran.

use crate::cargo::Workspace;
use crate::error::Failure;
use crate::libtest::{Kind, Verdict};
use crate::suite::Suite;
use crate::tally::{Tally, Test};

const CASES_BY_DEFAULT: u32 = 256;

/// One property that ran.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) package: String,
    pub(crate) path: String,
    pub(crate) cases: u32,
}

impl Run {
    fn is_of(&self, test: &Test) -> bool {
        self.package == test.package && self.path == test.path()
    }
}

/// Runs the property tests only.
pub(crate) fn run(
    workspace: &Workspace,
    cases: Option<u32>,
    seed: Option<u64>,
) -> Result<(), Failure> {
    let cases = cases.map_or_else(cases_asked, Ok)?;
    let mut suite = Suite::new(workspace, cases, false)?;
    if let Some(seed) = seed {
        println!("seed {seed}");
        suite.set("PROPTEST_RNG_SEED", seed.to_string());
    }
    let mut outcome = suite.run(&[Kind::Property])?;
    outcome
        .problems
        .extend(outcome.tally.lacking(Kind::Property));
    let doubts = doubts(&outcome.tally, &outcome.properties, outcome.asked);
    outcome.problems.extend(doubts);
    outcome.conclude(workspace)
}

/// The number of cases the environment asks for.
pub(crate) fn cases_asked() -> Result<u32, Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable is proptest's own, and this is a program"
    )]
    let Some(text) = std::env::var_os("PROPTEST_CASES") else {
        return Ok(CASES_BY_DEFAULT);
    };
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.filter(|cases| *cases > 0).ok_or_else(|| {
        Failure::new("PROPTEST_CASES must be a whole number of at least 1, or not be set")
    })
}

/// Reads the report; lines that cannot be read become problems.
pub(crate) fn parse(report: &str, problems: &mut Vec<String>) -> Vec<Run> {
    let mut runs = Vec::new();
    for line in report.lines() {
        match parse_line(line) {
            Some(run) => runs.push(run),
            None => problems.push(format!(
                "the property report has an unreadable line: {line}"
            )),
        }
    }
    runs
}

fn parse_line(line: &str) -> Option<Run> {
    let [package, path, cases] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
    Some(Run {
        package: package.to_owned(),
        path: path.to_owned(),
        cases: cases.parse().ok()?,
    })
}

/// What speaks against the properties having been tested as asked.
pub(crate) fn doubts(tally: &Tally, runs: &[Run], asked: u32) -> Vec<String> {
    let tests = tally.tests.iter();
    let properties: Vec<&Test> = tests.filter(|test| test.kind == Kind::Property).collect();
    let passed = properties
        .iter()
        .filter(|test| test.verdict == Verdict::Passed);
    let unreported = passed.filter(|test| !runs.iter().any(|run| run.is_of(test)));
    let mut doubts: Vec<String> = unreported
        .map(|test| {
            let (package, path) = (&test.package, test.path());
            format!(
                "{package}: {path} reported no cases; write `kirin_tests::property!` in the test \
                 function itself"
            )
        })
        .collect();
    for run in runs {
        let (package, path, cases) = (&run.package, &run.path, run.cases);
        if cases < asked {
            doubts.push(format!(
                "{package}: {path} ran only {cases} of {asked} cases"
            ));
        }
        if !properties.iter().any(|test| run.is_of(test)) {
            let sentence = "is a property but no test in a module named `prop`";
            doubts.push(format!("{package}: {path} {sentence}"));
        }
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(names: &[&str]) -> Tally {
        let tests = names.iter().map(|name| Test {
            package: "a".to_owned(),
            program: "it".to_owned(),
            name: (*name).to_owned(),
            kind: Kind::of(name),
            verdict: Verdict::Passed,
        });
        Tally {
            tests: tests.collect(),
        }
    }

    fn check(report: &str, expected: &[&str]) {
        let mut found = Vec::new();
        let runs = parse(report, &mut found);
        found.extend(doubts(&tally(&["prop::x", "y"]), &runs, 256));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn a_full_run_leaves_no_doubt() {
        check("a\tit::prop::x\t256\n", &[]);
        check("a\tit::prop::x\t256\na\tit::prop::x\t300\n", &[]);
    }

    #[test]
    fn every_doubt_is_told() {
        check("", &["it::prop::x reported no cases"]);
        check("a\tit::prop::x\t10\n", &["ran only 10 of 256 cases"]);
        check(
            "b\tit::prop::x\t256\n",
            &["reported no cases", "no test in a module"],
        );
        check(
            "a\tit::prop::x\t256\na\tit::y\t256\n",
            &["it::y is a property but"],
        );
        check(
            "a\tit::prop::x\t256\nnonsense\n",
            &["unreadable line: nonsense"],
        );
    }
}
