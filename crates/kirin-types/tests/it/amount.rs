//! Money: read to the last digit or not at all.

use kirin_types::{Amount, MODELS};

#[test]
fn an_amount_shows_the_text_that_it_was_read_from() {
    fn check(text: &str) {
        assert_eq!(text.parse::<Amount>().unwrap().to_string(), text);
    }

    check("0");
    check("0.21");
    check("0.70");
    check("-0.05");
    check("19.999999999999999999");
    check("7922816251426433759354395033.5");
    check("2.1e-1");
    check("1E3");
}

#[test]
fn what_is_no_number_or_not_exact_is_refused() {
    fn check(text: &str) {
        let amount = text.parse::<Amount>();
        assert!(amount.is_err(), "{text} became {amount:?}");
    }

    check("");
    check(" 1");
    check("1 ");
    check("$1");
    check("1,5");
    check("1_000");
    check("0x1");
    check("NaN");
    check("inf");
    check("1e");
    check("e1");
    check("1e999");
    check("--1");
    check("1.2.3");
    // More digits than are held: rounding them would be inventing money.
    check("0.12345678901234567890123456789012");
    check("0.12345678901234567890123456789012e0");
    check("1.2345678901234567890123456789012e1");
    check("123456789012345678901234567890");
    check("1e-29");
}

#[test]
fn amounts_compare_by_value() {
    fn check(left: &str, right: &str) {
        assert_eq!(left.parse::<Amount>(), right.parse::<Amount>());
        assert!(left.parse::<Amount>().is_ok(), "{left}");
    }

    check("0.7", "0.70");
    check("21e-2", "0.21");
    check("-0", "0.00");
    assert!("0.35".parse::<Amount>().unwrap() < "0.42".parse().unwrap());
    assert!("-1".parse::<Amount>().unwrap() < "0".parse().unwrap());
}

#[test]
fn only_less_than_nothing_is_negative() {
    fn check(text: &str, expected: bool) {
        assert_eq!(
            text.parse::<Amount>().unwrap().is_negative(),
            expected,
            "{text}"
        );
    }

    check("-0.01", true);
    check("-0", false);
    check("-0.00", false);
    check("0", false);
    check("0.01", false);
}

#[test]
fn a_sum_beyond_what_is_held_saturates() {
    let largest: Amount = "79228162514264337593543950335".parse().unwrap();
    assert_eq!(largest.clone() + "1".parse().unwrap(), largest);
}

#[test]
fn no_amounts_sum_to_zero() {
    assert_eq!(
        Vec::<Amount>::new().into_iter().sum::<Amount>(),
        "0".parse().unwrap()
    );
}

#[test]
fn every_list_price_is_an_amount_above_zero() {
    let prices = MODELS.iter().flat_map(|model| model.prices);
    let amounts: Vec<Amount> = prices.map(|price| price.usd.parse().unwrap()).collect();
    assert!(amounts.len() >= 4);
    let zero: Amount = "0".parse().unwrap();
    assert!(amounts.iter().all(|amount| *amount > zero));
}
