//! Whether a person may send a create again that was not found: each send is a charge that may have
//! been made.

use kirin_client::{Billing, JournalState};
use kirin_ledger::{Entry, Ledger, Money};
use kirin_types::Amount;

use crate::{
    clock, exit_code,
    failure::{Failure, Ids},
    generation::unresolved::charged_up_to,
};

/// Fails if the command or the day does not allow another send, or if the price is not known.
pub(super) async fn check_budgets(
    ledger: &Ledger,
    entry: &Entry,
    sends: u32,
    max_cost: Option<&Amount>,
    budget_per_day: Option<&Amount>,
) -> Result<(), Failure> {
    let price = match &entry.price {
        Some(price) => price,
        None if max_cost.is_none() && budget_per_day.is_none() => return Ok(()),
        None => {
            let why = "its price is not known";
            return Err(not_sent_again(entry, sends, why));
        }
    };
    let of_it = price.clone() * sends.saturating_add(1);
    if let Some(limit) = max_cost
        && of_it > *limit
    {
        let why = format!("with another send it may cost {of_it} USD, and {limit} USD are allowed");
        return Err(not_sent_again(entry, sends, &why));
    }
    if let Some(limit) = budget_per_day {
        let spent: Amount = ledger.entries().await?.iter().map(spent_today).sum();
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
            return Err(not_sent_again(entry, sends, &why));
        }
    }
    Ok(())
}

/// What a create of today has cost, or may: one that is not found may be charged for each send.
fn spent_today(entry: &Entry) -> Amount {
    let is_today = |at| clock::utc_day(at) == clock::utc_today();
    let count = match entry.money() {
        _ if !entry.intended_at.is_none_or(is_today) => 0,
        Money::None if entry.state != JournalState::Intended => 0,
        Money::Unresolved => entry.attempts.max(1),
        _ => 1,
    };
    entry
        .amount()
        .map(|amount| amount.clone() * count)
        .unwrap_or_default()
}

/// A create that was not found was not sent again, because it may cost too much.
fn not_sent_again(entry: &Entry, sends: u32, why: &str) -> Failure {
    let id = &entry.external_task_id;
    let what = format!("{id} was not found, and was not sent again: {why}");
    let next_step = "Allow more with --max-cost or budget_per_day, or only look for it again:";
    let failure = Failure::new(exit_code::BALANCE, what, next_step)
        .followed_by("resolve", id.as_str())
        .with_ids(Ids::from(id));
    match sends {
        0 => failure,
        sends => {
            let money = format!("This command has sent nothing. {}.", charged_up_to(sends));
            failure.with_money(Billing::Unknown, money)
        }
    }
}
