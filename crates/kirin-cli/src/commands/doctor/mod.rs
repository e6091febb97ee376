//! `kirin doctor`: whether everything is there that a generation needs. It creates nothing.

use anstyle::Style;
use clap::Args;
use serde::Serialize;

use super::Run;
use crate::{
    arguments::{GlobalOptions, SharedOptions},
    color, exit_code,
    failure::Failure,
    report::{Unwritten, print_json, print_line, print_styled},
    session::plain_http_to,
    terminal::printable,
};

mod local;
mod network;

/// All checks, as `--json` prints them, always with every field.
#[derive(Serialize)]
struct Report {
    version: &'static str,
    exit_code: u8,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    state: State,
    /// What was found.
    found: String,
    /// What to do about it.
    advice: Option<String>,
    /// That of the program, if this is the first problem.
    #[serde(skip)]
    exit_code: u8,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// It was not looked at.
    Skipped,
    Warning,
    Problem,
}

/// Check the key, the configuration, the network, the ledger and the disk; says how to fix each problem.
///
/// It queries the service for a task that cannot exist; nothing is created. The exit code is that
/// of the first problem.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Do not contact the service
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    shared: SharedOptions,
}

impl Run for Doctor {
    async fn run(mut self, _: GlobalOptions) -> Result<u8, Failure> {
        let shared = &mut self.shared;
        let mut checks = vec![local::check_version()];
        let (configuration, check) = local::check_configuration();
        shared.configuration = configuration;
        checks.push(check);
        let (key, check) = local::check_key();
        checks.push(check);
        let (base_url, check) = network::check_base_url(shared);
        checks.push(check);
        checks.push(network::check_proxy(base_url.as_ref()));
        checks.push(network::check_certificates(base_url.as_ref()));
        checks.extend(match (key, base_url) {
            _ if self.offline => network::not_asked("not asked, because of --offline"),
            (Some(key), Some(base_url)) => {
                network::check_service(key, base_url, plain_http_to(shared)).await
            }
            _ => network::not_asked("not asked: that needs a key and a base URL"),
        });
        checks.push(local::check_ledger().await);
        checks.extend(local::check_folders());
        checks.push(local::check_terminal());
        let problem = checks.iter().find(|check| check.state == State::Problem);
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            exit_code: problem.map_or(exit_code::DONE, |check| check.exit_code),
            checks,
        };
        match shared.json {
            Some(_) => print_json(&report)?,
            None => report.checks.iter().try_for_each(print_check)?,
        }
        Ok(report.exit_code)
    }

    fn shared_options(&mut self) -> Option<&mut SharedOptions> {
        Some(&mut self.shared)
    }

    /// It reports what is wrong with the file, among other things.
    fn is_configured(&mut self) -> bool {
        false
    }
}

fn print_check(check: &Check) -> Result<(), Unwritten> {
    let (word, style) = match check.state {
        State::Ok => ("ok", color::GOOD),
        State::Skipped => ("skipped", Style::new()),
        State::Warning => ("warning", color::WARNING),
        State::Problem => ("problem", color::BAD),
    };
    let state = color::on_stdout(style, &format!("{word:<9}"));
    let (name, found) = (check.name, printable(&check.found));
    print_styled(&format!("{state}{name:<15}{found}"))?;
    match &check.advice {
        Some(advice) => print_line(&format!("{:24}{}", "", printable(advice))),
        None => Ok(()),
    }
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, State::Ok, found, None)
    }

    fn skipped(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, State::Skipped, found, None)
    }

    fn warning(name: &'static str, found: impl Into<String>, advice: &str) -> Self {
        Self::new(name, State::Warning, found, Some(advice.into()))
    }

    fn problem(name: &'static str, code: u8, found: impl Into<String>, advice: &str) -> Self {
        Self {
            exit_code: code,
            ..Self::new(name, State::Problem, found, Some(advice.into()))
        }
    }

    /// What a command would fail with.
    fn of_failure(name: &'static str, code: u8, failure: &Failure) -> Self {
        Self::problem(name, code, failure.message(), &failure.next_step())
    }

    fn new(
        name: &'static str,
        state: State,
        found: impl Into<String>,
        advice: Option<String>,
    ) -> Self {
        Self {
            name,
            state,
            found: found.into(),
            advice,
            exit_code: exit_code::DONE,
        }
    }
}
