//! How an answer gets to the caller, where a fault has a say in it.

use std::time::Duration;

/// How an answer is sent that is not simply sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// Whole, so long after it is there.
    After(Duration),
    /// Whole, with `Connection: close`; then the connection is closed.
    Closing,
    /// Only so many bytes of it, its head included; in the middle of its body if there is no
    /// number. Then the connection is closed.
    Cut {
        /// The first byte that is not sent, counted from 0.
        at_byte: Option<u64>,
    },
    /// Its body a byte at a time.
    Drip {
        /// The time before each.
        every: Duration,
    },
    /// Whole, and then so many spaces as a part of its body.
    Padded {
        /// How many.
        spaces: u64,
    },
    /// Whole, as [`Closing`](Self::Closing), and all other connections are closed as well: an idle
    /// one at once, a busy one after its answer.
    Reloading,
}

/// How a request ends that is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoAnswer {
    /// The connection is closed.
    Close,
    /// The connection stays open for as long as the caller likes.
    Never,
    /// The connection is reset.
    Reset,
}
