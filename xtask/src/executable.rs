//! The test programs of the workspace: built once, then run one by one.
//!
//! They are not run through `cargo test -p`, because asking for one package at a time changes
//! which features its dependencies have, and each change builds them again.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::canary;
use crate::cargo::{Package, Workspace, capture, cargo, remove_package, shown};
use crate::error::Failure;
use crate::libtest::{self, Kind, Verdict};
use crate::tally::Test;

/// Variables for the tests: set, or taken away.
pub(crate) type Environment = Vec<(OsString, Option<OsString>)>;

/// A built test program.
pub(crate) struct Executable<'workspace> {
    package: &'workspace Package,
    program: String,
    path: PathBuf,
}

/// Builds all tests of the workspace.
pub(crate) fn build(workspace: &Workspace) -> Result<Vec<Executable<'_>>, Failure> {
    let text = capture(cargo().args([
        "test",
        "--workspace",
        "--all-features",
        "--locked",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]))?;
    let messages = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let executables = messages.filter_map(|message| Executable::parse(workspace, &message));
    let mut executables: Vec<_> = executables.collect();
    executables.sort_by(|left, right| left.place().cmp(&right.place()));
    Ok(executables)
}

impl<'workspace> Executable<'workspace> {
    /// Reads one message of cargo; all but built test programs are passed over.
    fn parse(workspace: &'workspace Workspace, message: &Value) -> Option<Self> {
        if message["profile"]["test"] != true {
            return None;
        }
        let id = message["package_id"].as_str()?;
        Some(Self {
            package: workspace.packages.iter().find(|package| package.id == id)?,
            program: message["target"]["name"].as_str()?.replace('-', "_"),
            path: message["executable"].as_str()?.into(),
        })
    }

    fn place(&self) -> (&str, &str) {
        (&self.package.name, &self.program)
    }

    /// The names of its tests of the given kinds.
    pub(crate) fn list(&self, kinds: &[Kind]) -> Result<Vec<String>, Failure> {
        let text = capture(self.command().args(["--list", "--format", "terse"]))?;
        let mut names = libtest::listed(&text);
        names.retain(|name| kinds.contains(&Kind::of(name)));
        Ok(names)
    }

    /// Runs the named tests. What went wrong beyond a failing test is added to `problems`.
    pub(crate) fn run(
        &self,
        names: &[String],
        environment: &Environment,
        problems: &mut Vec<String>,
    ) -> Result<Vec<Test>, Failure> {
        println!(
            "running {} {} ({})",
            self.package.name,
            self.program,
            names.len()
        );
        let mut command = self.command();
        apply(environment, &mut command);
        // On a single thread the harness prints a test's name before its end, and what the test
        // itself prints may come between.
        command
            .args(["--test-threads", &threads(), "--exact"])
            .args(names);
        let lines = stream(&mut command, problems)?;
        let verdicts = lines.iter().filter_map(|line| libtest::verdict(line));
        let tests: Vec<Test> = verdicts
            .map(|(name, verdict)| self.test(name, verdict))
            .collect();
        problems.extend(self.silent(names, &tests));
        Ok(tests)
    }

    fn test(&self, name: &str, verdict: Verdict) -> Test {
        Test {
            package: self.package.name.clone(),
            program: self.program.clone(),
            name: name.to_owned(),
            kind: Kind::of(name),
            verdict,
        }
    }

    /// A sentence per test that should have run and said nothing.
    fn silent(&self, names: &[String], tests: &[Test]) -> Vec<String> {
        let silent = names
            .iter()
            .filter(|name| tests.iter().all(|test| test.name != **name));
        let sentence = |name| {
            let Self {
                package, program, ..
            } = self;
            format!(
                "{}: {program}::{name} gave no result; did the program crash?",
                package.name
            )
        };
        silent.map(sentence).collect()
    }

    /// The program as cargo would start it: from its package's folder, told about its package.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        remove_package(&mut command);
        command
            .current_dir(&self.package.directory)
            .env("CARGO_MANIFEST_DIR", &self.package.directory)
            .env("CARGO_PKG_NAME", &self.package.name)
            .env("CARGO_PKG_VERSION", &self.package.version);
        command
    }
}

/// Sets and removes the variables.
pub(crate) fn apply(environment: &Environment, command: &mut Command) {
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

/// Runs the command, prints the lines that matter as they come, and returns all of them.
///
/// An end that no failing test explains is added to `problems`.
pub(crate) fn stream(
    command: &mut Command,
    problems: &mut Vec<String>,
) -> Result<Vec<String>, Failure> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::new(format!("could not run `{}`: {error}", shown(command))))?;
    // The output was asked for in the call above.
    let lines = echo(child.stdout.take().expect("a pipe"))?;
    problems.extend(canary::leaks(command, &lines));
    let status = child
        .wait()
        .map_err(|error| Failure::new(format!("could not wait for a test: {error}")))?;
    let mut summaries = lines
        .iter()
        .filter(|line| line.starts_with("test result: "));
    let told = summaries.any(|line| line.starts_with("test result: FAILED"));
    if !status.success() && !told {
        let program = command.get_program().display();
        problems.push(format!("{program} ended with {status}"));
    }
    Ok(lines)
}

/// Reads all lines and prints those that matter as they come: failures in full, no routine.
fn echo(output: impl Read) -> Result<Vec<String>, Failure> {
    let (mut lines, mut explaining) = (Vec::new(), false);
    for line in BufReader::new(output).split(b'\n') {
        let line = line.map_err(|error| Failure::new(format!("could not read a test: {error}")))?;
        let line = String::from_utf8_lossy(&line).into_owned();
        explaining |= line == "failures:";
        if explaining || !libtest::is_routine(&line) {
            println!("{line}");
        }
        explaining &= !line.starts_with("test result: ");
        lines.push(line);
    }
    Ok(lines)
}

fn threads() -> String {
    let available = std::thread::available_parallelism().map_or(2, usize::from);
    available.max(2).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workspace() -> Workspace {
        let package = Package {
            id: "id-of-a".to_owned(),
            name: "a".to_owned(),
            version: "0.1.0".to_owned(),
            directory: PathBuf::from("a"),
            features: Vec::new(),
        };
        let folder = PathBuf::from(".");
        Workspace {
            root: folder.clone(),
            target: folder,
            packages: vec![package],
        }
    }

    fn message(test: bool, id: &str) -> Value {
        json!({
            "reason": "compiler-artifact", "package_id": id, "target": {"name": "kirin-a"},
            "profile": {"test": test}, "executable": "target/debug/deps/a-0123"
        })
    }

    #[test]
    fn only_test_programs_of_members_are_taken() {
        let workspace = workspace();
        let found = Executable::parse(&workspace, &message(true, "id-of-a")).expect("a program");
        assert_eq!(found.program, "kirin_a");
        assert!(Executable::parse(&workspace, &message(false, "id-of-a")).is_none());
        assert!(Executable::parse(&workspace, &message(true, "elsewhere")).is_none());
        let end = json!({"reason": "build-finished", "success": true});
        assert!(Executable::parse(&workspace, &end).is_none());
    }

    #[test]
    fn a_test_without_a_result_is_a_problem() {
        let workspace = workspace();
        let found = Executable::parse(&workspace, &message(true, "id-of-a")).expect("a program");
        let problems = found.silent(&["snap::b".to_owned()], &[]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("kirin_a::snap::b"), "{problems:?}");
    }
}
