//! The balls that float through a video.

use std::ops::Range;

use super::frame::{Area, Color, Frame, Plane, mix};
use super::palette::NumberSequence;

/// One plane of a ball, painted once and copied into every frame.
#[derive(Debug)]
struct BallPlane {
    diameter: usize,
    samples: Vec<u8>,
    /// How much of what lies behind each sample is hidden, 255 being all of it.
    coverage: Vec<u8>,
    rows: Vec<BallRow>,
}

/// Which columns of a row the ball reaches, and which it hides altogether.
#[derive(Debug)]
struct BallRow {
    reached: Range<usize>,
    hidden: Range<usize>,
}

impl BallPlane {
    fn new(diameter: usize, sample: impl Fn(usize, usize) -> u8) -> Self {
        let cells = || (0..diameter).flat_map(|row| (0..diameter).map(move |column| (column, row)));
        let coverage: Vec<u8> = cells()
            .map(|(column, row)| coverage(column, row, diameter))
            .collect();
        Self {
            diameter,
            samples: cells().map(|(column, row)| sample(column, row)).collect(),
            rows: coverage.chunks(diameter.max(1)).map(ball_row).collect(),
            coverage,
        }
    }

    fn paint(&self, plane: &mut Plane, left: usize, top: usize) {
        for (index, row) in self.rows.iter().enumerate() {
            let target = plane.row_from(top + index, left);
            if target.len() < row.reached.end {
                continue;
            }
            let start = index * self.diameter;
            let samples = &self.samples[start..start + self.diameter];
            let coverage = &self.coverage[start..start + self.diameter];
            target[row.hidden.clone()].copy_from_slice(&samples[row.hidden.clone()]);
            let left_edge = row.reached.start..row.hidden.start;
            let right_edge = row.hidden.end..row.reached.end;
            for column in left_edge.chain(right_edge) {
                let part = usize::from(coverage[column]);
                target[column] = mix(target[column], samples[column], part, 255);
            }
        }
    }
}

/// How much of a sample lies inside the circle; the edge is one sample wide.
fn coverage(column: usize, row: usize, diameter: usize) -> u8 {
    // Distances from the centre in half samples, then in sixteenths: whole numbers, so that
    // every machine rounds alike.
    let across = (2 * column + 1).abs_diff(diameter);
    let down = (2 * row + 1).abs_diff(diameter);
    let distance = (64 * (across * across + down * down)).isqrt();
    let inside = (8 * diameter).saturating_sub(distance);
    u8::try_from(16 * inside).unwrap_or(u8::MAX)
}

fn ball_row(coverage: &[u8]) -> BallRow {
    let middle = coverage.len() / 2;
    let columns_where = |inside: fn(u8) -> bool| {
        let first = coverage.iter().position(|&part| inside(part));
        let last = coverage.iter().rposition(|&part| inside(part));
        match (first, last) {
            (Some(first), Some(last)) => first..last + 1,
            _ => middle..middle,
        }
    };
    BallRow {
        reached: columns_where(|part| part > 0),
        hidden: columns_where(|part| part == u8::MAX),
    }
}

/// A ball and the way it floats.
#[derive(Debug)]
pub(crate) struct Ball {
    luma: BallPlane,
    blue: BallPlane,
    red: BallPlane,
    across: Swing,
    down: Swing,
}

impl Ball {
    /// A ball that floats inside `stage`; its diameter is even and fits in there.
    pub(crate) fn new(
        diameter: usize,
        color: Color,
        stage: Area,
        numbers: &mut NumberSequence,
    ) -> Self {
        Self {
            luma: BallPlane::new(diameter, |column, row| {
                shade(color.luma, column, row, diameter)
            }),
            blue: BallPlane::new(diameter / 2, |_, _| color.blue),
            red: BallPlane::new(diameter / 2, |_, _| color.red),
            across: Swing::choose(stage.left, stage.width.saturating_sub(diameter), numbers),
            down: Swing::choose(stage.top, stage.height.saturating_sub(diameter), numbers),
        }
    }

