//! How many tasks of one client run at the service at once.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::driver::clock::{Moment, within};

/// A limit that adapts: one step down when the service refuses another parallel task, one step up
/// after as many tasks have ended as may run. Whoever came first goes first, also after a refusal.
pub(crate) struct Parallel(Arc<Mutex<State>>);

/// Where the limit was learned and no place became free for so long, the first in the queue asks the
/// service all the same: a task that nobody waits for may have ended long ago.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

struct State {
    /// No limit is known as long as it is the largest number.
    limit: usize,
    /// What the caller allows.
    most: usize,
    running: usize,
    ended_at_this_limit: usize,
    arrivals: u64,
    waiting: BTreeMap<u64, Waker>,
    /// When the last one entered.
    entered_at: Moment,
}

/// The place of one generation in the order of arrival.
pub(crate) struct Place {
    state: Arc<Mutex<State>>,
    number: u64,
    is_inside: bool,
}

impl Parallel {
    /// At most `most` at once.
    pub(crate) fn new(most: Option<NonZeroU32>) -> Self {
        let most = most.and_then(|most| usize::try_from(most.get()).ok());
        let most = most.unwrap_or(usize::MAX);
        Self(Arc::new(Mutex::new(State {
            limit: most,
            most,
            running: 0,
            ended_at_this_limit: 0,
            arrivals: 0,
            waiting: BTreeMap::new(),
            entered_at: Moment::now(),
        })))
    }

    /// A place behind all that came before.
    pub(crate) fn arrive(&self) -> Place {
        let mut state = locked(&self.0);
        state.arrivals += 1;
        Place {
            number: state.arrivals,
            state: Arc::clone(&self.0),
            is_inside: false,
        }
    }
}

impl Place {
    /// Waits until another task may run. Whoever stops waiting makes room for the next.
    pub(crate) async fn enter(&mut self) {
        while !self.is_inside {
            let patience = locked(&self.state).patience();
            let waiting = Waiting(self);
            let entered = within(patience, poll_fn(|context| waiting.poll(context))).await;
            let entered = entered.is_some() || waiting.lose_patience();
            drop(waiting);
            self.is_inside = entered;
        }
    }

    /// A task that runs already takes its place without asking.
    pub(crate) fn enter_at_once(&mut self) {
        if !self.is_inside {
            locked(&self.state).enter();
            self.is_inside = true;
        }
    }

    /// The service refused the task because too many run: it waits outside for its next attempt.
    pub(crate) fn refused(&mut self) {
        let mut state = locked(&self.state);
        let one_less = state.running.saturating_sub(1);
        state.limit = state.limit.min(one_less).max(1);
        state.ended_at_this_limit = 0;
        drop(state);
        self.leave();
    }

    /// The task has ended at the service.
    pub(crate) fn ended(&mut self) {
        let mut state = locked(&self.state);
        state.ended_at_this_limit += 1;
        if state.ended_at_this_limit >= state.limit && state.limit < state.most {
            state.limit += 1;
            state.ended_at_this_limit = 0;
        }
        drop(state);
        self.leave();
    }

    /// Gives the place inside to the next.
    pub(crate) fn leave(&mut self) {
        if std::mem::take(&mut self.is_inside) {
            let mut state = locked(&self.state);
            state.running -= 1;
            state.wake_next();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// In the queue, and out of it when dropped.
struct Waiting<'a>(&'a Place);

impl Waiting<'_> {
    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = locked(&self.0.state);
        let number = self.0.number;
        state.waiting.insert(number, context.waker().clone());
        if !state.is_first(number) || !state.has_room() {
            return Poll::Pending;
        }
        state.waiting.remove(&number);
        state.enter();
        state.wake_next();
        Poll::Ready(())
    }

    /// Enters above the learned limit, as the first in the queue, if nobody has entered for so long.
    fn lose_patience(&self) -> bool {
        let mut state = locked(&self.0.state);
        let is_long_ago = Moment::now().since(state.entered_at) >= PATIENCE;
        let is_allowed = state.running < state.most;
        let enters = is_long_ago && is_allowed && state.is_first(self.0.number);
        if enters {
            state.waiting.remove(&self.0.number);
            state.enter();
        }
        enters
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = locked(&self.0.state);
        if state.waiting.remove(&self.0.number).is_some() {
            state.wake_next();
        }
    }
}

impl State {
    fn is_first(&self, number: u64) -> bool {
        let first = self.waiting.first_key_value();
        first.is_some_and(|(first, _)| *first == number)
    }

    fn has_room(&self) -> bool {
        self.running < self.limit
    }

    /// How long the next in the queue waits for a free place before it looks again.
    fn patience(&self) -> Duration {
        let patience = (self.entered_at + PATIENCE).since(Moment::now());
        match patience.is_zero() {
            true => PATIENCE,
            false => patience,
        }
    }

    fn enter(&mut self) {
        self.running += 1;
        self.entered_at = Moment::now();
    }

    fn wake_next(&self) {
        if self.has_room()
            && let Some((_, waker)) = self.waiting.first_key_value()
        {
            waker.wake_by_ref();
        }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
