//! Values as people type them.

use std::{convert::Infallible, time::Duration};

use kirin_types::{Amount, InvalidAmount};

use crate::model_name;

/// An amount of money that is not negative.
pub(crate) fn parse_amount(text: &str) -> Result<Amount, String> {
    let amount: Amount = text
        .parse()
        .map_err(|invalid: InvalidAmount| invalid.to_string())?;
    match amount.is_negative() {
        true => Err("an amount must not be negative".into()),
        false => Ok(amount),
    }
}

/// A model, by its id or the vendor's display name; whether there is one is for the validator to say.
pub(crate) fn parse_model(text: &str) -> Result<String, Infallible> {
    Ok(model_name::model_id(text))
}

/// `90`, `90s`, `10m`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    match text.parse() {
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => {
            humantime::parse_duration(text).map_err(|_| "a duration is written like 90, 90s or 10m")
        }
    }
}

/// `KEY=VALUE`.
pub(crate) fn parse_parameter(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("a parameter is written like cfg_scale=0.5"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds_or_have_a_unit() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("10m", 600), ("1h", 3600)] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        assert!(parse_duration("soon").is_err());
    }

    #[test]
    fn an_amount_is_from_zero_on() {
        assert_eq!(parse_amount("2.50").unwrap().to_string(), "2.50");
        assert!(parse_amount("0").is_ok());
        for text in ["-1", "much", ""] {
            assert!(parse_amount(text).is_err(), "{text}");
        }
    }
}
