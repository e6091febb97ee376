//! Why a video could not be rendered.

use std::error::Error;
use std::fmt;

/// Why a video could not be rendered.
#[derive(Debug)]
#[non_exhaustive]
pub enum RenderError {
    /// The size is not one the renderer can paint and encode.
    UnsupportedSize {
        /// The width asked for, in pixels.
        width: u32,
        /// The height asked for, in pixels.
        height: u32,
    },
    /// The frame rate is zero or beyond what the renderer makes.
    UnsupportedFrameRate {
        /// The rate asked for, in frames a second.
        frames_per_second: u32,
    },
    /// The length is zero or beyond what the renderer makes.
    UnsupportedLength {
        /// The length asked for, in seconds.
        seconds: u32,
    },
    /// The encoder refused a frame or its own settings.
    Encode(Box<dyn Error + Send + Sync>),
    /// The frames could not be put into an MP4 file.
    Mux(Box<dyn Error + Send + Sync>),
}

impl RenderError {
    pub(super) fn encode(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Encode(source.into())
    }

    pub(super) fn mux(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Mux(source.into())
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedSize { width, height } => {
                write!(formatter, "unsupported video size {width}x{height}")
            }
            Self::UnsupportedFrameRate { frames_per_second } => {
                write!(
                    formatter,
                    "unsupported frame rate of {frames_per_second} a second"
                )
            }
            Self::UnsupportedLength { seconds } => {
                write!(formatter, "unsupported video length of {seconds} s")
            }
            Self::Encode(_) => formatter.write_str("cannot encode the video"),
            Self::Mux(_) => formatter.write_str("cannot write the video file"),
        }
    }
}

impl Error for RenderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::UnsupportedFrameRate { .. }
            | Self::UnsupportedLength { .. }
            | Self::UnsupportedSize { .. } => None,
            Self::Encode(source) | Self::Mux(source) => Some(&**source),
        }
    }
}
