//! A frame in YUV 4:2:0 and the drawing on it.

use std::ops::Range;

/// A rectangle of samples. In a frame all four numbers are even, so that it also names
/// whole chroma samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Area {
    /// The chroma samples this area of a frame covers.
    fn halved(self) -> Self {
        Self {
            left: self.left / 2,
            top: self.top / 2,
            width: self.width / 2,
            height: self.height / 2,
        }
    }

    pub(crate) fn right(self) -> usize {
        self.left + self.width
    }

    pub(crate) fn bottom(self) -> usize {
        self.top + self.height
    }
}

const BLACK: Color = Color {
    luma: 16,
    blue: 128,
    red: 128,
};

/// A color as H.264 carries it: BT.709, limited range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Color {
    pub(crate) luma: u8,
    pub(crate) blue: u8,
    pub(crate) red: u8,
}

impl Color {
    /// The color of a screen's red, green and blue.
    pub(crate) fn from_rgb([red, green, blue]: [u8; 3]) -> Self {
        let [r, g, b] = [red, green, blue].map(i32::from);
        let sample = |sum: i32, zero: i32| {
            u8::try_from(zero + (sum + 128).div_euclid(256)).unwrap_or(u8::MAX)
        };
        Self {
            luma: sample(47 * r + 157 * g + 16 * b, 16),
            blue: sample(-26 * r - 86 * g + 112 * b, 128),
            red: sample(112 * r - 102 * g - 10 * b, 128),
        }
    }

    /// The color `part` of `whole` of the way from this one to `other`.
    pub(crate) fn toward(self, other: Self, part: usize, whole: usize) -> Self {
        Self {
            luma: mix(self.luma, other.luma, part, whole),
            blue: mix(self.blue, other.blue, part, whole),
            red: mix(self.red, other.red, part, whole),
        }
    }
}

/// The sample `part` of `whole` of the way from `from` to `to`.
pub(crate) fn mix(from: u8, to: u8, part: usize, whole: usize) -> u8 {
    let part = part.min(whole);
    let sum = usize::from(from) * (whole - part) + usize::from(to) * part;
    u8::try_from(sum / whole.max(1)).unwrap_or(u8::MAX)
}

/// One of the three sample planes of a frame. What is drawn beyond its edges is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plane {
    width: usize,
    height: usize,
    samples: Vec<u8>,
}

impl Plane {
    fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            samples: vec![0; width * height],
        }
    }

    pub(crate) fn samples(&self) -> &[u8] {
        &self.samples
    }

    /// The samples of row `row` from column `left` on; none beyond the edges.
    pub(crate) fn row_from(&mut self, row: usize, left: usize) -> &mut [u8] {
        if row >= self.height || left >= self.width {
            return &mut [];
        }
        let start = row * self.width;
        &mut self.samples[start + left..start + self.width]
    }

    /// Sets every sample of an area to one value.
    pub(crate) fn fill(&mut self, area: Area, value: u8) {
        for samples in self.ranges(area) {
            self.samples[samples].fill(value);
        }
    }

    /// Takes an area back from a plane of the same size.
    fn restore(&mut self, source: &Self, area: Area) {
        for samples in self.ranges(area) {
            self.samples[samples.clone()].copy_from_slice(&source.samples[samples]);
        }
    }

    /// Brings the samples of an area to a third of their distance from `zero`.
    fn fade(&mut self, area: Area, zero: u8) {
        for samples in self.ranges(area) {
            for sample in &mut self.samples[samples] {
                *sample = mix(*sample, zero, 2, 3);
            }
        }
    }

    /// Where the rows of an area lie among the samples, cut at the plane's edges.
    fn ranges(&self, area: Area) -> impl Iterator<Item = Range<usize>> + use<> {
        let width = self.width;
        let columns = area.left.min(width)..area.right().min(width);
        let rows = area.top.min(self.height)..area.bottom().min(self.height);
        rows.map(move |row| row * width + columns.start..row * width + columns.end)
    }
}

/// One frame of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) luma: Plane,
    pub(crate) blue: Plane,
    pub(crate) red: Plane,
}

