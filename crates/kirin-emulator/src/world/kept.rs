//! A cache in front of the service that keeps what was not found.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode, header};

use super::{Call, Reply, faults::Fired};
use crate::Fault;

/// How long a 404 is kept unless a rule says otherwise.
const KEPT_MILLISECONDS: u64 = 60_000;

/// How many are kept; one more, and all are forgotten.
const KEPT: usize = 1000;

/// The 404s by the path that was asked for, and when they were answered.
#[derive(Debug, Default)]
pub(super) struct Kept(HashMap<String, (Duration, Response<Bytes>)>);

impl Kept {
    /// The answer that is kept for this call, with its age.
    pub(super) fn find(&self, call: &Call<'_>, fired: Option<&Fired>) -> Option<Reply> {
        let rule = &fired.filter(|fired| keeps(fired))?.rule;
        let (answered, response) = self.0.get(call.path())?;
        let age = call.elapsed().saturating_sub(*answered);
        (age < rule.duration(KEPT_MILLISECONDS)).then(|| {
            let age = age.as_secs().to_string();
            Reply::Response(response.clone()).with_header(header::AGE, &age)
        })
    }

    /// Keeps the answer to this call, if it is to be kept.
    pub(super) fn keep(&mut self, call: &Call<'_>, fired: Option<&Fired>, reply: &Reply) {
        let Reply::Response(response) = reply else {
            return;
        };
        if fired.is_some_and(keeps) && response.status() == StatusCode::NOT_FOUND {
            if self.0.len() >= KEPT {
                self.0.clear();
            }
            let kept = (call.elapsed(), response.clone());
            self.0.insert(call.path().into(), kept);
        }
    }
}

fn keeps(fired: &Fired) -> bool {
    fired.rule.fault() == Fault::CachedNotFound
}
