//! A store that is late: the task is completed, and its file is not there yet.

use std::time::Duration;

use super::{
    super::{DownloadErrorKind, event::DownloadEvent},
    Machine, State, Then,
};

const FIRST_WAIT: Duration = Duration::from_secs(1);

const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How much longer a file may take to be there.
#[derive(Debug)]
pub(super) struct Lag {
    left: Duration,
    next: Duration,
}

impl Lag {
    pub(super) fn of(lag: Duration) -> Self {
        Self {
            left: lag,
            next: FIRST_WAIT,
        }
    }

    /// Whether it has been waited for.
    pub(super) fn has_begun(&self) -> bool {
        self.next > FIRST_WAIT
    }

    /// The next wait; each is twice as long as the one before it, up to the longest.
    fn wait(&mut self) -> Option<Duration> {
        let wait = self.next.min(self.left);
        self.left -= wait;
        self.next = (self.next * 2).min(LONGEST_WAIT);
        (!wait.is_zero()).then_some(wait)
    }
}

impl Machine {
    /// The store has no such file, or does not give it: the URL has expired, or it is too early.
    pub(super) fn missing(&mut self, reason: &str) -> Option<DownloadEvent> {
        match self.has_refreshed {
            true => self.not_there(reason),
            false => {
                self.has_refreshed = true;
                self.state = State::Refreshing;
                None
            }
        }
    }

    /// Another URL did not help, or there is none: waits for the store, and asks the task again.
    pub(super) fn not_there(&mut self, reason: &str) -> Option<DownloadEvent> {
        let is_late = !self.is_gone && !self.settings.lag.is_zero();
        let wait = self.lag.wait().filter(|_| is_late);
        if let Some(wait) = wait {
            self.state = State::Paused {
                until: self.now.saturating_add(wait),
                then: Then::Refresh,
            };
            let because = format!("the output is not there yet: {reason}");
            return Some(DownloadEvent::Retrying { because, wait });
        }
        match is_late {
            true => {
                let detail = format!("the output is not there: {reason}");
                self.fail(DownloadErrorKind::NotYetThere, detail)
            }
            false => {
                let detail = format!("the output has expired at the service: {reason}");
                self.fail(DownloadErrorKind::Expired, detail)
            }
        }
    }
}
