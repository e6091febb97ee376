//! Pictures for the models that begin with one.

use alloc::{string::String, sync::Arc};
use core::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

use serde_json::Value;

use crate::{absolute_url::is_absolute_http_url, shared_values::ShownText};

/// A picture in the form that the wire takes: a URL, or bare base64 without a `data:` prefix.
///
/// Bytes are checked before anything is sent: a JPEG or PNG of at most 10 MB (taken as 10 MiB),
/// both sides at least 300 pixels, width to height from 1:2.5 to 2.5:1 (documented).
///
/// ```
/// use kirin_types::{Image, InvalidImage};
///
/// let image = Image::from_url("https://example.com/fox.png")?;
/// assert_eq!(image.as_str(), "https://example.com/fox.png");
/// assert_eq!(Image::from_bytes(b"GIF89a"), Err(InvalidImage::UnknownFormat));
/// # Ok::<(), InvalidImage>(())
/// ```
///
/// A clone is the same picture, and so is that in each request that
/// [`image`](crate::GenerationRequestBuilder::image) puts it into: it is there once. Its Debug form tells its
/// type and size.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Image(Arc<Value>);

/// Why something is no usable picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidImage {
    /// It begins with `data:`; the service takes bare base64.
    DataUrl,
    /// Width to height is not from 1:2.5 to 2.5:1.
    Ratio {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// It is neither a URL nor base64.
    NotBase64,
    /// A side has fewer than 300 pixels.
    TooSmall {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// It has more than 10 MiB.
    TooLarge {
        /// Bytes that it has.
        bytes: usize,
    },
    /// It is neither a JPEG nor a PNG, or its head is cut.
    UnknownFormat,
    /// It is not an absolute http or https URL.
    Url,
}

impl Image {
    /// Most bytes of a picture: 10 MiB. The page says 10 MB (documented).
    pub const MAX_BYTES: usize = 10 * 1024 * 1024;

    /// Fewest pixels of a side (documented).
    pub const MIN_SIDE: u32 = 300;

    /// Encodes the bytes of a JPEG or PNG.
    ///
    /// # Errors
    ///
    /// The bytes are no JPEG or PNG, or the picture is too large, too small, too wide or too high.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidImage> {
        check_bytes(bytes, true)?;
        Ok(Self::new(STANDARD.encode(bytes)))
    }

    /// As [`from_bytes`](Self::from_bytes) without the bounds of width to height, for the one
    /// parameter that has none (`image_tail` of `kirin_v1_i2v`, documented).
    ///
    /// # Errors
    ///
    /// The bytes are no JPEG or PNG, or the picture is too large or too small.
    pub fn from_bytes_of_any_ratio(bytes: &[u8]) -> Result<Self, InvalidImage> {
        check_bytes(bytes, false)?;
        Ok(Self::new(STANDARD.encode(bytes)))
    }

    /// Names a picture that the service fetches for itself. What is there is not checked.
    ///
    /// # Errors
    ///
    /// It is not an absolute http or https URL.
    pub fn from_url(url: impl Into<String>) -> Result<Self, InvalidImage> {
        let url = url.into();
        match is_absolute_http_url(&url) {
            true => Ok(Self::new(url)),
            false => Err(InvalidImage::Url),
        }
    }

    /// The form on the wire.
    pub fn as_str(&self) -> &str {
        // It is one, by `new`.
        self.0.as_str().unwrap_or_default()
    }

    fn new(text: String) -> Self {
        Self(Arc::new(Value::String(text)))
    }

    /// The same picture, to be shared.
    pub(crate) fn into_value(self) -> Arc<Value> {
        self.0
    }

    /// Checks a text that stands where a picture is expected.
    pub(crate) fn check(text: &str, bounded_ratio: bool) -> Result<(), InvalidImage> {
        if is_absolute_http_url(text) {
            return Ok(());
        }
        if text
            .get(..5)
            .is_some_and(|prefix| prefix.eq_ignore_ascii_case("data:"))
        {
            return Err(InvalidImage::DataUrl);
        }
        // Four characters make three bytes: what is too long need not be decoded to be refused.
        let bytes = text.len() / 4 * 3;
        if bytes > Self::MAX_BYTES + 3 {
            return Err(InvalidImage::TooLarge { bytes });
        }
        let bytes = STANDARD.decode(text).map_err(|_| InvalidImage::NotBase64)?;
        check_bytes(&bytes, bounded_ratio)
    }
}

impl AsRef<str> for Image {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = ShownText(self.as_str());
        formatter.debug_tuple("Image").field(&shown).finish()
    }
}

impl From<Image> for Value {
    fn from(image: Image) -> Self {
        Arc::unwrap_or_clone(image.0)
    }
}

fn check_bytes(bytes: &[u8], bounded_ratio: bool) -> Result<(), InvalidImage> {
    if bytes.len() > Image::MAX_BYTES {
        return Err(InvalidImage::TooLarge { bytes: bytes.len() });
    }
    let size = png_size(bytes).or_else(|| jpeg_size(bytes));
    let (width, height) = size.ok_or(InvalidImage::UnknownFormat)?;
    if width.min(height) < Image::MIN_SIDE {
        return Err(InvalidImage::TooSmall { width, height });
    }
    // 1:2.5 is 2:5.
    let (short, long) = (u64::from(width.min(height)), u64::from(width.max(height)));
    if bounded_ratio && long * 2 > short * 5 {
        return Err(InvalidImage::Ratio { width, height });
    }
    Ok(())
}

/// Width and height of a PNG, from its first chunk.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    let [width @ .., h0, h1, h2, h3] = *rest.first_chunk::<8>()?;
    Some((
        u32::from_be_bytes(width),
        u32::from_be_bytes([h0, h1, h2, h3]),
    ))
}

/// Width and height of a JPEG, from its frame header.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let [0xff, marker, after @ ..] = rest else {
            return None;
        };
        match marker {
            // Fill bytes before a marker.
            0xff => rest = &rest[1..],
            // A start of frame; C4, C8 and CC are other tables in the same range.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let [_, _, _, h0, h1, w0, w1] = *after.first_chunk::<7>()?;
                let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
                return Some((side(w0, w1), side(h0, h1)));
            }
            _ => {
                let length = usize::from(u16::from_be_bytes(*after.first_chunk::<2>()?));
                rest = after.get(length.max(2)..)?;
            }
        }
    }
}

impl fmt::Display for InvalidImage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataUrl => formatter.write_str("begins with data:, without which it is base64"),
            Self::Ratio { width, height } => write!(
                formatter,
                "is {width}x{height} pixels, and not from 1:2.5 to 2.5:1"
            ),
            Self::NotBase64 => formatter.write_str("is neither a URL nor base64"),
            Self::TooSmall { width, height } => write!(
                formatter,
                "is {width}x{height} pixels, and a side has at least {}",
                Image::MIN_SIDE
            ),
            Self::TooLarge { bytes } => {
                write!(
                    formatter,
                    "has {bytes} bytes, and at most {} are allowed",
                    Image::MAX_BYTES
                )
            }
            Self::UnknownFormat => formatter.write_str("is neither a JPEG nor a PNG"),
            Self::Url => formatter.write_str("is not an absolute http or https URL"),
        }
    }
}

impl core::error::Error for InvalidImage {}
