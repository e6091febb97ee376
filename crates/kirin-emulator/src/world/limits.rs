//! The rate limit and the limit of parallel tasks.

use std::time::Duration;

use http::HeaderName;

use super::{Refusal, Reply, World};
use crate::LimitHeaders;

/// How many calls there were in a second.
#[derive(Debug, Default)]
pub(super) struct Rate {
    second: u64,
    calls: u32,
}

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

impl World {
    /// Counts a call, and refuses it if there were too many in this second.
    pub(super) fn check_rate(&mut self, elapsed: Duration) -> Result<(), Refusal> {
        let Some(limit) = self.config.rate_limit else {
            return Ok(());
        };
        if self.rate.second != elapsed.as_secs() {
            self.rate = Rate {
                second: elapsed.as_secs(),
                calls: 0,
            };
        }
        if self.rate.calls >= limit {
            // The next second begins within one.
            let retry_after = self.retry_after(Duration::from_secs(1));
            return Err(Refusal::RateLimited { retry_after });
        }
        self.rate.calls += 1;
        Ok(())
    }

    /// Refuses a create if too many tasks are in progress.
    pub(super) fn check_parallel(&self, elapsed: Duration) -> Result<(), Refusal> {
        match self.config.parallel_limit {
            Some(limit) if self.tasks.running() >= limit => {
                let next = self.tasks.due_next().unwrap_or_default();
                let retry_after = self.retry_after(next.saturating_sub(elapsed));
                Err(Refusal::ParallelLimited { retry_after })
            }
            _ => Ok(()),
        }
    }

    /// The answer to a call that was counted, with what is to be said of the rate.
    pub(super) fn with_rate(&self, reply: Reply) -> Reply {
        match (self.config.rate_limit, self.config.limit_headers) {
            (Some(limit), LimitHeaders::All) => {
                let remaining = limit.saturating_sub(self.rate.calls);
                reply
                    .with_header(LIMIT, &limit.to_string())
                    .with_header(REMAINING, &remaining.to_string())
                    .with_header(RESET, "1")
            }
            _ => reply,
        }
    }

    /// Whole seconds, at least one: less would be no back-off.
    fn retry_after(&self, wait: Duration) -> Option<u64> {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        (self.config.limit_headers != LimitHeaders::Nothing).then_some(seconds.max(1))
    }
}
