//! At most so many requests a second, evenly spread, in order of arrival.

use std::{num::NonZeroU32, time::Duration};

use tokio::sync::Mutex;

use crate::driver::clock::Moment;

/// Hands out turns. What was not used is not saved up: after a pause there is no burst.
pub(crate) struct Pace {
    gap: Duration,
    /// When the next turn is. The lock is the queue: tokio hands it on in order of arrival.
    next: Mutex<Option<Moment>>,
}

impl Pace {
    /// No limit for `None`.
    pub(crate) fn new(requests_per_second: Option<NonZeroU32>) -> Self {
        let gap = requests_per_second.map(|requests| Duration::from_secs(1) / requests.get());
        Self {
            gap: gap.unwrap_or_default(),
            next: Mutex::new(None),
        }
    }

    /// Waits for a turn. Whoever stops waiting has used none.
    pub(crate) async fn turn(&self) {
        if self.gap.is_zero() {
            return;
        }
        let mut next = self.next.lock().await;
        if let Some(next) = *next {
            next.reached().await;
        }
        *next = Some(Moment::now() + self.gap);
    }
}
