//! Running the cases.

use super::{Peer, Report, bench::Bench, cases};
use crate::Transport;

/// Holds `transport` against the contract, with servers that speak as `peer` does.
///
/// It takes some seconds, within a tokio runtime with time and I/O. A timeout of the transport's
/// own must not be shorter than a second.
///
/// The module `conformance` has an example.
pub async fn check(transport: &dyn Transport, peer: &Peer) -> Report {
    let bench = Bench::new(transport, peer);
    cases::status::check(&bench).await;
    cases::head::check(&bench).await;
    cases::sent::check(&bench).await;
    cases::goodbyes::check(&bench).await;
    cases::attempts::check(&bench).await;
    cases::redirects::check(&bench).await;
    cases::request::check(&bench).await;
    cases::streaming::check(&bench).await;
    cases::cut::check(&bench).await;
    cases::dropping::check(&bench).await;
    cases::withdrawing::check(&bench).await;
    bench.into_report()
}
