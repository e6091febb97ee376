//! `kirin validate`: what is wrong with a file of requests, or what it would cost. Nothing is sent, and
//! no key is needed.

use kirin_types::{Amount, Price};
use serde::Serialize;

use crate::{
    arguments, exit_code,
    failure::Failure,
    report::{print_json, print_line},
    request_file::{Line, Problem, RequestFile},
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

/// Checks every line of the file; gives the exit code.
pub(crate) fn validate(arguments: &arguments::Validate) -> Result<u8, Failure> {
    let file = RequestFile::read(&arguments.file, arguments.format)?;
    let lines = file.requests(arguments.model.id());
    let (report, code) = match &lines {
        Ok(lines) => (priced(lines), exit_code::DONE),
        Err(problems) => {
            file.invalid(problems).report(None);
            let report = ValidationReport {
                problems,
                ..ValidationReport::default()
            };
            (report, exit_code::USAGE)
        }
    };
    let printed = match (arguments.json, code) {
        (true, _) => print_json(&report),
        (false, exit_code::DONE) => print_line(&report.line()),
        // It was told.
        (false, _) => Ok(()),
    };
    printed.map_err(|error| Failure::unwritten(&error))?;
    Ok(code)
}

fn priced(lines: &[Line]) -> ValidationReport<'static> {
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
    fn line(&self) -> String {
        let (count, price, without) = (self.requests, &self.price, self.without_price);
        let requests = if count == 1 { "request" } else { "requests" };
        match without {
            0 => format!("{count} valid {requests}, list price {price} USD"),
            without if without == count => {
                format!("{count} valid {requests}, without a known list price")
            }
            without => format!(
                "{count} valid {requests}, list price {price} USD without {without} that have no known price"
            ),
        }
    }
}
