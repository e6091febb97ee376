//! The emulator against its own OpenAPI document, by somebody else's program: schemathesis sends what
//! the document allows and what it forbids, and holds every answer against it.

use std::process::Command;

use serde_json::Value;

use crate::cargo::{Workspace, execute};
use crate::emulator::Emulator;
use crate::error::Failure;
use crate::python;

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
    let programs = python::installed(workspace, SCHEMATHESIS)?;
    // The key that the emulator is set to: any other must be refused.
    let key = "conformance";
    let emulator = Emulator::start(workspace, "serve", &[key])?;
    let report = workspace.scratch_file("conformance.json")?;
    let mut command = Command::new(programs.join("schemathesis"));
    command
        .current_dir(&workspace.target)
        .arg("run")
        .arg(format!("{}/_emulator/openapi.json", emulator.base_url()))
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .args(["--seed", "1", "--max-examples", "50"])
        .args(["--max-time", SECONDS, "--request-timeout", "10"])
        .args(["--checks", "all", "--exclude-checks", EXCLUDED])
        .args(["--continue-on-failure", "--report", "json"])
        .arg("--report-json-path")
        .arg(&report);
    let passed = execute(&mut command)?;
    let text = std::fs::read_to_string(&report);
    let text = text.map_err(Failure::of("read the report of schemathesis"))?;
    // It is in the target folder; an old one harms nobody.
    let _ = std::fs::remove_file(&report);
    let problems = judge(&serde_json::from_str(&text).unwrap_or_default(), passed);
    Failure::unless_empty("conformance", &problems)
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
