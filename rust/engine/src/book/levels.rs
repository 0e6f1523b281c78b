//! One side of a book: 64³ ranks around the touch lie densely, whatever is worse in a table.
//!
//! A bit for each rank, a bit for each word of those, a bit for each word of those again: the best
//! rank and the next worse one are found by looking at three words, however deep the book is.

use std::iter::{once_with, successors};

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::top::{Change, Neighbours, Top};

/// Bits of a word.
const WORD: usize = 64;
/// How many ranks lie densely.
const WINDOW: usize = WORD * WORD * WORD;
const WORDS: usize = WORD * WORD;
/// Where the best rank stands in the window when it is laid: a quarter of it is left to rise in.
const BEST_AT: i64 = 196_608;
/// A best rank lower than this, with levels below the window, has it laid anew.
const BEST_LOW: usize = WINDOW / 4;

/// The levels of one side; the better rank is the higher one.
#[derive(Debug)]
pub(super) struct Levels {
    window: Option<Box<Window>>,
    /// Ranks worse than all of the window, which is empty only where these are.
    far: HashMap<i64, i64, FxBuildHasher>,
    /// The best rank and what it holds, kept beside the window so that reading it waits for
    /// nothing; no size: there is none.
    best_rank: i64,
    best_qty: i64,
    /// What the best levels hold together, for each count that was asked for; `None` where a sum
    /// does not fit.
    tops: Vec<(u32, Option<Top>)>,
    /// The worst rank that any of them counts.
    edge: i64,
    /// How often a rank at the edge or better was set.
    turn: u64,
}

impl Default for Levels {
    fn default() -> Self {
        let far = HashMap::default();
        Self {
            window: None,
            far,
            best_rank: i64::MIN,
            best_qty: 0,
            tops: Vec::new(),
            edge: i64::MAX,
            turn: 0,
        }
    }
}

impl Levels {
    /// Nothing is left; the room is kept.
    pub(super) fn clear(&mut self) {
        if let Some(window) = &mut self.window {
            window.clear();
        }
        self.far.clear();
        (self.best_rank, self.best_qty) = (i64::MIN, 0);
        self.count_tops();
    }

    /// How many levels there are.
    pub(super) fn len(&self) -> usize {
        self.far.len() + self.window.as_ref().map_or(0, |window| window.len())
    }

    /// A rank holds `qty` now.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: a call costs as much as the update")]
    pub(super) fn set(&mut self, rank: i64, qty: i64) {
        if let Some(window) = &mut self.window
            && let Some(slot) = window.slot(rank)
        {
            let holds = qty != 0;
            let before = window.put(slot, qty);
            // Counted, not branched on: whether a level comes or goes, and whether it is the
            // touch, is chance, and a branch would be guessed wrongly too often.
            let best = holds & (rank >= self.best_rank);
            let gone = !holds & (rank == self.best_rank);
            self.best_rank = if best { rank } else { self.best_rank };
            self.best_qty = if best { qty } else { self.best_qty };
            let counted = rank < self.edge || self.follow(Change { rank, before, after: qty });
            if gone {
                self.find_best(slot);
            }
            if !counted {
                self.count_tops();
            }
            return;
        }
        self.set_outside(rank, qty);
    }

    /// The best level, at `slot`, is gone.
    #[inline(never)]
    fn find_best(&mut self, slot: usize) {
        let Some(window) = &self.window else {
            return;
        };
        if let Some(next) = window.below(slot) {
            (self.best_rank, self.best_qty) = (window.rank(next), window.at(next));
            return;
        }
        (self.best_rank, self.best_qty) = (i64::MIN, 0);
        if !self.far.is_empty() {
            self.lay_on_far();
        }
    }

