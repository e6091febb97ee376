//! What an undocumented status word means.
//!
//! Words plainly mean an end elsewhere by their beginning (`cancelled`, `expired`, `timed_out`), and
//! by what is beside them: an error, or an output. What says that the task continues never means
//! one. The last part of a word that says either decides: `queue_timeout` is an end,
//! `cancel_pending` is none.

use alloc::{string::String, vec::Vec};

/// Beginnings of words that mean an end (inferred: other services' words for it).
const ENDS: &[&str] = &[
    "abort",
    "block",
    "cancel",
    "crash",
    "declin",
    "delet",
    "denied",
    "discard",
    "error",
    "exceed",
    "exhaust",
    "expir",
    "fail",
    "forbid",
    "invalid",
    "killed",
    "moderated",
    "refus",
    "reject",
    "remov",
    "revok",
    "stop",
    "terminat",
    "timedout",
    "timeout",
    "unsuccess",
    "violat",
];

/// Beginnings of words that mean that the task continues, besides all that end in `ing`.
const GOES_ON: &[&str] = &[
    "paus", "progress", "queue", "retr", "schedul", "start", "suspend", "throttl", "wait",
];

/// A status word, taken apart.
pub(crate) struct StatusWord {
    /// In lower case; `timed_out`, `Timed Out` and `timedOut` are one.
    parts: Vec<String>,
}

/// What a status word means by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    End,
    GoesOn,
    Unknown,
}

impl StatusWord {
    pub(crate) fn new(status: &str) -> Self {
        let mut parts: Vec<String> = Vec::new();
        let (mut begins, mut was_lower) = (true, false);
        for character in status.chars() {
            let is_separator = !character.is_alphanumeric();
            begins |= is_separator || was_lower && character.is_uppercase();
            was_lower = character.is_lowercase();
            if is_separator {
                continue;
            }
            if begins {
                parts.push(String::new());
            }
            begins = false;
            if let Some(part) = parts.last_mut() {
                part.extend(character.to_lowercase());
            }
        }
        Self { parts }
    }

    /// All in one: two spellings of a word are equal.
    pub(crate) fn folded(&self) -> String {
        self.parts.concat()
    }

    pub(crate) fn meaning(&self) -> Meaning {
        let parts = self.parts.iter().map(String::as_str);
        let before = core::iter::once("").chain(parts.clone());
        let pairs: Vec<_> = before.zip(parts).collect();
        for (before, part) in pairs.into_iter().rev() {
            let is_time_out = part == "out" && matches!(before, "time" | "timed");
            let begins_with = |all: &[&str]| all.iter().any(|start| part.starts_with(start));
            if part.ends_with("ing") || begins_with(GOES_ON) {
                return Meaning::GoesOn;
            }
            if is_time_out || begins_with(ENDS) {
                return Meaning::End;
            }
        }
        Meaning::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meanings(words: &[&str]) -> Vec<Meaning> {
        words
            .iter()
            .map(|word| StatusWord::new(word).meaning())
            .collect()
    }

    #[test]
    fn words_for_an_end_mean_one_in_every_spelling() {
        let words = [
            "cancelled",
            "canceled",
            "CANCELLED",
            "Cancelled",
            "cancel",
            "JOB_STATE_CANCELLED",
            "task-cancelled",
            "user cancelled",
            "expired",
            "rejected",
            "timeout",
            "time_out",
            "timed_out",
            "timed-out",
            "Timed Out",
            "timedOut",
            "TIMEDOUT",
            "queue_timeout",
            "error",
            "ERRORED",
            "in_error",
            "fail",
            "failure",
            "processing_failed",
            "retry_failed",
            "aborted",
            "blocked",
            "denied",
            "terminated",
            "stopped",
            "deadline exceeded",
            "unsuccessful",
        ];
        for word in words {
            assert_eq!(meanings(&[word]), [Meaning::End], "{word}");
        }
    }

    #[test]
    fn words_for_going_on_never_mean_an_end() {
        let words = [
            "processing",
            "pending",
            "running",
            "queued",
            "queue",
            "in_queue",
            "in-queue",
            "IN QUEUE",
            "inQueue",
            "in progress",
            "in-progress",
            "InProgress",
            "waiting",
            "wait_for_gpu",
            "retrying",
            "retry",
            "cancelling",
            "canceling",
            "failed_retrying",
            "cancel_pending",
            "paused",
            "not_started",
            "error, retrying",
            "timeout_retrying",
        ];
        for word in words {
            assert_eq!(meanings(&[word]), [Meaning::GoesOn], "{word}");
        }
    }

    #[test]
    fn other_words_say_nothing_by_themselves() {
        let words = [
            "done",
            "finished",
            "ready",
            "who_knows",
            "accepted",
            "",
            "?",
            "out",
        ];
        for word in words {
            assert_eq!(meanings(&[word]), [Meaning::Unknown], "{word}");
        }
    }

    #[test]
    fn spellings_of_a_word_are_equal() {
        let words = [
            "timed_out",
            "Timed Out",
            "TIMED-OUT",
            " timedOut",
            "timedout",
        ];
        for word in words {
            assert_eq!(StatusWord::new(word).folded(), "timedout");
        }
    }
}
