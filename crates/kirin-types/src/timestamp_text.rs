//! Times that a service writes as text.
//!
//! Own code and no crate: `time` and its four dependencies would fill the limit of this crate,
//! `jiff` is larger than all the rest of it, and neither reads every form that services write.

use crate::Timestamp;

/// The names of the months in HTTP dates.
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// A text that is being read from its beginning.
#[derive(Clone, Copy)]
struct Rest<'a>(&'a str);

/// A day of the calendar.
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Timestamp {
    /// Reads a date with a time: RFC 3339 (`2020-01-01T00:00:00Z`), or an HTTP date
    /// (`Wed, 01 Jan 2020 00:00:00 GMT`).
    ///
    /// As services write it: any fraction, an offset with or without its colon, lower-case letters,
    /// a space for the `T`. No offset means UTC. What is smaller than a millisecond is cut off.
    ///
    /// ```
    /// use kirin_types::Timestamp;
    ///
    /// let newyear = Some(Timestamp::from_milliseconds(1_577_836_800_000));
    /// assert_eq!(Timestamp::from_text("2020-01-01T00:00:00Z"), newyear);
    /// assert_eq!(Timestamp::from_text("2020-01-01 01:30:00.000+01:30"), newyear);
    /// assert_eq!(Timestamp::from_text("yesterday"), None);
    /// ```
    pub fn from_text(text: &str) -> Option<Self> {
        // No text of this length is a time, and nothing of such a length is copied.
        let text = Some(text.trim()).filter(|text| text.len() <= 80)?;
        let text = text.to_ascii_lowercase();
        let rest = Rest(&text);
        match text.starts_with(|first: char| first.is_ascii_digit()) {
            true => rfc_3339(rest),
            false => http_date(rest),
        }
    }
}

fn rfc_3339(mut rest: Rest<'_>) -> Option<Timestamp> {
    let year = rest.digits(4)?;
    rest.take("-")?;
    let month = rest.digits(2)?;
    rest.take("-")?;
    let day = rest.digits(2)?;
    rest.take("t").or_else(|| rest.take(" "))?;
    let milliseconds = rest.time_of_day()?;
    let offset = rest.offset()?;
    Date { year, month, day }.at(milliseconds - offset)
}

/// What Python's Flask makes of a `datetime`, and what a `Date` header holds.
fn http_date(rest: Rest<'_>) -> Option<Timestamp> {
    let (_, date) = rest.0.split_once(", ")?;
    let mut rest = Rest(date);
    let day = rest.digits(2)?;
    rest.take(" ")?;
    let month = (1..)
        .zip(MONTHS)
        .find(|(_, name)| rest.take(name).is_some());
    let (month, _) = month?;
    rest.take(" ")?;
    let year = rest.digits(4)?;
    rest.take(" ")?;
    let milliseconds = rest.time_of_day()?;
    let offset = rest.offset()?;
    Date { year, month, day }.at(milliseconds - offset)
}

impl Rest<'_> {
    /// Goes past this text, if it comes next.
    fn take(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// Goes past a number of exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(count)?;
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        self.0 = rest;
        number.parse().ok().filter(|_| digits)
    }

    /// `hh:mm:ss` and a fraction, in milliseconds. A leap second is the first one of the next day.
    fn time_of_day(&mut self) -> Option<i64> {
        let hour = self.digits(2).filter(|hour| *hour < 24)?;
        self.take(":")?;
        let minute = self.digits(2).filter(|minute| *minute < 60)?;
        self.take(":")?;
        let second = self.digits(2).filter(|second| *second <= 60)?;
        let fraction = self.fraction()?;
        Some(((hour * 60 + minute) * 60 + second) * 1000 + fraction)
    }

    fn fraction(&mut self) -> Option<i64> {
        if self.take(".").or_else(|| self.take(",")).is_none() {
            return Some(0);
        }
        let end = self.0.find(|digit: char| !digit.is_ascii_digit());
        let (digits, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        let places = digits.bytes().map(|digit| i64::from(digit - b'0'));
        let thousandths = places.zip([100, 10, 1]).map(|(digit, place)| digit * place);
        (!digits.is_empty()).then(|| thousandths.sum())
    }

    /// How far the clock that wrote the text is ahead of UTC, in milliseconds.
    fn offset(mut self) -> Option<i64> {
        self.0 = self.0.trim_start();
        if matches!(self.0, "" | "z" | "utc" | "gmt") {
            return Some(0);
        }
        let sign = match self.take("+") {
            Some(()) => 1,
            // Some write a true minus, as RFC 3339 itself says that ISO 8601 does.
            None => self
                .take("-")
                .or_else(|| self.take("\u{2212}"))
                .map(|()| -1)?,
        };
        let hours = self.digits(2).filter(|hours| *hours < 24)?;
        let hours_only = self.0.is_empty();
        let _colon = self.take(":");
        let minutes = match hours_only {
            true => 0,
            false => self.digits(2).filter(|minutes| *minutes < 60)?,
        };
        let milliseconds = sign * (hours * 60 + minutes) * 60_000;
        self.0.is_empty().then_some(milliseconds)
    }
}

impl Date {
    /// The moment that lies so many milliseconds after this day's beginning.
    fn at(&self, milliseconds: i64) -> Option<Timestamp> {
        let days = self.days()?;
        Some(Timestamp::from_milliseconds(
            days * 86_400_000 + milliseconds,
        ))
    }

    /// Days since 1970-01-01, if the calendar has this day. The year is counted from March, so
    /// that a leap day is its last one: 153 days in five months, 146,097 in 400 years.
    fn days(&self) -> Option<i64> {
        let &Self { year, month, day } = self;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=last).contains(&day) {
            return None;
        }
        let (year, month) = match month {
            3.. => (year, month - 3),
            _ => (year - 1, month + 9),
        };
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        Some(year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468)
    }
}
