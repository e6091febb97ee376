//! Who waits for which task, so that a callback can wake it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

/// How many ids nobody listened for are remembered.
const UNHEARD: usize = 256;

/// The generations of a client that can be woken, by task id and by external task id.
#[derive(Default)]
pub(super) struct Wakes(Mutex<Bells>);

#[derive(Default)]
struct Bells {
    by_id: HashMap<Box<str>, Arc<Bell>>,
    /// The latest ids that were rung for nobody: a callback can name a task before the create's
    /// answer has told its id.
    unheard: VecDeque<Box<str>>,
}

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
    /// Listens for wakes from now on, and for one that came before and was for nobody.
    pub(super) fn listen(self: &Arc<Self>, id: &str) -> Sleeper {
        let mut bells = self.locked();
        let bell = Arc::clone(bells.by_id.entry(id.into()).or_default());
        let heard = bell.rung.load(Ordering::SeqCst);
        if let Some(place) = bells.unheard.iter().position(|unheard| **unheard == *id) {
            bells.unheard.remove(place);
            bell.rung.fetch_add(1, Ordering::SeqCst);
        }
        drop(bells);
        Sleeper {
            wakes: Arc::clone(self),
            id: id.into(),
            heard,
            bell,
        }
    }

    /// Wakes who waits under this id. Whether there is anybody.
    pub(super) fn wake(&self, id: &str) -> bool {
        let mut bells = self.locked();
        let Some(bell) = bells.by_id.get(id).cloned() else {
            bells.remember(id);
            return false;
        };
        drop(bells);
        bell.rung.fetch_add(1, Ordering::SeqCst);
        bell.listeners.notify_waiters();
        true
    }

    fn locked(&self) -> MutexGuard<'_, Bells> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub(super) fn hear(&mut self) {
        self.heard = self.bell.rung.load(Ordering::SeqCst);
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut bells = self.wakes.locked();
        // The map and this one: nobody else listens.
        if Arc::strong_count(&self.bell) <= 2 {
            bells.by_id.remove(&self.id);
        }
    }
}
