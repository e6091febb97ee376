//! The videos as files that can be downloaded: what was asked for, and the answer.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use crate::{
    range::{Selection, select},
    request_id::X_REQUEST_ID,
    video::VideoSpec,
};

mod rendered;
pub use rendered::RenderedVideo;

mod flaw;
pub(crate) use flaw::Flaw;

/// A granted request for a video: what to render, and how much of it to answer.
///
/// [`World`](crate::World) gives it out instead of an answer, because rendering takes a second
/// and a world must not.
#[derive(Clone, Debug)]
pub struct Artifact {
    name: String,
    spec: VideoSpec,
    head_only: bool,
    range: Option<String>,
    if_range: Option<HeaderValue>,
    request_id: Option<HeaderValue>,
    date: Option<HeaderValue>,
    flaw: Option<Flaw>,
    number: u64,
}

impl Artifact {
    pub(crate) fn new(name: String, spec: VideoSpec, method: &Method, headers: &HeaderMap) -> Self {
        // HTTP defines a range for GET alone.
        let range = headers
            .get(header::RANGE)
            .filter(|_| *method == Method::GET);
        Self {
            name,
            spec,
            head_only: *method == Method::HEAD,
            range: range
                .and_then(|range| range.to_str().ok())
                .map(String::from),
            if_range: headers.get(header::IF_RANGE).cloned(),
            request_id: None,
            date: None,
            flaw: None,
            number: 0,
        }
    }

    pub(crate) fn with_request_id(mut self, request_id: &str) -> Self {
        self.request_id = HeaderValue::from_str(request_id).ok();
        self
    }

    /// When it was asked for, on the clock of the service.
    pub(crate) fn with_date(mut self, date: HeaderValue) -> Self {
        self.date = Some(date);
        self
    }

    /// Its place in the log of requests.
    pub(crate) fn with_number(mut self, number: u64) -> Self {
        self.number = number;
        self
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Name of the file, without `.mp4`; the same name is always the same video.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the video shows and how large it is.
    pub fn spec(&self) -> &VideoSpec {
        &self.spec
    }

    /// The answer: the whole video, the part that was asked for, or a refusal of the range. The
    /// body of a `HEAD` is empty, its headers are those of the `GET`.
    pub fn respond(&self, video: &RenderedVideo) -> Response<Bytes> {
        let length = match self.flaw {
            Some(Flaw::Truncated) => video.bytes().len() / 2,
            _ => video.bytes().len(),
        };
        let bytes = video.bytes().slice(..length);
        let length = length as u64;
        let mut response = match self.selection(video, length) {
            Selection::Part(part) => {
                let first = match self.flaw {
                    Some(Flaw::WrongContentRange) => part.start() + 1,
                    _ => *part.start(),
                };
                let content_range = format!("bytes {first}-{}/{length}", part.end());
                // The part lies within the bytes, whose length is a `usize`.
                let (first, last) = (*part.start() as usize, *part.end() as usize);
                with_content_range(
                    StatusCode::PARTIAL_CONTENT,
                    &content_range,
                    bytes.slice(first..=last),
                )
            }
            Selection::Unsatisfiable => with_content_range(
                StatusCode::RANGE_NOT_SATISFIABLE,
                &format!("bytes */{length}"),
                Bytes::new(),
            ),
            Selection::Whole => Response::new(bytes),
        };
        let content_length = response.body().len().into();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, content_length);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
        headers.insert(header::ETAG, video.etag().clone());
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Some(request_id) = &self.request_id {
            headers.insert(X_REQUEST_ID, request_id.clone());
        }
        if let Some(date) = &self.date {
            headers.insert(header::DATE, date.clone());
        }
        if self.head_only {
            *response.body_mut() = Bytes::new();
        }
        response
    }

    /// A range counts if `If-Range` names the video's own tag or is absent. Ours is strong, so
    /// a weak tag or a date never equals it.
    fn selection(&self, video: &RenderedVideo, length: u64) -> Selection {
        let same = self.if_range.as_ref().is_none_or(|tag| tag == video.etag())
            && self.flaw != Some(Flaw::RangeIgnored);
        select(self.range.as_deref().filter(|_| same), length)
    }
}

fn with_content_range(status: StatusCode, content_range: &str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    // Digits, a slash and a star are legal in a header.
    if let Ok(value) = HeaderValue::from_str(content_range) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}
