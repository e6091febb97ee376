//! What goes wrong on a stream, and where.

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a stream has two directions")]
pub enum Direction {
    /// From the server: what the client reads.
    ToClient,
    /// To the server: what the client writes.
    ToServer,
}

/// One thing that goes wrong. Bytes are counted from 0 in the direction of the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Exactly this many bytes pass. Then the client reads a clean end, or cannot write on.
    Cut(u64),
    /// This byte is changed: the bits of the mask are flipped.
    Corrupt {
        /// Which byte.
        at: u64,
        /// Which bits of it.
        mask: u8,
    },
    /// Exactly this many bytes pass. Then the connection is reset, in both directions.
    Reset(u64),
    /// Bytes pass in pieces of at most this many, and at least one.
    Slice(usize),
    /// Exactly this many bytes pass, and then none ever, without an error.
    Stall(u64),
}

/// All that goes wrong on one stream; the same plan does the same to the same bytes.
///
/// ```
/// use kirin_transport::testing::{Direction, Fault, FaultPlan};
///
/// let plan = FaultPlan::default()
///     .with(Direction::ToServer, Fault::Slice(3))
///     .with(Direction::ToClient, Fault::Cut(17));
/// assert_ne!(plan, FaultPlan::default());
/// assert_eq!(FaultPlan::from_seed(7, 1000), FaultPlan::from_seed(7, 1000));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    faults: Vec<(Direction, Fault)>,
}

impl FaultPlan {
    /// The same plan with one more fault. Where two faults meet at a byte, the first one wins.
    pub fn with(mut self, direction: Direction, fault: Fault) -> Self {
        self.faults.push((direction, fault));
        self
    }

    /// One fault of any kind, in either direction, within the first `length` bytes, and pieces of
    /// any size; both chosen by `seed`.
    pub fn from_seed(seed: u64, length: u64) -> Self {
        let mut seeds = SplitMix(seed);
        let direction = match seeds.below(2) {
            0 => Direction::ToClient,
            _ => Direction::ToServer,
        };
        let at = seeds.below(length.max(1));
        let fault = match seeds.below(4) {
            0 => Fault::Cut(at),
            1 => Fault::Reset(at),
            2 => Fault::Stall(at),
            _ => Fault::Corrupt {
                at,
                mask: 1 << seeds.below(8),
            },
        };
        // Less than 32, so it fits.
        let mut piece = || Fault::Slice(1 + seeds.below(31) as usize);
        Self::default()
            .with(direction, fault)
            .with(Direction::ToClient, piece())
            .with(Direction::ToServer, piece())
    }

    /// The faults, in the order in which they were added.
    pub fn faults(&self) -> &[(Direction, Fault)] {
        &self.faults
    }

    pub(super) fn lane(&self, direction: Direction) -> Lane {
        let faults = self
            .faults
            .iter()
            .filter(|(towards, _)| *towards == direction);
        Lane {
            passed: 0,
            faults: faults.map(|(_, fault)| *fault).collect(),
        }
    }
}

/// One direction of a stream, and how far it is.
#[derive(Debug)]
pub(super) struct Lane {
    passed: u64,
    faults: Vec<Fault>,
}

/// What may pass next.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// At most so many bytes, as they are.
    Bytes(usize),
    /// One byte, with these bits flipped.
    Corrupted(u8),
    Cut,
    Reset,
    Stall,
}

impl Lane {
    /// What may pass of the next `wanted` bytes, of which there is at least one.
    pub(super) fn next(&self, wanted: usize) -> Next {
        let (passed, mut room) = (self.passed, wanted);
        for fault in &self.faults {
            let ahead = match *fault {
                Fault::Slice(size) => {
                    room = room.min(size.max(1));
                    continue;
                }
                Fault::Corrupt { at, .. } if at < passed => continue,
                Fault::Corrupt { at, mask } if at == passed => return Next::Corrupted(mask),
                Fault::Cut(at) if at <= passed => return Next::Cut,
                Fault::Reset(at) if at <= passed => return Next::Reset,
                Fault::Stall(at) if at <= passed => return Next::Stall,
                Fault::Corrupt { at, .. }
                | Fault::Cut(at)
                | Fault::Reset(at)
                | Fault::Stall(at) => at - passed,
            };
            room = room.min(usize::try_from(ahead).unwrap_or(usize::MAX));
        }
        Next::Bytes(room)
    }

    pub(super) fn pass(&mut self, count: usize) {
        self.passed += count as u64;
    }
}

/// The generator SplitMix64: a few lines, and the same numbers everywhere.
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(faults: &[Fault], passed: usize, wanted: usize, expected: &Next) {
        let plan = FaultPlan {
            faults: faults.iter().map(|it| (Direction::ToServer, *it)).collect(),
        };
        let mut lane = plan.lane(Direction::ToServer);
        lane.pass(passed);
        assert_eq!(lane.next(wanted), *expected, "{faults:?} after {passed}");
        let mut other = plan.lane(Direction::ToClient);
        other.pass(passed);
        assert_eq!(
            other.next(wanted),
            Next::Bytes(wanted),
            "the other way is sound"
        );
    }

    #[test]
    fn a_fault_strikes_at_its_byte_and_not_before() {
        check(&[], 0, 10, &Next::Bytes(10));
        for (fault, expected) in [
            (Fault::Cut(5), Next::Cut),
            (Fault::Reset(5), Next::Reset),
            (Fault::Stall(5), Next::Stall),
        ] {
            check(&[fault], 0, 10, &Next::Bytes(5));
            check(&[fault], 4, 10, &Next::Bytes(1));
            check(&[fault], 0, 3, &Next::Bytes(3));
            check(&[fault], 5, 10, &expected);
            check(&[fault], 6, 10, &expected);
        }
    }

    #[test]
    fn one_byte_is_changed() {
        let fault = Fault::Corrupt { at: 5, mask: 64 };
        check(&[fault], 0, 10, &Next::Bytes(5));
        check(&[fault], 5, 10, &Next::Corrupted(64));
        check(&[fault], 6, 10, &Next::Bytes(10));
    }

    #[test]
    fn pieces_are_small_and_never_empty() {
        check(&[Fault::Slice(3)], 0, 10, &Next::Bytes(3));
        check(&[Fault::Slice(0)], 0, 10, &Next::Bytes(1));
        check(&[Fault::Slice(3), Fault::Cut(2)], 0, 10, &Next::Bytes(2));
        check(&[Fault::Slice(3), Fault::Cut(2)], 2, 10, &Next::Cut);
    }

    #[test]
    fn seeds_reach_every_kind_of_fault_in_both_directions() {
        let mut kinds = std::collections::HashSet::new();
        for seed in 0..200 {
            let plan = FaultPlan::from_seed(seed, 10);
            let (direction, fault) = plan.faults()[0];
            kinds.insert((direction, std::mem::discriminant(&fault)));
        }
        assert_eq!(kinds.len(), 8);
    }
}
