//! A video that comes compressed with gzip, though no one asked for that.

use std::io::{self, Write as _};

use bytes::{Buf as _, Bytes, BytesMut};
use flate2::write::GzDecoder;
use http::{Response, StatusCode, header, response::Parts};
use kirin_transport::{Body, BodyEnd, Sent, TransportError, TransportErrorKind};

use super::judgement::encoding;

/// How gzip begins. No video does.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The body of an answer as it was before it was compressed with gzip, some 32 KiB at once.
#[derive(Default)]
pub(super) struct PlainBody {
    body: Body,
    /// What came and was not looked at.
    input: Bytes,
    gzip: Gzip,
}

#[derive(Default)]
enum Gzip {
    /// What came is what it was.
    #[default]
    None,
    Member(Box<GzDecoder<Vec<u8>>>),
    /// The last member has ended. There may be padding.
    Over,
}

impl PlainBody {
    /// The head and the body of an answer as it was. Whether it was compressed is told by how its body begins:
    /// a proxy that undoes it may leave the head as it was. The end of gzip has a checksum and a length, so it
    /// proves that the whole came.
    ///
    /// # Errors
    ///
    /// The body breaks off at once.
    pub(super) async fn of(response: Response<Body>) -> Result<(Parts, Self), TransportError> {
        let (mut head, mut body) = response.into_parts();
        let is_called_gzip = encoding(&head.headers).is_some_and(|it| is_gzip(&it));
        if head.status != StatusCode::OK || !is_called_gzip {
            let (input, gzip) = Default::default();
            return Ok((head, Self { body, input, gzip }));
        }
        let mut beginning = BytesMut::new();
        while beginning.len() < MAGIC.len()
            && let Some(data) = body.next().await
        {
            beginning.extend_from_slice(&data?);
        }
        let input = beginning.freeze();
        head.headers.remove(header::CONTENT_ENCODING);
        let gzip = match input.starts_with(&MAGIC) {
            false => Gzip::None,
            true => {
                // These are of the compressed bytes.
                for name in ["content-digest", "content-length", "etag", "repr-digest"] {
                    head.headers.remove(name);
                }
                head.extensions.insert(BodyEnd::Framed);
                Gzip::member()
            }
        };
        Ok((head, Self { body, input, gzip }))
    }

    /// The next piece of it; `None` at its end.
    ///
    /// # Errors
    ///
    /// The body was cut, or is no gzip.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, TransportError>> {
        loop {
            let read = match self.input.is_empty() {
                false => self.gzip.read(&mut self.input),
                true => match self.body.next().await {
                    Some(Ok(data)) => {
                        self.input = data;
                        continue;
                    }
                    Some(Err(error)) => return Some(Err(error)),
                    None => match self.gzip.end() {
                        Ok(rest) if rest.is_empty() => return None,
                        rest => rest,
                    },
                },
            };
            match read {
                Ok(plain) if plain.is_empty() => {}
                Ok(plain) => return Some(Ok(plain)),
                Err(error) => {
                    let damaged = TransportError::new(TransportErrorKind::Body, Sent::Maybe);
                    return Some(Err(damaged.with_source(error)));
                }
            }
        }
    }
}

impl Gzip {
    fn member() -> Self {
        Self::Member(Box::new(GzDecoder::new(Vec::new())))
    }

    /// Continues what came; gives back what that was.
    fn read(&mut self, input: &mut Bytes) -> io::Result<Bytes> {
        match self {
            Self::None => return Ok(std::mem::take(input)),
            Self::Over => input.clear(),
            Self::Member(member) => {
                let read = member.write(input)?;
                input.advance(read);
                if read > 0 {
                    return Ok(std::mem::take(member.get_mut()).into());
                }
                // A member ends here. What follows and is none is padding.
                let rest = self.end()?;
                if input.starts_with(&MAGIC[..1]) {
                    *self = Self::member();
                }
                return Ok(rest);
            }
        }
        Ok(Bytes::new())
    }

    /// Checks what a member says of itself at its end; gives back what is left of it.
    fn end(&mut self) -> io::Result<Bytes> {
        match std::mem::replace(self, Self::Over) {
            Self::Member(member) => member.finish().map(Bytes::from),
            _ => Ok(Bytes::new()),
        }
    }
}

pub(super) fn is_gzip(encoding: &str) -> bool {
    let names = ["gzip", "x-gzip"];
    names.iter().any(|name| encoding.eq_ignore_ascii_case(name))
}
