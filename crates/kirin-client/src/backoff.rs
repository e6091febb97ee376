//! How long to wait after trouble: exponential with equal jitter from a seed. Half of the ceiling is
//! certain and the other half random, because full jitter, from zero on, can come to no wait at all.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::split_mix::next_number;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// The longest wait that a server may ask for.
pub(crate) const LONGEST_HINT: Duration = Duration::from_secs(5 * 60);

/// A seeded source of jitter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Backoff {
    seed: u64,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The wait after the n-th failure in a row, counted from 1. What the server asks for counts
    /// between our own delay and 5 minutes.
    pub(crate) fn delay(&mut self, failure: u32, hint: Option<Duration>) -> Duration {
        let doublings = failure.saturating_sub(1).min(16);
        let ceiling = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        let own = ceiling.mul_f64(0.5 + self.random() / 2.0);
        hint.map_or(own, |hint| hint.clamp(own, LONGEST_HINT))
    }

    /// A number from 0 to 1.
    fn random(&mut self) -> f64 {
        let number = next_number(&mut self.seed) >> 32;
        f64::from(u32::try_from(number).unwrap_or_default()) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest() {
        for (failure, ceiling) in [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (99, 30)] {
            let ceiling = Duration::from_secs(ceiling);
            let delay = Backoff::new(7).delay(failure, None);
            assert!(
                delay >= ceiling / 2 && delay <= ceiling,
                "{failure}: {delay:?}"
            );
        }
    }

    #[test]
    fn delays_are_spread_over_the_upper_half_of_the_ceiling() {
        let mut backoff = Backoff::new(7);
        let delays: Vec<_> = (0..1000).map(|_| backoff.delay(2, None)).collect();
        for tenth in 10..20 {
            let (from, to) = (tenth * 100, (tenth + 1) * 100);
            let within = |delay: &&Duration| (from..to).contains(&delay.as_millis());
            let number = delays.iter().filter(within).count();
            assert!((60..140).contains(&number), "{from} ms: {number}");
        }
    }

    #[test]
    fn hints_are_clamped_between_the_own_delay_and_five_minutes() {
        let hinted = |seconds| Backoff::new(7).delay(1, Some(Duration::from_secs(seconds)));
        assert!(hinted(0) >= Duration::from_millis(500));
        assert_eq!(hinted(42), Duration::from_secs(42));
        assert_eq!(hinted(999_999_999), Duration::from_secs(300));
    }
}
