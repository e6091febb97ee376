//! What lasts longer than a call: a gateway without a route, a cache, connections that end politely, a clock
//! that is off, and a service that says ends of its own.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use fastrand::Rng;

use super::fault::{self, Answer};

/// What is between the client and the service in one session.
pub(crate) struct Surroundings {
    /// How far the service's clock is ahead, in milliseconds.
    clock_off: i64,
    /// Which request of a connection is its last.
    ends_every: u64,
    requests: u64,
    gateway: Gateway,
    /// When the service has other words for an end.
    other_words: Range<Duration>,
    /// Which of the spellings of 404 it has.
    spelling: usize,
    /// The cache takes two addresses that differ in their query for two.
    heeds_query: bool,
    kept: BTreeMap<String, Duration>,
}

/// When a gateway has no route to the service.
enum Gateway {
    /// At every second lookup of a create.
    Alternating(BTreeMap<String, u64>),
    Away {
        from: Duration,
        until: Duration,
    },
}

/// How long a cache keeps what it has.
const KEPT: Duration = Duration::from_secs(60);

impl Surroundings {
    pub(crate) fn new(rng: &mut Rng, calm_from: Duration) -> Self {
        let minutes = rng.i64(1..=50) * if rng.bool() { 1 } else { -1 };
        let from = Duration::from_secs(rng.u64(..calm_from.as_secs()));
        let gateway = match rng.bool() {
            true => Gateway::Alternating(BTreeMap::new()),
            false => Gateway::Away {
                from,
                until: from + Duration::from_secs(rng.u64(10..200)),
            },
        };
        let other_words = Duration::from_secs(rng.u64(..calm_from.as_secs()));
        Self {
            other_words: other_words..other_words + Duration::from_secs(rng.u64(10..120)),
            clock_off: minutes * 60_000,
            ends_every: rng.u64(2..9),
            requests: 0,
            gateway,
            spelling: rng.usize(..8),
            heeds_query: rng.bool(),
            kept: BTreeMap::new(),
        }
    }

    pub(crate) fn clock_off(&self) -> i64 {
        self.clock_off
    }

    /// Whether the connection ends before it has read this request.
    pub(crate) fn ends(&mut self) -> bool {
        self.requests += 1;
        self.requests.is_multiple_of(self.ends_every)
    }

    /// Whether the gateway answers this query in place of the service.
    pub(crate) fn is_away(&mut self, owner: &str, now: Duration) -> bool {
        match &mut self.gateway {
            Gateway::Alternating(turns) => {
                let turn = turns.entry(owner.to_owned()).or_default();
                *turn += 1;
                *turn % 2 == 0
            }
            Gateway::Away { from, until } => (*from..*until).contains(&now),
        }
    }

    /// Whether the service says an end in other words.
    pub(crate) fn has_other_words(&self, now: Duration) -> bool {
        self.other_words.contains(&now)
    }

    pub(crate) fn gateway_answer(&self) -> Answer {
        fault::gateway_not_found(self.spelling)
    }

    /// The cache sees a miss.
    pub(crate) fn keep(&mut self, address: &str, now: Duration) {
        let address = self.kept_under(address);
        let is_kept = |at: &Duration| now < *at + KEPT;
        if !self.kept.get(&address).is_some_and(is_kept) {
            self.kept.insert(address, now);
        }
    }

    /// What the cache answers, and since when it has it.
    pub(crate) fn kept(&self, address: &str, now: Duration) -> Option<(Answer, Duration)> {
        let at = *self.kept.get(&self.kept_under(address))?;
        let age = now.checked_sub(at).filter(|age| *age < KEPT)?;
        Some((fault::kept_not_found(age), at))
    }

    fn kept_under(&self, address: &str) -> String {
        let path = address.split('?').next().filter(|_| !self.heeds_query);
        path.unwrap_or(address).to_owned()
    }
}
