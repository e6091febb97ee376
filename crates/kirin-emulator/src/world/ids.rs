//! Ids and tokens out of the seed: the same seed gives the same ones, in the same order.

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

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Id of the task with this number: twelve bytes, written as an xid of 20 characters.
    pub(super) fn task(&self, number: u64) -> String {
        let high = u128::from(self.draw(Purpose::Task, number, 0));
        let low = u128::from(self.draw(Purpose::Task, number, 1) & 0xff);
        let counter = u128::from(number) & ((1 << COUNTER_BITS) - 1);
        let bits = (high << 32) | (low << COUNTER_BITS) | counter;
        xid(bits)
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
        let [first, second] = [0, 1].map(|word| self.draw(purpose, number, word));
        format!("{first:016x}{second:016x}")
    }

    fn draw(&self, purpose: Purpose, number: u64, word: u64) -> u64 {
        [purpose as u64, number, word]
            .into_iter()
            .fold(scramble(self.seed), |state, next| scramble(state ^ next))
    }
}

/// Writes 96 bits as 20 characters; the last one holds the one bit that is left.
fn xid(bits: u128) -> String {
    let padded = bits << 4;
    (0..20)
        .rev()
        .map(|index| {
            let digit = (padded >> (5 * index)) & 31;
            char::from(ALPHABET[digit as usize])
        })
        .collect()
}

/// One step of the generator SplitMix64 (Steele, Lea and Flood, 2014).
fn scramble(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_xid_is_its_bits_in_base_32() {
        let check = |bits, expected: &str| assert_eq!(xid(bits), expected);
        check(0, "00000000000000000000");
        check(1, "0000000000000000000g");
        check((1 << 96) - 1, "vvvvvvvvvvvvvvvvvvvg");
        check(1 << 91, "10000000000000000000");
    }

    #[test]
    fn ids_differ_by_number_seed_and_purpose() {
        let mut seen = HashSet::new();
        for seed in 0..20 {
            let ids = Ids::new(seed);
            for number in 0..500 {
                let texts = [
                    ids.task(number),
                    ids.request_id(number),
                    ids.signature(number),
                ];
                assert!(texts.into_iter().all(|text| seen.insert(text)));
            }
        }
    }
}
