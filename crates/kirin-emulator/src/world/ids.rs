//! Ids and tokens out of the seed: the same seed gives the same ones, in the same order.

use std::{fmt, ops::Deref, str};

use crate::split_mix::next_number;

/// The generator. It has no state: everything is a function of the seed and a number.
#[derive(Debug)]
pub(super) struct Ids {
    seed: u64,
}

/// What a number is for, so that no two purposes share their numbers.
#[derive(Clone, Copy)]
enum Purpose {
    Request = 1,
    Signature = 2,
    Task = 3,
    Video = 4,
    TaskTime = 5,
    Callback = 6,
    KlingTask = 7,
    Fault = 16,
}

/// The alphabet of an xid: base 32 with the digits first.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// Lowest bytes of an xid, a counter: so no two tasks ever share an id.
const COUNTER_BITS: u32 = 24;

/// Length of an xid as it is written.
const XID_BYTES: usize = 20;

/// The id of a task. It is in the task itself, which is read often and from everywhere in the
/// memory: behind a pointer it would take twice as long.
#[derive(Clone, Copy, Debug)]
pub(super) struct TaskId([u8; XID_BYTES]);

impl TaskId {
    /// The numbers of the tasks that can have this id, from the lowest on; the counter in it says
    /// which.
    pub(super) fn numbers(id: &str) -> impl Iterator<Item = usize> + use<> {
        // The six last digits are 30 bits: what is left of the counter, and the four of padding.
        let digits = id.get(XID_BYTES - 6..XID_BYTES);
        let counter = digits.and_then(|digits| usize::from_str_radix(digits, 32).ok());
        let mask = (1 << COUNTER_BITS) - 1;
        let first = counter.map(|counter| (counter >> 4) & mask);
        first
            .into_iter()
            .flat_map(|first| (first..).step_by(1 << COUNTER_BITS))
    }
}

impl Deref for TaskId {
    type Target = str;

    fn deref(&self) -> &str {
        // Its digits are those of the alphabet, which is ASCII.
        str::from_utf8(&self.0).expect("ASCII")
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self)
    }
}

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Id of the task with this number: twelve bytes, written as an xid of 20 characters.
    pub(super) fn task(&self, number: u64) -> TaskId {
        let high = u128::from(self.draw(Purpose::Task, number, 0));
        let low = u128::from(self.draw(Purpose::Task, number, 1) & 0xff);
        let counter = u128::from(number) & ((1 << COUNTER_BITS) - 1);
        let bits = (high << 32) | (low << COUNTER_BITS) | counter;
        TaskId(base32_id(bits))
    }

    /// Id of the request with this number.
    pub(super) fn request_id(&self, number: u64) -> String {
        self.hexadecimal(Purpose::Request, number)
    }

    /// What makes the URL of a task's videos unguessable.
    pub(super) fn signature(&self, task: u64) -> String {
        self.hexadecimal(Purpose::Signature, task)
    }

    /// Seed of a task's videos.
    pub(super) fn video_seed(&self, task: u64) -> u64 {
        self.draw(Purpose::Video, task, 0)
    }

    /// What draws the time that a task takes.
    pub(super) fn task_time(&self, task: u64) -> u64 {
        self.draw(Purpose::TaskTime, task, 0)
    }

    /// Decides whether a rule of a scenario applies: at least 0 and below 1.
    pub(super) fn chance(&self, rule: u64, request: u64) -> f64 {
        // The highest 53 bits, which is what a float holds.
        let high = self.draw(Purpose::Fault, rule, request) >> 11;
        high as f64 / (1_u64 << 53) as f64
    }

    /// Decides which of several things a rule of a scenario does.
    pub(super) fn choice(&self, rule: u64, request: u64) -> u64 {
        scramble(self.draw(Purpose::Fault, rule, request))
    }

    /// What draws the wait after an attempt to call back about a task.
    pub(super) fn callback(&self, task: u64, attempt: u32) -> u64 {
        self.draw(Purpose::Callback, task, attempt.into())
    }

    /// Kling's id of a task: 18 digits, the first of which is 8.
    pub(super) fn kling_task(&self, task: u64) -> String {
        let digits = self.draw(Purpose::KlingTask, task, 0) % 100_000_000_000_000_000;
        format!("8{digits:017}")
    }

    fn hexadecimal(&self, purpose: Purpose, number: u64) -> String {
        let [high, low] = [0, 1].map(|word| u128::from(self.draw(purpose, number, word)));
        let bits = (high << 64) | low;
        // By hand, because every answer carries one and formatting takes several times as long.
        (0..32)
            .rev()
            .map(|index| {
                let digit = (bits >> (4 * index)) & 15;
                char::from(ALPHABET[digit as usize])
            })
            .collect()
    }

    fn draw(&self, purpose: Purpose, number: u64, word: u64) -> u64 {
        [purpose as u64, number, word]
            .into_iter()
            .fold(scramble(self.seed), |state, next| scramble(state ^ next))
    }
}

/// Writes 96 bits as 20 characters; the last one holds the one bit that is left.
fn base32_id(bits: u128) -> [u8; XID_BYTES] {
    let padded = bits << 4;
    std::array::from_fn(|index| {
        let digit = (padded >> (5 * (XID_BYTES - 1 - index))) & 31;
        ALPHABET[digit as usize]
    })
}

fn scramble(mut state: u64) -> u64 {
    next_number(&mut state)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_xid_is_its_bits_in_base_32() {
        let check = |bits, expected: &str| assert_eq!(&*TaskId(base32_id(bits)), expected);
        check(0, "00000000000000000000");
        check(1, "0000000000000000000g");
        check((1 << 96) - 1, "vvvvvvvvvvvvvvvvvvvg");
        check(1 << 91, "10000000000000000000");
    }

    #[test]
    fn an_id_says_which_number_it_can_have() {
        let ids = Ids::new(7);
        for number in [0, 1, 2, 999, (1 << COUNTER_BITS) - 1] {
            let mut numbers = TaskId::numbers(&ids.task(number));
            assert_eq!(numbers.next(), usize::try_from(number).ok());
        }
        let mut numbers = TaskId::numbers(&ids.task((1 << COUNTER_BITS) + 3));
        assert_eq!(numbers.nth(1), Some((1 << COUNTER_BITS) + 3));
        for id in ["", "order-42", "éééééééééé", "d5u5obte8783ap44wwww"] {
            assert_eq!(TaskId::numbers(id).next(), None, "{id}");
        }
    }

    #[test]
    fn ids_differ_by_number_seed_and_purpose() {
        let mut seen = HashSet::new();
        for seed in 0..20 {
            let ids = Ids::new(seed);
            for number in 0..500 {
                let texts = [
                    ids.task(number).to_string(),
                    ids.request_id(number),
                    ids.signature(number),
                ];
                assert!(texts.into_iter().all(|text| seen.insert(text)));
            }
        }
    }
}
