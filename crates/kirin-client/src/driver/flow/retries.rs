//! How often the generations of a client may repeat calls, all together.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::driver::clock::Moment;

/// A bucket of tokens for one lane. A repeated call takes one, a call that was answered gives one
/// back, and one comes back each second. Where there are none, repeated calls wait: a service in
/// trouble is not asked by all at once, and nothing is given up for want of a token.
pub(crate) struct Retries {
    tokens: Mutex<Tokens>,
    /// tokio hands it on in order of arrival.
    queue: tokio::sync::Mutex<()>,
}

struct Tokens {
    available: u32,
    refilled_at: Option<Moment>,
}

/// As many retries as the token buckets of the AWS SDKs allow from full: 500 tokens, 5 each.
const CAPACITY: u32 = 100;

/// One token comes back in this time.
const REFILL: Duration = Duration::from_secs(1);

impl Retries {
    pub(crate) fn new() -> Self {
        Self {
            tokens: Mutex::new(Tokens {
                available: CAPACITY,
                refilled_at: None,
            }),
            queue: tokio::sync::Mutex::new(()),
        }
    }

    /// Takes a token, and waits for one where there is none.
    pub(crate) async fn turn(&self) {
        let _queue = self.queue.lock().await;
        loop {
            let taken = self.locked().take(Moment::now());
            match taken {
                Ok(()) => return,
                Err(next) => next.reached().await,
            }
        }
    }

    /// Gives a token back: the service answers.
    pub(crate) fn answered(&self) {
        let mut tokens = self.locked();
        tokens.available = (tokens.available + 1).min(CAPACITY);
    }

    fn locked(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tokens {
    /// Takes one, or says when the next one comes.
    fn take(&mut self, now: Moment) -> Result<(), Moment> {
        let refilled_at = *self.refilled_at.get_or_insert(now);
        let refills = now.since(refilled_at).as_secs() / REFILL.as_secs();
        if refills > 0 {
            let refills = u32::try_from(refills).unwrap_or(CAPACITY).min(CAPACITY);
            self.available = (self.available + refills).min(CAPACITY);
            self.refilled_at = Some(now);
        }
        match self.available.checked_sub(1) {
            Some(rest) => {
                self.available = rest;
                Ok(())
            }
            None => Err(now + REFILL),
        }
    }
}
