//! A generation that its caller and the readers of its notices drive together: whoever is polled makes it
//! continue, and wakes the others when there is something for them.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker, ready},
};

#[cfg(feature = "blocking")]
use kirin_types::ExternalTaskId;
use kirin_types::Task;

#[cfg(feature = "blocking")]
use super::plan::Start;
use super::{Client, plan::Plan, run::run_generation, shared_progress::SharedProgress};
use crate::Error;
use crate::lock::lock;
#[cfg(feature = "blocking")]
use crate::machine::{Cause, Outcome, Withheld};

/// The number of the caller among those who drive; each stream has another one.
pub(super) const CALLER: u64 = 0;

pub(super) struct Driving {
    pub(super) progress: Arc<SharedProgress>,
    state: Mutex<State>,
    wakers: Arc<Wakers>,
    /// Someone wanted to drive it while someone else did.
    was_missed: AtomicBool,
    /// The caller has dropped it.
    is_stopped: AtomicBool,
}

enum State {
    Ended(Result<Box<Task>, Error>),
    Planned(Client, Box<Plan>),
    Running(Pin<Box<dyn Future<Output = Result<Task, Error>> + Send>>),
    Stopped,
}

impl Driving {
    pub(super) fn new(client: Client, plan: Plan, tags: Vec<String>) -> Self {
        Self {
            progress: Arc::new(SharedProgress::new(tags)),
            state: Mutex::new(State::Planned(client, Box::new(plan))),
            wakers: Arc::default(),
            was_missed: AtomicBool::new(false),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// Drives it on behalf of `who`. Ready at its end, and when it was stopped.
    pub(super) fn poll(&self, who: u64, context: &mut Context<'_>) -> Poll<()> {
        self.wakers.register(who, context.waker());
        let Some(mut state) = self.try_state_or_miss() else {
            return Poll::Pending;
        };
        let before = self.progress.locked().count();
        let driven = self.drive(&mut state);
        drop(state);
        let was_missed = self.was_missed.swap(false, Ordering::SeqCst);
        if driven.is_ready() || was_missed || self.progress.locked().count() != before {
            self.wakers.wake_all_but(who);
        }
        self.give_up_if_stopped();
        driven
    }

    /// The end, for the caller: as often as it is asked for.
    pub(super) fn poll_end(&self, context: &mut Context<'_>) -> Poll<Result<Task, Error>> {
        ready!(self.poll(CALLER, context));
        match &*self.locked() {
            State::Ended(ended) => Poll::Ready(ended.clone().map(|task| *task)),
            // The caller stops it by dropping it, and polls it no more.
            _ => Poll::Pending,
        }
    }

    /// What it has come to, for a caller who must not drive it.
    #[cfg(feature = "blocking")]
    pub(super) fn refused(&self, withheld: Withheld, id: Option<&ExternalTaskId>) -> Error {
        let (outcome, handle) = match (&*self.locked(), self.progress.handle(), id) {
            (State::Planned(_, plan), _, _) => {
                let handle = plan.start.handle().cloned();
                (plan.start.withheld(withheld), handle)
            }
            (_, Some(handle), _) => {
                let outcome = Start::Resume(handle.clone()).withheld(withheld);
                (outcome, Some(handle))
            }
            (_, None, Some(id)) => (withheld.outcome_in_doubt(id), None),
            (_, None, None) => {
                let cause = Cause::Withheld(withheld);
                (Outcome::NotCreated { cause }, None)
            }
        };
        match handle {
            Some(handle) => Error::of(outcome).with_handle(handle),
            None => Error::of(outcome),
        }
    }

    /// The caller is gone: nothing continues, and nothing more is told.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.give_up_if_stopped();
        self.wakers.wake_all_but(CALLER);
    }

    pub(super) fn forget(&self, who: u64) {
        self.wakers.forget(who);
    }

    fn drive(&self, state: &mut State) -> Poll<()> {
        if self.is_stopped.load(Ordering::SeqCst) {
            return Poll::Ready(());
        }
        if let State::Planned(..) = state
            && let State::Planned(client, plan) = std::mem::replace(state, State::Stopped)
        {
            let run = run_generation(client, *plan, Arc::clone(&self.progress));
            *state = State::Running(Box::pin(run));
        }
        let State::Running(running) = state else {
            return Poll::Ready(());
        };
        let waker = Waker::from(Arc::clone(&self.wakers));
        let ended = ready!(running.as_mut().poll(&mut Context::from_waker(&waker)));
        *state = State::Ended(ended.map(Box::new));
        Poll::Ready(())
    }

    /// Where someone is at it while it is stopped, that one does this.
    fn give_up_if_stopped(&self) {
        if self.is_stopped.load(Ordering::SeqCst)
            && let Some(mut state) = self.try_state()
        {
            let given_up = std::mem::replace(&mut *state, State::Stopped);
            drop(state);
            // What it holds may call back in here when it is dropped.
            drop(given_up);
        }
    }

    /// Whoever is at it now wakes who missed it. Asked twice, because it may have left in between.
    fn try_state_or_miss(&self) -> Option<MutexGuard<'_, State>> {
        self.try_state().or_else(|| {
            self.was_missed.store(true, Ordering::SeqCst);
            self.try_state()
        })
    }

    fn try_state(&self) -> Option<MutexGuard<'_, State>> {
        match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Everybody who was polled since the last wake.
#[derive(Default)]
struct Wakers(Mutex<Vec<(u64, Waker)>>);

impl Wakers {
    fn register(&self, who: u64, waker: &Waker) {
        let mut wakers = self.locked();
        match wakers.iter_mut().find(|(other, _)| *other == who) {
            Some((_, known)) => known.clone_from(waker),
            None => wakers.push((who, waker.clone())),
        }
    }

    fn forget(&self, who: u64) {
        self.locked().retain(|(other, _)| *other != who);
    }

    fn wake_all_but(&self, who: u64) {
        let mut wakers = self.locked();
        let woken: Vec<_> = wakers.extract_if(.., |(other, _)| *other != who).collect();
        // Who is woken may come back here at once.
        drop(wakers);
        woken.into_iter().for_each(|(_, waker)| waker.wake());
    }

    fn locked(&self) -> MutexGuard<'_, Vec<(u64, Waker)>> {
        lock(&self.0)
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        let woken = std::mem::take(&mut *self.locked());
        woken.into_iter().for_each(|(_, waker)| waker.wake());
    }
}
