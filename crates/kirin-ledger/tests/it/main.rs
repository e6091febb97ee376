//! Tests of the ledger.

mod accounts;
mod another_process;
mod backup;
mod budget;
mod claims;
mod closing;
mod conformance;
mod crash;
mod damaged;
mod entries;
mod file;
mod operations;
mod place;
mod prop;
mod replaced;
mod snap;
mod support;
