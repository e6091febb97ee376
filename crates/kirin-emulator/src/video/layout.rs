//! Where the parts of the picture are.

use super::frame::Area;
use super::text::CHARACTER_DOTS;

/// How many lines of the prompt are shown.
pub(crate) const CAPTION_LINES: usize = 3;

/// The picture's parts: a band with the time above, one with the prompt below, and the stage
/// where things move between them. The bands are never moved over, so they are painted once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) header: Area,
    pub(crate) stage: Area,
    pub(crate) caption: Area,
    /// The free space around texts.
    pub(crate) margin: usize,
    /// The side of a dot of the time, of the prompt and of the watermark.
    pub(crate) time_dot: usize,
    pub(crate) caption_dot: usize,
    pub(crate) watermark_dot: usize,
}

impl Layout {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let unit = (width.min(height) / 240).max(1);
        // Even numbers of pixels throughout: areas name whole chroma samples.
        let margin = 8 * unit;
        let header_height = CHARACTER_DOTS * 2 * unit + 2 * margin;
        let caption_height = CAPTION_LINES * line_height(unit) + 2 * margin;
        let stage_height = height.saturating_sub(header_height + caption_height);
        let band = |top, height| Area {
            left: 0,
            top,
            width,
            height,
        };
        Self {
            header: band(0, header_height),
            stage: band(header_height, stage_height),
            caption: band(header_height + stage_height, caption_height),
            margin,
            time_dot: 2 * unit,
            caption_dot: unit,
            watermark_dot: (unit * 2 / 3).max(1),
        }
    }

    /// The caption's line height.
    pub(crate) fn line_height(&self) -> usize {
        line_height(self.caption_dot)
    }

    /// How many characters a line of the caption holds.
    pub(crate) fn caption_columns(&self) -> usize {
        let width = self.caption.width.saturating_sub(2 * self.margin);
        width / (CHARACTER_DOTS * self.caption_dot)
    }

    /// Where a text with dots of a given size starts if it ends at the right margin.
    pub(crate) fn left_of_right_aligned(&self, text: &str, dot: usize) -> usize {
        let text_width = text.chars().count() * CHARACTER_DOTS * dot;
        self.header.width.saturating_sub(self.margin + text_width)
    }

    /// How far down a text with dots of a given size is in the middle of the header.
    pub(crate) fn header_text_top(&self, dot: usize) -> usize {
        self.header.height.saturating_sub(CHARACTER_DOTS * dot) / 2
    }
}

fn line_height(dot: usize) -> usize {
    (CHARACTER_DOTS + 2) * dot
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [(usize, usize); 6] = [
        (1280, 720),
        (720, 1280),
        (960, 960),
        (1920, 1080),
        (1080, 1920),
        (1440, 1440),
    ];

    #[test]
    fn the_parts_fill_the_picture_without_overlap() {
        for (width, height) in SIZES {
            let layout = Layout::new(width, height);
            assert_eq!(layout.header.bottom(), layout.stage.top);
            assert_eq!(layout.stage.bottom(), layout.caption.top);
            assert_eq!(layout.caption.bottom(), height);
            assert!(layout.stage.height > height / 2);
            for area in [layout.header, layout.stage, layout.caption] {
                assert!(area.top.is_multiple_of(2) && area.height.is_multiple_of(2));
            }
        }
    }

    #[test]
    fn time_and_watermark_stand_side_by_side() {
        for (width, height) in SIZES.into_iter().chain([(240, 240)]) {
            let layout = Layout::new(width, height);
            let time_end = layout.margin + "00:00.0".len() * CHARACTER_DOTS * layout.time_dot;
            let watermark = layout.left_of_right_aligned("KIRIN EMULATOR", layout.watermark_dot);
            assert!(time_end <= watermark);
        }
    }
}
