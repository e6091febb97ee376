//! When to look: the gaps between two queries of a task.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long to wait between two queries.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_client::PollSchedule;
///
/// let schedule = PollSchedule::optimum(Duration::from_secs(45));
/// // Nothing is finished early, so the first looks are far apart, 10 s at most ...
/// assert_eq!(PollSchedule::CAP, Duration::from_secs(10));
/// assert_eq!(schedule.gap(Duration::ZERO), Duration::from_secs(10));
/// // ... and close together where a task is most likely to end.
/// assert!(schedule.gap(Duration::from_secs(45)) < Duration::from_secs(3));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PollSchedule {
    /// Each gap is `factor` times the one before, from `first` to `longest`.
    Exponential {
        /// The first gap.
        first: Duration,
        /// The longest gap.
        longest: Duration,
        /// What each gap is multiplied with, at least 2.
        factor: u32,
    },
    /// The same gap always.
    Fixed(Duration),
    /// Optimum checking (Barlow, Hunter and Proschan 1963; Keller 1974): the gap is proportional
    /// to the inverse square root of the hazard rate of the completion time, taken as log-normal
    /// around the typical time.
    Optimum {
        /// The typical time from acceptance to completed.
        typical: Duration,
        /// The longest gap until the typical time is well over: a person watches the progress.
        cap: Duration,
    },
    /// A fall-back for tasks whose end a callback reports: the first query at the typical time,
    /// then gaps that double from a quarter of it up to a minute.
    Seldom {
        /// The typical time from acceptance to completed.
        typical: Duration,
    },
}

/// When to look, as ratios of the typical time: between two of them the square root of the hazard
/// rate of a log-normal time (sigma 0.3) adds up to the same amount, chosen for about ten looks.
const LOOKS: [f64; 26] = [
    0.0, 0.572, 0.672, 0.748, 0.813, 0.871, 0.925, 0.977, 1.026, 1.073, 1.119, 1.164, 1.207, 1.25,
    1.292, 1.334, 1.375, 1.416, 1.456, 1.496, 1.536, 1.576, 1.615, 1.654, 1.693, 1.732,
];

/// Shortest gap, and the part of the typical time that it is where that is a matter of seconds. Where
/// the typical time is wrong and far too short, it is what keeps the looks for later.
const SHORTEST: Duration = Duration::from_secs(2);
const SHORTEST_PART: u32 = 5;

/// Shortest gap of any schedule.
const SMALLEST: Duration = Duration::from_millis(10);

/// Far past the typical time a gap is this part of the time elapsed, up to a minute.
const LATE_PART: u32 = 32;
const LONGEST: Duration = Duration::from_secs(60);

/// After the typical time the first gap of a fall-back is this part of it.
const SELDOM_PART: u32 = 4;

impl PollSchedule {
    /// The longest gap of [`optimum`](Self::optimum) until the typical time is well over.
    pub const CAP: Duration = Duration::from_secs(10);

    /// Optimum checking for tasks of this typical time, with the usual cap of 10 s.
    pub fn optimum(typical: Duration) -> Self {
        Self::Optimum {
            typical,
            cap: Self::CAP,
        }
    }

    /// A fall-back for tasks of this typical time whose end a callback reports.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kirin_client::PollSchedule;
    ///
    /// let schedule = PollSchedule::seldom(Duration::from_secs(40));
    /// let gaps = [0, 40, 50, 70, 110, 170].map(|at| schedule.gap(Duration::from_secs(at)).as_secs());
    /// assert_eq!(gaps, [40, 10, 20, 40, 60, 60]);
    /// ```
    pub fn seldom(typical: Duration) -> Self {
        Self::Seldom { typical }
    }

    /// Goes by another typical time, where it goes by one.
    pub(crate) fn set_typical(&mut self, time: Duration) {
        match self {
            Self::Optimum { typical, .. } | Self::Seldom { typical } => *typical = time,
            Self::Exponential { .. } | Self::Fixed(_) => {}
        }
    }

    /// The gap after a query at `elapsed` since the acceptance: 10 ms at least, for a gap of nothing
    /// would be a busy loop.
    pub fn gap(&self, elapsed: Duration) -> Duration {
        let gap = match self {
            Self::Exponential {
                first,
                longest,
                factor,
            } => exponential(elapsed, *first, *longest, *factor),
            Self::Fixed(gap) => *gap,
            Self::Optimum { typical, cap } => optimum(elapsed, *typical, *cap),
            Self::Seldom { typical } => seldom(elapsed, *typical),
        };
        gap.max(SMALLEST)
    }
}

