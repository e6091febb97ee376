//! Ledgers of this process that are being closed. Closing waits for the disk, and for other processes, so
//! whoever drops the last handle leaves it to the ledger's own thread.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long is waited for them. A ledger waits as long for another process.
const LONGEST: Duration = Duration::from_secs(30);

static CLOSING: Mutex<Vec<(PathBuf, Arc<AtomicBool>)>> = Mutex::new(Vec::new());
static CLOSED: Condvar = Condvar::new();

/// Whether the thread of a ledger has closed it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closing(Arc<AtomicBool>);

/// Held by the thread: it is closed when this is dropped.
pub(crate) struct Open(Arc<AtomicBool>);

impl Closing {
    pub(crate) fn open(&self) -> Open {
        Open(Arc::clone(&self.0))
    }

    /// No one holds the ledger any more.
    pub(crate) fn begin(&self, path: &Path) {
        let mut closing = locked();
        if !self.0.load(Ordering::Acquire) {
            closing.push((path.into(), Arc::clone(&self.0)));
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut closing = locked();
        self.0.store(true, Ordering::Release);
        closing.retain(|(_, is_closed)| !Arc::ptr_eq(is_closed, &self.0));
        CLOSED.notify_all();
    }
}

/// Waits until those at this path are closed, or all; `false` if that takes too long.
pub(crate) fn wait(path: Option<&Path>) -> bool {
    let is_meant = |(at, _): &(PathBuf, _)| path.is_none_or(|path| at == path);
    let is_closing = |closing: &mut Vec<_>| closing.iter().any(is_meant);
    let waited = CLOSED.wait_timeout_while(locked(), LONGEST, is_closing);
    let waited = waited.unwrap_or_else(PoisonError::into_inner);
    !waited.1.timed_out()
}

fn locked() -> MutexGuard<'static, Vec<(PathBuf, Arc<AtomicBool>)>> {
    CLOSING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;
    use crate::Ledger;

    /// It would find the creates of the former one under way.
    #[test]
    fn next_ledger_of_the_same_process_waits_for_the_former_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let closing = Closing::default();
        let open = closing.open();
        closing.begin(&crate::location::resolve(&path).unwrap());
        let (told, opened) = mpsc::channel();
        let opening = thread::spawn(move || {
            let ledger = Ledger::open(path).unwrap();
            told.send(()).unwrap();
            drop(ledger);
        });
        let at_once = opened.recv_timeout(Duration::from_millis(300));
        assert!(at_once.is_err(), "the former one is not closed");
        drop(open);
        opened.recv_timeout(LONGEST).unwrap();
        opening.join().unwrap();
    }
}
