//! Work that blocks, on threads that may: a future that waits for the disk stops no other one.

use std::{
    io,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::{sync::watch, task::spawn_blocking};

use super::DownloadError;
use crate::clock::within;
use crate::lock::lock;

/// How long a download waits for what dropped ones have left behind.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Runs `work` to its end, on a thread that may block. Whoever stops waiting leaves it behind.
///
/// # Errors
///
/// Those of `work`; or the runtime is shutting down, and it was not begun.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DownloadError> + Send + 'static,
) -> Result<T, DownloadError> {
    let (ending, ended) = watch::channel(());
    let mut waiting = Waiting(Some(ended));
    // Whatever drops what comes of it drops the sender after it: until then it may hold a lock.
    let (done, _ending) = match spawn_blocking(move || (work(), ending)).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => {
                let detail = "the disk cannot be used any more";
                return Err(DownloadError::disk(detail, io::Error::other(error)));
            }
        },
    };
    waiting.0 = None;
    done
}

/// Tells of the end of work as long as someone waits for it.
struct Waiting(Option<watch::Receiver<()>>);

impl Drop for Waiting {
    fn drop(&mut self) {
        left_behind().extend(self.0.take());
    }
}

/// Work of dropped downloads of this process that has not ended yet.
#[derive(Debug)]
pub(super) struct LeftBehind(Vec<watch::Receiver<()>>);

static LEFT_BEHIND: Mutex<Vec<watch::Receiver<()>>> = Mutex::new(Vec::new());

impl LeftBehind {
    /// What there is now.
    pub(super) fn now() -> Self {
        Self(left_behind().clone())
    }

    /// Waits until all of it has ended; `false` if there was none, or if it takes too long.
    pub(super) async fn ends(self) -> bool {
        let is_none = self.0.is_empty();
        let ends = async {
            for mut left in self.0 {
                // Nothing is ever sent: it ends when the sender is dropped.
                while left.changed().await.is_ok() {}
            }
        };
        !is_none && within(LONGEST_WAIT, ends).await.is_some()
    }
}

/// The list, without what has ended.
fn left_behind() -> MutexGuard<'static, Vec<watch::Receiver<()>>> {
    let mut left = lock(&LEFT_BEHIND);
    left.retain(|it| it.has_changed().is_ok());
    left
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::mpsc, task::Poll};

    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_known_until_it_has_ended() {
        let (go_on, waits) = mpsc::channel::<()>();
        {
            let work = move || {
                let _ = waits.recv_timeout(LONGEST_WAIT);
                Ok(())
            };
            let mut work = pin!(on_disk(work));
            std::future::poll_fn(|context| {
                assert!(work.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
            assert!(LeftBehind::now().0.is_empty());
        }
        let left = LeftBehind::now();
        assert_eq!(left.0.len(), 1);
        go_on.send(()).unwrap();
        assert!(left.ends().await);
        assert!(!LeftBehind::now().ends().await, "there is none any more");
    }
}
