//! Running the cases.

use super::{JournalMaker, Report, apart, at_once, bench::Bench, dropped, random, scenes};

/// Holds the journals that `maker` makes against the contract. It takes some seconds where each write is
/// durable, within a tokio runtime with time.
///
/// The module `journal_conformance` has an example.
pub async fn check(maker: impl JournalMaker) -> Report {
    let mut bench = Bench {
        maker: &maker,
        findings: Vec::new(),
    };
    random::check(&mut bench).await;
    at_once::check(&mut bench).await;
    scenes::check(&mut bench).await;
    apart::check(&mut bench).await;
    dropped::check(&mut bench).await;
    Report(bench.findings)
}
