//! The one way to write a property in this workspace, and the secrets that tests may use.
//!
//! A property says what holds for every value of a [`Strategy`](proptest::strategy::Strategy):
//!
//! ```no_run
//! use kirin_tests::proptest::prelude::*;
//!
//! // In a test program this is a `#[test]` in a module named `prop`.
//! fn reversing_twice_changes_nothing() {
//!     kirin_tests::property!(any::<Vec<u8>>(), |bytes| {
//!         let mut twice = bytes.clone();
//!         twice.reverse();
//!         twice.reverse();
//!         prop_assert_eq!(twice, bytes);
//!         Ok(())
//!     });
//! }
//! # reversing_twice_changes_nothing();
//! ```
//!
//! The command sets the number of cases and the seed, never the test:
//! `cargo xtask prop --cases 10000 --seed 7`, or the variables `PROPTEST_CASES` (default 256) and
//! `PROPTEST_RNG_SEED`. The seed of a failed case is written to a folder `regressions`
//! beside the folder of the test's crate root. Commit it: it runs again each time.

/// The examples of the documents compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../../docs/rust.md")]
struct Documents;

pub mod canary;
mod property;
mod report;

pub use proptest;

pub use crate::property::Property;
