//! All levels of a side in one order, across the ends of its window; and the window's sliding.

use std::collections::BTreeMap;

use super::top::Neighbours;
use super::window::{SPAN, Window};

/// The levels above, within and below the window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranks<'a> {
    pub(super) window: Option<&'a Window>,
    pub(super) above: &'a BTreeMap<i64, i64>,
    pub(super) below: &'a BTreeMap<i64, i64>,
}

impl Ranks<'_> {
    /// The best rank, and what it holds.
    pub(super) fn best(self) -> Option<(i64, i64)> {
        let told = |(rank, qty): (&i64, &i64)| (*rank, *qty);
        let near = |window: &Window| window.last().map(|slot| (window.rank(slot), window.at(slot)));
        let above = self.above.last_key_value().map(told);
        let near = || self.window.and_then(near);
        above.or_else(near).or_else(|| self.below.last_key_value().map(told))
    }

    /// Whether a rank that is not in the window is worse than all of it.
    fn is_below(self, rank: i64) -> bool {
        self.window.is_none_or(|window| rank < window.lowest())
    }
}

impl Neighbours for Ranks<'_> {
    #[inline]
    fn held(&self, rank: i64) -> i64 {
        if let Some(window) = self.window
            && let Some(slot) = window.slot(rank)
        {
            return window.at(slot);
        }
        let far = if self.is_below(rank) { self.below } else { self.above };
        far.get(&rank).copied().unwrap_or(0)
    }

    #[inline]
    fn better(&self, rank: i64) -> Option<i64> {
        let next = |far: &BTreeMap<i64, i64>| {
            far.range(rank.checked_add(1)?..).next().map(|(rank, _)| *rank)
        };
        let window = self.window?;
        let near = match window.slot(rank) {
            Some(slot) => window.above(slot),
            None if self.is_below(rank) => match next(self.below) {
                Some(rank) => return Some(rank),
                None => window.first(),
            },
            None => None,
        };
        near.map(|slot| window.rank(slot)).or_else(|| next(self.above))
    }

    #[inline]
    fn worse(&self, rank: i64) -> Option<i64> {
        let next = |far: &BTreeMap<i64, i64>| far.range(..rank).next_back().map(|(rank, _)| *rank);
        let window = self.window?;
        let near = match window.slot(rank) {
            Some(slot) => window.below(slot),
            None if self.is_below(rank) => None,
            None => match next(self.above) {
                Some(rank) => return Some(rank),
                None => window.last(),
            },
        };
        near.map(|slot| window.rank(slot)).or_else(|| next(self.below))
    }

    fn worst(&self) -> Option<i64> {
        let near = |window: &Window| window.first().map(|slot| window.rank(slot));
        let below = self.below.first_key_value().map(|(rank, _)| *rank);
        let above = || self.above.first_key_value().map(|(rank, _)| *rank);
        below.or_else(|| self.window.and_then(near)).or_else(above)
    }
}

/// Slide up to `lowest`, or until a level enters or leaves; whether one did.
pub(super) fn slide_up(
    window: &mut Window,
    lowest: i64,
    above: &mut BTreeMap<i64, i64>,
    below: &mut BTreeMap<i64, i64>,
) -> bool {
    let last = SPAN.cast_signed() - 1;
    let mut lowest = lowest;
    if let Some((rank, _)) = above.first_key_value() {
        lowest = lowest.min(rank.saturating_sub(last));
    }
    let worst = window.first().filter(|slot| window.rank(*slot) < lowest);
    if let Some(slot) = worst {
        let rank = window.rank(slot);
        below.insert(rank, window.put(slot, 0));
        lowest = rank.saturating_add(1);
    }
    window.slide(lowest);
    let entered = above.first_entry().filter(|level| window.slot(*level.key()).is_some());
    let Some((rank, qty)) = entered.map(|level| level.remove_entry()) else {
        return worst.is_some();
    };
    hold(window, rank, qty);
    true
}

/// Slide down to `lowest`, or until a level enters; whether one did. None may be so good that it
/// would leave.
pub(super) fn slide_down(window: &mut Window, lowest: i64, below: &mut BTreeMap<i64, i64>) -> bool {
    let entered = below.last_entry().filter(|level| *level.key() >= lowest);
    let Some((rank, qty)) = entered.map(|level| level.remove_entry()) else {
        window.slide(lowest);
        return false;
    };
    window.slide(rank);
    hold(window, rank, qty);
    true
}

fn hold(window: &mut Window, rank: i64, qty: i64) {
    if let Some(slot) = window.slot(rank) {
        window.put(slot, qty);
    }
}
