//! Access units to an MP4 file.

use std::num::NonZeroU32;

use shiguredo_mp4::bitstream::h264::{
    H264NalUnitType, H264SampleEntryConfig, LengthSize, build_avc1_box_from_annexb,
    parse_annexb_nal_units,
};
use shiguredo_mp4::boxes::{SampleEntry, UnknownBox};
use shiguredo_mp4::mux::{
    Mp4FileMuxer, Mp4FileMuxerOptions, Sample, estimate_maximum_moov_box_size,
};
use shiguredo_mp4::{BoxSize, BoxType, TrackKind};

use super::error::RenderError;

/// Ticks of the track's clock per frame: fine enough that players showing milliseconds round
/// as they do for videos from elsewhere.
const TICKS_PER_FRAME: u32 = 1000;

/// Tells players that the colors are BT.709 in limited range: `nclx`, primaries, transfer
/// and matrix 1, not full range. Without it each player guesses from the size.
const COLOR_INFORMATION: [u8; 11] = *b"nclx\x00\x01\x00\x01\x00\x01\x00";

const COLOR_INFORMATION_LENGTH: u64 = 11;

const COLOR_BOX: BoxType = BoxType::Normal(*b"colr");

/// An MP4 file being written, its index in front so that it plays while it downloads.
pub(crate) struct MovieWriter {
    muxer: Mp4FileMuxer,
    bytes: Vec<u8>,
    frames: u32,
    /// Ticks of the track's clock in a second.
    timescale: NonZeroU32,
}

impl MovieWriter {
    /// Starts a file with room for the index of `frames` frames.
    pub(crate) fn new(frames: u32, frames_per_second: u32) -> Result<Self, RenderError> {
        let samples = usize::try_from(frames).map_err(RenderError::mux)?;
        let muxer = Mp4FileMuxer::with_options(Mp4FileMuxerOptions {
            reserved_moov_box_size: estimate_maximum_moov_box_size(&[samples]),
            ..Mp4FileMuxerOptions::default()
        })
        .map_err(RenderError::mux)?;
        let bytes = muxer.initial_boxes_bytes().to_vec();
        Ok(Self {
            muxer,
            bytes,
            frames: 0,
            timescale: NonZeroU32::new(frames_per_second * TICKS_PER_FRAME)
                .ok_or_else(|| RenderError::mux("a video has frames"))?,
        })
    }

    /// Adds the next frame. The first must be a key frame with its parameter sets.
    pub(crate) fn append(&mut self, access_unit: &[u8]) -> Result<(), RenderError> {
        let sample_entry = (self.frames == 0)
            .then(|| sample_entry(access_unit))
            .transpose()?;
        let start = self.bytes.len();
        let keyframe = self.append_slices(access_unit)?;
        let sample = Sample {
            track_kind: TrackKind::Video,
            sample_entry,
            keyframe,
            timescale: self.timescale,
            duration: TICKS_PER_FRAME,
            composition_time_offset: None,
            data_offset: u64::try_from(start).map_err(RenderError::mux)?,
            data_size: self.bytes.len() - start,
        };
        self.muxer
            .append_sample(&sample)
            .map_err(RenderError::mux)?;
        self.frames += 1;
        Ok(())
    }

    /// Writes the slices of an access unit, and says whether they are a key frame's.
    /// Parameter sets are left out: in an `avc1` track they may only be in the index.
    fn append_slices(&mut self, access_unit: &[u8]) -> Result<bool, RenderError> {
        let mut keyframe = false;
        for unit in parse_annexb_nal_units(access_unit).map_err(RenderError::mux)? {
            match unit.nal_unit_type {
                H264NalUnitType::Sps | H264NalUnitType::Pps => continue,
                H264NalUnitType::IdrSlice => keyframe = true,
                _ => {}
            }
            let length = u32::try_from(unit.data.len()).map_err(RenderError::mux)?;
            self.bytes.extend_from_slice(&length.to_be_bytes());
            self.bytes.extend_from_slice(unit.data);
        }
        Ok(keyframe)
    }

    /// Writes the index and hands out the file.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, RenderError> {
        let boxes = self.muxer.finalize().map_err(RenderError::mux)?;
        for (offset, part) in boxes.offset_and_bytes_pairs() {
            let start = usize::try_from(offset).map_err(RenderError::mux)?;
            let end = start + part.len();
            if end > self.bytes.len() {
                self.bytes.resize(end, 0);
            }
            self.bytes[start..end].copy_from_slice(part);
        }
        Ok(self.bytes)
    }
}

/// What a player needs to know of the stream before its first frame.
fn sample_entry(access_unit: &[u8]) -> Result<SampleEntry, RenderError> {
    let config = H264SampleEntryConfig {
        length_size: LengthSize::FourBytes,
    };
    let mut entry = build_avc1_box_from_annexb(access_unit, &config).map_err(RenderError::mux)?;
    entry.unknown_boxes.push(UnknownBox {
        box_type: COLOR_BOX,
        box_size: BoxSize::with_payload_size(COLOR_BOX, COLOR_INFORMATION_LENGTH),
        payload: COLOR_INFORMATION.to_vec(),
    });
    Ok(SampleEntry::Avc1(entry))
}
