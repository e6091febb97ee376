//! How often calls may be made, in order of arrival: the pace of requests, and that of retries.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::sync::Notify;

use crate::clock::{Moment, within};
use crate::lock::lock;

/// A bucket of tokens. Each turn takes one, and one comes back in each `refill`, until it is full.
/// Where there are none, whoever came first goes first; who stops waiting has taken none.
///
/// No one holds a lock while it waits: a generation that its caller does not poll cannot take its
/// turn, and the others pass it over.
pub(crate) struct Bucket {
    refill: Duration,
    /// How long a full bucket took to fill up, but for the last token.
    saved: Duration,
    queue: Mutex<Queue>,
}

struct Queue {
    /// When the bucket is full again, if nothing is taken meanwhile.
    full_at: Moment,
    /// When the last turn was taken, or given up for lost.
    moved_at: Moment,
    arrivals: u64,
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// As many retries as the token buckets of the AWS SDKs allow from full: 500 tokens, 5 each.
const RETRIES: u32 = 100;

/// One retry comes back in this time.
const RETRY_REFILL: Duration = Duration::from_secs(1);

impl Bucket {
    /// At most so many requests a second, evenly spread: what was not used is not saved up, so that
    /// no burst follows a pause. No limit for `None`.
    pub(crate) fn of_requests(requests_per_second: Option<NonZeroU32>) -> Self {
        let gap = requests_per_second.map(|requests| Duration::from_secs(1) / requests.get());
        Self::new(1, gap.unwrap_or_default())
    }

    /// For the repeated calls of one lane. A service in trouble is not asked by all at once, and
    /// nothing is given up because there is no token.
    pub(crate) fn of_retries() -> Self {
        Self::new(RETRIES, RETRY_REFILL)
    }

    fn new(capacity: u32, refill: Duration) -> Self {
        let now = Moment::now();
        Self {
            refill,
            saved: refill * (capacity - 1),
            queue: Mutex::new(Queue {
                full_at: now,
                moved_at: now,
                arrivals: 0,
                waiting: BTreeMap::new(),
            }),
        }
    }

    /// Takes a token, and waits for one where there is none.
    pub(crate) async fn wait_for_turn(&self) {
        if self.refill.is_zero() {
            return;
        }
        let place = Place::arrive(self);
        while let Err(rest) = place.take(Moment::now()) {
            within(rest, place.called.notified()).await;
        }
    }

    /// Gives a token back: the service answers.
    pub(crate) fn answered(&self) {
        let mut queue = self.locked();
        let now = Moment::now();
        queue.full_at = now + queue.full_at.since(now + self.refill);
        call(queue);
    }

    /// How long it takes until there is a token.
    fn wait(&self, queue: &Queue, now: Moment) -> Duration {
        queue.full_at.since(now + self.saved)
    }

    fn locked(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }
}

impl Queue {
    fn is_first(&self, number: u64) -> bool {
        let first = self.waiting.first_key_value();
        first.is_some_and(|(first, _)| *first == number)
    }
}

/// Calls the first in the queue, when the lock is released: whom it wakes may drop a place.
fn call(queue: MutexGuard<'_, Queue>) {
    let first = queue.waiting.first_key_value();
    let first = first.map(|(_, called)| Arc::clone(called));
    drop(queue);
    if let Some(first) = first {
        first.notify_one();
    }
}

/// In the queue, and out of it when dropped.
struct Place<'a> {
    bucket: &'a Bucket,
    number: u64,
    called: Arc<Notify>,
}

impl<'a> Place<'a> {
    /// Behind all that came before.
    fn arrive(bucket: &'a Bucket) -> Self {
        let mut queue = bucket.locked();
        queue.arrivals += 1;
        Self {
            bucket,
            number: queue.arrivals,
            called: Arc::default(),
        }
    }

    /// Takes a token if it is its turn, or says when to look again unless it is called before.
    fn take(&self, now: Moment) -> Result<(), Duration> {
        let refill = self.bucket.refill;
        let mut queue = self.bucket.locked();
        let wait = self.bucket.wait(&queue, now);
        let mut look_again = refill;
        // Who was passed over is back at its place as soon as it is polled.
        if !queue.waiting.contains_key(&self.number) {
            let before = u32::try_from(queue.waiting.len()).unwrap_or(u32::MAX);
            look_again = wait + refill.saturating_mul(before);
            queue.waiting.insert(self.number, Arc::clone(&self.called));
        }
        let is_lost = wait.is_zero() && now.since(queue.moved_at) >= refill * 2;
        let passes_over = is_lost && !queue.is_first(self.number);
        if passes_over {
            // The first in the queue had its turn, and nobody polls it.
            queue.waiting.pop_first();
            queue.moved_at = now;
        }
        let taken = match queue.is_first(self.number) {
            true if wait.is_zero() => {
                queue.waiting.remove(&self.number);
                queue.full_at = queue.full_at.max(now) + refill;
                queue.moved_at = now;
                Ok(())
            }
            true => Err(wait),
            false => Err(look_again),
        };
        if passes_over || taken.is_ok() {
            call(queue);
        }
        taken
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queue = self.bucket.locked();
        if queue.waiting.remove(&self.number).is_some() {
            call(queue);
        }
    }
}