    /// What a rank holds.
    #[inline]
    pub(super) fn at(&self, rank: i64) -> i64 {
        let Some(window) = &self.window else {
            return 0;
        };
        match window.slot(rank) {
            Some(slot) => window.at(slot),
            None => self.far.get(&rank).copied().unwrap_or(0),
        }
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

    /// It stands for `other` from here on, and no turn of that one comes again.
    pub(super) fn succeed(&mut self, other: &Self) {
        self.turn = self.turn.wrapping_add(other.turn).wrapping_add(1);
    }

    /// What the best `counts` levels hold together, for each count; `None` where a sum does not
    /// fit. What is asked for once is kept from then on.
    #[inline]
    pub(super) fn add_up(&mut self, counts: &[u32], sums: &mut [Option<i64>]) {
        let same = self.tops.len() == counts.len()
            && self.tops.iter().zip(counts).all(|((known, _), count)| known == count);
        if !same {
            return self.add_up_others(counts, sums);
        }
        for ((_, top), sum) in self.tops.iter().zip(sums) {
            *sum = top.map(|top| top.sum());
        }
    }

    /// The same where others are asked for than the last time, or by somebody else.
    #[cold]
    #[inline(never)]
    fn add_up_others(&mut self, counts: &[u32], sums: &mut [Option<i64>]) {
        for (count, sum) in counts.iter().zip(sums) {
            if !self.tops.iter().any(|(known, _)| known == count) {
                self.tops.push((*count, None));
                self.count_tops();
            }
            let top = self.tops.iter().find(|(known, _)| known == count);
            *sum = top.and_then(|(_, top)| *top).map(|top| top.sum());
        }
    }

    /// A level that is counted changed; whether every sum could follow.
    #[inline(never)]
    fn follow(&mut self, change: Change) -> bool {
        self.turn = self.turn.wrapping_add(1);
        let Some(window) = &self.window else {
            return false;
        };
        let (mut edge, mut whole) = (i64::MAX, true);
        for (_, top) in &mut self.tops {
            let followed = top.and_then(|top| top.follow(change, &**window));
            whole &= followed.is_some();
            *top = followed;
            edge = edge.min(followed.map_or(i64::MIN, |top| top.edge()));
        }
        self.edge = edge;
        whole
    }

    /// Add everything up that is asked for.
    #[cold]
    #[inline(never)]
    fn count_tops(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        let mut tops = core::mem::take(&mut self.tops);
        self.edge = i64::MAX;
        for (count, top) in &mut tops {
            *top = Top::count(*count, self.iter());
            self.edge = self.edge.min(top.map_or(i64::MIN, |top| top.edge()));
        }
        self.tops = tops;
    }

    /// Every rank and what it holds, the best first.
    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let near = self.window.as_ref().into_iter().flat_map(|window| {
            let first = window.slot(self.best_rank).filter(|_| self.best_qty != 0);
            let slots = successors(first, |slot| window.below(*slot));
            slots.map(|slot| (window.rank(slot), window.at(slot)))
        });
        near.chain(once_with(|| self.sorted_far()).flatten())
    }

    fn sorted_far(&self) -> Vec<(i64, i64)> {
        let mut far: Vec<(i64, i64)> = self.far.iter().map(|(rank, qty)| (*rank, *qty)).collect();
        far.sort_unstable_by(|a, b| b.cmp(a));
        far
    }

    #[cold]
    #[inline(never)]
    fn set_outside(&mut self, rank: i64, qty: i64) {
        let empty = self.best_qty == 0;
        let below = self.window.as_ref().is_some_and(|window| rank < window.lowest && !empty);
        if below {
            if qty == 0 {
                self.far.remove(&rank);
            } else {
                self.far.insert(rank, qty);
            }
            let best = self.window.as_ref().and_then(|window| window.slot(self.best_rank));
            if best.is_some_and(|slot| slot < BEST_LOW) {
                self.lay(self.best_rank);
            }
            if rank >= self.edge {
                self.count_tops();
            }
        } else if qty != 0 {
            self.lay(rank);
            self.set(rank, qty);
        }
    }

    /// The window is empty, and there are levels below it.
    #[cold]
    #[inline(never)]
    fn lay_on_far(&mut self) {
        if let Some(best) = self.far.keys().max().copied() {
            self.lay(best);
        }
    }

    /// Lay the window so that `best`, which no rank is better than, stands where it should.
    fn lay(&mut self, best: i64) {
        let levels: Vec<(i64, i64)> = self.iter().collect();
        self.clear();
        let window = self.window.get_or_insert_with(Window::empty);
        window.lowest = best.saturating_sub(BEST_AT);
        for (rank, qty) in levels {
            match window.slot(rank) {
                Some(slot) => {
                    window.put(slot, qty);
                    if rank >= self.best_rank {
                        (self.best_rank, self.best_qty) = (rank, qty);
                    }
                }
                None => {
                    self.far.insert(rank, qty);
                }
            }
        }
        self.count_tops();
    }
}

/// The dense part. Its memory is given by the system only where a level was.
#[derive(Debug)]
struct Window {
    /// The rank of slot 0.
    lowest: i64,
    /// A bit for each of `blocks`.
    top: u64,
    /// A bit for each of `words`.
    blocks: [u64; WORD],
    /// A bit for each of `held`.
    words: Box<[u64; WORDS]>,
    held: Box<[i64; WINDOW]>,
}

impl Window {
    fn empty() -> Box<Self> {
        let (words, held) = (zeros(), zeros());
        Box::new(Self { lowest: 0, top: 0, blocks: [0; WORD], words, held })
    }

    fn clear(&mut self) {
        let mut next = self.below(WINDOW);
        while let Some(slot) = next {
            next = self.below(slot);
            if let Some(held) = self.held.get_mut(slot) {
                *held = 0;
            }
        }
        self.words.fill(0);
        (self.top, self.blocks) = (0, [0; WORD]);
    }

