//! What an answer's head says about the bytes that follow.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header, response::Parts};

use super::content::{Content, Digest};
use crate::wire::retry_after;

/// What was received so far, and of which version of the object.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    pub(super) content: Content,
    /// A strong entity tag: only that one proves that the rest belongs to the beginning.
    pub(super) etag: Option<String>,
    /// How many bytes the whole has, if the server said so.
    pub(super) total: Option<u64>,
    /// What the server says the whole hashes to.
    pub(super) announced: Option<Digest>,
}

/// What to do with an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// The bytes continue where the received ones end.
    Append {
        total: u64,
        announced: Option<Digest>,
    },
    /// The body is encoded in this way, though no one asked for that.
    Encoded {
        encoding: String,
        /// How many bytes it has so, where it is all of it.
        total: Option<u64>,
    },
    /// The output is gone, for good: if at all, the task has another URL.
    Gone,
    /// It is not there, or not for who has this URL: either has expired, or the store is late.
    Missing,
    /// There is no such range: the whole has so many bytes, if it was said.
    NoSuchRange { total: Option<u64> },
    /// Go on to where this points.
    Redirect(String),
    /// Throw away what is there and try again from the start.
    StartOver(&'static str),
    /// Trouble: try again, not before the server wants it.
    Trouble(String, Option<Duration>),
    /// The bytes are the whole object, from its first one on.
    Whole {
        total: Option<u64>,
        etag: Option<String>,
        announced: Option<Digest>,
    },
}

impl Received {
    pub(super) fn bytes(&self) -> u64 {
        self.content.bytes()
    }

    /// The first byte of the rest and the tag it must have, where the rest can be asked for.
    pub(super) fn range(&self) -> Option<(u64, &str)> {
        let etag = self.etag.as_deref().filter(|_| self.bytes() > 0)?;
        Some((self.bytes(), etag))
    }

    pub(super) fn judge(&self, head: &Parts) -> Judgement {
        let headers = &head.headers;
        match head.status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => {
                if let Some(encoding) = encoding(headers) {
                    let is_whole = head.status == StatusCode::OK;
                    let total = is_whole.then(|| length(headers)).flatten();
                    return Judgement::Encoded { encoding, total };
                }
                match head.status {
                    StatusCode::OK => whole(headers),
                    _ => self.part(headers),
                }
            }
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Judgement::Missing,
            StatusCode::GONE => Judgement::Gone,
            StatusCode::RANGE_NOT_SATISFIABLE if self.range().is_some() => {
                let total = text(headers, header::CONTENT_RANGE);
                Judgement::NoSuchRange {
                    total: total.and_then(|total| total.strip_prefix("bytes */")?.parse().ok()),
                }
            }
            status if status.is_redirection() => Judgement::Redirect(location(headers)),
            status => Judgement::Trouble(format!("HTTP {status}"), retry_after(headers)),
        }
    }

    fn part(&self, headers: &HeaderMap) -> Judgement {
        let Some((asked, asked_etag)) = self.range() else {
            return Judgement::StartOver("a part came that was not asked for");
        };
        let range = text(headers, header::CONTENT_RANGE).and_then(content_range);
        let Some((start, end, total)) = range else {
            return Judgement::StartOver("a part came without saying which");
        };
        if start != asked || end + 1 != total {
            return Judgement::StartOver("another range came than was asked for");
        }
        if self.total.is_some_and(|known| known != total) {
            return Judgement::StartOver("the length of the output changed");
        }
        if text(headers, header::ETAG).is_some_and(|etag| etag != asked_etag) {
            return Judgement::StartOver("the output changed");
        }
        let announced = Digest::announced(headers, false);
        Judgement::Append { total, announced }
    }
}

fn whole(headers: &HeaderMap) -> Judgement {
    let etag = text(headers, header::ETAG).filter(|etag| etag.starts_with('"'));
    Judgement::Whole {
        total: length(headers),
        etag: etag.map(Into::into),
        announced: Digest::announced(headers, true),
    }
}

/// How many bytes the body has. Beside chunks a length says nothing (RFC 9112, section 6.3).
fn length(headers: &HeaderMap) -> Option<u64> {
    let is_chunked = headers.contains_key(header::TRANSFER_ENCODING);
    let length = text(headers, header::CONTENT_LENGTH).filter(|_| !is_chunked);
    length?.parse().ok()
}

/// How the body is encoded, in the order in which that was done. What some stores say of how a file was
/// uploaded to them is no encoding.
pub(super) fn encoding(headers: &HeaderMap) -> Option<String> {
    let encodings = headers.get_all(header::CONTENT_ENCODING).into_iter();
    let is_none = |encoding: &str| {
        let none = ["", "identity", "aws-chunked"];
        none.iter().any(|none| encoding.eq_ignore_ascii_case(none))
    };
    let encodings: Vec<_> = encodings
        .flat_map(|values| {
            values
                .to_str()
                .unwrap_or("unknown")
                .split(',')
                .map(str::trim)
        })
        .filter(|encoding| !is_none(encoding))
        .collect();
    (!encodings.is_empty()).then(|| encodings.join(", "))
}

/// The type that a server calls what follows, where no video has it: a guess of a store, or the sign of
/// an error page.
pub(super) fn other_type(headers: &HeaderMap) -> Option<String> {
    let media_type = text(headers, header::CONTENT_TYPE)?.split(';').next()?;
    let media_type = media_type.trim().to_ascii_lowercase();
    let is_page = ["text/", "application/json", "application/xml"]
        .iter()
        .any(|page| media_type.starts_with(page));
    is_page.then_some(media_type)
}

