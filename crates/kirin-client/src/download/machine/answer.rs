//! What the head of an answer leads to.

use http::{StatusCode, response::Parts};
use kirin_transport::BodyEnd;

use super::{
    super::{
        DownloadErrorKind,
        event::DownloadEvent,
        gzip::is_gzip,
        judgement::{Judgement, other_type},
        source,
    },
    Machine, STALL, State, Then,
};

/// Redirects that are followed, each one checked.
const MAX_REDIRECTS: u32 = 5;

impl Machine {
    pub(super) fn answered(&mut self, head: &Parts) -> Option<DownloadEvent> {
        self.body_end = BodyEnd::of(&head.extensions);
        self.media_type = other_type(&head.headers);
        let was_encoded = self.encoding.take().is_some();
        match self.received.judge(head) {
            Judgement::Append { total, announced } => {
                self.received.total = Some(total);
                if announced.is_some() {
                    self.received.announced = announced;
                }
                self.receive_at_most(Some(total))?;
                let at = self.received.bytes();
                Some(DownloadEvent::Resumed { at, total })
            }
            Judgement::Encoded { encoding, total } => {
                // What is there already may be another encoding of it, and is worth more.
                let is_first = self.received.bytes() == 0 || was_encoded;
                match head.status == StatusCode::OK && is_first && self.settings.can_discard {
                    true => self.keep_encoded(encoding, total),
                    false => self.refuse_encoded(&encoding),
                }
            }
            Judgement::Gone => {
                self.is_gone = true;
                self.missing(&format!("HTTP {}", head.status))
            }
            Judgement::Missing => self.missing(&format!("HTTP {}", head.status)),
            Judgement::NoSuchRange { total } => self.no_such_range(total),
            Judgement::Redirect(location) => self.redirected(&location),
            Judgement::StartOver(reason) => self.start_over(DownloadErrorKind::Network, reason),
            Judgement::Trouble(reason, hint) => self.broke_off(reason, hint),
            Judgement::Whole {
                total,
                etag,
                announced,
            } => {
                let was_there = self.received.bytes() > 0;
                if was_there && !self.settings.can_discard {
                    let detail = "the output changed, and what was handed out cannot be taken back";
                    return self.fail(DownloadErrorKind::Changed, detail);
                }
                self.received.etag = etag;
                self.received.total = total;
                self.received.announced = announced;
                self.receive_at_most(total)?;
                if !was_there {
                    return Some(DownloadEvent::Started { total });
                }
                self.state = State::Discarding(Then::Receive);
                Some(DownloadEvent::Restarted {
                    because: "the server sent the whole output again".into(),
                })
            }
        }
    }

    /// What no one can undo here is received as it is, to be kept for someone who can.
    fn keep_encoded(&mut self, encoding: String, total: Option<u64>) -> Option<DownloadEvent> {
        self.encoding = Some(encoding);
        self.received.etag = None;
        self.received.total = total;
        self.received.announced = None;
        self.receive_at_most(total)?;
        if self.received.bytes() == 0 {
            return Some(DownloadEvent::Started { total });
        }
        self.state = State::Discarding(Then::Receive);
        None
    }

    fn refuse_encoded(&mut self, encoding: &str) -> Option<DownloadEvent> {
        // Without a range it is the whole that is compressed, and that can be undone.
        if is_gzip(encoding) && self.settings.can_discard {
            let reason = "the rest comes compressed with gzip, unasked";
            return self.start_over(DownloadErrorKind::Encoded, reason);
        }
        let detail = format!("the server sends it encoded as {encoding}, unasked");
        self.fail(DownloadErrorKind::Encoded, detail)
    }

    /// Continues to receive; `None` if the output is larger than allowed.
    fn receive_at_most(&mut self, total: Option<u64>) -> Option<()> {
        if total.is_some_and(|total| total > self.settings.max_bytes) {
            self.too_large();
            return None;
        }
        self.receive();
        Some(())
    }

    /// The whole may be there: a body whose length no one said broke after its last byte.
    fn no_such_range(&mut self, total: Option<u64>) -> Option<DownloadEvent> {
        let known = self.received.total.or(total);
        if known == Some(self.received.bytes()) && total.is_none_or(|total| Some(total) == known) {
            self.received.total = known;
            return self.complete();
        }
        let reason = "what was there is longer than the output";
        self.start_over(DownloadErrorKind::Network, reason)
    }

    fn redirected(&mut self, location: &str) -> Option<DownloadEvent> {
        let State::Requesting { uri, redirects, .. } = &self.state else {
            return None;
        };
        let redirects = redirects + 1;
        if redirects > MAX_REDIRECTS {
            let detail = format!("the output's URL is redirected more than {MAX_REDIRECTS} times");
            return self.fail(DownloadErrorKind::RefusedUrl, detail);
        }
        match source::redirected(uri, location, &self.settings.trusted) {
            Ok(uri) => {
                self.state = State::Requesting {
                    uri,
                    redirects,
                    until: self.now.saturating_add(STALL),
                };
                None
            }
            Err(reason) => self.fail(DownloadErrorKind::RefusedUrl, reason),
        }
    }
}
