//! What a seed decides: the colors and the order of random numbers.

use super::frame::Color;
use crate::split_mix::next_number;

/// The colors of one video.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    /// The background, from the top left corner over the middle to the bottom right one.
    background: [[u8; 3]; 3],
    /// The balls, from the rearmost to the foremost.
    balls: [[u8; 3]; 3],
}

const PALETTES: [Palette; 6] = [
    Palette {
        background: [[38, 24, 84], [148, 58, 122], [246, 156, 104]],
        balls: [[255, 208, 122], [236, 96, 118], [120, 92, 220]],
    },
    Palette {
        background: [[8, 44, 78], [22, 112, 134], [150, 206, 186]],
        balls: [[255, 236, 170], [240, 130, 96], [54, 170, 190]],
    },
    Palette {
        background: [[24, 56, 44], [74, 124, 78], [214, 212, 132]],
        balls: [[250, 244, 214], [232, 146, 60], [86, 160, 98]],
    },
    Palette {
        background: [[22, 26, 52], [62, 78, 148], [172, 150, 212]],
        balls: [[232, 220, 255], [96, 190, 236], [214, 98, 180]],
    },
    Palette {
        background: [[64, 20, 34], [162, 60, 52], [244, 184, 112]],
        balls: [[255, 226, 160], [230, 88, 60], [96, 150, 156]],
    },
    Palette {
        background: [[44, 48, 66], [104, 116, 140], [214, 208, 206]],
        balls: [[246, 232, 206], [224, 122, 96], [92, 140, 176]],
    },
];

impl Palette {
    pub(crate) fn choose(numbers: &mut NumberSequence) -> Self {
        let index = numbers.below(PALETTES.len());
        PALETTES[index]
    }

    /// The background's color `step` of `steps` along its run.
    pub(crate) fn background(&self, step: usize, steps: usize) -> Color {
        let [start, middle, end] = self.background.map(Color::from_rgb);
        let half = steps / 2;
        if step < half {
            start.toward(middle, step, half)
        } else {
            middle.toward(end, step - half, steps - half)
        }
    }

    pub(crate) fn balls(&self) -> [Color; 3] {
        self.balls.map(Color::from_rgb)
    }
}

/// Numbers that look random and follow from a seed alone (the SplitMix64 generator).
#[derive(Debug)]
pub(crate) struct NumberSequence {
    state: u64,
}

impl NumberSequence {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        next_number(&mut self.state)
    }

    /// A number from zero up to, not including, `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // The same on machines of any word size: a limit always fits into 32 bits here.
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut numbers = NumberSequence::new(1_234_567);
        assert_eq!(numbers.next(), 6_457_827_717_110_365_317);
        assert_eq!(numbers.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn numbers_stay_below_their_limit() {
        let mut numbers = NumberSequence::new(7);
        assert!((0..100).all(|_| numbers.below(6) < 6));
        assert_eq!(numbers.below(0), 0);
    }
}
