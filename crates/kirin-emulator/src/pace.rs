//! How fast the time of an emulator passes.

use std::{num::NonZeroU32, time::Duration};

/// How fast the time of an emulator passes. [`Emulator::advance`](crate::Emulator::advance) makes
/// any of them jump.
///
/// Whoever waits for an emulator that is faster waits less: a task of a minute takes a second under
/// `Faster(60)`. What an answer says in seconds, such as `Retry-After`, is the emulator's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "time stands, passes as it does, or faster: there is no fourth"
)]
pub enum Pace {
    /// So many times as fast as on the wall.
    Faster(NonZeroU32),
    /// It stands still until it is advanced.
    Frozen,
    /// As on the wall, the default.
    #[default]
    Real,
}

impl Pace {
    /// How much of the emulator's time passes in `real` time.
    ///
    /// ```
    /// use std::{num::NonZeroU32, time::Duration};
    ///
    /// use kirin_emulator::Pace;
    ///
    /// let second = Duration::from_secs(1);
    /// let minute = NonZeroU32::new(60).map(Pace::Faster).unwrap();
    /// assert_eq!(minute.elapsed(second).as_secs(), 60);
    /// assert_eq!(Pace::Frozen.elapsed(second), Duration::ZERO);
    /// assert_eq!(Pace::default().elapsed(second), second);
    /// ```
    pub fn elapsed(self, real: Duration) -> Duration {
        match self {
            Self::Faster(factor) => real.saturating_mul(factor.get()),
            Self::Frozen => Duration::ZERO,
            Self::Real => real,
        }
    }

    /// How long to wait for `emulated` time to pass; time that stands is waited for as if it passed,
    /// because whoever advances it does so in the meantime.
    ///
    /// ```
    /// use std::{num::NonZeroU32, time::Duration};
    ///
    /// use kirin_emulator::Pace;
    ///
    /// let minute = NonZeroU32::new(60).map(Pace::Faster).unwrap();
    /// assert_eq!(minute.real(Duration::from_secs(60)).as_secs(), 1);
    /// assert_eq!(Pace::Frozen.real(Duration::from_secs(60)).as_secs(), 60);
    /// ```
    pub fn real(self, emulated: Duration) -> Duration {
        match self {
            Self::Faster(factor) => emulated / factor.get(),
            Self::Frozen | Self::Real => emulated,
        }
    }
}
