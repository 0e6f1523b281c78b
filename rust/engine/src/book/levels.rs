//! One side of a book: a window of ranks around the touch lies densely, the rest in two trees.
//!
//! Within the window a change costs the same however deep the book is. Beyond it costs what a tree
//! costs, and pays for sliding the window a few levels towards the touch: no change ever waits for
//! all the others, and nobody can make one cost much by telling odd prices.

use std::collections::BTreeMap;
use std::hint::select_unpredictable;
use std::iter::successors;

use serde::{Deserialize, Serialize};

use super::ranks::{Ranks, slide_down, slide_up};
use super::top::{Change, Neighbours, Top};
use super::window::{SPAN, Window};

/// How many levels a side keeps beyond each end of its window. Where there are more, the worst of
/// the side are let go, and it is known down to there and no further until it is cleared: what is
/// told of worse ranks is passed over, so that there is never a hole in what is known.
const FAR_LEVELS_MAX: usize = 65_536;
/// How many levels enter or leave the window with one change beyond it.
const MOVES_MAX: usize = 4;
/// The window slides down until so many of its ranks are worse than the best.
const WORSE_MIN: i64 = (SPAN / 8 * 7).cast_signed();
/// The window slides up until no more of its ranks are worse than the best: room to rise is left.
const WORSE_MAX: i64 = (SPAN / 32 * 31).cast_signed();

/// The levels of one side; the better rank is the higher one.
#[derive(Debug)]
pub(super) struct Levels {
    window: Option<Box<Window>>,
    /// The best rank and what it holds, kept beside the window so that reading it waits for
    /// nothing; no size: there is none.
    best_rank: i64,
    best_qty: i64,
    /// The worst rank that any of `tops` counts; a better one than any where there are none.
    edge: i64,
    /// How often a rank at the edge or better was set.
    turn: u64,
    /// What the best levels hold together, for each count that was asked for.
    tops: Vec<Top>,
    /// Ranks better than all of the window.
    above: BTreeMap<i64, i64>,
    /// Ranks worse than all of the window.
    below: BTreeMap<i64, i64>,
    /// Where some were let go: from this rank on down nothing is known.
    cut: Option<i64>,
}

/// All levels of a side by rank, the best first, and how they lie.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Laid {
    pub(super) levels: Vec<(i64, i64)>,
    /// From this rank on down nothing is known.
    pub(super) cut: Option<i64>,
    /// The worst rank of the window; `None`: where the best would have it.
    pub(super) lowest: Option<i64>,
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            window: None,
            best_rank: i64::MIN,
            best_qty: 0,
            edge: i64::MAX,
            turn: 0,
            tops: Vec::new(),
            above: BTreeMap::new(),
            below: BTreeMap::new(),
            cut: None,
        }
    }
}

impl Levels {
    /// Nothing is left; the room is kept.
    pub(super) fn clear(&mut self) {
        self.lay(&Laid::default());
    }

    /// How many levels there are.
    pub(super) fn len(&self) -> usize {
        let near = self.window.as_ref().map_or(0, |window| window.len());
        self.above.len() + near + self.below.len()
    }

    /// A rank holds `qty` now.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: a call costs as much as the update")]
    pub(super) fn set(&mut self, rank: i64, qty: i64) {
        if let Some(window) = &mut self.window
            && let Some(slot) = window.slot(rank)
        {
            if rank >= self.edge {
                return self.set_counted(slot, rank, qty);
            }
            window.put(slot, qty);
            self.follow_best(slot, rank, qty);
            return;
        }
        self.set_outside(rank, qty);
    }

    /// The same for a level that is counted.
    #[inline(never)]
    fn set_counted(&mut self, slot: usize, rank: i64, qty: i64) {
        let before = self.window.as_mut().map_or(0, |window| window.put(slot, qty));
        self.follow_best(slot, rank, qty);
        self.follow(Change { rank, before, after: qty });
    }

