//! What a day may cost.

use kirin_types::Amount;
use rusqlite::{Connection, params};

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Why a create of this price is not allowed. The entry whose place it takes does not count.
pub(super) fn check(
    connection: &Connection,
    limit: &Amount,
    price: Option<&Amount>,
    at: i64,
    earlier: Option<i64>,
) -> rusqlite::Result<Result<(), String>> {
    let Some(price) = price else {
        return Ok(Err("what this request costs is not known".into()));
    };
    let first = at.saturating_sub(at.rem_euclid(DAY));
    let last = first.saturating_add(DAY);
    let sql = "SELECT coalesce(cost, price), 1 FROM creates WHERE intended_at >= ?1 \
               AND intended_at < ?2 AND state <> 'not_created' AND number IS NOT ?3 \
               UNION ALL \
               SELECT price, sent_by_person FROM creates WHERE sent_by_person > 0 \
               AND sent_at >= ?1 AND sent_at < ?2 AND state <> 'not_created' AND number IS NOT ?3";
    let mut statement = connection.prepare(sql)?;
    let amounts = statement.query_map(params![first, last, earlier], |row| {
        Ok((row.get::<_, Option<String>>(0)?, row.get::<_, u32>(1)?))
    })?;
    let amounts: Vec<_> = amounts.collect::<rusqlite::Result<_>>()?;
    // What was written was an amount. Each time that a person sends again may be charged.
    let spent: Amount = amounts
        .into_iter()
        .filter_map(|(text, times)| Some((text?.parse::<Amount>().ok()?, times)))
        .map(|(amount, times)| amount * times)
        .sum();
    Ok(match spent.clone() + price.clone() > *limit {
        true => Err(format!(
            "it costs {price} USD, and {spent} of the {limit} USD of this day are spent or reserved"
        )),
        false => Ok(()),
    })
}
