//! The download of one output as a pure state machine, after the manner of [`crate::machine`].
//!
//! ```text
//!            .--- redirect ---.
//!            |                v    a whole, a part     cut, stall
//!  start --> '---------- [ request ] ------> [ receive ] -----> ( wait ) --.
//!                          ^  ^  |  ^           |    |                     |
//!   [ refresh ] <- expired-|--|--'  |           |    '-> < finished >      |
//!        '-----------------'  |     '-----------|--------------------------'
//!                         [ discard ] <- wrong part, wrong bytes
//! ```
//!
//! Time comes in as the time that the actions took. What a caller does with the bytes in between
//! does not count, so that reading slowly is no stall.

use std::{num::NonZeroU32, time::Duration};

use bytes::Bytes;
use http::Uri;
use kirin_transport::BodyEnd;

use super::{
    DownloadErrorKind,
    action::{Action, Failure},
    content::{Content, Digest},
    event::{DownloadEvent, Event},
    judgement::Received,
    source::{self, Trusted},
};
use crate::{backoff::Backoff, machine::WrongEvent, signed_url::is_cut};

mod answer;

mod ending;

mod lag;
use lag::Lag;

/// Attempts in a row that bring nothing to keep, before the download is given up.
const MAX_ATTEMPTS: u32 = 5;

/// How long the head of an answer may take, and how long a body may bring less than a byte a
/// second: each byte buys a second, and no more than so many are saved up.
const STALL: Duration = Duration::from_secs(20);

/// What is fixed for a download.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// In place of [`MAX_ATTEMPTS`], where someone said so.
    pub(super) attempts: Option<NonZeroU32>,
    /// Whether what was received can be thrown away; bytes that were handed out cannot.
    pub(super) can_discard: bool,
    pub(super) is_video: bool,
    pub(super) jitter_seed: u64,
    /// How long the store may be late with the output.
    pub(super) lag: Duration,
    /// Most bytes of the whole.
    pub(super) max_bytes: u64,
    pub(super) trusted: Trusted,
}

#[derive(Debug)]
pub(super) struct Machine {
    settings: Settings,
    state: State,
    /// Where the output is, by the task.
    url: String,
    received: Received,
    /// How the end of the body at hand is known.
    body_end: BodyEnd,
    /// How the body at hand is encoded, where that is not undone.
    encoding: Option<String>,
    /// What the server calls it, where no video is called so.
    media_type: Option<String>,
    /// What came to an end before that did not show whether it was the whole.
    unproven: Option<(u64, Digest)>,
    /// What is unusual about what is finished.
    oddity: Option<String>,
    backoff: Backoff,
    lag: Lag,
    /// The latest elapsed time that was reported: time never goes back.
    now: Duration,
    /// Requests of the output, redirects not counted.
    requests: u32,
    /// Attempts in a row that brought nothing to keep.
    failures: u32,
    /// The most bytes that an attempt ended with and the next one could continue from.
    furthest: u64,
    has_refreshed: bool,
    has_started_over: bool,
    /// Whether the server said that the output is gone for good.
    is_gone: bool,
}

#[derive(Debug)]
enum State {
    Discarding(Then),
    Finished(Result<(), Failure>),
    Paused {
        until: Duration,
        then: Then,
    },
    Receiving {
        until: Duration,
    },
    Refreshing,
    Requesting {
        uri: Uri,
        redirects: u32,
        until: Duration,
    },
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Receive,
    Refresh,
    Request,
}

impl Machine {
    /// The download of what is at `url`, where `received` is there already.
    pub(super) fn new(url: String, received: Received, settings: Settings) -> Self {
        let mut machine = Self {
            body_end: BodyEnd::Closed,
            encoding: None,
            media_type: None,
            unproven: None,
            oddity: None,
            backoff: Backoff::new(settings.jitter_seed),
            lag: Lag::of(settings.lag),
            state: State::Refreshing,
            url,
            now: Duration::ZERO,
            requests: 0,
            failures: 0,
            furthest: received.bytes(),
            has_refreshed: false,
            has_started_over: false,
            is_gone: false,
            received,
            settings,
        };
        match machine.has_all() {
            true => machine.complete(),
            // The task came out of a journal, which keeps no queries.
            false if is_cut(&machine.url) => None,
            false => machine.request(),
        };
        machine
    }

