//! Exact decimal numbers, for money.

use alloc::{
    format,
    string::{String, ToString},
};
use core::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    iter::Sum,
    ops::{Add, Mul, Sub},
    str::FromStr,
};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{RawJson, decode::Token, raw_json_form::Text};

/// An exact decimal number, read from the text of the JSON token, whether that was a string or a
/// number, and never through a float. [`fmt::Display`] gives the text as received.
///
/// Its serde form is a string. A number is read too. Where a format, or serde's buffer behind `flatten`,
/// `tag` and `untagged`, has made a float of it before, it counts if it has at most 15 digits, for those a
/// float keeps; more are refused.
///
/// ```
/// use kirin_types::Amount;
///
/// let amounts = ["0.1", "0.2"].map(|text| text.parse::<Amount>().unwrap());
/// assert_eq!(amounts.into_iter().sum::<Amount>(), "0.3".parse()?);
/// let costs = vec!["0.21".parse::<Amount>()?; 3];
/// assert_eq!(costs.iter().sum::<Amount>(), "0.63".parse()?);
/// assert_eq!("0.3".parse::<Amount>()? - "0.1".parse()?, "0.2".parse()?);
/// assert_eq!("0.21".parse::<Amount>()? * 3, "0.63".parse()?);
/// assert_eq!("19.999999999999999999".parse::<Amount>()?.to_string(), "19.999999999999999999");
/// assert_eq!(Amount::default().to_string(), "0");
/// # Ok::<(), kirin_types::InvalidAmount>(())
/// ```
#[derive(Clone, Debug)]
pub struct Amount {
    text: String,
    value: Decimal,
}

impl Amount {
    pub(crate) fn from_token(token: Token<'_>) -> Option<Self> {
        token.text_or_number()?.parse().ok()
    }

    pub(crate) fn exactly(value: Decimal) -> Self {
        Self {
            text: value.to_string(),
            value,
        }
    }

    pub(crate) fn value(&self) -> Decimal {
        self.value
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.value.is_sign_negative() && !self.value.is_zero()
    }
}

/// Nothing: 0 USD.
impl Default for Amount {
    fn default() -> Self {
        Self::exactly(Decimal::ZERO)
    }
}

impl FromStr for Amount {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        match exact(text) {
            Some(value) => Ok(Self {
                text: text.into(),
                value,
            }),
            None => Err(InvalidAmount::new(text)),
        }
    }
}

/// The number that a text is, if it has at most 28 digits.
pub(crate) fn exact(text: &str) -> Option<Decimal> {
    // The parser would take the digit separator of Rust literals too.
    let text = Some(text).filter(|text| !text.contains('_'))?;
    let scientific = || {
        // The scientific parser rounds a mantissa of too many digits instead of refusing it.
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        Decimal::from_str_exact(mantissa).and_then(|_| Decimal::from_scientific(text))
    };
    Decimal::from_str_exact(text).or_else(|_| scientific()).ok()
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Amount {}

/// By value, as they are compared.
impl Hash for Amount {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        // A sum beyond 28 digits saturates: it is no money that exists, and no reason to panic.
        Self::exactly(self.value.saturating_add(other.value))
    }
}

impl Sub for Amount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::exactly(self.value.saturating_sub(other.value))
    }
}

/// So many times the amount.
impl Mul<u32> for Amount {
    type Output = Self;

    fn mul(self, times: u32) -> Self {
        Self::exactly(self.value.saturating_mul(times.into()))
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

impl<'a> Sum<&'a Self> for Amount {
    fn sum<I: Iterator<Item = &'a Self>>(amounts: I) -> Self {
        amounts.cloned().sum()
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        if text.is_float && significant_digits(&text.json) > FLOAT_DIGITS {
            let problem = "a float of more than 15 digits is no exact amount: write it as a string";
            return Err(de::Error::custom(problem));
        }
        let json = RawJson::read(text.json.as_bytes()).map_err(de::Error::custom)?;
        let amount = json.token().text_or_number();
        let amount =
            amount.ok_or_else(|| de::Error::custom("an amount is a string or a number"))?;
        amount.parse().map_err(de::Error::custom)
    }
}

/// How many decimal digits a float gives back as they were.
const FLOAT_DIGITS: usize = f64::DIGITS as usize;

/// How many digits of a number say something.
fn significant_digits(number: &str) -> usize {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len()
}

/// A text that is no decimal number of at most 28 digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvalidAmount {
    text: String,
}

impl InvalidAmount {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.chars().take(40).collect(),
        }
    }
}

impl fmt::Display for InvalidAmount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&format!(
            "{:?} is no decimal number of at most 28 digits",
            self.text
        ))
    }
}

impl core::error::Error for InvalidAmount {}