    /// A level in the window was set: it may be the touch.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: a call costs as much as the update")]
    fn follow_best(&mut self, slot: usize, rank: i64, qty: i64) {
        // Whether a level comes or goes, and whether it is the touch, is chance: a branch would be
        // guessed wrongly too often. One comparison for `gone`: `&` would become two branches.
        let best = (qty != 0) & (rank >= self.best_rank);
        let gone = (rank ^ self.best_rank) | qty == 0;
        self.best_rank = select_unpredictable(best, rank, self.best_rank);
        self.best_qty = select_unpredictable(best, qty, self.best_qty);
        if gone {
            self.find_best(slot);
        }
    }

    /// The best level, at `slot`, is gone.
    #[inline(never)]
    fn find_best(&mut self, slot: usize) {
        if let Some(window) = &self.window
            && let Some(next) = window.below(slot)
        {
            (self.best_rank, self.best_qty) = (window.rank(next), window.at(next));
            return;
        }
        self.find_best_far();
    }

    /// The best level is gone, and the window empty or worse.
    #[cold]
    #[inline(never)]
    fn find_best_far(&mut self) {
        (self.best_rank, self.best_qty) = self.ranks().best().unwrap_or((i64::MIN, 0));
    }

    /// All levels, wherever they lie.
    #[inline]
    fn ranks(&self) -> Ranks<'_> {
        Ranks { window: self.window.as_deref(), above: &self.above, below: &self.below }
    }

    /// What a rank holds.
    #[inline]
    pub(super) fn at(&self, rank: i64) -> i64 {
        self.ranks().held(rank)
    }

    /// The best rank, and what it holds.
    #[inline]
    pub(super) fn best(&self) -> Option<(i64, i64)> {
        (self.best_qty != 0).then_some((self.best_rank, self.best_qty))
    }

    /// Changes when one of the levels changed that were last added up.
    #[inline]
    pub(super) fn turn(&self) -> u64 {
        self.turn
    }

    /// The best rank of those that are not known, where some were let go.
    pub(super) fn cut(&self) -> Option<i64> {
        self.cut
    }

    /// The worst rank that may be known.
    fn known(&self) -> i64 {
        self.cut.map_or(i64::MIN, |cut| cut.saturating_add(1))
    }

    /// What the best `count` levels hold together; `None` where that does not fit. What is asked
    /// for once is kept from then on.
    #[inline]
    pub(super) fn add_up(&mut self, count: u32) -> Option<i64> {
        match self.tops.iter().find(|top| top.want() == count) {
            Some(top) => top.sum(),
            None => self.add_up_first(count),
        }
    }

    #[cold]
    #[inline(never)]
    fn add_up_first(&mut self, count: u32) -> Option<i64> {
        let top = Top::count(count, self.iter());
        self.tops.push(top);
        self.turn = self.turn.wrapping_add(1);
        self.edge = self.edge.min(top.edge());
        top.sum()
    }

    /// A level that is counted changed.
    #[inline]
    fn follow(&mut self, change: Change) {
        self.turn = self.turn.wrapping_add(1);
        let window = self.window.as_deref();
        let ranks = Ranks { window, above: &self.above, below: &self.below };
        let mut edge = i64::MAX;
        for top in &mut self.tops {
            top.follow(change, &ranks);
            edge = edge.min(top.edge());
        }
        self.edge = edge;
    }

    /// Every rank and what it holds, the best first.
    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let told = |(rank, qty): (&i64, &i64)| (*rank, *qty);
        let near = self.window.as_ref().into_iter().flat_map(|window| {
            let best = window.slot(self.best_rank).filter(|_| self.best_qty != 0);
            let slots = successors(best.or_else(|| window.last()), |slot| window.below(*slot));
            slots.map(|slot| (window.rank(slot), window.at(slot)))
        });
        let below = self.below.iter().rev().map(told);
        self.above.iter().rev().map(told).chain(near).chain(below)
    }

    #[cold]
    #[inline(never)]
    fn set_outside(&mut self, rank: i64, qty: i64) {
        if rank < self.known() {
            return;
        }
        if self.best_qty == 0 {
            if qty != 0 {
                self.place(rank);
                self.set(rank, qty);
            }
            return;
        }
        let lowest = self.window.as_ref().map_or(i64::MAX, |window| window.lowest());
        let far = if rank < lowest { &mut self.below } else { &mut self.above };
        let before = if qty == 0 { far.remove(&rank) } else { far.insert(rank, qty) };
        self.after(Change { rank, before: before.unwrap_or(0), after: qty });
        for _ in 0..MOVES_MAX {
            if !self.slide() {
                break;
            }
        }
        self.keep_to_limit();
    }

    /// A change beyond the window was made: the touch and the sums follow it.
    fn after(&mut self, change: Change) {
        let Change { rank, after, .. } = change;
        if after != 0 && rank >= self.best_rank {
            (self.best_rank, self.best_qty) = (rank, after);
        } else if after == 0 && rank == self.best_rank {
            self.find_best_far();
        }
        if rank >= self.edge {
            self.follow(change);
        }
    }

    /// Place the empty window so that `best` stands where it should.
    fn place(&mut self, best: i64) {
        let known = self.known();
        let window = self.window.get_or_insert_with(Window::empty);
        window.slide(best.saturating_sub(WORSE_MIN).max(known));
    }

    /// Slide the window towards the touch, until a level enters or leaves it; whether one did.
    fn slide(&mut self) -> bool {
        let (up, down) =
            (self.best_rank.saturating_sub(WORSE_MAX), self.best_rank.saturating_sub(WORSE_MIN));
        let down = down.max(self.known());
        let Some(window) = self.window.as_mut().filter(|_| self.best_qty != 0) else {
            return false;
        };
        if window.lowest() < up {
            return slide_up(window, up, &mut self.above, &mut self.below);
        }
        // Nothing is above here, or the best would be: so nothing can leave.
        if window.lowest() > down {
            return slide_down(window, down, &mut self.below);
        }
        false
    }

    /// Where too many lie beyond an end of the window, the worst of the side are let go.
    fn keep_to_limit(&mut self) {
        while self.below.len() > FAR_LEVELS_MAX
            && let Some((rank, qty)) = self.below.pop_first()
        {
            self.cut = Some(rank);
            self.after(Change { rank, before: qty, after: 0 });
        }
        if self.above.len() > FAR_LEVELS_MAX {
            // So many have to be set before it happens again: each pays for a few.
            self.lay(&Laid { lowest: None, ..self.laid() });
        }
    }

    /// How it lies, so that another can lie the same: where levels are let go depends on it.
    pub(super) fn laid(&self) -> Laid {
        Laid {
            levels: self.iter().collect(),
            cut: self.cut,
            lowest: self.window.as_ref().map(|window| window.lowest()),
        }
    }

    /// Lay everything anew.
    pub(super) fn lay(&mut self, laid: &Laid) {
        if let Some(window) = &mut self.window {
            window.clear();
        }
        self.above.clear();
        self.below.clear();
        self.cut = laid.cut;
        (self.best_rank, self.best_qty) = laid.levels.first().copied().unwrap_or((i64::MIN, 0));
        match laid.lowest {
            Some(lowest) => self.window.get_or_insert_with(Window::empty).slide(lowest),
            None if self.best_qty != 0 => self.place(self.best_rank),
            None => {}
        }
        if let Some(window) = &mut self.window {
            for (rank, qty) in &laid.levels {
                if let Some(slot) = window.slot(*rank) {
                    window.put(slot, *qty);
                } else if *rank < window.lowest() {
                    self.below.insert(*rank, *qty);
                } else {
                    self.above.insert(*rank, *qty);
                }
            }
        }
        self.count_tops();
        self.keep_to_limit();
    }

    /// The same levels lying the same, of which nothing was added up yet.
    pub(super) fn laid_again(&self) -> Self {
        let mut again = Self { turn: self.turn, ..Self::default() };
        again.lay(&self.laid());
        again
    }

    /// Add everything up that is asked for.
    fn count_tops(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        let mut tops = core::mem::take(&mut self.tops);
        self.edge = i64::MAX;
        for top in &mut tops {
            *top = Top::count(top.want(), self.iter());
            self.edge = self.edge.min(top.edge());
        }
        self.tops = tops;
    }
}