/// Walks the gaps up to `elapsed`: each is at least twice the one before, so there are few.
fn exponential(elapsed: Duration, first: Duration, longest: Duration, factor: u32) -> Duration {
    let mut gap = first.max(Duration::from_millis(1));
    let mut at = gap;
    while at <= elapsed && gap < longest {
        gap = gap.saturating_mul(factor.max(2));
        at = at.saturating_add(gap);
    }
    gap.min(longest)
}

fn optimum(elapsed: Duration, typical: Duration, cap: Duration) -> Duration {
    let shortest = SHORTEST
        .min(typical / SHORTEST_PART)
        .max(Duration::from_millis(1));
    let ratio = elapsed.as_secs_f64() / typical.as_secs_f64().max(f64::MIN_POSITIVE);
    match next_look(ratio) {
        Some(next) => typical
            .mul_f64(next - ratio)
            .clamp(shortest, cap.max(shortest)),
        None => (elapsed / LATE_PART).clamp(shortest, LONGEST),
    }
}

/// A callback may have led to a query shortly before the typical time, so the rest of it is not
/// taken to the second.
fn seldom(elapsed: Duration, typical: Duration) -> Duration {
    let shortest = SHORTEST.min(typical / SHORTEST_PART);
    match typical.checked_sub(elapsed) {
        Some(rest) if !rest.is_zero() => rest.max(shortest),
        _ => exponential(elapsed - typical, typical / SELDOM_PART, LONGEST, 2),
    }
}

/// One step on in the table from any ratio, both ends interpolated; `None` where it ends.
fn next_look(ratio: f64) -> Option<f64> {
    let before = LOOKS.iter().rposition(|look| *look <= ratio)?;
    let [from, to, after] = *LOOKS.get(before..before + 3)? else {
        return None;
    };
    let part = (ratio - from) / (to - from);
    Some(to + part * (after - to))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hazard rate of a log-normal time with median 1 and sigma 0.3.
    fn hazard(ratio: f64) -> f64 {
        const SIGMA: f64 = 0.3;
        let z = ratio.ln() / SIGMA;
        let density = (-z * z / 2.0).exp() / (ratio * SIGMA * std::f64::consts::TAU.sqrt());
        density / survival(z)
    }

    /// The upper tail of the normal distribution, by Simpson's rule.
    fn survival(z: f64) -> f64 {
        let steps = 2_000;
        let width = (12.0 - z) / f64::from(steps);
        let density = |x: f64| (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
        (0..steps)
            .map(|step| {
                let left = z + width * f64::from(step);
                (density(left) + 4.0 * density(left + width / 2.0) + density(left + width)) * width
                    / 6.0
            })
            .sum()
    }

    #[test]
    fn table_of_looks_follows_from_the_hazard_rate() {
        const PART: f64 = 0.08;
        for pair in LOOKS.windows(2) {
            let steps = 200;
            let width = (pair[1] - pair[0]) / f64::from(steps);
            let sum: f64 = (0..steps)
                .map(|step| pair[0] + width * (f64::from(step) + 0.5))
                .map(|middle| hazard(middle).sqrt() * width / PART)
                .sum();
            assert!(
                (sum - 1.0).abs() < 0.03,
                "from {} to {}: {sum}",
                pair[0],
                pair[1]
            );
        }
    }

    #[test]
    fn gaps_grow_far_past_the_typical_time() {
        let schedule = PollSchedule::optimum(Duration::from_secs(45));
        for (elapsed, gap) in [(160, 5), (640, 20), (1920, 60), (8000, 60)] {
            let gap = Duration::from_secs(gap);
            assert_eq!(schedule.gap(Duration::from_secs(elapsed)), gap);
        }
    }

    #[test]
    fn exponential_gaps_double() {
        let schedule = PollSchedule::Exponential {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(5),
            factor: 2,
        };
        let gaps = [0, 1, 3, 7, 12, 500].map(|at| schedule.gap(Duration::from_secs(at)).as_secs());
        assert_eq!(gaps, [1, 2, 4, 5, 5, 5]);
    }
}
