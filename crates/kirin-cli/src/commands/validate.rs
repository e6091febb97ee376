//! `kirin validate`: what is wrong with a file of requests, or what it would cost. Nothing is sent, and
//! no key is needed.

use std::path::PathBuf;

use clap::Args;
use kirin_types::{Amount, Price};
use serde::Serialize;

use super::Run;
use crate::{
    arguments::{DefaultModel, GlobalOptions},
    configuration::Configuration,
    exit_code,
    failure::Failure,
    report::{Json, print_failure, print_json, print_line},
    request_file::{Format, Line, Problem, RequestFile},
};

/// What `--json` prints, always with every field.
#[derive(Default, Serialize)]
struct ValidationReport<'a> {
    /// How many there are; none of a file with a problem.
    requests: usize,
    /// List price of all of them together in USD, as far as it is known.
    price: Amount,
    /// How many have no known price.
    without_price: usize,
    problems: &'a [Problem],
}

/// Check a file of requests, and show its list price; sends nothing and needs no key.
#[derive(Args, Debug)]
pub(crate) struct Validate {
    /// A file of requests (one per line, as JSON Lines or CSV), of prompts (one per line), or one
    /// JSON object; - is stdin
    file: PathBuf,
    /// Format of the file: csv, json, jsonl or text [default: from its extension]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,
    #[command(flatten)]
    model: DefaultModel,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

impl Run for Validate {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let file = RequestFile::read(&self.file, self.format)?;
        let lines = file.parse_requests(self.model.id());
        let (report, code) = match &lines {
            Ok(lines) => (price_report(lines), exit_code::DONE),
            Err(problems) => {
                print_failure(&file.invalid_failure(problems), None);
                let report = ValidationReport {
                    problems,
                    ..ValidationReport::default()
                };
                (report, exit_code::USAGE)
            }
        };
        match (self.json, code) {
            (true, _) => print_json(&report)?,
            (false, exit_code::DONE) => print_line(&report.summary_line())?,
            // It was reported.
            (false, _) => {}
        }
        Ok(code)
    }

    fn is_configured(&mut self) -> bool {
        true
    }

    fn configure(&mut self, configuration: &Configuration) {
        self.model.configure(configuration);
    }

    fn json_format(&mut self) -> Option<Json> {
        self.json.then_some(Json::Result)
    }
}

fn price_report(lines: &[Line]) -> ValidationReport<'static> {
    let prices: Vec<_> = lines
        .iter()
        .filter_map(|line| line.request.price_estimate())
        .collect();
    ValidationReport {
        requests: lines.len(),
        without_price: lines.len() - prices.len(),
        price: prices.into_iter().map(Price::amount).sum(),
        problems: &[],
    }
}

impl ValidationReport<'_> {
    fn summary_line(&self) -> String {
        let (count, price, without) = (self.requests, &self.price, self.without_price);
        let requests = if count == 1 { "request" } else { "requests" };
        match without {
            0 => format!("{count} valid {requests}, list price {price} USD"),
            without if without == count => {
                format!("{count} valid {requests}, with no known list price")
            }
            without => format!(
                "{count} valid {requests}, list price {price} USD, plus {without} with no known price"
            ),
        }
    }
}
