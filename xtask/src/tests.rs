//! Runs the tests with nextest, and checks that they tested something: each library has snapshots and properties,
//! each property ran its cases, each snapshot is asserted, and nothing printed a secret.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use roxmltree::Document;

use crate::canary;
use crate::cargo::{LIBRARIES, Workspace, cargo, shown, variables};
use crate::error::Failure;
use crate::files;
use crate::tools;

/// A test that ended, as nextest's report has it.
#[derive(Debug)]
struct Test {
    package: String,
    /// Its modules and its name, without the crate.
    path: String,
    passed: bool,
}

/// A property that reported its cases.
#[derive(Debug)]
struct Property {
    package: String,
    path: String,
    cases: u32,
}

/// What tests leave behind about themselves.
#[derive(Debug, Default)]
struct Outcome {
    tests: Vec<Test>,
    properties: Vec<Property>,
    /// The snapshot files that tests asserted.
    asserted: BTreeSet<PathBuf>,
    /// The places in which tests looked for secrets, one a line.
    looks: String,
    problems: Vec<String>,
}

/// Runs every test, and the examples in the documentation.
pub(crate) fn all(workspace: &Workspace) -> Result<(), Failure> {
    let cases = cases_asked()?;
    let salt = canary::salt();
    let mut outcome = run(workspace, &salt, &[], cases, |_| {})?;
    outcome.problems.extend(outcome.lacking("snap"));
    outcome.problems.extend(outcome.lacking("prop"));
    outcome.problems.extend(outcome.doubts(cases));
    outcome.problems.extend(canary::unseen(&outcome.looks));
    let orphans = outcome.orphans(workspace)?;
    outcome
        .problems
        .extend(orphans.iter().map(|path| complaint(path)));
    let examples = documentation(&salt, &mut outcome.problems)?;
    println!(
        "secrets: looked for in {} texts",
        outcome.looks.lines().count()
    );
    outcome.conclude(workspace, examples)
}

/// Runs the property tests, `cases` cases each.
pub(crate) fn properties(
    workspace: &Workspace,
    cases: Option<u32>,
    seed: Option<u64>,
) -> Result<(), Failure> {
    let cases = cases.map_or_else(cases_asked, Ok)?;
    let filter = ["-E", "test(/(^|::)prop::/)"];
    let mut outcome = run(workspace, &canary::salt(), &filter, cases, |command| {
        if let Some(seed) = seed {
            command.env("PROPTEST_RNG_SEED", seed.to_string());
        }
    })?;
    outcome.problems.extend(outcome.lacking("prop"));
    outcome.problems.extend(outcome.doubts(cases));
    outcome.conclude(workspace, 0)
}

/// Runs the snapshot tests; `accept` writes what changed, and deletes snapshots that no test asserts.
pub(crate) fn snapshots(workspace: &Workspace, accept: bool) -> Result<(), Failure> {
    let filter = ["-E", "test(/(^|::)snap::/)"];
    let mut outcome = run(workspace, &canary::salt(), &filter, 1, |command| {
        command.env("INSTA_UPDATE", if accept { "always" } else { "no" });
    })?;
    outcome.problems.extend(outcome.lacking("snap"));
    let orphans = outcome.orphans(workspace)?;
    for path in &orphans {
        if accept && outcome.problems.is_empty() {
            std::fs::remove_file(workspace.root.join(path))
                .map_err(Failure::of(format!("delete {path}")))?;
            println!("deleted {path}");
        } else {
            outcome.problems.push(complaint(path));
        }
    }
    outcome.conclude(workspace, 0)
}

/// The number of cases that the environment asks for.
fn cases_asked() -> Result<u32, Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable is proptest's own, and this is a program"
    )]
    let asked = std::env::var("PROPTEST_CASES");
    match asked.as_deref().unwrap_or("256").parse() {
        Ok(cases @ 1..) => Ok(cases),
        _ => Err(Failure::new("PROPTEST_CASES must be a whole number from 1")),
    }
}