    /// What is to be done next. Asking changes nothing.
    pub(super) fn action(&self) -> Action<'_> {
        match &self.state {
            State::Discarding(_) => Action::Discard,
            State::Finished(result) => Action::Finished(result),
            State::Paused { until, .. } => Action::Wait { until: *until },
            State::Receiving { until } => Action::Receive { until: *until },
            State::Refreshing => Action::Refresh,
            State::Requesting {
                uri,
                redirects,
                until,
            } => Action::Request {
                uri,
                range: self.received.range(),
                is_repeat: self.requests > 1 && *redirects == 0,
                until: *until,
            },
        }
    }

    /// What was received so far.
    pub(super) fn received(&self) -> &Received {
        &self.received
    }

    /// What is unusual about what is finished, as a sentence part.
    pub(super) fn unusual_structure(&self) -> Option<&str> {
        self.oddity.as_deref()
    }

    /// Reports the result of the action, after all actions took `elapsed`.
    ///
    /// # Errors
    ///
    /// The event does not answer the action, or ends its time too early; nothing has changed.
    pub(super) fn handle(
        &mut self,
        elapsed: Duration,
        event: Event,
    ) -> Result<Option<DownloadEvent>, WrongEvent> {
        let now = elapsed.max(self.now);
        match (&self.state, &event) {
            (State::Discarding(_), Event::Discarded)
            | (State::Receiving { .. }, Event::Received(_) | Event::Ended | Event::Failed(_))
            | (State::Refreshing, Event::Refreshed(_) | Event::Failed(_))
            | (State::Requesting { .. }, Event::Answered(_) | Event::Failed(_)) => {}
            (
                State::Paused { until, .. }
                | State::Receiving { until }
                | State::Requesting { until, .. },
                Event::TimedOut,
            ) if now >= *until => {}
            _ => return Err(WrongEvent),
        }
        self.now = now;
        Ok(match event {
            Event::Answered(head) => self.answered(&head),
            Event::Discarded => self.discarded(),
            Event::Ended => self.ended(),
            Event::Failed(reason) => self.broke_off(reason, None),
            Event::Received(data) => self.take(&data),
            Event::Refreshed(url) => self.refreshed(url),
            Event::TimedOut => self.timed_out(),
        })
    }

    fn take(&mut self, data: &Bytes) -> Option<DownloadEvent> {
        let State::Receiving { until } = &mut self.state else {
            return None;
        };
        if data.is_empty() {
            // Frames without data are no progress.
            return match self.now >= *until {
                true => self.timed_out(),
                false => None,
            };
        }
        let bought = Duration::from_secs(data.len() as u64);
        let latest = self.now.saturating_add(STALL);
        *until = until.saturating_add(bought).min(latest);
        self.received.content.feed(data);
        self.judge_content()
    }

    /// Ends what is too much or is certainly no output, as soon as that is known.
    fn judge_content(&mut self) -> Option<DownloadEvent> {
        let (bytes, total) = (self.received.bytes(), self.received.total);
        if bytes > total.unwrap_or(self.settings.max_bytes) {
            return self.too_large();
        }
        let page = self.received.content.beginning().page();
        match page.filter(|_| self.encoding.is_none()) {
            Some(page) if !self.may_be(page) => self.refuse_page(page.name()),
            _ => Some(DownloadEvent::Progress { bytes, total }),
        }
    }

    fn timed_out(&mut self) -> Option<DownloadEvent> {
        match self.state {
            State::Paused { then, .. } => self.go_on(then),
            State::Receiving { .. } => {
                // It counts as an attempt that brought nothing, or a trickle would never end.
                self.furthest = self.furthest.max(self.received.bytes());
                let reason = format!("less than a byte a second came for {} s", STALL.as_secs());
                self.broke_off(reason, None)
            }
            _ => self.broke_off("the server took too long".into(), None),
        }
    }

    fn go_on(&mut self, then: Then) -> Option<DownloadEvent> {
        match then {
            Then::Receive => self.receive(),
            Then::Refresh => self.state = State::Refreshing,
            Then::Request => return self.request(),
        }
        None
    }

    fn receive(&mut self) {
        self.state = State::Receiving {
            until: self.now.saturating_add(STALL),
        };
    }

    fn request(&mut self) -> Option<DownloadEvent> {
        match source::checked(&self.url, &self.settings.trusted) {
            Ok(uri) => {
                self.requests = self.requests.saturating_add(1);
                self.state = State::Requesting {
                    uri,
                    redirects: 0,
                    until: self.now.saturating_add(STALL),
                };
                None
            }
            Err(reason) => self.fail(DownloadErrorKind::RefusedUrl, reason),
        }
    }

    fn refreshed(&mut self, url: Option<String>) -> Option<DownloadEvent> {
        let Some(url) = url else {
            return self.not_there("the service gives no other URL for it");
        };
        // One that was cut was known to be of no use.
        let has_expired = !is_cut(&self.url);
        self.url = url;
        match self.request() {
            None if !has_expired => None,
            None => (!self.lag.has_begun()).then_some(DownloadEvent::RefreshedUrl),
            refused => refused,
        }
    }

    fn discarded(&mut self) -> Option<DownloadEvent> {
        let State::Discarding(then) = self.state else {
            return None;
        };
        self.received.content = Content::default();
        self.go_on(then);
        let total = self.received.total;
        matches!(then, Then::Receive).then_some(DownloadEvent::Started { total })
    }

    /// An attempt came to nothing, or to a part: wait, and continue from there.
    fn broke_off(&mut self, reason: String, hint: Option<Duration>) -> Option<DownloadEvent> {
        if self.has_all() {
            return self.complete();
        }
        let can_go_on = self.received.bytes() == 0 || self.received.etag.is_some();
        if !self.settings.can_discard && !can_go_on {
            let detail = format!("the download broke off and cannot be resumed: {reason}");
            return self.fail(DownloadErrorKind::Network, detail);
        }
        if self.received.etag.is_some() && self.received.bytes() > self.furthest {
            self.furthest = self.received.bytes();
            self.failures = 0;
            self.has_refreshed = false;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.settings.attempts.map_or(MAX_ATTEMPTS, NonZeroU32::get) {
            let detail = format!("the download broke off: {reason}");
            return self.fail(DownloadErrorKind::Network, detail);
        }
        let then = match self.state {
            State::Refreshing => Then::Refresh,
            _ => Then::Request,
        };
        let wait = self.backoff.delay(self.failures, hint);
        self.state = State::Paused {
            until: self.now.saturating_add(wait),
            then,
        };
        let because = reason;
        Some(DownloadEvent::Retrying { because, wait })
    }

    /// Throws away what is there and asks for the whole; once.
    fn start_over(&mut self, kind: DownloadErrorKind, reason: &str) -> Option<DownloadEvent> {
        let was_there = self.received.bytes() > 0;
        if was_there && !self.settings.can_discard {
            let detail = format!("{reason}, and what was handed out cannot be taken back");
            return self.fail(DownloadErrorKind::Changed, detail);
        }
        if self.has_started_over {
            return self.fail(kind, format!("{reason}, once more"));
        }
        self.has_started_over = true;
        self.received.etag = None;
        self.received.total = None;
        self.received.announced = None;
        self.state = State::Discarding(Then::Request);
        let because = reason.into();
        Some(DownloadEvent::Restarted { because })
    }

    fn too_large(&mut self) -> Option<DownloadEvent> {
        let max = self.settings.max_bytes;
        let limit = self.received.total.unwrap_or(max).min(max);
        let detail = format!("more than {limit} bytes came, or were announced");
        self.fail(DownloadErrorKind::TooLarge, detail)
    }

    fn fail(
        &mut self,
        kind: DownloadErrorKind,
        detail: impl Into<String>,
    ) -> Option<DownloadEvent> {
        let detail = detail.into();
        self.state = State::Finished(Err(Failure { kind, detail }));
        None
    }
}

#[cfg(test)]
mod tests;
