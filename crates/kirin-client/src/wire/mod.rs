//! What goes over the wire, as pure functions: requests are encoded and answers decoded here, and
//! nowhere else.
//!
//! An [`Endpoint`] makes a [`Call`], and [`Call::read`] makes an [event](crate::machine::Event) of what came
//! of it, in one step: unasked compression undone, bounds kept, the key taken out, the clocks read. Every
//! possible answer is put into one of a few kinds, because the machine decides by kind: see
//! [`CreateAnswer`] and [`QueryAnswer`]. What can be read of a damaged answer is read, and no one learns
//! from one that nothing was created.

mod endpoint;
pub use endpoint::{Endpoint, InvalidEndpoint};

mod call;
pub(crate) use call::Asked;
pub use call::{Call, Exchange};

mod default_headers;
pub use default_headers::InvalidDefaultHeaders;

mod create_answer;
pub use create_answer::CreateAnswer;

mod gzip;
pub(crate) use gzip::without_gzip;

mod query_answer;
pub use query_answer::{Probe, QueryAnswer};

mod redaction;

mod refusal;
pub(crate) use refusal::date;
#[cfg(feature = "tokio")]
pub(crate) use refusal::retry_after;
pub use refusal::{Refusal, Trouble, UnreadableAnswer};

use http::StatusCode;

/// Most bytes taken of a JSON answer: 1 MiB.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Most bytes taken of the body of a refusal: 64 KiB.
pub const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Most bytes taken of the body of an answer with this status.
pub(crate) fn answer_limit(status: StatusCode) -> usize {
    match status.is_success() {
        true => MAX_ANSWER_BYTES,
        false => MAX_ERROR_BYTES,
    }
}
