//! What the end of a body leads to.

use kirin_transport::BodyEnd;

use super::{
    super::{DownloadErrorKind, event::DownloadEvent, page::Page},
    Machine, State,
};

/// What the bytes are that came to an end.
enum Ending {
    /// The whole output, as far as anyone knows.
    Whole,
    /// All of it or not, encoded in this way: no one here can tell.
    Encoded(String),
    /// Certainly no output: what it is in its place.
    InItsPlace(&'static str),
    /// Perhaps not all of it: why.
    Unproven(String),
}

impl Machine {
    pub(super) fn ended(&mut self) -> Option<DownloadEvent> {
        match self.received.total {
            Some(total) if total != self.received.bytes() => {
                self.broke_off("the answer was cut off".into(), None)
            }
            _ => self.complete(),
        }
    }

    pub(super) fn has_all(&self) -> bool {
        self.received.total == Some(self.received.bytes())
    }

    /// The body came to its end: it may have been cut all the same, or been damaged on its way.
    pub(super) fn complete(&mut self) -> Option<DownloadEvent> {
        match self.ending() {
            Ending::Whole if self.is_intact() == Some(false) => self.is_damaged(),
            Ending::Whole => {
                self.oddity = self.what_is_odd();
                self.state = State::Finished(Ok(()));
                None
            }
            Ending::Encoded(encoding) => {
                let detail = format!("the server sends it encoded as {encoding}, unasked");
                self.fail(DownloadErrorKind::Encoded, detail)
            }
            Ending::InItsPlace(what) => self.refuse_page(what),
            Ending::Unproven(reason) => self.is_unproven(&reason),
        }
    }

    /// A length or a checksum proves that nothing was cut, and so does the end of the message itself,
    /// unless the boxes show a part that is missing. Only where the connection just closed do the
    /// boxes decide; other outputs than videos have none.
    fn ending(&self) -> Ending {
        if let Some(encoding) = &self.encoding {
            return Ending::Encoded(encoding.clone());
        }
        let content = &self.received.content;
        let page = content.beginning().page_if_all();
        if let Some(page) = page.filter(|page| !self.may_be(*page)) {
            return Ending::InItsPlace(page.name());
        }
        let has_end = self.has_all() || self.body_end == BodyEnd::Framed;
        if content.bytes() == 0 && has_end {
            return Ending::InItsPlace("nothing");
        }
        if self.has_all() || self.is_intact() == Some(true) {
            return Ending::Whole;
        }
        let is_video = self.settings.is_video;
        let unproven = match self.body_end {
            BodyEnd::Framed => content.missing_part().filter(|_| is_video),
            BodyEnd::Closed if is_video => content.show_the_end().err(),
            BodyEnd::Closed => Some("the server did not say how long it is".into()),
        };
        unproven.map_or(Ending::Whole, Ending::Unproven)
    }

    /// Whether the bytes fit the checksum that the server gave, if it gave one.
    fn is_intact(&self) -> Option<bool> {
        let announced = self.received.announced.as_ref()?;
        Some(*announced == self.received.content.digest())
    }

    fn is_damaged(&mut self) -> Option<DownloadEvent> {
        let reason = "the bytes do not fit the checksum that the server gave";
        match self.settings.can_discard {
            true => self.start_over(DownloadErrorKind::Corrupt, reason),
            false => self.fail(DownloadErrorKind::Corrupt, reason),
        }
    }

    /// Asks once more. Where the rest can be asked for, the server says how long the whole is; what
    /// comes the same again would come the same for ever.
    fn is_unproven(&mut self, reason: &str) -> Option<DownloadEvent> {
        let content = &self.received.content;
        let found = (content.bytes(), content.digest());
        let reason = format!("nothing shows that all of it came: {reason}");
        if self.unproven.replace(found.clone()) == Some(found) {
            let detail = format!("{reason}; it came the same twice");
            return self.fail(DownloadErrorKind::Unproven, detail);
        }
        self.broke_off(reason, None)
    }

    pub(super) fn refuse_page(&mut self, what: &str) -> Option<DownloadEvent> {
        let name = match self.settings.is_video {
            true => "a video",
            false => "the output",
        };
        let detail = format!("{what} came in place of {name}");
        self.fail(DownloadErrorKind::NotVideo, detail)
    }

    /// A drawing may be what was asked for, where that is no video.
    pub(super) fn may_be(&self, page: Page) -> bool {
        page == Page::Svg && !self.settings.is_video
    }

    fn what_is_odd(&self) -> Option<String> {
        let content = &self.received.content;
        let container = match self.settings.is_video {
            true if content.beginning().is_matroska() => {
                Some("it is Matroska or WebM, and not an MP4".into())
            }
            true => content.boxes().unusual_structure(),
            false => None,
        };
        let called = self.media_type.as_ref();
        container.or_else(|| called.map(|name| format!("the server calls it {name}")))
    }
}
