//! Whether a person may send a create again that was not found: each send is a charge that may have
//! been made.

use kirin_client::JournalState;
use kirin_ledger::{Entry, Ledger, Money};
use kirin_types::Amount;

use crate::{arguments::Resolve, clock, failure::Failure};

/// Checks what the command and the day allow.
///
/// # Errors
///
/// One of them does not allow another send, or the price is not known.
pub(super) async fn admit(
    ledger: &Ledger,
    entry: &Entry,
    sends: u32,
    arguments: &Resolve,
) -> Result<(), Failure> {
    let budget_per_day = arguments.shared.configuration.budget_per_day.as_ref();
    let limits = [arguments.max_cost.as_ref(), budget_per_day];
    let price = match &entry.price {
        Some(price) => price,
        None if limits == [None, None] => return Ok(()),
        None => {
            let why = "what it costs is not known";
            return Err(Failure::not_sent_again(entry, sends, why.into()));
        }
    };
    let of_it = price.clone() * sends.saturating_add(1);
    if let Some(limit) = &arguments.max_cost
        && of_it > *limit
    {
        let why = format!("with another send it may cost {of_it} USD, and {limit} USD are allowed");
        return Err(Failure::not_sent_again(entry, sends, why));
    }
    if let Some(limit) = budget_per_day {
        let entries = ledger.entries().await;
        let entries = entries.map_err(|error| Failure::in_ledger(&error))?;
        let spent: Amount = entries.iter().map(of_today).sum();
        // The ledger reserves the price of what is sent again beside that of its first send.
        let reserved = match sends {
            0 => price.clone(),
            _ => Amount::default(),
        };
        let spent = spent + reserved;
        if spent.clone() + price.clone() > *limit {
            let why = format!(
                "it costs {price} USD, and {spent} of the {limit} USD of this day are spent or \
                 reserved"
            );
            return Err(Failure::not_sent_again(entry, sends, why));
        }
    }
    Ok(())
}

/// What a create of today has cost, or may: one that is not found may be charged for each send.
fn of_today(entry: &Entry) -> Amount {
    let is_of_today = |at| clock::day(at) == clock::today();
    let count = match entry.money() {
        _ if !entry.intended_at.is_none_or(is_of_today) => 0,
        Money::None if entry.state != JournalState::Intended => 0,
        Money::Unresolved => entry.attempts.max(1),
        _ => 1,
    };
    entry
        .amount()
        .map(|amount| amount.clone() * count)
        .unwrap_or_default()
}
