//! How much a caller may ask for at once.

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
