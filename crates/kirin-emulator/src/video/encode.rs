//! Frames to H.264.

use rusty_h264_common::YuvPlanes;
use rusty_h264_encoder::{Encoder, EncoderConfig};

use super::error::RenderError;
use super::frame::Frame;

/// How far apart key frames are: a player can jump to every second second.
const SECONDS_PER_KEY_FRAME: u32 = 2;

/// How coarse the picture is, from 0 to 51. Smooth colors show blocks above this.
const QUANTIZER: u8 = 28;

/// Encodes one frame after the other, each into an access unit of its own.
pub(crate) struct FrameEncoder {
    encoder: Encoder,
}

impl FrameEncoder {
    pub(crate) fn new(
        width: usize,
        height: usize,
        frames_per_second: u32,
    ) -> Result<Self, RenderError> {
        // Constrained Baseline: every player has it, no frame is held back or reordered, and
        // it is the fastest the encoder can do.
        let mut config = EncoderConfig::baseline(width, height);
        // Baseline has no weighted prediction, though the preset switches it on.
        config.weightp = false;
        // All of the picture is equally smooth: weighing its parts costs time and changes nothing.
        config.aq_strength = 0.0;
        config.qp = QUANTIZER;
        let frames_per_key_frame = SECONDS_PER_KEY_FRAME * frames_per_second;
        config.gop_size = frames_per_key_frame;
        config.min_keyint = frames_per_key_frame;
        let encoder = Encoder::new(config).map_err(RenderError::encode)?;
        Ok(Self { encoder })
    }

    /// Encodes the next frame as an access unit in the byte stream format, key frames with
    /// their parameter sets.
    pub(crate) fn encode(&mut self, frame: &Frame) -> Result<Vec<u8>, RenderError> {
        let planes = YuvPlanes::tight(
            frame.width(),
            frame.height(),
            frame.luma.samples(),
            frame.blue.samples(),
            frame.red.samples(),
        )
        .ok_or_else(|| RenderError::encode("the planes do not match the frame's size"))?;
        self.encoder
            .encode_planes(&planes)
            .map_err(RenderError::encode)
    }
}
