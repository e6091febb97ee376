//! How many tasks of one client run at the service at once.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    num::NonZeroU32,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::clock::{Moment, within};
use crate::lock::lock;

/// A limit that adapts: one step down when the service refuses another parallel task, one step up
/// after as many tasks have ended as may run. Whoever came first goes first, also after a refusal.
///
/// Whoever waits, for a place or for its turn to use one, looks at the queue in each [`LOOK`]. One that
/// has not looked for [`LOST`] is not polled by its caller: the others pass it over, and it is back in
/// its order when it is polled again.
pub(crate) struct Parallel(Arc<Mutex<State>>);

/// Where the limit was learned and no place became free for so long, the first in the queue asks the
/// service all the same: a task that no one waits for may have ended long ago.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How often whoever waits looks at the queue.
const LOOK: Duration = Duration::from_secs(1);

/// Who has not looked for so long is not polled.
const LOST: Duration = Duration::from_secs(2);

struct State {
    /// No limit is known as long as it is the largest number.
    limit: usize,
    /// What the caller allows.
    most: usize,
    /// Tasks that may run at the service.
    running: usize,
    ended_at_this_limit: usize,
    arrivals: u64,
    /// Who has a place and waits for its turn to use it, and when each has looked last.
    called: BTreeMap<u64, Moment>,
    waiting: BTreeMap<u64, Waiter>,
    /// When the last one entered.
    entered_at: Moment,
}

struct Waiter {
    waker: Waker,
    looked_at: Moment,
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
            called: BTreeMap::new(),
            waiting: BTreeMap::new(),
            entered_at: Moment::now(),
        })))
    }

    /// A place behind all that came before.
    pub(crate) fn arrive(&self) -> Place {
        let mut state = lock(&self.0);
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
    pub(crate) async fn called(&self) {
        if self.is_inside {
            return;
        }
        let waiting = Waiting {
            place: self,
            patient_until: lock(&self.state).patient_until(Moment::now()),
        };
        let called = || poll_fn(|context| waiting.poll(context));
        while within(LOOK, called()).await.is_none() {}
    }

    /// Waits for its turn, and keeps the place for it as long as this is polled.
    pub(crate) async fn keep_during(&self, turn: impl Future<Output = ()>) {
        let mut turn = pin!(turn);
        while within(LOOK, turn.as_mut()).await.is_none() {
            if let Some(looked_at) = lock(&self.state).called.get_mut(&self.number) {
                *looked_at = Moment::now();
            }
        }
    }

    /// Takes the place that it was called to; `false` if it was skipped, and another has that place.
    pub(crate) fn enter(&mut self) -> bool {
        let mut state = lock(&self.state);
        let is_called = state.called.remove(&self.number).is_some();
        if !self.is_inside && (is_called || state.has_room(Moment::now())) {
            state.enter();
            self.is_inside = true;
        }
        self.is_inside
    }

    /// A task that runs already takes its place without asking.
    pub(crate) fn enter_at_once(&mut self) {
        if !self.is_inside {
            lock(&self.state).enter();
            self.is_inside = true;
        }
    }

    /// The service refused the task because too many run: it waits outside for its next attempt.
    pub(crate) fn refused(&mut self) {
        let mut state = lock(&self.state);
        let one_less = state.running.saturating_sub(1);
        state.limit = state.limit.min(one_less).max(1);
        state.ended_at_this_limit = 0;
        drop(state);
        self.leave();
    }

    /// The task has ended at the service.
    pub(crate) fn ended(&mut self) {
        let mut state = lock(&self.state);
        state.ended_at_this_limit += 1;
        if state.ended_at_this_limit >= state.limit && state.limit < state.most {
            state.limit += 1;
            state.ended_at_this_limit = 0;
        }
        drop(state);
        self.leave();
    }

    /// Gives the place to the next.
    pub(crate) fn leave(&mut self) {
        let mut state = lock(&self.state);
        let was_called = state.called.remove(&self.number).is_some();
        let was_inside = std::mem::take(&mut self.is_inside);
        state.running -= usize::from(was_inside);
        if was_called || was_inside {
            call(state);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// In the queue, and out of it when dropped.
struct Waiting<'a> {
    place: &'a Place,
    patient_until: Moment,
}

impl Waiting<'_> {
    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let (number, now) = (self.place.number, Moment::now());
        let mut state = lock(&self.place.state);
        let waiter = Waiter {
            waker: context.waker().clone(),
            looked_at: now,
        };
        state.waiting.insert(number, waiter);
        let is_next = state.next(now) == Some(number);
        if !is_next || !(state.has_room(now) || state.loses_patience(self.patient_until, now)) {
            return Poll::Pending;
        }
        state.waiting.remove(&number);
        state.called.insert(number, now);
        call(state);
        Poll::Ready(())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.place.state);
        if state.waiting.remove(&self.place.number).is_some() {
            call(state);
        }
    }
}

impl State {
    /// The first in the queue that is polled, as far as is known.
    fn next(&self, now: Moment) -> Option<u64> {
        let mut waiting = self.waiting.iter();
        let next = waiting.find(|(_, waiter)| is_polled(waiter.looked_at, now));
        next.map(|(number, _)| *number)
    }

    fn has_room(&mut self, now: Moment) -> bool {
        if self.taken() >= self.limit {
            self.called
                .retain(|_, looked_at| is_polled(*looked_at, now));
        }
        self.taken() < self.limit
    }

    /// How long one that begins to wait now leaves the learned limit as it is, at least.
    fn patient_until(&self, now: Moment) -> Moment {
        match self.entered_at + PATIENCE {
            later if later > now => later,
            _ => now + PATIENCE,
        }
    }

    /// Whether one may enter above the learned limit, because no one has entered for so long.
    fn loses_patience(&self, patient_until: Moment, now: Moment) -> bool {
        let is_long_ago = now.since(self.entered_at) >= PATIENCE;
        is_long_ago && now >= patient_until && self.taken() < self.most
    }

    fn taken(&self) -> usize {
        self.running + self.called.len()
    }

    fn enter(&mut self) {
        self.running += 1;
        self.entered_at = Moment::now();
    }
}

fn is_polled(looked_at: Moment, now: Moment) -> bool {
    now.since(looked_at) < LOST
}

/// Wakes the next in the queue if there is room for it, when the lock is released: whom it wakes may drop a
/// place. Where no one seems to be polled, all will look by themselves.
fn call(mut state: MutexGuard<'_, State>) {
    let now = Moment::now();
    let next = state.next(now).filter(|_| state.has_room(now));
    let waker = next.and_then(|next| Some(state.waiting.get(&next)?.waker.clone()));
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