    #[inline]
    fn slot(&self, rank: i64) -> Option<usize> {
        let slot = usize::try_from(rank.checked_sub(self.lowest)?).ok()?;
        (slot < WINDOW).then_some(slot)
    }

    #[inline]
    fn rank(&self, slot: usize) -> i64 {
        self.lowest.wrapping_add_unsigned(slot as u64)
    }

    #[inline]
    fn at(&self, slot: usize) -> i64 {
        self.held.get(slot).copied().unwrap_or(0)
    }

    /// A slot holds `qty` now; what it held.
    #[inline]
    fn put(&mut self, slot: usize, qty: i64) -> i64 {
        let (slot, word) = (slot % WINDOW, slot / WORD % WORDS);
        let (Some(held), Some(bits)) = (self.held.get_mut(slot), self.words.get_mut(word)) else {
            return 0;
        };
        let held_before = core::mem::replace(held, qty);
        let empty = *bits == 0;
        *bits = with_bit(*bits, slot, qty != 0);
        if empty != (*bits == 0) {
            self.summarise(word);
        }
        held_before
    }

    /// A word got its first bit, or lost its last.
    #[inline(never)]
    fn summarise(&mut self, word: usize) {
        let block = word / WORD;
        let holds = self.words.get(word).is_some_and(|bits| *bits != 0);
        if let Some(summary) = self.blocks.get_mut(block) {
            *summary = with_bit(*summary, word, holds);
            self.top = with_bit(self.top, block, *summary != 0);
        }
    }

    fn len(&self) -> usize {
        self.words.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// The next slot above that holds something.
    #[inline]
    fn above(&self, slot: usize) -> Option<usize> {
        let word = slot / WORD;
        let bits = higher_bits(self.words.get(word).copied()?, slot);
        if bits != 0 {
            return Some(word * WORD + lowest(bits));
        }
        let block = word / WORD;
        let mut words = higher_bits(self.blocks.get(block).copied()?, word);
        let mut block_found = block;
        if words == 0 {
            let blocks = higher_bits(self.top, block);
            if blocks == 0 {
                return None;
            }
            block_found = lowest(blocks);
            words = self.blocks.get(block_found).copied()?;
        }
        let word = block_found * WORD + lowest(words);
        Some(word * WORD + lowest(self.words.get(word).copied()?))
    }

    /// The next slot below that holds something; `slot` may be one beyond the last.
    #[inline]
    fn below(&self, slot: usize) -> Option<usize> {
        let word = slot / WORD;
        let bits = lower_bits(self.words.get(word).copied().unwrap_or(0), slot);
        if bits != 0 {
            return Some(word * WORD + highest(bits));
        }
        let block = word / WORD;
        let mut words = lower_bits(self.blocks.get(block).copied().unwrap_or(0), word);
        let mut block_found = block;
        if words == 0 {
            let blocks = if block < WORD { lower_bits(self.top, block) } else { self.top };
            if blocks == 0 {
                return None;
            }
            block_found = highest(blocks);
            words = self.blocks.get(block_found).copied()?;
        }
        let word = block_found * WORD + highest(words);
        Some(word * WORD + highest(self.words.get(word).copied()?))
    }
}

/// So many zeros, never on the stack.
fn zeros<T: Copy + Default, const N: usize>() -> Box<[T; N]> {
    vec![T::default(); N].try_into().unwrap_or_else(|_| Box::new([T::default(); N]))
}

impl Neighbours for Window {
    #[inline]
    fn held(&self, rank: i64) -> i64 {
        self.slot(rank).map_or(0, |slot| self.at(slot))
    }

    #[inline]
    fn better(&self, rank: i64) -> Option<i64> {
        self.above(self.slot(rank)?).map(|slot| self.rank(slot))
    }

    #[inline]
    fn worse(&self, rank: i64) -> Option<i64> {
        self.below(self.slot(rank)?).map(|slot| self.rank(slot))
    }
}

/// The bits above `place` in its word.
#[inline]
const fn higher_bits(bits: u64, place: usize) -> u64 {
    let at = place % WORD;
    bits >> at >> 1 << at << 1
}

#[inline]
const fn with_bit(bits: u64, place: usize, on: bool) -> u64 {
    let at = place % WORD;
    (bits & !(1 << at)) | ((on as u64) << at)
}

/// The bits below `place` in its word.
#[inline]
const fn lower_bits(bits: u64, place: usize) -> u64 {
    bits & ((1 << (place % WORD)) - 1)
}

/// The place of the highest bit of a word that has one.
#[inline]
const fn highest(bits: u64) -> usize {
    (WORD - 1).saturating_sub(bits.leading_zeros() as usize)
}

/// The place of the lowest bit of a word that has one.
#[inline]
const fn lowest(bits: u64) -> usize {
    bits.trailing_zeros() as usize
}
