//! What a video shows from frame to frame.

use super::VideoSpec;
use super::ball::Ball;
use super::frame::{Area, Frame};
use super::layout::{CAPTION_LINES, Layout};
use super::palette::{NumberSequence, Palette};
use super::text::{CHARACTER_DOTS, TextStyle, draw_line, wrap};

const WATERMARK: &str = "KIRIN EMULATOR";

/// White of limited range, and a grey for what should not draw the eye.
const TEXT_LUMA: u8 = 235;
const WATERMARK_LUMA: u8 = 180;

/// A picture that moves: balls floating over a colored ground, the running time above and
/// the prompt below. Only what changed since the last frame is painted again.
#[derive(Debug)]
pub(crate) struct Scene {
    layout: Layout,
    /// What never moves.
    backdrop: Frame,
    frame: Frame,
    balls: Vec<Ball>,
    /// What covers the backdrop in the current frame.
    covered: Vec<Area>,
    time: String,
    frames_per_second: u32,
}

impl Scene {
    pub(crate) fn new(width: usize, height: usize, spec: &VideoSpec) -> Self {
        let layout = Layout::new(width, height);
        let mut numbers = NumberSequence::new(spec.seed);
        let palette = Palette::choose(&mut numbers);
        let backdrop = paint_backdrop(width, height, &layout, &palette, spec);
        Self {
            frame: backdrop.clone(),
            backdrop,
            balls: choose_balls(&layout, &palette, &mut numbers),
            layout,
            covered: Vec::new(),
            time: String::new(),
            frames_per_second: spec.frames_per_second,
        }
    }

    /// Paints a frame, which follows the one painted before it.
    pub(crate) fn paint(&mut self, index: u32) -> &Frame {
        self.paint_balls(index);
        let time = running_time(index, self.frames_per_second);
        if time != self.time {
            self.time = time;
            self.paint_time();
        }
        &self.frame
    }

    fn paint_balls(&mut self, index: u32) {
        for area in self.covered.drain(..) {
            self.frame.restore(&self.backdrop, area);
        }
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        for ball in &self.balls {
            let area = ball.area(index);
            ball.paint(&mut self.frame, area);
            self.covered.push(area);
        }
    }

    fn paint_time(&mut self) {
        let dot = self.layout.time_dot;
        let style = TextStyle {
            left: self.layout.margin,
            top: self.layout.header_text_top(dot),
            dot,
            luma: TEXT_LUMA,
        };
        let area = Area {
            left: style.left,
            top: style.top,
            width: self.time.len() * CHARACTER_DOTS * dot,
            height: CHARACTER_DOTS * dot,
        };
        self.frame.restore(&self.backdrop, area);
        draw_line(&mut self.frame.luma, &self.time, style);
    }
}

fn choose_balls(layout: &Layout, palette: &Palette, numbers: &mut NumberSequence) -> Vec<Ball> {
    // From the picture's short side, so that balls are alike in both orientations.
    let side = layout.stage.width.min(layout.caption.bottom());
    let diameters = [side / 5, side / 7, side / 10];
    palette
        .balls()
        .into_iter()
        .zip(diameters)
        .map(|(color, diameter)| Ball::new(diameter & !1, color, layout.stage, numbers))
        .collect()
}

fn paint_backdrop(
    width: usize,
    height: usize,
    layout: &Layout,
    palette: &Palette,
    spec: &VideoSpec,
) -> Frame {
    let mut backdrop = Frame::new(width, height);
    backdrop.fill_diagonally(|step| palette.background(step, width + height));
    backdrop.darken(layout.header);
    backdrop.darken(layout.caption);
    paint_caption(&mut backdrop, layout, &spec.prompt);
    if spec.watermark {
        let dot = layout.watermark_dot;
        let style = TextStyle {
            left: layout.left_of_right_aligned(WATERMARK, dot),
            top: layout.header_text_top(dot),
            dot,
            luma: WATERMARK_LUMA,
        };
        draw_line(&mut backdrop.luma, WATERMARK, style);
    }
    backdrop
}

fn paint_caption(backdrop: &mut Frame, layout: &Layout, prompt: &str) {
    let mut top = layout.caption.top + layout.margin + layout.caption_dot;
    for line in wrap(prompt, layout.caption_columns(), CAPTION_LINES) {
        let style = TextStyle {
            left: layout.margin,
            top,
            dot: layout.caption_dot,
            luma: TEXT_LUMA,
        };
        draw_line(&mut backdrop.luma, &line, style);
        top += layout.line_height();
    }
}

/// The time a frame starts at, in minutes, seconds and tenths.
fn running_time(index: u32, frames_per_second: u32) -> String {
    let seconds = index / frames_per_second;
    let tenths = index % frames_per_second * 10 / frames_per_second;
    format!("{:02}:{:02}.{tenths}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(prompt: &str) -> VideoSpec {
        VideoSpec {
            width: 320,
            height: 240,
            seconds: 5,
            frames_per_second: 24,
            prompt: prompt.to_owned(),
            seed: 11,
            watermark: true,
        }
    }

    #[test]
    fn the_time_counts_tenths_of_seconds() {
        assert_eq!(running_time(0, 24), "00:00.0");
        assert_eq!(running_time(23, 24), "00:00.9");
        assert_eq!(running_time(24 * 3 + 5, 24), "00:03.2");
        assert_eq!(running_time(24 * 61, 24), "01:01.0");
        assert_eq!(running_time(30 * 3 + 15, 30), "00:03.5");
    }

    #[test]
    fn a_frame_does_not_depend_on_the_frames_before_it() {
        let spec = spec("a red fox");
        let mut played = Scene::new(320, 240, &spec);
        for index in 0..30 {
            played.paint(index);
        }
        let mut jumped = Scene::new(320, 240, &spec);
        assert_eq!(played.paint(30), jumped.paint(30));
    }

    #[test]
    fn the_picture_moves_and_shows_the_prompt() {
        let mut scene = Scene::new(320, 240, &spec("a red fox"));
        let first = scene.paint(0).clone();
        assert_ne!(&first, scene.paint(12));
        assert_ne!(&first, Scene::new(320, 240, &spec("a blue fox")).paint(0));
    }
}
