//! The time of day, for reports about the past.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kirin_types::Timestamp;

/// A moment, from which time can be measured.
pub(crate) fn instant_now() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program tells how long an answer took"
    )]
    Instant::now()
}

/// Time since a point; none if it is still to come.
pub(crate) fn time_since(then: Timestamp) -> Duration {
    wall_clock()
        .duration_since(to_system_time(then))
        .unwrap_or_default()
}

/// How far this clock is from another one, and on which side.
pub(crate) fn difference_from(other: SystemTime) -> (Duration, &'static str) {
    match wall_clock().duration_since(other) {
        Ok(ahead) => (ahead, "ahead"),
        Err(behind) => (behind.duration(), "behind"),
    }
}

fn wall_clock() -> SystemTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "a list says how old its entries are, and a clock is compared with another"
    )]
    SystemTime::now()
}

/// The day of a point in UTC, as in 2026-11-25.
pub(crate) fn utc_day(then: Timestamp) -> String {
    let mut text = utc_moment(then);
    text.truncate("2026-11-25".len());
    text
}

/// The day that it is in UTC, as in 2026-11-25.
pub(crate) fn utc_today() -> String {
    let mut text = humantime::format_rfc3339_seconds(wall_clock()).to_string();
    text.truncate("2026-11-25".len());
    text
}

/// A point in UTC, as in 2026-11-25T12:00:00Z.
pub(crate) fn utc_moment(then: Timestamp) -> String {
    humantime::format_rfc3339_seconds(to_system_time(then)).to_string()
}

/// A point as the system has it; one before 1970 or after the year 9999 is the nearest of the two.
fn to_system_time(then: Timestamp) -> SystemTime {
    /// The last second of the year 9999: a later one could not be written.
    const LATEST: u64 = 253_402_300_799_000;
    let milliseconds = u64::try_from(then.milliseconds()).unwrap_or_default();
    UNIX_EPOCH + Duration::from_millis(milliseconds.min(LATEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_point_has_a_day() {
        for (milliseconds, expected) in [
            (1_795_608_000_000, "2026-11-25"),
            (0, "1970-01-01"),
            (i64::MIN, "1970-01-01"),
            (i64::MAX, "9999-12-31"),
        ] {
            assert_eq!(
                utc_day(Timestamp::from_milliseconds(milliseconds)),
                expected
            );
        }
        assert_eq!(
            time_since(Timestamp::from_milliseconds(i64::MAX)),
            Duration::ZERO
        );
    }
}
