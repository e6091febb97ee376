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

/// The 404s by what was asked for, and when they were answered.
#[derive(Debug, Default)]
pub(super) struct Kept(HashMap<String, (Duration, Response<Bytes>)>);

impl Kept {
    /// The answer that is kept for this call.
    pub(super) fn find(&self, call: &Call<'_>, fired: Option<&Fired>) -> Option<Reply> {
        let fired = fired?;
        let (answered, response) = self.0.get(&key(call, fired)?)?;
        let age = call.elapsed().saturating_sub(*answered);
        if age >= fired.rule.duration(KEPT_MILLISECONDS) {
            return None;
        }
        let reply = Reply::Response(response.clone());
        Some(match fired.rule.fault() {
            Fault::CachedNotFound => reply.with_header(header::AGE, &age.as_secs().to_string()),
            _ => reply,
        })
    }

    /// Keeps the answer to this call, if it is to be kept.
    pub(super) fn keep(&mut self, call: &Call<'_>, fired: Option<&Fired>, reply: &Reply) {
        let key = fired.and_then(|fired| key(call, fired));
        if let (Some(key), Reply::Response(response)) = (key, reply)
            && response.status() == StatusCode::NOT_FOUND
        {
            if self.0.len() >= KEPT {
                self.0.clear();
            }
            self.0.insert(key, (call.elapsed(), response.clone()));
        }
    }
}

/// What an answer is kept by; `None` if no one keeps any.
fn key(call: &Call<'_>, fired: &Fired) -> Option<String> {
    match fired.rule.fault() {
        Fault::CachedNotFound => Some(call.path().into()),
        Fault::StaleNotFound => Some(format!("{}?{}", call.path(), call.query())),
        _ => None,
    }
}
