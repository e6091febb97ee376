//! What a day may cost.

use kirin_types::{Amount, Total};
use rusqlite::Connection;

use crate::days::{self, Charges};

/// Why a create of this price is not allowed, as a sentence part. The entry whose place it takes does not count.
pub(super) fn check(
    connection: &Connection,
    limit: &Amount,
    price: &Amount,
    at: i64,
    earlier: &Charges,
) -> rusqlite::Result<Result<(), String>> {
    let day = days::day(at);
    let spent = days::spent(connection, day)? - earlier.on(day);
    Ok(match spent + Total::from(price) > Total::from(limit) {
        true => Err(format!(
            "it costs {price} USD, and {spent} of the {limit} USD of this day are spent or reserved"
        )),
        false => Ok(()),
    })
}