impl Frame {
    /// A frame to paint on; its sides are even.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self {
            luma: Plane::new(width, height),
            blue: Plane::new(width / 2, height / 2),
            red: Plane::new(width / 2, height / 2),
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.luma.width
    }

    pub(crate) fn height(&self) -> usize {
        self.luma.height
    }

    /// Takes an area back from a frame of the same size.
    pub(crate) fn restore(&mut self, source: &Self, area: Area) {
        self.luma.restore(&source.luma, area);
        self.blue.restore(&source.blue, area.halved());
        self.red.restore(&source.red, area.halved());
    }

    /// Darkens an area so that light text stands out on it.
    pub(crate) fn darken(&mut self, area: Area) {
        self.luma.fade(area, BLACK.luma);
        self.blue.fade(area.halved(), BLACK.blue);
        self.red.fade(area.halved(), BLACK.red);
    }

    /// Fills the frame with a diagonal run of colors, which starts in the top left corner.
    /// `color` is asked for each step of `0..width + height`.
    pub(crate) fn fill_diagonally(&mut self, color: impl Fn(usize) -> Color) {
        let (width, height) = (self.width(), self.height());
        let run: Vec<Color> = (0..width + height).map(color).collect();
        let each: Vec<u8> = run.iter().map(|color| color.luma).collect();
        fill_from_run(&mut self.luma, &each);
        // One chroma sample stands for two steps.
        let each: Vec<u8> = run.iter().step_by(2).map(|color| color.blue).collect();
        fill_from_run(&mut self.blue, &each);
        let each: Vec<u8> = run.iter().step_by(2).map(|color| color.red).collect();
        fill_from_run(&mut self.red, &each);
    }
}

/// Row by row, each one sample further along the run: a diagonal for the price of a copy.
fn fill_from_run(plane: &mut Plane, run: &[u8]) {
    let width = plane.width;
    for row in 0..plane.height {
        plane
            .row_from(row, 0)
            .copy_from_slice(&run[row..row + width]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(left: usize, top: usize, width: usize, height: usize) -> Area {
        Area {
            left,
            top,
            width,
            height,
        }
    }

    #[test]
    fn black_white_and_red_are_those_of_the_standard() {
        let parts = |rgb| {
            let color = Color::from_rgb(rgb);
            [color.luma, color.blue, color.red]
        };
        assert_eq!(parts([0, 0, 0]), [16, 128, 128]);
        assert_eq!(parts([255, 255, 255]), [235, 128, 128]);
        assert_eq!(parts([255, 0, 0]), [63, 102, 240]);
    }

    #[test]
    fn filling_stays_inside_the_plane() {
        let mut plane = Plane::new(4, 3);
        plane.fill(area(2, 1, 10, 10), 7);
        assert_eq!(plane.samples(), [0, 0, 0, 0, 0, 0, 7, 7, 0, 0, 7, 7]);
        plane.fill(area(9, 9, 2, 2), 1);
        assert!(!plane.samples().contains(&1));
    }

    #[test]
    fn restoring_an_area_brings_back_all_three_planes() {
        let mut backdrop = Frame::new(8, 8);
        backdrop.fill_diagonally(|_| Color::from_rgb([200, 100, 50]));
        let mut frame = backdrop.clone();
        for plane in [&mut frame.luma, &mut frame.blue, &mut frame.red] {
            plane.fill(area(0, 0, 2, 2), 1);
        }
        assert_ne!(frame, backdrop);
        frame.restore(&backdrop, area(0, 0, 4, 4));
        assert_eq!(frame, backdrop);
    }

    #[test]
    fn a_diagonal_run_moves_one_step_each_row() {
        let mut frame = Frame::new(4, 2);
        frame.fill_diagonally(|step| Color {
            luma: u8::try_from(step).unwrap(),
            blue: u8::try_from(step).unwrap(),
            red: 0,
        });
        assert_eq!(frame.luma.samples(), [0, 1, 2, 3, 1, 2, 3, 4]);
        assert_eq!(frame.blue.samples(), [0, 2]);
    }
}
