//! What an answer's head says about the bytes that follow.

use http::{HeaderMap, StatusCode, header, response::Parts};

/// What was received so far, and of which version of the object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Received {
    /// Bytes in the part file.
    pub(super) bytes: u64,
    /// A strong entity tag: only that one proves that the rest belongs to the beginning.
    pub(super) etag: Option<String>,
}

/// What to do with an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// The bytes go on where the part file ends; the whole has so many.
    Append { total: u64 },
    /// The URL has expired: ask the task for another.
    Expired,
    /// Not a video: no use trying again.
    NotVideo(String),
    /// The bytes are the whole object, of so many bytes if it was said.
    Restart {
        total: Option<u64>,
        etag: Option<String>,
    },
    /// Throw away what is there and try again from the start.
    StartOver(&'static str),
    /// Trouble: try again.
    Trouble(String),
}

impl Received {
    /// The headers that ask for the rest.
    pub(super) fn range(&self) -> Option<(String, &str)> {
        let etag = self.etag.as_deref().filter(|_| self.bytes > 0)?;
        Some((format!("bytes={}-", self.bytes), etag))
    }

    pub(super) fn judge(&self, head: &Parts) -> Judgement {
        match head.status {
            StatusCode::OK => self.judge_whole(&head.headers),
            StatusCode::PARTIAL_CONTENT => self.judge_part(&head.headers),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => Judgement::Expired,
            StatusCode::RANGE_NOT_SATISFIABLE => Judgement::StartOver("the range is not there"),
            status => Judgement::Trouble(format!("HTTP {status}")),
        }
    }

    fn judge_whole(&self, headers: &HeaderMap) -> Judgement {
        if let Some(encoding) = text(headers, header::CONTENT_ENCODING)
            && encoding != "identity"
        {
            return Judgement::NotVideo(format!("it is encoded as {encoding}, unasked"));
        }
        match text(headers, header::CONTENT_TYPE) {
            Some(content_type) if is_page(content_type) => {
                Judgement::NotVideo(format!("{content_type} came in place of a video"))
            }
            _ => Judgement::Restart {
                total: text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
                etag: text(headers, header::ETAG)
                    .filter(|etag| etag.starts_with('"'))
                    .map(Into::into),
            },
        }
    }

    fn judge_part(&self, headers: &HeaderMap) -> Judgement {
        let range = text(headers, header::CONTENT_RANGE).and_then(content_range);
        match range {
            Some((start, end, total)) if start == self.bytes && end + 1 == total => {
                Judgement::Append { total }
            }
            Some(_) => Judgement::StartOver("another range came than was asked for"),
            None => Judgement::StartOver("a part came without saying which"),
        }
    }
}

/// An error page under a status that says success: a captive portal, a proxy.
fn is_page(content_type: &str) -> bool {
    let content_type = content_type.to_ascii_lowercase();
    ["text/", "application/json", "application/xml"]
        .iter()
        .any(|page| content_type.starts_with(page))
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

    fn judge(bytes: u64, status: u16, headers: &[(&'static str, &'static str)]) -> Judgement {
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let received = Received {
            bytes,
            etag: Some("\"a\"".into()),
        };
        received.judge(&response.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn whole_object_starts_from_the_beginning() {
        let headers = [("content-length", "200"), ("etag", "\"b\"")];
        let restart = Judgement::Restart {
            total: Some(200),
            etag: Some("\"b\"".into()),
        };
        assert_eq!(judge(100, 200, &headers), restart);
        assert_eq!(
            judge(0, 200, &[("etag", "W/\"b\"")]),
            Judgement::Restart {
                total: None,
                etag: None
            },
        );
    }

    #[test]
    fn part_is_appended_only_if_it_is_the_rest() {
        let part = |range| judge(100, 206, &[("content-range", range)]);
        assert_eq!(part("bytes 100-199/200"), Judgement::Append { total: 200 });
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
    }

    #[test]
    fn pages_and_encodings_are_no_videos() {
        for headers in [
            [("content-type", "text/html; charset=utf-8")],
            [("content-type", "application/json")],
            [("content-encoding", "gzip")],
        ] {
            assert!(
                matches!(judge(0, 200, &headers), Judgement::NotVideo(_)),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn expired_and_troubled_answers() {
        for status in [403, 404, 410] {
            assert_eq!(judge(0, status, &[]), Judgement::Expired, "{status}");
        }
        assert!(matches!(judge(100, 416, &[]), Judgement::StartOver(_)));
        assert!(matches!(judge(0, 503, &[]), Judgement::Trouble(_)));
    }
}
