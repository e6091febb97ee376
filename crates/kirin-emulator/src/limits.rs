//! How much a caller may ask for at once.

use crate::EmulatorConfig;

/// What an emulator says of its limits in headers. The service documents none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitHeaders {
    /// `Retry-After` where a limit is reached, and `X-RateLimit-Limit`, `X-RateLimit-Remaining` and
    /// `X-RateLimit-Reset` (in seconds) in every answer that the rate limit is counted for.
    All,
    /// Nothing.
    Nothing,
    /// `Retry-After` in whole seconds where a limit is reached, the default.
    #[default]
    RetryAfter,
}

impl EmulatorConfig {
    /// Sets how many calls of the API are answered in each second; if never called, all of them. The
    /// seconds are counted from the start, and downloads do not count. What is more is refused with
    /// HTTP 429 and the code `RATE_LIMIT_EXCEEDED`; 0 refuses everything.
    ///
    /// ```
    /// use kirin_emulator::{EmulatorConfig, LimitHeaders};
    ///
    /// let config = EmulatorConfig::new()
    ///     .rate_limit(10)
    ///     .parallel_limit(3)
    ///     .limit_headers(LimitHeaders::Nothing);
    /// # let _ = config;
    /// ```
    pub fn rate_limit(mut self, calls_per_second: u32) -> Self {
        self.rate_limit = Some(calls_per_second);
        self
    }

    /// Sets how many tasks may be in progress at once; if never called, any number. A task counts
    /// from its create to its end, and a create beyond the limit is refused with HTTP 429 and
    /// Kling's code 1303; 0 refuses every create.
    pub fn parallel_limit(mut self, tasks: usize) -> Self {
        self.parallel_limit = Some(tasks);
        self
    }

    /// Sets what is said of the limits in headers.
    pub fn limit_headers(mut self, headers: LimitHeaders) -> Self {
        self.limit_headers = headers;
        self
    }
}
