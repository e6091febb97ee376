//! Exact sums of money.

use kirin_types::{Amount, Total};

fn total(text: &str) -> Total {
    text.parse::<Amount>().unwrap().into()
}

#[test]
fn a_total_is_shown_with_all_its_digits() {
    for (text, shown) in [
        ("0", "0"),
        ("-0", "0"),
        ("5", "5"),
        ("5.00", "5"),
        ("0.7", "0.70"),
        ("0.70", "0.70"),
        ("0.21", "0.21"),
        ("0.125", "0.125"),
        ("-0.21", "-0.21"),
        ("-2", "-2"),
        ("1e-28", "0.0000000000000000000000000001"),
        (
            "79228162514264337593543950335",
            "79228162514264337593543950335",
        ),
        (
            "-79228162514264337593543950335",
            "-79228162514264337593543950335",
        ),
    ] {
        assert_eq!(total(text).to_string(), shown);
        assert_eq!(shown.parse(), Ok(total(text)), "{shown}");
        assert_eq!(total(text).amount(), text.parse().unwrap(), "{text}");
    }
}

/// An amount rounds here.
#[test]
fn a_total_keeps_the_smallest_amount_beside_the_largest() {
    let (large, small) = ("79228162514264337593543950335", "1e-28");
    let both = total(large) + total(small);
    assert_eq!(both - total(large), total(small));
    assert_eq!(both - total(small), total(large));
    assert!(both > total(large));
    assert_eq!(both.amount(), large.parse().unwrap(), "it has 57 digits");
    assert_eq!(both.to_string().parse(), Ok(both));
}

#[test]
fn a_total_beyond_all_money_saturates_as_an_amount() {
    let large = total("79228162514264337593543950335");
    assert_eq!((large * u32::MAX).amount(), large.amount());
    assert_eq!(
        (Total::default() - large * 2).amount(),
        "-79228162514264337593543950335".parse().unwrap()
    );
}

#[test]
fn what_is_no_total_is_refused() {
    for text in [
        "",
        "-",
        ".",
        "1.",
        ".5",
        "+1",
        "1e3",
        "1_0",
        "0.00000000000000000000000000001",
        "a",
    ] {
        assert!(text.parse::<Total>().is_err(), "{text}");
    }
}

/// As the costs of tasks are added up, which are lent.
#[test]
fn amounts_and_totals_are_added_up_by_value_and_by_reference() {
    let amounts = ["10000000000000000000000000000", "0.21", "0.21"];
    let amounts = amounts.map(|text| text.parse::<Amount>().unwrap());
    let totals = amounts.clone().map(Total::from);
    let exact = "10000000000000000000000000000.42";
    assert_eq!(amounts.iter().sum::<Total>().to_string(), exact);
    assert_eq!(
        amounts.clone().into_iter().sum::<Total>().to_string(),
        exact
    );
    assert_eq!(totals.iter().sum::<Total>().to_string(), exact);
    assert_eq!(totals.into_iter().sum::<Total>().to_string(), exact);

    assert_eq!(amounts[1..].iter().sum::<Amount>().to_string(), "0.42");
    assert_eq!(
        amounts[1..].iter().cloned().sum::<Amount>().to_string(),
        "0.42"
    );
    assert_eq!([].iter().sum::<Amount>(), Amount::default());
    assert_eq!(Vec::<Total>::new().iter().sum::<Total>(), Total::default());
}