    /// Where the ball is in a frame.
    pub(crate) fn area(&self, frame: usize) -> Area {
        Area {
            left: self.across.position(frame),
            top: self.down.position(frame),
            width: self.luma.diameter,
            height: self.luma.diameter,
        }
    }

    pub(crate) fn paint(&self, frame: &mut Frame, area: Area) {
        self.luma.paint(&mut frame.luma, area.left, area.top);
        self.blue
            .paint(&mut frame.blue, area.left / 2, area.top / 2);
        self.red.paint(&mut frame.red, area.left / 2, area.top / 2);
    }
}

/// A ball's brightness: light falls on it from the upper left.
fn shade(luma: u8, column: usize, row: usize, diameter: usize) -> u8 {
    let across = (2 * column + 1).abs_diff(diameter * 7 / 10);
    let down = (2 * row + 1).abs_diff(diameter * 6 / 10);
    let reach = diameter * 3 / 2;
    let lit = luma.saturating_add(50).min(235);
    let dark = mix(16, luma, 1, 2);
    mix(lit, dark, across * across + down * down, reach * reach)
}

/// A to and fro between two ends.
#[derive(Debug)]
struct Swing {
    start: usize,
    length: usize,
    /// How many frames one way takes.
    half_period: usize,
    /// The frame of the swing a video starts with.
    offset: usize,
}

impl Swing {
    fn choose(start: usize, length: usize, numbers: &mut NumberSequence) -> Self {
        let half_period = 84 + numbers.below(72);
        Self {
            start,
            length,
            half_period,
            offset: numbers.below(2 * half_period),
        }
    }

    /// Where the swing is in a frame: an even number, so that chroma moves by whole samples.
    fn position(&self, frame: usize) -> usize {
        let half = self.half_period;
        let moment = (frame + self.offset) % (2 * half);
        // A parabola each way is close to a sine, and exact on every machine.
        let way = moment % half;
        let whole = half * half;
        let rise = self.length * 2 * way * (half - way) / whole;
        let middle = self.length / 2;
        let position = if moment < half {
            middle + rise
        } else {
            middle.saturating_sub(rise)
        };
        self.start + (position & !1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGE: Area = Area {
        left: 0,
        top: 40,
        width: 320,
        height: 160,
    };

    #[test]
    fn a_ball_never_leaves_its_stage() {
        for seed in 0..50 {
            let mut numbers = NumberSequence::new(seed);
            let ball = Ball::new(60, Color::from_rgb([9, 9, 9]), STAGE, &mut numbers);
            for frame in 0..400 {
                let area = ball.area(frame);
                assert!(area.right() <= STAGE.right());
                assert!(area.top >= STAGE.top && area.bottom() <= STAGE.bottom());
                assert!(area.left.is_multiple_of(2) && area.top.is_multiple_of(2));
            }
        }
    }

    #[test]
    fn a_ball_moves_smoothly() {
        let ball = Ball::new(
            60,
            Color::from_rgb([9, 9, 9]),
            STAGE,
            &mut NumberSequence::new(3),
        );
        for frame in 0..400 {
            let (now, next) = (ball.area(frame), ball.area(frame + 1));
            assert!(now.left.abs_diff(next.left) <= 8);
            assert!(now.top.abs_diff(next.top) <= 8);
        }
    }

    #[test]
    fn painting_changes_only_the_balls_area() {
        let ball = Ball::new(
            20,
            Color::from_rgb([200, 80, 80]),
            STAGE,
            &mut NumberSequence::new(1),
        );
        let backdrop = Frame::new(320, 240);
        let mut frame = backdrop.clone();
        let area = ball.area(0);
        ball.paint(&mut frame, area);
        assert_ne!(frame, backdrop);
        frame.restore(&backdrop, area);
        assert_eq!(frame, backdrop);
    }

    #[test]
    fn corners_stay_free_and_the_middle_is_hidden() {
        assert_eq!(coverage(0, 0, 20), 0);
        assert_eq!(coverage(10, 10, 20), u8::MAX);
        assert!((1..u8::MAX).contains(&coverage(3, 3, 20)));
    }
}