/// Runs tests, and reads what they left behind.
fn run(
    workspace: &Workspace,
    salt: &str,
    filter: &[&str],
    cases: u32,
    set: impl FnOnce(&mut Command),
) -> Result<Outcome, Failure> {
    let mut command = tools::NEXTEST.command()?;
    let arguments = "nextest run --profile xtask --workspace --all-features --locked";
    command.args(arguments.split(' '));
    // Half of their time tests wait: for a program, or for a time to pass.
    let threads = 2 * std::thread::available_parallelism().map_or(1, usize::from);
    command.args(["--test-threads", &threads.to_string()]);
    command.args(filter).current_dir(&workspace.root);
    // Without the secrets that follow.
    println!("+ {}", shown(&command));
    // A setting of somebody's shell must not let a wrong snapshot pass.
    for name in variables(|name| name.starts_with("INSTA_")) {
        command.env_remove(name);
    }
    command
        .env("INSTA_UPDATE", "no")
        .env("INSTA_FORCE_PASS", "0");
    command.env("INSTA_WORKSPACE_ROOT", &workspace.root);
    command
        .env("PROPTEST_CASES", cases.to_string())
        .env(canary::SALT, salt);
    let reports = ["properties.tsv", "snapshots.txt", "looks.txt"];
    let [properties, references, looks] = reports.map(|name| workspace.scratch_file(name));
    let (properties, references, looks) = (properties?, references?, looks?);
    command.env("KIRIN_PROPERTY_REPORT", &properties);
    command.env("INSTA_SNAPSHOT_REFERENCES_FILE", &references);
    command.env(canary::REPORT, &looks);
    set(&mut command);
    let results = workspace.target.join("nextest/xtask/junit.xml");
    // One of an earlier run must not speak for this one.
    let _ = std::fs::remove_file(&results);
    let succeeded = command
        .status()
        .map_err(Failure::of("start nextest"))?
        .success();
    // It stays: it has the time of each test too.
    let results = std::fs::read(&results).map_err(|_| Failure::new("no test ran; see above"))?;
    let results = String::from_utf8_lossy(&results);
    let mut outcome = Outcome {
        tests: parse(&results)?,
        problems: canary::leaks(salt, &results),
        asserted: taken(&references)
            .lines()
            .map(|line| real(Path::new(line)))
            .collect(),
        looks: taken(&looks),
        ..Outcome::default()
    };
    for line in taken(&properties).lines() {
        match property(line) {
            Some(property) => outcome.properties.push(property),
            None => outcome.problems.push(format!(
                "the report of properties has an unreadable line: {line}"
            )),
        }
    }
    if !succeeded && outcome.tests.iter().all(|test| test.passed) {
        outcome
            .problems
            .push("nextest failed, though no test did; see above".to_owned());
    }
    Ok(outcome)
}

