//! What each case is given, and where its outcome goes.

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{Clause, Finding, Peer, Report, clock::within};
use crate::Transport;
use crate::lock::lock;

/// How long a case may take before it counts as broken.
const LIMIT: Duration = Duration::from_secs(3);

/// What the cases need, and where their outcomes go.
pub(super) struct Bench<'a> {
    pub(super) transport: &'a dyn Transport,
    pub(super) peer: &'a Peer,
    findings: Mutex<Vec<Finding>>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(transport: &'a dyn Transport, peer: &'a Peer) -> Self {
        Self {
            transport,
            peer,
            findings: Mutex::default(),
        }
    }

    pub(super) fn into_report(self) -> Report {
        let findings = self.findings.into_inner();
        Report(findings.unwrap_or_else(PoisonError::into_inner))
    }

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
        lock(&self.findings).push(finding);
    }
}

pub(super) type Outcome = Result<(), String>;

/// A sentence about what is broken, unless it is as expected.
pub(super) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise()) }
}
