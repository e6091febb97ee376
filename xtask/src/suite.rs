//! A run of the workspace's test programs, with what the tests leave behind about themselves.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::canary;
use crate::cargo::{Workspace, cargo, variables};
use crate::error::Failure;
use crate::executable::{self, Environment, apply, stream};
use crate::libtest::{self, Kind, Verdict};
use crate::property::{self, Run};
use crate::tally::{Tally, Test};

/// How to run the tests.
pub(crate) struct Suite<'workspace> {
    workspace: &'workspace Workspace,
    environment: Environment,
    asked: u32,
    report: PathBuf,
    references: PathBuf,
    looks: PathBuf,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    /// What went wrong besides failing tests.
    pub(crate) problems: Vec<String>,
    /// The properties that reported their cases.
    pub(crate) properties: Vec<Run>,
    /// The number of cases each property had to run.
    pub(crate) asked: u32,
    /// The snapshot files that tests looked at, one path per line.
    pub(crate) referenced: String,
    /// The places in which tests looked for secrets, one per line.
    pub(crate) looks: String,
}

impl<'workspace> Suite<'workspace> {
    /// A suite with `cases` cases per property; `accept` lets tests rewrite their snapshots.
    pub(crate) fn new(
        workspace: &'workspace Workspace,
        cases: u32,
        accept: bool,
    ) -> Result<Self, Failure> {
        let report = workspace.scratch_file("properties.tsv")?;
        let references = workspace.scratch_file("snapshots.txt")?;
        let looks = workspace.scratch_file("looks.txt")?;
        let mut suite = Self {
            workspace,
            // A setting of somebody's shell must not let a wrong snapshot pass.
            environment: variables(|name| name.starts_with("INSTA_"))
                .into_iter()
                .map(|name| (name, None))
                .collect(),
            asked: cases,
            report,
            references,
            looks,
        };
        suite.set("INSTA_FORCE_PASS", "0");
        suite.set("INSTA_UPDATE", if accept { "always" } else { "no" });
        suite.set("INSTA_WORKSPACE_ROOT", &workspace.root);
        suite.set("INSTA_SNAPSHOT_REFERENCES_FILE", suite.references.clone());
        suite.set("KIRIN_PROPERTY_REPORT", suite.report.clone());
        suite.set("PROPTEST_CASES", cases.to_string());
        suite.set(canary::SALT, canary::salt());
        suite.set(canary::REPORT, suite.looks.clone());
        Ok(suite)
    }

    /// Sets a variable for the tests.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.into(), Some(value.into())));
    }

    /// Builds everything and runs the tests of the given kinds.
    pub(crate) fn run(&self, kinds: &[Kind]) -> Result<Outcome, Failure> {
        let (mut tally, mut problems) = (Tally::default(), Vec::new());
        for executable in executable::build(self.workspace)? {
            let names = executable.list(kinds)?;
            if !names.is_empty() {
                let tests = executable.run(&names, &self.environment, &mut problems)?;
                tally.tests.extend(tests);
            }
        }
        if kinds.contains(&Kind::Doc) {
            tally.tests.extend(self.doctests(&mut problems)?);
        }
        Ok(Outcome {
            tally,
            properties: property::parse(&take(&self.report)?, &mut problems),
            problems,
            asked: self.asked,
            referenced: take(&self.references)?,
            looks: take(&self.looks)?,
        })
    }

    fn doctests(&self, problems: &mut Vec<String>) -> Result<Vec<Test>, Failure> {
        println!("running the examples in the documentation");
        let mut command = cargo();
        apply(&self.environment, &mut command);
        command.args(["test", "--workspace", "--all-features", "--locked"]);
        command.args(["--no-fail-fast", "--doc"]);
        let lines = stream(&mut command, problems)?;
        let tests: Vec<Test> = lines
            .iter()
            .filter_map(|line| libtest::verdict(line))
            .map(|(name, verdict)| self.doctest(name, verdict))
            .collect();
        let announced: usize = lines
            .iter()
            .filter_map(|line| libtest::summed_up(line))
            .sum();
        if announced != tests.len() {
            let read = tests.len();
            problems.push(format!(
                "{announced} doc tests ran, but {read} results could be read"
            ));
        }
        Ok(tests)
    }

    /// A doctest is named by its file, so the folder tells the package.
    fn doctest(&self, name: &str, verdict: Verdict) -> Test {
        let file = self
            .workspace
            .root
            .join(name.split(" - ").next().unwrap_or(name));
        let packages = self.workspace.packages.iter();
        let package = packages.filter(|package| file.starts_with(&package.directory));
        let nearest = package.max_by_key(|package| package.directory.components().count());
        Test {
            package: nearest
                .map_or("unknown", |package| &package.name)
                .to_owned(),
            program: "doc".to_owned(),
            name: name.to_owned(),
            kind: Kind::Doc,
            verdict,
        }
    }
}

impl Outcome {
    /// Prints the problems and the counts, and fails if anything did.
    pub(crate) fn conclude(&self, workspace: &Workspace) -> Result<(), Failure> {
        for problem in &self.problems {
            eprintln!("{problem}");
        }
        println!("\n{}", self.table(workspace));
        let failed = |test: &&Test| test.verdict == Verdict::Failed;
        for test in self.tally.tests.iter().filter(failed) {
            eprintln!("failed: {} {}", test.package, test.path());
        }
        let (failed, problems) = (self.tally.count(Verdict::Failed), self.problems.len());
        if failed + problems > 0 {
            eprintln!("xtask: failed tests: {failed}, other problems: {problems}; see above");
        }
        println!("{}", self.tally.summary());
        if failed + problems > 0 {
            return Err(Failure::reported());
        }
        Ok(())
    }

    fn table(&self, workspace: &Workspace) -> String {
        let cases = |name: &str| {
            let runs = self.properties.iter().filter(|run| run.package == name);
            runs.map(|run| u64::from(run.cases)).sum()
        };
        let names = workspace
            .packages
            .iter()
            .map(|package| package.name.as_str());
        let packages: Vec<(&str, u64)> = names.map(|name| (name, cases(name))).collect();
        self.tally.table(&packages)
    }
}

/// Reads the file and removes it; without a file nobody wrote anything.
fn take(path: &Path) -> Result<String, Failure> {
    if !path.exists() {
        return Ok(String::new());
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("could not read {}: {error}", path.display())))?;
    std::fs::remove_file(path)
        .map_err(|error| Failure::new(format!("could not remove {}: {error}", path.display())))?;
    Ok(text)
}
