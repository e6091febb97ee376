//! Who waits for which task, so that a callback can wake it.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::lock::lock;
use kirin_types::{Callback, ExternalTaskId, TaskId};
use tokio::sync::Notify;

/// How many ids no one listened for are remembered.
const UNHEARD: usize = 256;

/// The generations that callbacks can wake, of one client or of several: whoever waits for a task, under
/// whichever key, is woken by one call. Clones share everything.
///
/// ```
/// use kirin_client::{Client, Wakes};
///
/// # let offline = || kirin_transport::from_fn(|_| async { unreachable!("nothing is sent") });
/// # let builder = |key: &str| Client::builder(key.parse().unwrap()).transport(offline());
/// let wakes = Wakes::new();
/// // `builder` is `Client::builder` with a customer's key.
/// let first = builder("key-of-the-first").wakes(&wakes).build()?;
/// let second = builder("key-of-the-second").wakes(&wakes).build()?;
///
/// // Where the body of a POST arrives:
/// let callback = kirin_types::Callback::from_json(br#"{"id":"d5u5obte8783ap44qtj0"}"#)?;
/// let woken = wakes.wake(&callback);
/// # assert!(!woken, "nobody waits for it");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Wakes(Arc<Mutex<Bells>>);

#[derive(Default)]
struct Bells {
    by_id: HashMap<Box<str>, Listened>,
    /// The latest ids that were rung for no one: a callback can name a task before the create's
    /// answer has given its id.
    unheard: VecDeque<Box<str>>,
}

/// A bell, and how many sleepers listen to it.
#[derive(Default)]
struct Listened {
    bell: Arc<Bell>,
    sleepers: usize,
}

/// Rung for everyone who waits under one id. However often it rings while no one listens, the
/// next one to listen hears it once.
#[derive(Default)]
struct Bell {
    rung: AtomicU64,
    listeners: Notify,
}

/// One generation's place among the [`Wakes`], under one id.
pub(super) struct Sleeper {
    wakes: Wakes,
    id: Box<str>,
    bell: Arc<Bell>,
    heard: u64,
}

impl Wakes {
    /// Those of clients that are built with it: [`ClientBuilder::wakes`](super::ClientBuilder::wakes).
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes the generations that wait for the task of a callback, as [`Client::wake`](crate::Client::wake) does for one client.
    /// Whether there was one.
    pub fn wake(&self, callback: &Callback) -> bool {
        let task_id = callback.task_id().map(TaskId::as_str);
        let external_task_id = callback.external_task_id().map(ExternalTaskId::as_str);
        let ids = [task_id, external_task_id].into_iter().flatten();
        // Each of them, so no short circuit.
        ids.filter(|id| self.ring(id)).count() > 0
    }

    /// Listens for wakes from now on, and for one that came before and was for no one.
    pub(super) fn listen(&self, id: &str) -> Sleeper {
        let mut bells = self.locked();
        let listened = bells.by_id.entry(id.into()).or_default();
        listened.sleepers += 1;
        let bell = Arc::clone(&listened.bell);
        let heard = bell.rung.load(Ordering::SeqCst);
        if let Some(place) = bells.unheard.iter().position(|unheard| **unheard == *id) {
            bells.unheard.remove(place);
            bell.rung.fetch_add(1, Ordering::SeqCst);
        }
        drop(bells);
        Sleeper {
            wakes: self.clone(),
            id: id.into(),
            heard,
            bell,
        }
    }

    /// Wakes who waits under this id. Whether there is anyone.
    fn ring(&self, id: &str) -> bool {
        let mut bells = self.locked();
        let Some(listened) = bells.by_id.get(id) else {
            bells.remember(id);
            return false;
        };
        let bell = Arc::clone(&listened.bell);
        // Whom it wakes may drop a sleeper.
        drop(bells);
        bell.rung.fetch_add(1, Ordering::SeqCst);
        bell.listeners.notify_waiters();
        true
    }

    fn locked(&self) -> MutexGuard<'_, Bells> {
        lock(&self.0)
    }
}

impl From<&Self> for Wakes {
    fn from(wakes: &Self) -> Self {
        wakes.clone()
    }
}

impl fmt::Debug for Wakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Wakes").finish_non_exhaustive()
    }
}

impl Bells {
    fn remember(&mut self, id: &str) {
        if self.unheard.iter().any(|unheard| **unheard == *id) {
            return;
        }
        if self.unheard.len() == UNHEARD {
            self.unheard.pop_front();
        }
        self.unheard.push_back(id.into());
    }
}

impl Sleeper {
    /// Waits until it is woken, by a wake that came since the last one that was heard.
    pub(super) async fn woken(&mut self) {
        loop {
            let listening = self.bell.listeners.notified();
            let rung = self.bell.rung.load(Ordering::SeqCst);
            if rung != self.heard {
                self.heard = rung;
                return;
            }
            listening.await;
        }
    }

    /// What comes after this answers every wake that came before.
    pub(super) fn catch_up(&mut self) {
        self.heard = self.bell.rung.load(Ordering::SeqCst);
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut bells = self.wakes.locked();
        if let Some(listened) = bells.by_id.get_mut(&self.id) {
            listened.sleepers -= 1;
            if listened.sleepers == 0 {
                bells.by_id.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Wake, Waker},
    };

    use super::*;

    type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Work that is dropped as soon as it is woken.
    #[derive(Default)]
    struct Fleeting(Mutex<Option<Work>>);

    impl Wake for Fleeting {
        fn wake(self: Arc<Self>) {
            let work = self.0.lock().unwrap().take();
            drop(work);
        }
    }

    #[test]
    fn a_sleeper_that_is_dropped_while_it_is_woken_leaves_nothing_behind() {
        let wakes = Wakes::new();
        let mut sleeper = wakes.listen("task-1");
        let mut work: Work = Box::pin(async move { sleeper.woken().await });
        let fleeting = Arc::new(Fleeting::default());
        let waker = Waker::from(Arc::clone(&fleeting));
        assert!(
            work.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        *fleeting.0.lock().unwrap() = Some(work);

        assert!(wakes.ring("task-1"));
        assert!(fleeting.0.lock().unwrap().is_none(), "it was woken");
        assert!(wakes.locked().by_id.is_empty());
        assert!(!wakes.ring("task-1"), "nobody listens any more");
    }

    #[test]
    fn an_id_is_kept_as_long_as_one_of_its_sleepers() {
        let wakes = Wakes::new();
        let (one, other) = (wakes.listen("task-1"), wakes.listen("task-1"));
        drop(one);
        assert!(wakes.ring("task-1"));
        drop(other);
        assert!(!wakes.ring("task-1"));
    }
}
