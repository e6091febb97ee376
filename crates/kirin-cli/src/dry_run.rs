//! What `--dry-run` prints of one request.

use kirin_client::{
    Budget, Error,
    machine::{Cause, Outcome},
};
use kirin_types::GenerationRequest;
use serde::Serialize;

use crate::{
    arguments::Spending,
    exit_code,
    failure::{Failure, Ids},
    report::print_json,
};

/// What would be sent, and what it would cost.
#[derive(Serialize)]
struct DryRun<'a> {
    request: &'a GenerationRequest,
    /// In USD; null where no list price is known.
    price: Option<&'static str>,
}

/// Prints the request and its list price as one JSON object, and sends nothing. Fails if it costs more than it may.
pub(crate) fn print_dry_run(
    request: &GenerationRequest,
    spending: &Spending,
) -> Result<u8, Failure> {
    if let Some(limit) = &spending.max_cost
        && let Err(withheld) = Budget::new(limit.clone()).reserve(request)
    {
        let cause = Cause::Withheld(withheld);
        // Only a completed task is no error.
        let error = Error::check(Outcome::NotCreated { cause }).expect_err("an error");
        return Err(Failure::from_client(&error, Ids::default()));
    }
    let price = request.price_estimate().map(|price| price.usd);
    print_json(&DryRun { request, price })?;
    Ok(exit_code::DONE)
}
