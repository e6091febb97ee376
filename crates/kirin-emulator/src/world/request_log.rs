//! What was received and what became of it, without the secrets in it.

use std::{borrow::Cow, collections::VecDeque, time::Duration};

use http::{HeaderMap, Method, Request, header};
use serde::Serialize;

use super::{faults::Fired, redaction};
use crate::{Scope, scenario::FiredRule};

/// A request that the emulator received, and what became of it.
///
/// Keys and signatures are not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// Its place in the order of their ends, counted from 1.
    pub number: u64,
    /// Time from the start of the emulator, in milliseconds.
    pub elapsed_ms: u64,
    /// The method, at most 20 characters of it.
    pub method: Cow<'static, str>,
    /// Path and query, at most 200 characters of them, without what may be secret.
    pub target: String,
    /// The `Host` header: which name the caller thinks that it talks to.
    pub host: Option<String>,
    /// Whether it carried an `Authorization` header.
    pub has_key: bool,
    /// Which rules of a scenario can be for it; none for what is neither about tasks nor videos.
    pub scope: Option<Scope>,
    /// The status of the answer. None if there is no answer, or if it is a video that the server
    /// is still rendering.
    pub status: Option<u16>,
    /// The id of the task that it created, queried or downloaded from.
    pub task: Option<String>,
    /// The rule that applied to it.
    pub fault: Option<FiredRule>,
}

/// The latest requests, the oldest first.
#[derive(Debug, Default)]
pub(super) struct RequestLog {
    count: u64,
    latest: VecDeque<LoggedRequest>,
}

/// How many requests are kept.
const KEPT: usize = 1000;

/// Longest method that is kept, in characters.
const METHOD_CHARACTERS: usize = 20;

impl LoggedRequest {
    /// The head of a request, before anything became of it.
    pub(super) fn new<T>(elapsed: Duration, request: &Request<T>, scope: Option<Scope>) -> Self {
        let headers = request.headers();
        Self {
            number: 0,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            method: method(request.method()),
            target: redaction::target(request.uri(), headers),
            host: host(headers),
            has_key: headers.contains_key(header::AUTHORIZATION),
            scope,
            status: None,
            task: None,
            fault: None,
        }
    }
}

impl FiredRule {
    pub(super) fn new(fired: Fired) -> Self {
        Self {
            rule: fired.index,
            fault: fired.rule.fault(),
            why: fired.why,
        }
    }
}

impl RequestLog {
    /// Adds a request and gives its number.
    pub(super) fn push(&mut self, mut request: LoggedRequest) -> u64 {
        self.count += 1;
        request.number = self.count;
        if self.latest.len() == KEPT {
            self.latest.pop_front();
        }
        self.latest.push_back(request);
        self.count
    }

    /// Says how the request with this number was answered, if it is still kept.
    pub(super) fn answered(&mut self, number: u64, status: u16) {
        let behind = self.count.checked_sub(number);
        let place = behind
            .and_then(|behind| usize::try_from(behind).ok())
            .and_then(|behind| self.latest.len().checked_sub(1 + behind));
        if let Some(request) = place.and_then(|place| self.latest.get_mut(place)) {
            request.status = Some(status);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &LoggedRequest> {
        self.latest.iter()
    }
}

fn method(method: &Method) -> Cow<'static, str> {
    match *method {
        // Nearly every request is one of these.
        Method::GET => "GET".into(),
        Method::POST => "POST".into(),
        _ => {
            // A method is ASCII.
            let name = method.as_str();
            name.get(..METHOD_CHARACTERS)
                .unwrap_or(name)
                .to_owned()
                .into()
        }
    }
}

fn host(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    Some(redaction::shorten(
        &redaction::without_key(host, headers),
        redaction::CHARACTERS,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_requests_are_kept() {
        let mut log = RequestLog::default();
        let request = LoggedRequest::new(Duration::ZERO, &Request::new(()), None);
        for number in 1..=1500 {
            assert_eq!(log.push(request.clone()), number);
        }
        let numbers: Vec<_> = log.iter().map(|request| request.number).collect();
        assert_eq!(numbers, (501..=1500).collect::<Vec<_>>());
    }

    #[test]
    fn the_answer_is_said_of_the_right_request() {
        let mut log = RequestLog::default();
        let request = LoggedRequest::new(Duration::ZERO, &Request::new(()), None);
        for number in 1..=1500 {
            log.push(request.clone());
            log.answered(number, 200);
        }
        for number in [0, 1, 500, 1501, u64::MAX] {
            log.answered(number, 500);
        }
        log.answered(501, 404);
        let statuses: Vec<_> = log.iter().map(|request| request.status).collect();
        assert_eq!(statuses[0], Some(404));
        assert!(statuses[1..].iter().all(|status| *status == Some(200)));
    }
}
