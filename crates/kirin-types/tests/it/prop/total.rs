//! What holds for every sum of amounts.

use kirin_tests::{
    property,
    proptest::{collection::vec, prelude::*},
};
use kirin_types::{Amount, Total};

/// Any amount: 95 bits with a point anywhere.
fn amounts() -> impl Strategy<Value = Amount> {
    (any::<bool>(), any::<u128>(), 0..=28_u32).prop_map(|(is_negative, bits, scale)| {
        let sign = if is_negative { "-" } else { "" };
        let amount = format!("{sign}{}e-{scale}", bits >> 33);
        amount.parse().unwrap()
    })
}

#[test]
fn what_is_added_and_taken_away_leaves_no_trace() {
    property!(
        (
            vec(amounts(), 0..20),
            amounts(),
            any::<prop::sample::Index>()
        ),
        |(amounts, extra, place)| {
            let sum = |amounts: &[Amount]| {
                amounts
                    .iter()
                    .fold(Total::default(), |sum, it| sum + it.into())
            };
            let plain = sum(&amounts);
            let mut with_extra = amounts;
            with_extra.insert(place.index(with_extra.len() + 1), extra.clone());
            prop_assert_eq!(sum(&with_extra) - Total::from(&extra), plain);
            prop_assert_eq!(plain.to_string().parse(), Ok(plain));
            Ok(())
        }
    );
}

#[test]
fn totals_are_ordered_as_amounts_are() {
    property!((amounts(), amounts()), |(left, right)| {
        prop_assert_eq!(
            Total::from(&left).cmp(&Total::from(&right)),
            left.cmp(&right)
        );
        prop_assert_eq!(Total::from(&left).amount(), left);
        Ok(())
    });
}
