//! A receiver of callbacks: it reads which task one is about, and wakes who waits for it.

mod counts;
pub use counts::CallbackCounts;

mod path;

mod verdict;

mod receiver;
pub use receiver::{CallbackReceiver, CallbackReceiverBuilder};
