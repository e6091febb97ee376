//! Running the cases.

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{Clause, Finding, Peer, Report, cases, clock::within};
use crate::Transport;

/// How long a case may take before it counts as broken.
const LIMIT: Duration = Duration::from_secs(3);

/// Holds `transport` against the contract, with servers that speak as `peer` does.
///
/// It takes some seconds, within a tokio runtime with time and I/O. A time-out of the transport's
/// own must not be shorter than a second.
///
/// The module `conformance` has an example.
pub async fn check(transport: &dyn Transport, peer: &Peer) -> Report {
    let bench = Bench {
        transport,
        peer,
        findings: Mutex::default(),
    };
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
    let findings = bench.findings.into_inner();
    Report(findings.unwrap_or_else(PoisonError::into_inner))
}

/// What the cases need, and where their outcomes go.
pub(super) struct Bench<'a> {
    pub(super) transport: &'a dyn Transport,
    pub(super) peer: &'a Peer,
    findings: Mutex<Vec<Finding>>,
}

impl Bench<'_> {
    /// Runs one case: its outcome is what is broken, if anything is.
    pub(super) async fn run(
        &self,
        clause: Clause,
        case: impl Into<String>,
        work: impl Future<Output = Outcome>,
    ) {
        let outcome = within(LIMIT, work).await;
        let outcome = outcome.unwrap_or_else(|| Err(format!("nothing came of it in {LIMIT:?}")));
        let finding = Finding {
            clause,
            case: case.into(),
            broken: outcome.err(),
        };
        let findings = self.findings.lock();
        findings
            .unwrap_or_else(PoisonError::into_inner)
            .push(finding);
    }
}

pub(super) type Outcome = Result<(), String>;

/// A sentence about what is broken, unless it is as expected.
pub(super) fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise()) }
}
