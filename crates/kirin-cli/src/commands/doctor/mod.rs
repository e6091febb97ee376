//! `kirin doctor`: whether everything is there that a generation needs. It creates nothing.

use anstyle::Style;
use serde::Serialize;

use crate::{
    arguments::Doctor,
    color, exit_code,
    failure::Failure,
    report::{print_json, print_line, print_styled},
    session::plain_http_to,
    terminal::printable,
};

mod here;
mod network;

/// What was looked at, as `--json` prints it, always with every field.
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

/// Looks at everything, and gives the exit code of the first problem.
pub(crate) async fn doctor(mut arguments: Doctor) -> Result<u8, Failure> {
    let shared = &mut arguments.shared;
    let mut checks = vec![here::version()];
    let (configuration, check) = here::configuration();
    shared.configuration = configuration;
    checks.push(check);
    let (key, check) = here::key();
    checks.push(check);
    let (base_url, check) = network::base_url(shared);
    checks.push(check);
    checks.push(network::proxy(base_url.as_ref()));
    checks.push(network::certificates(base_url.as_ref()));
    checks.extend(match (key, base_url) {
        _ if arguments.offline => network::not_asked("not asked, because of --offline"),
        (Some(key), Some(base_url)) => network::service(key, base_url, plain_http_to(shared)).await,
        _ => network::not_asked("not asked: that needs a key and a base URL"),
    });
    checks.push(here::ledger().await);
    checks.extend(here::folders());
    checks.push(here::terminal());
    let problem = checks.iter().find(|check| check.state == State::Problem);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        exit_code: problem.map_or(exit_code::DONE, |check| check.exit_code),
        checks,
    };
    let printed = match arguments.shared.json {
        Some(_) => print_json(&report),
        None => report.checks.iter().try_for_each(print),
    };
    printed.map_err(|error| Failure::unwritten(&error))?;
    Ok(report.exit_code)
}

fn print(check: &Check) -> std::io::Result<()> {
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
    fn failure(name: &'static str, code: u8, failure: &Failure) -> Self {
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
