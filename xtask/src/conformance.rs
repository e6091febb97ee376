//! The emulator against its own OpenAPI document, by somebody else's program: schemathesis sends what
//! the document allows and what it forbids, and holds every answer against it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::cargo::{Workspace, cargo, remove_package, shown};
use crate::error::Failure;

/// Pinned: a new release finds new things, and those should not appear in somebody else's change.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// How long it may search, in seconds; its last phase repeats itself until then.
const SECONDS: &str = "75";

/// What is not held against the emulator. A schema cannot say that shots add up to a duration or what
/// a picture is, so what it allows may be refused; and `null` counts as absent, so what it forbids
/// may be taken.
const EXCLUDED: &str = "positive_data_acceptance,negative_data_rejection";

/// Fewest answers that count as a run: there were 5000 when this was written.
const LEAST_CASES: u64 = 500;

/// Installs schemathesis if it is not there, starts an emulator and runs the one against the other.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let program = installed(workspace)?;
    let emulator = Emulator::start(workspace)?;
    let report = workspace.scratch_file("conformance.json")?;
    let mut command = Command::new(program);
    command
        .current_dir(&workspace.target)
        .arg("run")
        .arg(format!("{}/_emulator/openapi.json", emulator.base_url))
        // The key that the emulator was set to: any other must be refused.
        .args(["--header", "Authorization: Bearer conformance"])
        .args(["--seed", "1", "--max-examples", "50"])
        .args(["--max-time", SECONDS, "--request-timeout", "10"])
        .args(["--checks", "all", "--exclude-checks", EXCLUDED])
        .args(["--continue-on-failure", "--report", "json"])
        .arg("--report-json-path")
        .arg(&report);
    let passed = execute(&mut command)?;
    let text = std::fs::read_to_string(&report)
        .map_err(|error| Failure::new(format!("schemathesis left no report: {error}")))?;
    // It is in the target folder; an old one harms nobody.
    let _ = std::fs::remove_file(&report);
    let problems = judge(&serde_json::from_str(&text).unwrap_or_default(), passed);
    Failure::unless_empty("conformance", &problems)
}

/// The program, in an environment of its own in the target folder.
fn installed(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let folder = workspace.target.join("xtask").join(SCHEMATHESIS);
    let program = folder.join("bin").join("schemathesis");
    if program.exists() {
        return Ok(program);
    }
    let mut environment = Command::new("python3");
    environment.args(["-m", "venv", "--clear"]).arg(&folder);
    let mut install = Command::new(folder.join("bin").join("python"));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    install.arg(SCHEMATHESIS);
    for command in [&mut environment, &mut install] {
        if !execute(command)? {
            return Err(Failure::new(format!(
                "`{}` failed; conformance needs Python 3.10 or newer with venv, and PyPI once",
                shown(command)
            )));
        }
    }
    Ok(program)
}

/// Prints a command, runs it, and says whether it succeeded.
fn execute(command: &mut Command) -> Result<bool, Failure> {
    println!("+ {}", shown(command));
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("could not run `{}`: {error}", shown(command))))?;
    Ok(status.success())
}

/// A running emulator. It stops when its standard input ends, which it does with this process too.
struct Emulator {
    process: Child,
    base_url: String,
}

impl Emulator {
    fn start(workspace: &Workspace) -> Result<Self, Failure> {
        let mut build = cargo();
        build.current_dir(&workspace.root);
        build.args([
            "build",
            "--locked",
            "--package",
            "kirin-emulator",
            "--example",
            "serve",
        ]);
        if !execute(&mut build)? {
            return Err(Failure::new("the emulator does not build"));
        }
        Self::spawn(
            &workspace
                .target
                .join("debug")
                .join("examples")
                .join("serve"),
        )
    }

    fn spawn(program: &Path) -> Result<Self, Failure> {
        let cannot = |error| Failure::new(format!("the emulator does not start: {error}"));
        let mut command = Command::new(program);
        remove_package(&mut command);
        command.args(["conformance"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut emulator = Self {
            process: command.spawn().map_err(cannot)?,
            base_url: String::new(),
        };
        if let Some(output) = emulator.process.stdout.take() {
            let mut lines = BufReader::new(output);
            lines.read_line(&mut emulator.base_url).map_err(cannot)?;
        }
        emulator
            .base_url
            .truncate(emulator.base_url.trim_end().len());
        match emulator.base_url.is_empty() {
            false => Ok(emulator),
            true => Err(Failure::new("the emulator said no URL")),
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It has nothing to lose; an error means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What is wrong with a run, by its report. What failed was printed already.
fn judge(report: &Value, passed: bool) -> Vec<String> {
    let cases = &report["test_cases"];
    let count = |name: &str| cases[name].as_u64().unwrap_or_default();
    let checked = count("generated").saturating_sub(count("without_checks"));
    println!("conformance: {checked} answers checked");
    let operations = &report["operations"];
    let mut problems = Vec::new();
    if !passed {
        problems.push("an answer is not as docs/openapi.json says; see above".to_owned());
    }
    if checked < LEAST_CASES {
        problems.push(format!(
            "schemathesis checked {checked} answers; a run has at least {LEAST_CASES}"
        ));
    }
    if operations["total"].as_u64() != operations["tested"].as_u64() {
        problems.push("schemathesis passed over a call of the API".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_run_of_nothing_is_no_success() {
        let report = |generated: u64, tested: u64| {
            json!({
                "operations": { "total": 4, "tested": tested },
                "test_cases": { "generated": generated, "without_checks": 100 },
            })
        };
        assert_eq!(judge(&report(600, 4), true), [""; 0]);
        assert_eq!(judge(&report(599, 4), true).len(), 1);
        assert_eq!(judge(&report(600, 3), true).len(), 1);
        assert_eq!(judge(&report(600, 4), false).len(), 1);
        assert_eq!(judge(&Value::Null, true).len(), 1);
    }
}
