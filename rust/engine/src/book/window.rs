//! The dense part of a side: a ring of 64³ ranks that slides along the prices.
//!
//! A bit for each rank, a bit for each word of those, a bit for each word of those again: the next
//! better and the next worse rank are found by looking at three words, however deep the book is.
//! A rank keeps its slot wherever the window stands, so that sliding moves only what leaves it or
//! enters it.

use std::hint::select_unpredictable;

/// Bits of a word.
const WORD: usize = 64;
/// Ranks of a block.
const BLOCK: usize = WORD * WORD;
/// Slots of the ring.
const RING: usize = WORD * WORD * WORD;
const WORDS: usize = WORD * WORD;
/// How many ranks the window covers: a block less than the ring, so that its two ends never share
/// a block and the order within one is the order of ranks.
pub(super) const SPAN: u64 = (RING - BLOCK) as u64;

/// The ranks from `lowest` on. Its memory is given by the system only where a level was.
#[derive(Debug)]
pub(super) struct Window {
    /// The worst rank that has a slot.
    lowest: i64,
    words: Box<[u64; WORDS]>,
    held: Box<[i64; RING]>,
    /// A bit for each of `blocks`.
    top: u64,
    /// A bit for each of `words`, which have a bit for each of `held`.
    blocks: [u64; WORD],
}

impl Window {
    pub(super) fn empty() -> Box<Self> {
        let (words, held) = (zeros(), zeros());
        Box::new(Self { lowest: 0, words, held, top: 0, blocks: [0; WORD] })
    }

    /// Nothing is left; the room is kept.
    pub(super) fn clear(&mut self) {
        while let Some(slot) = self.last() {
            self.put(slot, 0);
        }
    }

    /// The worst rank that has a slot.
    #[inline]
    pub(super) fn lowest(&self) -> i64 {
        self.lowest
    }

    /// Slide. What would lose its slot must have been taken out before.
    pub(super) fn slide(&mut self, lowest: i64) {
        self.lowest = lowest;
    }

    /// Where a rank lies, if it does.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: a call costs as much as the update")]
    pub(super) fn slot(&self, rank: i64) -> Option<usize> {
        let away = rank.wrapping_sub(self.lowest).cast_unsigned();
        (away < SPAN).then_some(place(rank))
    }

    #[inline]
    pub(super) fn rank(&self, slot: usize) -> i64 {
        let away = slot.wrapping_sub(place(self.lowest)) % RING;
        self.lowest.wrapping_add_unsigned(away as u64)
    }

    #[inline]
    pub(super) fn at(&self, slot: usize) -> i64 {
        self.held.get(slot).copied().unwrap_or(0)
    }

    /// A slot holds `qty` now; what it held. Both summaries are made anew each time: whether a word
    /// got its first bit or lost its last is chance in a thin book, and a branch on it, as one on
    /// the block's, took longer.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: a call costs as much as the update")]
    pub(super) fn put(&mut self, slot: usize, qty: i64) -> i64 {
        let (slot, word) = (slot % RING, slot / WORD % WORDS);
        let (Some(held), Some(bits)) = (self.held.get_mut(slot), self.words.get_mut(word)) else {
            return 0;
        };
        let held_before = core::mem::replace(held, qty);
        *bits = with_bit(*bits, slot, qty != 0);
        let holds = *bits != 0;
        let block = word / WORD;
        if let Some(summary) = self.blocks.get_mut(block) {
            *summary = with_bit(*summary, word, holds);
            self.top = with_bit(self.top, block, *summary != 0);
        }
        held_before
    }

