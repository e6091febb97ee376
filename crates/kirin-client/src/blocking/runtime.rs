//! What async work needs while a thread waits for it.

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    future::Future,
    io,
    pin::pin,
    sync::{Arc, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    task::coop,
};

/// tokio's clock and connections, on a thread of their own, which ends with this.
pub(super) struct Runtime {
    handle: Handle,
    _until_dropped: oneshot::Sender<Infallible>,
}

impl Runtime {
    pub(super) fn start() -> io::Result<Self> {
        let (sender, started) = mpsc::sync_channel(1);
        let (until_dropped, dropped) = oneshot::channel();
        // It is made and dropped there: in an async task, to drop it is a panic.
        let run = move || match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                let _ = sender.send(Ok(runtime.handle().clone()));
                let _ = runtime.block_on(dropped);
            }
            Err(error) => drop(sender.send(Err(error))),
        };
        thread::Builder::new()
            .name("kirin-blocking".into())
            .spawn(run)?;
        let handle = started.recv().map_err(io::Error::other)??;
        Ok(Self {
            handle,
            _until_dropped: until_dropped,
        })
    }

    /// Polls `work` on this thread until it is done, so it may borrow, and what it calls is called here.
    ///
    /// # Errors
    ///
    /// This thread must not block. The work was not polled.
    pub(super) fn block_on<T>(&self, work: impl Future<Output = T>) -> Result<T, InAsyncTask> {
        InAsyncTask::check()?;
        let _context = self.handle.enter();
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut work = pin!(work);
        loop {
            match work.as_mut().poll(&mut context) {
                Poll::Ready(done) => return Ok(done),
                Poll::Pending => thread::park(),
            }
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

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

/// More than tokio lets a task do in one poll, which is 128.
const MORE_THAN_A_BUDGET: usize = 4096;

impl InAsyncTask {
    /// tokio gives a task a budget for each poll, and no budget to a thread that may block, as that of
    /// `spawn_blocking`: so where it comes to an end there is a task. It is all that tokio tells of it without a
    /// panic.
    fn check() -> Result<(), Self> {
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
