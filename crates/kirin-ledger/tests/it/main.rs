//! Tests of the ledger.

mod budget;
mod claims;
mod crash;
mod entries;
mod file;
mod prop;
mod snap;
mod support;
