//! How long a task takes whose time is drawn.

use std::time::Duration;

/// Deciles of the distribution in thousandths of the typical time: a log-normal one with median 1
/// and a sigma of 0.3, cut at both ends. Written out, because logarithms differ between machines
/// in their last bits, and the same seed must draw the same times.
const DECILES: [u64; 11] = [500, 681, 777, 854, 927, 1000, 1079, 1170, 1287, 1469, 2000];

/// The time that a number draws, evenly between two deciles.
pub(super) fn drawn_time(typical: Duration, number: u64) -> Duration {
    // 32 bits of the number, as a position from the first decile to the last.
    let position = (number >> 32) * 10;
    let (decile, within) = ((position >> 32) as usize, position & 0xffff_ffff);
    let (low, high) = (DECILES[decile], DECILES[decile + 1]);
    let thousandths = low + (((high - low) * within) >> 32);
    typical.saturating_mul(thousandths as u32) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deciles_are_those_of_a_log_normal_distribution() {
        // Deciles of the normal distribution above its median.
        let normal = [0.0, 0.253_347, 0.524_401, 0.841_621, 1.281_552];
        for (index, deviation) in normal.into_iter().enumerate() {
            let check = |decile: u64, expected: f64| {
                assert_eq!(decile, (expected * 1000.0).round() as u64);
            };
            check(DECILES[5 + index], (0.3_f64 * deviation).exp());
            check(DECILES[5 - index], (-0.3_f64 * deviation).exp());
        }
    }

    #[test]
    fn times_lie_around_the_typical_one() {
        let typical = Duration::from_secs(60);
        let seconds = |number| drawn_time(typical, number).as_secs_f64();
        assert_eq!([seconds(0), seconds(1 << 63)], [30.0, 60.0]);
        assert!((40.8..40.87).contains(&seconds(u64::MAX / 10)));
        assert!((88.0..88.15).contains(&seconds(u64::MAX / 10 * 9)));
        assert!((119.9..120.0).contains(&seconds(u64::MAX)));
    }
}
