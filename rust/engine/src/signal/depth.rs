//! What the best levels of a side hold, added up only where one of them changed.

use super::drive::{NOWHERE, Registers};
use super::node::Input;
use super::stream::{BookStream, Stream};
use crate::book::Ladder;
use crate::event::Side;
use crate::instrument::Instrument;
use crate::units::Qty;

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
    /// How many levels are added up for each place, the fewest first.
    counts: Vec<u32>,
    /// Where each goes; [`NOWHERE`] is only counted so that the ladder tells of changes so deep.
    pub(super) places: Vec<u32>,
    /// The ladder's turn when it was read last.
    turn: Option<u64>,
    /// Room for what is added up.
    sums: Vec<Option<i64>>,
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
        Self { side, counts: vec![], places: vec![], turn: None, sums: vec![] }
    }

    /// Read these depths, and whatever changes within the `flow` best levels.
    pub(super) fn read(&mut self, inputs: &[Input], flow: u32) {
        let mut depths = depths(inputs, self.side);
        depths.sort_by_key(|depth| depth.levels);
        self.counts = depths.iter().map(|depth| depth.levels).collect();
        self.places = depths.iter().map(|depth| depth.place).collect();
        if self.counts.last().copied().unwrap_or(0) < flow {
            self.counts.push(flow);
            self.places.push(NOWHERE);
        }
        self.sums = vec![None; self.counts.len()];
    }

    /// What is known of it is of another book: ask again.
    pub(super) fn forget(&mut self) {
        self.turn = None;
    }

    /// Where levels that are read were set, add them up anew.
    #[inline]
    pub(super) fn add_up<R: Registers + ?Sized>(
        &mut self,
        ladder: &mut Ladder,
        instrument: &Instrument,
        registers: &mut R,
    ) -> Asked {
        let turn = Some(ladder.turn(self.side));
        if self.counts.is_empty() | (self.turn == turn) {
            return Asked::default();
        }
        ladder.add_up(self.side, &self.counts, &mut self.sums);
        // Adding up what was not counted before is a turn of its own.
        self.turn = Some(ladder.turn(self.side));
        let mut changed = false;
        for (place, sum) in self.places.iter().zip(&self.sums) {
            // A touch that was told without levels says nothing of what stands there.
            let known = sum.filter(|sum| *sum > 0).map(Qty::new);
            let size = known.map_or(f64::NAN, |sum| instrument.qty_as_f64(sum));
            changed |= put(registers, *place, size) & (*place != NOWHERE);
        }
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
