//! Our clock and the service's: how old an intent is, and how far the two are apart.

use std::time::Duration;

use kirin_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::{clock_difference::ClockDifference, settings::Settings};

/// How long after its intent a create may be sent again. How long a host remembers an external id,
/// no one declares.
pub(super) const LATEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Clocks that are further apart say nothing about the age of an intent.
const FURTHEST_APART: Duration = Duration::from_secs(60 * 60);

/// The latest reading of both clocks, and where the intent lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Clocks {
    latest: Option<Reading>,
    /// What our own clock showed last.
    #[serde(default)]
    ours: Option<Timestamp>,
    /// The elapsed time at which it showed that.
    #[serde(default)]
    read_at: Duration,
    /// The machine continues an intent that is older than itself.
    pub(super) intended_before: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    ours: Timestamp,
    service: Timestamp,
}

impl Clocks {
    pub(super) fn read(&mut self, now: Duration, ours: Timestamp, service: Option<Timestamp>) {
        self.ours = Some(ours);
        self.read_at = now;
        if let Some(service) = service {
            self.latest = Some(Reading { ours, service });
        }
    }

    /// How much wall time has passed beside the time that elapsed until `now`. A clock that went back shows
    /// none, and where no reading is kept nothing is known of it.
    pub(super) fn passed(&self, now: Duration, ours: Timestamp, settings: &Settings) -> Duration {
        let Some(then) = self.ours.or(settings.started_at) else {
            return Duration::ZERO;
        };
        let passed = ours.milliseconds().saturating_sub(then.milliseconds());
        let passed = Duration::from_millis(u64::try_from(passed).unwrap_or_default());
        passed.saturating_sub(now.saturating_sub(self.read_at))
    }

    /// Wall time of the intent, by our clock.
    pub(super) fn intended_at(&self, settings: &Settings) -> Option<Timestamp> {
        match self.intended_before {
            true => settings.intended_at,
            false => settings.started_at,
        }
    }

    /// The earliest time of the intent by the service's clock; `None` where no difference was known then.
    /// Our clock may have been put right between the answer that told the difference and the intent, or
    /// since.
    pub(super) fn intended_at_service(&self, settings: &Settings) -> Option<Timestamp> {
        let intended_at = self.intended_at(settings)?;
        let kept = settings.clock_difference?.at_service(intended_at);
        let latest = self.latest.map(|latest| {
            ClockDifference::between(latest.ours, latest.service).at_service(intended_at)
        });
        Some(match latest {
            Some(latest) if latest.milliseconds() < kept.milliseconds() => latest,
            _ => kept,
        })
    }

    /// Whether the intent is so young that what is declared of its host holds for it, by our clock and
    /// by the service's.
    pub(super) fn intent_is_recent(&self, elapsed: Duration, settings: &Settings) -> bool {
        let intended_at = self.intended_at(settings);
        let age_at_start = match self.intended_before {
            true => intended_at
                .zip(settings.started_at)
                .map(|(then, now)| distance(then, now)),
            false => Some(Duration::ZERO),
        };
        let Some(age_at_start) = age_at_start else {
            return false;
        };
        // Monotonic time may stop while a computer sleeps.
        let age_by_clock = intended_at
            .zip(self.ours)
            .map(|(then, now)| distance(then, now));
        if age_at_start.saturating_add(elapsed) > LATEST || age_by_clock > Some(LATEST) {
            return false;
        }
        self.latest.is_none_or(|latest| {
            let difference = settings.clock_difference.unwrap_or(ClockDifference(0));
            let by_either = |intended_at: Timestamp| {
                let at_service = difference.at_service(intended_at);
                distance(intended_at, latest.ours) <= LATEST
                    && distance(at_service, latest.service) <= LATEST
            };
            distance(latest.ours, latest.service) <= FURTHEST_APART
                && intended_at.is_none_or(by_either)
        })
    }

    /// Whether a task that was created at this time, by the service's clock, existed before the intent.
    pub(super) fn is_before_intent(&self, created_at: Timestamp, settings: &Settings) -> bool {
        let Some(intended_at) = self.intended_at(settings) else {
            return false;
        };
        let latest = match settings.clock_difference {
            Some(difference) => difference.at_service(intended_at).milliseconds(),
            // Where the clocks are further apart than this, nothing is sent again.
            None => intended_at
                .milliseconds()
                .saturating_sub(FURTHEST_APART.as_millis() as i64),
        };
        // Zero is no time.
        created_at.milliseconds() > 0 && created_at.milliseconds() < latest
    }
}

/// Whether our clock shows less than it showed at the start with what has passed since. Time may stop while a
/// computer sleeps, so more is no sign; and a clock that runs a little slow is right enough.
pub(super) fn was_put_back(started_at: Timestamp, elapsed: Duration, ours: Timestamp) -> bool {
    const SLOW: i64 = 10_000;
    let elapsed = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
    let expected = started_at.milliseconds().saturating_add(elapsed);
    ours.milliseconds() < expected.saturating_sub(SLOW)
}

fn distance(one: Timestamp, other: Timestamp) -> Duration {
    Duration::from_millis(one.milliseconds().abs_diff(other.milliseconds()))
}
