//! The videos the emulator makes: real H.264 in MP4, so that players and tools of any kind
//! take them for what they are.
//!
//! A video is a function of its [`VideoSpec`]: the same one gives the same bytes on every
//! machine. Rendering keeps one core busy for a second or so; call it where that may be.

mod ball;
mod encode;
mod error;
mod frame;
mod layout;
mod mux;
mod palette;
mod scene;
mod text;

pub use error::RenderError;

use encode::FrameEncoder;
use mux::MovieWriter;
use scene::Scene;

/// From the smallest side on which the texts have room to the largest square of H.264's
/// level 5.1.
const SIDES: std::ops::RangeInclusive<u32> = 240..=3072;

const SECONDS: std::ops::RangeInclusive<u32> = 1..=600;

const FRAMES_PER_SECOND: std::ops::RangeInclusive<u32> = 1..=60;

/// What a video shows and how large it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a request: whoever renders must decide every part, also a new one"
)]
pub struct VideoSpec {
    /// The width in pixels: even, from 240 to 3072.
    pub width: u32,
    /// The height in pixels: even, from 240 to 3072.
    pub height: u32,
    /// The length in seconds, up to ten minutes.
    pub seconds: u32,
    /// Frames in a second, from 1 to 60.
    pub frames_per_second: u32,
    /// The prompt, of which the first three lines are shown.
    pub prompt: String,
    /// Decides the colors and what moves where.
    pub seed: u64,
    /// Whether the picture is marked as the emulator's.
    pub watermark: bool,
}

/// Renders a video as an MP4 file.
///
/// # Errors
///
/// If the size, the length or the frame rate is out of bounds, or if encoder or file format refuse.
pub fn render(spec: &VideoSpec) -> Result<Vec<u8>, RenderError> {
    let (width, height) = frame_size(spec)?;
    if !SECONDS.contains(&spec.seconds) {
        return Err(RenderError::UnsupportedLength {
            seconds: spec.seconds,
        });
    }
    if !FRAMES_PER_SECOND.contains(&spec.frames_per_second) {
        return Err(RenderError::UnsupportedFrameRate {
            frames_per_second: spec.frames_per_second,
        });
    }
    let frames = spec.seconds * spec.frames_per_second;
    let mut scene = Scene::new(width, height, spec);
    let mut encoder = FrameEncoder::new(width, height, spec.frames_per_second)?;
    let mut movie = MovieWriter::new(frames, spec.frames_per_second)?;
    for index in 0..frames {
        let access_unit = encoder.encode(scene.paint(index))?;
        movie.append(&access_unit)?;
    }
    movie.finish()
}

/// The size in samples, if it is one that can be rendered.
fn frame_size(spec: &VideoSpec) -> Result<(usize, usize), RenderError> {
    let side = |pixels: u32| {
        (SIDES.contains(&pixels) && pixels.is_multiple_of(2))
            .then(|| usize::try_from(pixels).ok())
            .flatten()
    };
    side(spec.width)
        .zip(side(spec.height))
        .ok_or(RenderError::UnsupportedSize {
            width: spec.width,
            height: spec.height,
        })
}
