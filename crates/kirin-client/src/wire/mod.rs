//! What goes over the wire, as pure functions: requests are encoded and answers decoded here, and
//! nowhere else.
//!
//! The decoders put every possible answer into one of a few kinds, because the machine decides by
//! kind: see [`CreateAnswer`] and [`QueryAnswer`]. They read what can be read of a damaged answer, and
//! never learn from one that nothing was created.

mod endpoint;
pub use endpoint::{Endpoint, InvalidEndpoint};

mod create_answer;
pub use create_answer::CreateAnswer;

mod gzip;
pub use gzip::without_gzip;

mod query_answer;
pub use query_answer::{Probe, QueryAnswer};

mod redaction;

mod refusal;
pub use refusal::{Refusal, Trouble, UnreadableAnswer};
#[cfg(feature = "tokio")]
pub(crate) use refusal::{date, retry_after};

/// Most bytes taken of a JSON answer: 1 MiB.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Most bytes taken of the body of a refusal: 64 KiB.
pub const MAX_ERROR_BYTES: usize = 64 * 1024;