/// Where to continue, as it was written. Bytes that are no text stand for themselves.
fn location(headers: &HeaderMap) -> String {
    let value = headers.get(header::LOCATION).map(HeaderValue::as_bytes);
    let value = value.unwrap_or_default();
    match str::from_utf8(value) {
        Ok(text) => text.into(),
        Err(_) => value.iter().fold(String::new(), |text, byte| match byte {
            0..0x80 => text + str::from_utf8(&[*byte]).unwrap_or_default(),
            byte => format!("{text}%{byte:02X}"),
        }),
    }
}

/// `bytes 100-199/200` as start, end and total.
fn content_range(value: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end, total) = (start.parse().ok()?, end.parse().ok()?, total.parse().ok()?);
    (start <= end && end < total).then_some((start, end, total))
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(bytes: usize, status: u16, headers: &[(&'static str, &'static str)]) -> Judgement {
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let mut received = Received {
            etag: Some("\"a\"".into()),
            ..Received::default()
        };
        received.content.feed(&vec![0; bytes]);
        received.judge(&response.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn whole_object_starts_from_the_beginning() {
        let headers = [("content-length", "200"), ("etag", "\"b\"")];
        let whole = |total, etag: Option<&str>| Judgement::Whole {
            total,
            etag: etag.map(Into::into),
            announced: None,
        };
        assert_eq!(judge(100, 200, &headers), whole(Some(200), Some("\"b\"")));
        assert_eq!(judge(0, 200, &[("etag", "W/\"b\"")]), whole(None, None));
    }

    #[test]
    fn part_is_appended_only_if_it_is_the_rest() {
        let part = |range| judge(100, 206, &[("content-range", range)]);
        let append = Judgement::Append {
            total: 200,
            announced: None,
        };
        assert_eq!(part("bytes 100-199/200"), append);
        for wrong in [
            "bytes 0-199/200",
            "bytes 101-199/200",
            "bytes 100-150/200",
            "bytes 100-200/200",
            "bytes 100-199/*",
            "bytes */200",
            "100-199/200",
            "bytes 100-18446744073709551615/18446744073709551615",
        ] {
            assert!(matches!(part(wrong), Judgement::StartOver(_)), "{wrong}");
        }
        assert!(matches!(judge(100, 206, &[]), Judgement::StartOver(_)));
        let unasked = judge(0, 206, &[("content-range", "bytes 0-199/200")]);
        assert!(matches!(unasked, Judgement::StartOver(_)));
        let changed = [("content-range", "bytes 100-199/200"), ("etag", "\"b\"")];
        assert!(matches!(judge(100, 206, &changed), Judgement::StartOver(_)));
    }

    #[test]
    fn encodings_are_seen_and_types_decide_nothing() {
        for status in [200, 206] {
            for encoding in ["gzip", "identity, gzip", "br", "\u{e9}"] {
                let judged = judge(0, status, &[("content-encoding", encoding)]);
                assert!(matches!(judged, Judgement::Encoded { .. }), "{encoding}");
            }
        }
        for plain in [
            ("content-encoding", "Identity"),
            ("content-encoding", "aws-chunked"),
            ("content-encoding", ""),
            ("content-type", "text/html; charset=utf-8"),
            ("content-type", "application/json"),
        ] {
            let judged = judge(0, 200, &[plain]);
            assert!(matches!(judged, Judgement::Whole { .. }), "{plain:?}");
        }
    }

    #[test]
    fn a_length_beside_chunks_says_nothing() {
        let headers = [("content-length", "5"), ("transfer-encoding", "chunked")];
        let total = |judged| match judged {
            Judgement::Whole { total, .. } => total,
            other => panic!("{other:?}"),
        };
        assert_eq!(total(judge(0, 200, &headers)), None);
        assert_eq!(total(judge(0, 200, &headers[..1])), Some(5));
    }

    #[test]
    fn locations_are_taken_as_they_were_written() {
        let read = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::LOCATION, HeaderValue::from_bytes(value).unwrap());
            location(&headers)
        };
        assert_eq!(
            read("/filme/f\u{fc}r.mp4".as_bytes()),
            "/filme/f\u{fc}r.mp4"
        );
        assert_eq!(read(b"/filme/f\xfcr.mp4"), "/filme/f%FCr.mp4");
        assert_eq!(location(&HeaderMap::new()), "");
    }

    /// A digest of the part that came, where the whole was announced before.
    #[test]
    fn content_digest_of_a_part_says_nothing_of_the_whole() {
        let range = ("content-range", "bytes 100-199/200");
        let announced = |digest| match judge(100, 206, &[range, (digest, "sha-256=:YQ==:")]) {
            Judgement::Append { announced, .. } => announced,
            other => panic!("{other:?}"),
        };
        assert_eq!(announced("content-digest"), None);
        assert!(announced("repr-digest").is_some());
    }

    #[test]
    fn expired_and_troubled_answers() {
        for status in [403, 404] {
            assert_eq!(judge(0, status, &[]), Judgement::Missing, "{status}");
        }
        assert_eq!(judge(0, 410, &[]), Judgement::Gone);
        let no_range = |total| Judgement::NoSuchRange { total };
        assert_eq!(judge(100, 416, &[]), no_range(None));
        let total = [("content-range", "bytes */100")];
        assert_eq!(judge(100, 416, &total), no_range(Some(100)));
        assert!(matches!(judge(0, 416, &[]), Judgement::Trouble(_, None)));
        let hint = Some(Duration::from_secs(7));
        let busy = judge(0, 503, &[("retry-after", "7")]);
        assert!(matches!(busy, Judgement::Trouble(_, found) if found == hint));
    }
}
