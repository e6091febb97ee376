//! Checks any transport against the contract of [`Transport`](crate::Transport).
//!
//! [`check`] starts servers of raw bytes on 127.0.0.1, lets the transport talk to them, and reports
//! clause by clause. Nothing leaves the machine, and every case ends by itself.
//!
//! ```
//! use kirin_transport::{HyperTransport, conformance};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let transport = HyperTransport::plain(); // or one of your own
//! let report = conformance::check(&transport, &conformance::Peer::http1()).await;
//! assert!(report.is_conforming(), "{report}");
//! # });
//! ```
//!
//! # What each clause is for
//!
//! A client over a transport that breaks a clause about money may pay twice, or lose what was paid for. A
//! transport over an HTTP client that blocks a thread can keep all clauses but one.
//!
//! | clause | about money | over a blocking client | if it is broken |
//! |---|---|---|---|
//! | any status is Ok | no | kept | a refusal is in doubt, and has to be looked up |
//! | Err means no complete response head | yes | kept | an answer that nobody gave says that nothing was created |
//! | Sent::No only where the server cannot have acted | yes | kept | a create that was sent is sent again |
//! | one call is one attempt | yes | kept | the transport sends a create again |
//! | no redirect is followed | yes | kept | a create is sent again elsewhere, with the key |
//! | what is sent is what was asked | yes | kept | a create without its id cannot be found again |
//! | the body streams, as it came | no | kept | a download fills the memory, or cannot be checked |
//! | a body that was cut ends with an error | yes | kept | a cut video passes for the one that was paid for |
//! | dropping cancels | no | not kept | a connection is held longer than anybody waits |
//! | what was withdrawn never arrives | yes | kept | a create that was given up arrives later |
//!
//! So a transport over a blocking client is safe if [`Clause::needs_async`] holds of every clause that is
//! broken:
//!
//! ```
//! use kirin_transport::conformance::{Clause, Report};
//!
//! fn is_safe(report: &Report) -> bool {
//!     report.broken_clauses().into_iter().all(Clause::needs_async)
//! }
//! # let _ = is_safe;
//! ```
//!
//! Such a transport continues after it was dropped. Announce the body of each request to its
//! [`SendWatch`](crate::SendWatch), and withdraw it when the future is dropped: then what still connects
//! never leaves. Give the client timeouts of its own that are not longer than those of its caller.
//! The example `ureq_transport` of kirin-client does all this.

mod check;
pub use check::check;

mod clause;
pub use clause::Clause;

mod report;
pub use report::{Finding, Report};

mod peer;
#[cfg(any(feature = "rustls", feature = "ring"))]
pub use peer::InvalidCertificate;
pub use peer::Peer;

mod bench;
mod cases;
mod clock;
mod connection;
mod http1;
mod http2;
mod log;
mod server;
mod stream;
