//! Who waits for which task, so that a callback can wake it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

/// The generations of a client that can be woken, by task id and by external task id.
#[derive(Default)]
pub(super) struct Wakes(Mutex<HashMap<Box<str>, Arc<Bell>>>);

/// Rung for everybody who waits under one id. However often it rings while nobody listens, the
/// next one to listen hears it once.
#[derive(Default)]
struct Bell {
    rung: AtomicU64,
    listeners: Notify,
}

/// One generation's place among the [`Wakes`], under one id.
pub(super) struct Sleeper {
    wakes: Arc<Wakes>,
    id: Box<str>,
    bell: Arc<Bell>,
    heard: u64,
}

impl Wakes {
    pub(super) fn listen(self: &Arc<Self>, id: &str) -> Sleeper {
        let bell = Arc::clone(self.locked().entry(id.into()).or_default());
        Sleeper {
            wakes: Arc::clone(self),
            id: id.into(),
            heard: bell.rung.load(Ordering::SeqCst),
            bell,
        }
    }

    /// Wakes who waits under this id. Whether there is anybody.
    pub(super) fn wake(&self, id: &str) -> bool {
        let Some(bell) = self.locked().get(id).cloned() else {
            return false;
        };
        bell.rung.fetch_add(1, Ordering::SeqCst);
        bell.listeners.notify_waiters();
        true
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Bell>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut bells = self.wakes.locked();
        // The map and this one: nobody else listens.
        if Arc::strong_count(&self.bell) <= 2 {
            bells.remove(&self.id);
        }
    }
}
