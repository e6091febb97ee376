//! Exact sums of money, from which an amount can be taken away again.

use alloc::format;
use core::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Mul, Sub, SubAssign},
    str::FromStr,
};

use rust_decimal::Decimal;

use crate::{Amount, InvalidAmount};

/// Digits behind the point of the smallest amount.
const DIGITS: u32 = 28;

/// So many of the smallest amount are one.
const ONE: i128 = 10_i128.pow(DIGITS);

/// A sum of amounts that is always exact: what is added and taken away again leaves no trace, in any order. An
/// [`Amount`] has at most 28 digits, and a sum of a large one and a small one would lose the small one.
///
/// ```
/// use kirin_types::{Amount, Total};
///
/// let large: Total = "10000000000000000000000000000".parse::<Amount>()?.into();
/// let small: Total = "0.21".parse::<Amount>()?.into();
/// let both = large + small;
/// assert_eq!(both.to_string(), "10000000000000000000000000000.21");
/// assert_eq!((both - large).amount().to_string(), "0.21");
/// assert_eq!("10000000000000000000000000000.21".parse(), Ok(both));
/// assert_eq!([large, small].iter().sum::<Total>(), both);
/// # Ok::<(), kirin_types::InvalidAmount>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Total {
    whole: i128,
    /// What is above it, in the smallest amount: below [`ONE`], and not negative.
    fraction: i128,
}

impl Total {
    fn new(whole: i128, fraction: i128) -> Self {
        Self {
            whole: whole.saturating_add(fraction.div_euclid(ONE)),
            fraction: fraction.rem_euclid(ONE),
        }
    }

    /// The sum as an amount; rounded where it has more than 28 digits.
    pub fn amount(&self) -> Amount {
        let text = format!("{self}");
        text.parse()
            .unwrap_or_else(|_| Amount::exactly(self.rounded()))
    }

    fn rounded(&self) -> Decimal {
        let largest = match self.whole.is_negative() {
            true => Decimal::MIN,
            false => Decimal::MAX,
        };
        let whole = Decimal::try_from_i128_with_scale(self.whole, 0).unwrap_or(largest);
        let fraction = Decimal::try_from_i128_with_scale(self.fraction, DIGITS);
        whole.saturating_add(fraction.unwrap_or_default())
    }
}

impl From<Amount> for Total {
    fn from(amount: Amount) -> Self {
        Self::from(&amount)
    }
}

impl From<&Amount> for Total {
    fn from(amount: &Amount) -> Self {
        let (mantissa, scale) = (amount.value().mantissa(), amount.value().scale());
        let one = 10_i128.pow(scale);
        let digits = 10_i128.pow(DIGITS - scale);
        Self::new(mantissa.div_euclid(one), mantissa.rem_euclid(one) * digits)
    }
}

impl Add for Total {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let whole = self.whole.saturating_add(other.whole);
        Self::new(whole, self.fraction + other.fraction)
    }
}

impl Sub for Total {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        let whole = self.whole.saturating_sub(other.whole);
        Self::new(whole, self.fraction - other.fraction)
    }
}

/// So many times the sum.
impl Mul<u32> for Total {
    type Output = Self;

    fn mul(self, times: u32) -> Self {
        let times = i128::from(times);
        Self::new(self.whole.saturating_mul(times), self.fraction * times)
    }
}

impl AddAssign for Total {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Total {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

/// Of amounts or of totals, by value or by reference.
impl<T: Into<Self>> Sum<T> for Total {
    fn sum<I: Iterator<Item = T>>(amounts: I) -> Self {
        amounts.map(Into::into).fold(Self::default(), Add::add)
    }
}

impl From<&Self> for Total {
    fn from(total: &Self) -> Self {
        *total
    }
}

/// All digits, without zeros at the end, but never a single one behind the point: 0.7 is 0.70.
impl fmt::Display for Total {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, positive) = match self.whole.is_negative() {
            true => ("-", Self::default() - *self),
            false => ("", *self),
        };
        let digits = format!("{:028}", positive.fraction);
        let digits = digits.trim_end_matches('0');
        let whole = positive.whole;
        match digits.len() {
            0 => write!(formatter, "{sign}{whole}"),
            _ => write!(formatter, "{sign}{whole}.{digits:0<2}"),
        }
    }
}

impl FromStr for Total {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        parsed(text).ok_or_else(|| InvalidAmount::new(text))
    }
}

fn parsed(text: &str) -> Option<Total> {
    let (sign, positive) = match text.strip_prefix('-') {
        Some(positive) => (-1, positive),
        None => (1, text),
    };
    let (whole, fraction) = positive.split_once('.').unwrap_or((positive, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > DIGITS as usize {
        return None;
    }
    let fraction = format!("{fraction:0<28}");
    let total = Total::new(whole.parse().ok()?, fraction.parse().ok()?);
    Some(match sign {
        1 => total,
        _ => Total::default() - total,
    })
}