/// Reads a file and removes it; what nobody wrote is empty, and is missed by what reads it.
fn taken(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    let _ = std::fs::remove_file(path);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads nextest's JUnit file.
fn parse(results: &str) -> Result<Vec<Test>, Failure> {
    let document = Document::parse(results).map_err(Failure::of("read what nextest reports"))?;
    let cases = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"));
    let tests = cases.map(|case| {
        // `kirin-types::it`, or `kirin-types` for the tests within a library.
        let binary = case.attribute("classname").unwrap_or_default();
        Test {
            package: binary.split("::").next().unwrap_or_default().to_owned(),
            path: case.attribute("name").unwrap_or_default().to_owned(),
            passed: !case
                .children()
                .any(|child| child.has_tag_name("failure") || child.has_tag_name("error")),
        }
    });
    Ok(tests.collect())
}

/// A line of `KIRIN_PROPERTY_REPORT`: the package, the path with its crate, the cases.
fn property(line: &str) -> Option<Property> {
    let mut columns = line.split('\t');
    let (package, path, cases) = (columns.next()?, columns.next()?, columns.next()?);
    Some(Property {
        package: package.to_owned(),
        path: path.split_once("::")?.1.to_owned(),
        cases: cases.parse().ok()?,
    })
}

/// Runs the examples in the documentation, and counts them.
fn documentation(salt: &str, problems: &mut Vec<String>) -> Result<usize, Failure> {
    let mut command = cargo("test --doc --workspace --all-features --locked --no-fail-fast");
    println!("+ {}", shown(&command));
    command.env(canary::SALT, salt).stderr(Stdio::inherit());
    let output = command
        .output()
        .map_err(Failure::of("run the examples in the documentation"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    problems.extend(canary::leaks(salt, &text));
    if !output.status.success() {
        println!("{text}");
        problems.push("an example in the documentation fails; see above".to_owned());
    }
    Ok(text.lines().filter_map(passed).sum())
}

/// The 3 of `test result: ok. 3 passed; 0 failed; ...`.
fn passed(line: &str) -> Option<usize> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    counts.split_once(" passed;")?.0.parse().ok()
}

impl Test {
    /// Whether it lies in a module of this name: `snap` or `prop`.
    fn is_in(&self, module: &str) -> bool {
        self.path.rsplit("::").skip(1).any(|name| name == module)
    }
}

impl Outcome {
    fn count(&self, package: &str, module: &str) -> usize {
        let tests = self.tests.iter();
        tests
            .filter(|test| test.package == package && test.is_in(module))
            .count()
    }

    /// A sentence for each library without tests in modules of this name.
    fn lacking(&self, module: &str) -> Vec<String> {
        let lacking = LIBRARIES
            .iter()
            .filter(|name| self.count(name, module) == 0);
        lacking
            .map(|name| format!("{name} ran no test in a module named `{module}`"))
            .collect()
    }

    /// What speaks against each property having been tested as asked.
    fn doubts(&self, asked: u32) -> Vec<String> {
        let mut doubts = Vec::new();
        for Test { package, path, .. } in self
            .tests
            .iter()
            .filter(|test| test.passed && test.is_in("prop"))
        {
            if !self
                .properties
                .iter()
                .any(|run| run.package == *package && run.path == *path)
            {
                doubts.push(format!(
                    "{package}: {path} reported no cases; write `kirin_tests::property!` in the test function itself"
                ));
            }
        }
        for Property {
            package,
            path,
            cases,
        } in &self.properties
        {
            if *cases < asked {
                doubts.push(format!(
                    "{package}: {path} ran only {cases} of {asked} cases"
                ));
            }
            let is_it =
                |test: &Test| test.package == *package && test.path == *path && test.is_in("prop");
            if !self.tests.iter().any(is_it) {
                doubts.push(format!(
                    "{package}: {path} is a property but no test in a module named `prop`"
                ));
            }
        }
        doubts
    }

    /// The snapshots that no test asserted, as paths from the root. A test that failed may not have come to all
    /// of its snapshots: then nothing can be said.
    fn orphans(&self, workspace: &Workspace) -> Result<Vec<String>, Failure> {
        if self
            .tests
            .iter()
            .any(|test| test.is_in("snap") && !test.passed)
        {
            return Ok(Vec::new());
        }
        let root = real(&workspace.root);
        let files = files::read(&workspace.root)?.into_iter();
        let snapshots = files
            .filter(|file| file.has_extension("snap"))
            .map(|file| file.path);
        Ok(snapshots
            .filter(|path| !self.asserted.contains(&root.join(path)))
            .collect())
    }

    /// Prints the problems and the counts, and fails if anything did.
    fn conclude(&self, workspace: &Workspace, examples: usize) -> Result<(), Failure> {
        println!(
            "\n{:16} {:>6} {:>9} {:>10} {:>9}",
            "crate", "tests", "snapshots", "properties", "cases"
        );
        for package in &workspace.packages {
            let name = package.name.as_str();
            let cases: u64 = self
                .properties
                .iter()
                .filter(|run| run.package == name)
                .map(|run| u64::from(run.cases))
                .sum();
            let tests = self
                .tests
                .iter()
                .filter(|test| test.package == name)
                .count();
            let [snapshots, properties] = ["snap", "prop"].map(|module| self.count(name, module));
            println!("{name:16} {tests:>6} {snapshots:>9} {properties:>10} {cases:>9}");
        }
        println!("examples in the documentation: {examples}");
        for problem in &self.problems {
            eprintln!("{problem}");
        }
        let failed = self.tests.iter().filter(|test| !test.passed).count();
        let problems = self.problems.len();
        if failed + problems > 0 {
            eprintln!("xtask: failed tests: {failed}, other problems: {problems}; see above");
        }
        println!(
            "{} passed, {failed} failed",
            self.tests.len() - failed + examples
        );
        if failed + problems > 0 {
            Err(Failure::reported())
        } else {
            Ok(())
        }
    }
}

/// What to do about an orphan.
fn complaint(path: &str) -> String {
    format!(
        "{path}: no test in a module named `snap` asserts this; run `cargo xtask snap --accept` to delete it"
    )
}

/// The path without links and `..`, as far as the file exists.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod checks {
    use super::*;

    const RESULTS: &str = r#"<?xml version="1.0"?><testsuites><testsuite name="kirin-types::it">
        <testcase name="prop::x" classname="kirin-types::it" time="0.1"><system-out>a</system-out></testcase>
        <testcase name="a::snap::y" classname="kirin-types::it"><failure type="a"/></testcase>
        <testcase name="prop" classname="kirin-client"/></testsuite></testsuites>"#;

    fn outcome(report: &str) -> Outcome {
        let properties = report.lines().filter_map(property).collect();
        Outcome {
            tests: parse(RESULTS).expect("results"),
            properties,
            ..Outcome::default()
        }
    }

    #[test]
    fn results_are_read_with_their_packages_and_ends() {
        let tests = outcome("").tests;
        let ends: Vec<_> = tests
            .iter()
            .map(|test| (test.package.as_str(), test.path.as_str(), test.passed))
            .collect();
        assert_eq!(
            ends,
            [
                ("kirin-types", "prop::x", true),
                ("kirin-types", "a::snap::y", false),
                ("kirin-client", "prop", true)
            ]
        );
        assert!(parse("").is_err(), "no results");
    }

    #[test]
    fn a_library_without_tests_of_the_kind_is_named() {
        for (module, at) in [("prop", 1), ("snap", 1)] {
            let lacking = outcome("").lacking(module);
            assert_eq!(lacking.len(), LIBRARIES.len() - at, "{lacking:?}");
            assert!(
                !lacking
                    .iter()
                    .any(|sentence| sentence.starts_with("kirin-types"))
            );
        }
        assert_eq!(Outcome::default().lacking("prop").len(), LIBRARIES.len());
    }

    #[test]
    fn a_property_must_have_run_as_asked() {
        for (report, expected) in [
            ("kirin-types\tit::prop::x\t256\n", &[][..]),
            ("", &["prop::x reported no cases"]),
            (
                "kirin-types\tit::prop::x\t10\n",
                &["ran only 10 of 256 cases"],
            ),
            (
                "kirin-client\tit::prop::x\t256\n",
                &["reported no cases", "no test in a module"],
            ),
            (
                "kirin-types\tit::prop::x\t256\nkirin-types\tit::y\t256\n",
                &["y is a property but"],
            ),
        ] {
            let found = outcome(report).doubts(256);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.contains(expected), "{found}");
            }
        }
        assert!(property("nonsense").is_none());
    }

    #[test]
    fn examples_are_counted() {
        assert_eq!(
            passed("test result: FAILED. 3 passed; 1 failed; 2 ignored"),
            Some(3)
        );
        assert_eq!(passed("test a ... ok"), None);
    }
}
