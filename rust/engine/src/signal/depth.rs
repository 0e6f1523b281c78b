//! What the best levels of a side hold, added up only where one of them changed.

use super::drive::{NOWHERE, Registers};
use super::node::Input;
use super::stream::{BookStream, Stream};
use crate::book::Ladder;
use crate::event::Side;
use crate::instrument::Scales;

/// Something of the best levels: how many, and where it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Over {
    pub(super) levels: u32,
    pub(super) place: u32,
}

/// What is read of the levels of one side, beyond the best.
#[derive(Debug, Clone)]
pub(super) struct Deep {
    side: Side,
    /// How many levels are added up for each place, the fewest first. What goes [`NOWHERE`] is only
    /// counted so that the ladder tells of changes so deep.
    pub(super) depths: Vec<Over>,
    /// The ladder's turn when it was read last.
    turn: Option<u64>,
}

/// What came of asking a side.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    /// Levels that are read were set.
    pub(super) turned: bool,
    /// A depth is not what it was.
    pub(super) changed: bool,
}

impl Deep {
    pub(super) fn new(side: Side) -> Self {
        Self { side, depths: vec![], turn: None }
    }

    /// Read these depths, and whatever changes within the `flow` best levels.
    pub(super) fn read(&mut self, inputs: &[Input], flow: u32) {
        self.depths = depths(inputs, self.side);
        self.depths.sort_by_key(|depth| depth.levels);
        if self.depths.last().map_or(0, |deepest| deepest.levels) < flow {
            self.depths.push(Over { levels: flow, place: NOWHERE });
        }
    }

    /// What is known of it is of another book: ask again.
    pub(super) fn forget(&mut self) {
        self.turn = None;
    }

    /// Where levels that are read were set, add them up anew.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: a call costs as much as the sums")]
    pub(super) fn add_up<R: Registers + ?Sized>(
        &mut self,
        ladder: &mut Ladder,
        scales: Scales,
        registers: &mut R,
    ) -> Asked {
        if self.turn == Some(ladder.turn(self.side)) {
            return Asked::default();
        }
        let mut changed = false;
        for Over { levels, place } in &self.depths {
            // A touch that was told without levels says nothing of what stands there.
            let known = ladder.depth(self.side, *levels).filter(|sum| sum.is_positive());
            let size = known.map_or(f64::NAN, |sum| scales.qty(sum));
            changed |= put(registers, *place, size) & (*place != NOWHERE);
        }
        // Adding up what was not counted before is a turn of its own.
        self.turn = Some(ladder.turn(self.side));
        Asked { turned: true, changed }
    }
}

/// Another instrument's or interval's input is not told: no opinion.
pub(super) fn is_own(input: &Input) -> bool {
    input.instrument.is_none() && input.interval.is_none()
}

/// The depths of a side that `inputs` name.
fn depths(inputs: &[Input], side: Side) -> Vec<Over> {
    let of = |(place, input): (u32, &Input)| match (input.stream, side) {
        (Stream::Book(BookStream::DepthBid(levels)), Side::Buy)
        | (Stream::Book(BookStream::DepthAsk(levels)), Side::Sell) => Some(Over { levels, place }),
        _ => None,
    };
    let own = (0..).zip(inputs).filter(|(_, input)| is_own(input));
    own.filter_map(of).collect()
}

/// Put a value; whether it is another one.
#[inline]
pub(super) fn put<R: Registers + ?Sized>(registers: &mut R, place: u32, value: f64) -> bool {
    let before = registers.at(place);
    registers.put(place, value);
    // What is not known has one pattern of bits.
    before.to_bits() != value.to_bits()
}
