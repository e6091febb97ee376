//! A video that was rendered, with its tag.

use bytes::Bytes;
use http::HeaderValue;

/// The bytes of a video and their strong `ETag`.
///
/// ```
/// use kirin_emulator::artifact::RenderedVideo;
///
/// let video = RenderedVideo::new("the bytes of a file");
/// let other = RenderedVideo::new("the bytes of another");
/// assert_ne!(video.etag(), other.etag());
/// ```
#[derive(Clone, Debug)]
pub struct RenderedVideo {
    bytes: Bytes,
    etag: HeaderValue,
}

impl RenderedVideo {
    /// Takes the bytes of a video.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let tag = format!("\"{:016x}-{:x}\"", fingerprint(&bytes), bytes.len());
        Self {
            // Quotes, hexadecimal digits and a hyphen are legal in a header.
            etag: HeaderValue::try_from(tag).expect("legal header value"),
            bytes,
        }
    }

    /// The file.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its strong entity tag, made from every byte: another file has another tag.
    pub fn etag(&self) -> &HeaderValue {
        &self.etag
    }
}

/// FNV-1a: enough to tell files apart that no one forges.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
