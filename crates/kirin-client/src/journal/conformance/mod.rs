//! Checks any journal against the contract of [`Journal`](crate::Journal).
//!
//! [`check`] makes journals, writes what clients write, in random order and many at once, and reports
//! clause by clause. What is right is said by [`JournalEntry::apply`](crate::JournalEntry::apply). Nothing
//! is sent, and nothing needs the network. It runs on tokio; on a runtime of several threads, writes at
//! once are really at once.
//!
//! ```
//! use std::sync::Arc;
//!
//! use kirin_client::{Journal, MemoryJournal, journal_conformance};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // or one of your own
//! let make = || Arc::new(MemoryJournal::default()) as Arc<dyn Journal>;
//! let report = journal_conformance::check(make).await;
//! assert!(report.is_conforming(), "{report}");
//! # });
//! ```

mod bench;
pub use bench::JournalMaker;

mod check;
pub use check::check;

mod clause;
pub use clause::Clause;

mod report;
pub use report::{Finding, Report};

mod apart;
mod at_once;
mod dropped;
mod model;
mod random;
mod scenes;
