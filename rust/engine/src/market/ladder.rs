//! One side of a simulated book: a few levels, best last, so that the touch is quick to change.
//!
//! A level stands by its rank: the step of the grid for bids, the step below zero for asks. So the
//! better price has the higher rank on both sides, and both sides are one code.

use crate::event::Side;

/// The most levels a side holds.
pub(super) const LEVELS_MAX: usize = 40;
/// A side that holds this few gets one further out before it loses one; above the five promised.
pub(super) const LEVELS_MIN: usize = 8;

/// How much rests at one price.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(super) struct Level {
    pub(super) rank: i64,
    pub(super) lots: i64,
}

/// The levels of one side.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Ladder {
    levels: Vec<Level>,
}

impl Ladder {
    pub(super) fn new() -> Self {
        Self { levels: Vec::with_capacity(LEVELS_MAX + 1) }
    }

    /// The step of the grid that a rank of `side` is.
    pub(super) fn step(side: Side, rank: i64) -> i64 {
        rank * side.sign()
    }

    pub(super) fn len(&self) -> usize {
        self.levels.len()
    }

    pub(super) fn best(&self) -> Option<Level> {
        self.levels.last().copied()
    }

    pub(super) fn farthest(&self) -> Option<Level> {
        self.levels.first().copied()
    }

    /// The level at this place, counted from the farthest.
    pub(super) fn at(&self, place: usize) -> Option<Level> {
        self.levels.get(place).copied()
    }

    /// What rests at a rank; nothing is zero.
    pub(super) fn lots(&self, rank: i64) -> i64 {
        self.place(rank).ok().and_then(|place| self.at(place)).map_or(0, |level| level.lots)
    }

    /// The level holds `lots` now; at zero it is gone.
    pub(super) fn set(&mut self, rank: i64, lots: i64) {
        match (self.place(rank), lots > 0) {
            (Ok(place), true) => {
                if let Some(level) = self.levels.get_mut(place) {
                    level.lots = lots;
                }
            }
            (Ok(place), false) => {
                self.levels.remove(place);
            }
            (Err(place), true) => self.levels.insert(place, Level { rank, lots }),
            (Err(_), false) => {}
        }
    }

    /// The best rank below the best that holds nothing and is at least `lowest`.
    pub(super) fn gap(&self, lowest: i64) -> Option<i64> {
        let best = self.best()?.rank;
        let far = i64::try_from(LEVELS_MAX).unwrap_or(0);
        (lowest.max(best - far)..best).rev().find(|&rank| self.lots(rank) == 0)
    }

    fn place(&self, rank: i64) -> Result<usize, usize> {
        self.levels.binary_search_by_key(&rank, |level| level.rank)
    }
}
