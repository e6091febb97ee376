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

mod cases;
mod clock;
mod connection;
mod http1;
mod http2;
mod server;
