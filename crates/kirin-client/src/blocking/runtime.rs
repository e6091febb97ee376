//! What async work needs while a thread waits for it.

use std::{
    convert::Infallible,
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
};

use crate::in_async_task::InAsyncTask;

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
