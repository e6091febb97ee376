//! The clock of the service as its answers tell it: `Date`, and `created_at` where the clock is off.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderValue, StatusCode};
use kirin_types::Timestamp;
use serde_json::Value;

use super::{
    Reply, World,
    faults::{Fired, find_task},
};

/// The last second that an HTTP date can say.
const LAST_SECOND: u64 = 253_402_300_799;

/// What is smaller is seconds, what is not is milliseconds.
const SMALLEST_MILLISECONDS: u64 = 100_000_000_000;

impl World {
    /// The reply with the `Date` at which it was made; a clock that is off is off in all of it.
    pub(super) fn dated(&self, reply: Reply, elapsed: Duration, fired: Option<&Fired>) -> Reply {
        let off = fired.map_or(0, Fired::clock_is_off);
        let now = self.wall_clock(elapsed).milliseconds().saturating_add(off);
        let reply = match off {
            0 => reply,
            off => with_created_at(reply, off),
        };
        reply.with_date(http_date(Timestamp::from_milliseconds(now)))
    }
}

fn with_created_at(reply: Reply, off: i64) -> Reply {
    let Reply::Response(response) = &reply else {
        return reply;
    };
    let status = response.status();
    let Ok(mut answer) = serde_json::from_slice::<Value>(response.body()) else {
        return reply;
    };
    let created_at = find_task(&mut answer).and_then(|task| task.get_mut("created_at"));
    let Some(created_at) = created_at else {
        return reply;
    };
    if let Some(number) = created_at.as_i64() {
        let off = match number.unsigned_abs() < SMALLEST_MILLISECONDS {
            true => off / 1000,
            false => off,
        };
        *created_at = number.saturating_add(off).into();
    }
    with_body(reply, status, &answer)
}

/// The same headers, another body.
fn with_body(reply: Reply, status: StatusCode, body: &Value) -> Reply {
    match (reply, Reply::json(status, body)) {
        (Reply::Response(mut response), Reply::Response(other)) => {
            *response.body_mut() = other.into_body();
            Reply::Response(response)
        }
        (reply, _) => reply,
    }
}

/// A time as the `Date` header has it; what lies before 1970 or after 9999 is told as that.
fn http_date(time: Timestamp) -> HeaderValue {
    let seconds = u64::try_from(time.milliseconds() / 1000).unwrap_or_default();
    let time = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND));
    // A date has letters, digits, spaces, a comma and colons.
    HeaderValue::from_str(&httpdate::fmt_http_date(time)).expect("a legal header")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_a_date() {
        let check = |milliseconds, expected: &str| {
            assert_eq!(
                http_date(Timestamp::from_milliseconds(milliseconds)),
                expected
            );
        };
        check(1_577_836_800_999, "Wed, 01 Jan 2020 00:00:00 GMT");
        check(-1, "Thu, 01 Jan 1970 00:00:00 GMT");
        check(i64::MIN, "Thu, 01 Jan 1970 00:00:00 GMT");
        check(i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
