//! Why a thread must not block.

use std::{
    error::Error,
    fmt,
    task::{Context, Poll, Waker},
};

use tokio::{runtime::Handle, task::coop};

/// A blocking call in a task of tokio, which must not block: nothing was done.
///
/// ```
/// use kirin_client::{Client, blocking};
///
/// let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let client = Client::builder("any-key".parse()?).base_url("http://127.0.0.1:4010".parse()?).build()?;
/// let client = blocking::Client::new(client)?;
/// assert_eq!(client.block_on(async { 1 + 1 }), Ok(2));
/// runtime.block_on(async {
///     assert_eq!(client.block_on(async { 1 + 1 }), Err(blocking::InAsyncTask));
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "all that there is to say")]
pub struct InAsyncTask;

impl InAsyncTask {
    /// tokio gives a task a budget for each poll, and no budget to a thread that may block, as that of
    /// `spawn_blocking`: so where it comes to an end there is a task. It is all that tokio tells of it without a
    /// panic.
    pub(crate) fn check() -> Result<(), Self> {
        if Handle::try_current().is_err() {
            return Ok(());
        }
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..MORE_THAN_A_BUDGET {
            match coop::poll_proceed(&mut context) {
                Poll::Ready(taken) => taken.made_progress(),
                Poll::Pending => return Err(Self),
            }
        }
        Ok(())
    }
}

impl fmt::Display for InAsyncTask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a blocking call was made in an async task, which must not block")
    }
}

impl Error for InAsyncTask {}

/// More than tokio lets a task do in one poll, which is 128.
const MORE_THAN_A_BUDGET: usize = 4096;