    /// How many slots hold something.
    pub(super) fn len(&self) -> usize {
        self.words.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// The slot of the worst rank that holds something.
    pub(super) fn first(&self) -> Option<usize> {
        let block = self.block_above(None)?;
        self.lowest_of(block, self.blocks.get(block).copied()?)
    }

    /// The slot of the best rank that holds something.
    pub(super) fn last(&self) -> Option<usize> {
        let block = self.block_below(None)?;
        self.highest_of(block, self.blocks.get(block).copied()?)
    }

    /// The next better slot that holds something.
    #[inline]
    pub(super) fn above(&self, slot: usize) -> Option<usize> {
        let word = slot / WORD;
        let bits = higher_bits(self.words.get(word).copied()?, slot);
        if bits != 0 {
            return Some(word * WORD + lowest(bits));
        }
        let (block, words) = self.words_of(word)?;
        let words = higher_bits(words, word);
        if words != 0 {
            return self.lowest_of(block, words);
        }
        let block = self.block_above(Some(block))?;
        self.lowest_of(block, self.blocks.get(block).copied()?)
    }

    /// The next worse slot that holds something.
    #[inline]
    pub(super) fn below(&self, slot: usize) -> Option<usize> {
        let word = slot / WORD;
        let bits = lower_bits(self.words.get(word).copied()?, slot);
        if bits != 0 {
            return Some(word * WORD + highest(bits));
        }
        let (block, words) = self.words_of(word)?;
        let words = lower_bits(words, word);
        if words != 0 {
            return self.highest_of(block, words);
        }
        let block = self.block_below(Some(block))?;
        self.highest_of(block, self.blocks.get(block).copied()?)
    }

    /// The block of a word, and which of its words hold something.
    #[inline]
    fn words_of(&self, word: usize) -> Option<(usize, u64)> {
        let block = word / WORD;
        Some((block, self.blocks.get(block).copied()?))
    }

    #[inline]
    fn lowest_of(&self, block: usize, words: u64) -> Option<usize> {
        let word = block * WORD + lowest(words);
        Some(word * WORD + lowest(self.words.get(word).copied()?))
    }

    #[inline]
    fn highest_of(&self, block: usize, words: u64) -> Option<usize> {
        let word = block * WORD + highest(words);
        Some(word * WORD + highest(self.words.get(word).copied()?))
    }

    /// The next better block that holds something; after none comes the worst.
    fn block_above(&self, block: Option<usize>) -> Option<usize> {
        let (begins, blocks) = self.unrolled();
        let after = |block: usize| higher_bits(blocks, block.wrapping_sub(begins));
        let found = block.map_or(blocks, after);
        (found != 0).then(|| (lowest(found) + begins) % WORD)
    }

    /// The next worse block that holds something; before none comes the best.
    fn block_below(&self, block: Option<usize>) -> Option<usize> {
        let (begins, blocks) = self.unrolled();
        let before = |block: usize| lower_bits(blocks, block.wrapping_sub(begins));
        let found = block.map_or(blocks, before);
        (found != 0).then(|| (highest(found) + begins) % WORD)
    }

    /// The block that the window begins in, and which blocks hold something, counted from there.
    #[allow(clippy::cast_possible_truncation, reason = "a ring has 64 blocks")]
    fn unrolled(&self) -> (usize, u64) {
        let begins = place(self.lowest) / BLOCK;
        (begins, self.top.rotate_right(begins as u32))
    }
}

/// The slot of a rank, wherever the window stands.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the hot path: a call costs as much as the update")]
#[allow(clippy::cast_possible_truncation, reason = "less than the ring")]
const fn place(rank: i64) -> usize {
    (rank.cast_unsigned() % RING as u64) as usize
}

/// So many zeros, never on the stack.
fn zeros<T: Copy + Default, const N: usize>() -> Box<[T; N]> {
    vec![T::default(); N].try_into().unwrap_or_else(|_| Box::new([T::default(); N]))
}

/// The bits above `place` in its word.
#[inline]
const fn higher_bits(bits: u64, place: usize) -> u64 {
    let at = place % WORD;
    bits >> at >> 1 << at << 1
}

/// Chosen without a branch: which one it is, is chance.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the hot path: a call costs as much as the update")]
fn with_bit(bits: u64, place: usize, on: bool) -> u64 {
    let bit = 1 << (place % WORD);
    select_unpredictable(on, bits | bit, bits & !bit)
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
