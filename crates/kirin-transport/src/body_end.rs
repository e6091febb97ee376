//! How the end of a response's body is known.

use http::{HeaderMap, Version, header, response::Parts};

/// How the end of a response's body is known, in the extensions of the response.
///
/// A body that was cut ends with an error, where that can be seen. This says whether it could be. A
/// response without it says nothing, which is as [`Closed`](Self::Closed): a transport that does not
/// know leaves it out.
///
/// ```
/// use kirin_transport::{Body, BodyEnd};
///
/// let mut response = http::Response::new(Body::from("all of it"));
/// assert_eq!(BodyEnd::of(response.extensions()), BodyEnd::Closed);
/// response.extensions_mut().insert(BodyEnd::Framed);
/// assert_eq!(BodyEnd::of(response.extensions()), BodyEnd::Framed);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a message says where it ends, or the connection does"
)]
pub enum BodyEnd {
    /// It ends where the connection does, and one that was cut looks the same.
    #[default]
    Closed,
    /// The message says where it ends: by its length, by a last chunk, or by HTTP/2's END_STREAM. A
    /// body that ends without an error is all that was sent.
    Framed,
}

impl BodyEnd {
    /// What a response's extensions say; [`Closed`](Self::Closed) if they say nothing.
    pub fn of(extensions: &http::Extensions) -> Self {
        extensions.get().copied().unwrap_or_default()
    }

    /// What the head of a response over HTTP/1.1 says, in the order of RFC 9112, section 6.3: a
    /// transfer coding comes before a length. Older versions know no chunks, and of newer ones a head
    /// says nothing.
    ///
    /// ```
    /// use kirin_transport::BodyEnd;
    ///
    /// let chunked = http::Response::builder().header("transfer-encoding", "chunked");
    /// let (head, ()) = chunked.body(())?.into_parts();
    /// assert_eq!(BodyEnd::of_http1(&head), BodyEnd::Framed);
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn of_http1(head: &Parts) -> Self {
        match head.version {
            Version::HTTP_11 => Self::of_headers(&head.headers),
            Version::HTTP_10 if !head.headers.contains_key(header::TRANSFER_ENCODING) => {
                Self::of_headers(&head.headers)
            }
            _ => Self::Closed,
        }
    }

    fn of_headers(headers: &HeaderMap) -> Self {
        let codings = headers.get_all(header::TRANSFER_ENCODING);
        let is_framed = match codings.into_iter().next_back() {
            Some(codings) => codings.to_str().is_ok_and(|codings| {
                let last = codings.rsplit(',').next().unwrap_or_default();
                last.trim().eq_ignore_ascii_case("chunked")
            }),
            None => headers.contains_key(header::CONTENT_LENGTH),
        };
        match is_framed {
            true => Self::Framed,
            false => Self::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: Version, headers: &[(&str, &str)], expected: BodyEnd) {
        let mut response = http::Response::builder().version(version);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let (head, ()) = response.body(()).unwrap().into_parts();
        assert_eq!(
            BodyEnd::of_http1(&head),
            expected,
            "{version:?} {headers:?}"
        );
    }

    #[test]
    fn a_length_or_a_last_chunk_is_an_end_and_nothing_else_is() {
        use BodyEnd::{Closed, Framed};

        let (chunked, length) = (("transfer-encoding", "chunked"), ("content-length", "5"));
        check(Version::HTTP_11, &[], Closed);
        check(Version::HTTP_11, &[length], Framed);
        check(Version::HTTP_11, &[chunked], Framed);
        let twice = ("transfer-encoding", "gzip, Chunked");
        check(Version::HTTP_11, &[twice], Framed);
        let gzip = ("transfer-encoding", "gzip");
        check(Version::HTTP_11, &[gzip], Closed);
        check(Version::HTTP_11, &[gzip, length], Closed);
        check(Version::HTTP_11, &[gzip, chunked], Framed);
        check(Version::HTTP_11, &[chunked, gzip], Closed);
        check(Version::HTTP_10, &[length], Framed);
        check(Version::HTTP_10, &[chunked, length], Closed);
        check(Version::HTTP_2, &[length], Closed);
    }
}
