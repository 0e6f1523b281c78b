//! The ten best levels of each side → Kraken's checksum, over a book as deep as is subscribed.
//!
//! Sides are sorted vectors, best level last, and each level carries its digits as the checksum
//! wants them: a message changes few levels, and its checksum reads twenty. A price ladder is for
//! the touch of a wide book; the ends of a narrow one are what is cut off here.

use crate::event::Side;
use crate::units::{Price, Qty};
use crate::wire::decimal::Scale;

/// How many levels of a side the checksum covers, however deep the book is.
const CHECKED: usize = 10;
/// Digits of a price and a size, twenty each at most, and what is written behind them.
const DIGITS_MAX: usize = 48;
const ROOM: usize = DIGITS_MAX * (CHECKED + 1);

/// How a pair's integers become the digits that Kraken sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Precision {
    price: Shift,
    qty: Shift,
}

/// From an integer at our scale to one at the venue's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shift {
    times: u64,
    over: u64,
}

impl Shift {
    fn new(ours: Scale, venue: u32) -> Option<Self> {
        let venue = Scale::new(venue)?;
        Some(if ours.decimals() >= venue.decimals() {
            Self { times: 1, over: ours.one() / venue.one() }
        } else {
            Self { times: venue.one() / ours.one(), over: 1 }
        })
    }

    /// What does not fit is summed as something else, so that the checksum fails.
    #[inline]
    fn of(self, mantissa: i64) -> u64 {
        let raw = mantissa.unsigned_abs();
        let raw = if self.over == 1 { raw } else { raw / self.over };
        raw.saturating_mul(self.times)
    }
}

impl Precision {
    /// From our scales to the decimal places that the venue writes.
    pub(super) fn new(price: (Scale, u32), qty: (Scale, u32)) -> Option<Self> {
        Some(Self { price: Shift::new(price.0, price.1)?, qty: Shift::new(qty.0, qty.1)? })
    }
}

/// A level of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Level {
    /// The price, negated for asks, so that better is always larger.
    key: i64,
    length: u8,
    digits: [u8; DIGITS_MAX],
}

/// One side of a book, with the digits of its ten best levels, best first.
#[derive(Debug, Clone)]
struct Half {
    /// Best last.
    levels: Vec<Level>,
    digits: [u8; ROOM],
    length: usize,
    /// One of the ten best changed since they were written.
    stale: bool,
}

/// A book as deep as is subscribed.
#[derive(Debug, Clone, Default)]
pub(super) struct Depth {
    bids: Half,
    asks: Half,
    /// The checksum of the asks alone, from which that of the book goes on.
    asks_sum: u32,
    sum: u32,
}

impl Default for Half {
    fn default() -> Self {
        Self { levels: Vec::new(), digits: [0; ROOM], length: 0, stale: true }
    }
}

impl Depth {
    /// It is empty now.
    pub(super) fn clear(&mut self) {
        for half in [&mut self.bids, &mut self.asks] {
            half.levels.clear();
            half.stale = true;
        }
    }

    /// A level holds `qty` now.
    #[inline]
    pub(super) fn set(&mut self, side: Side, price: Price, qty: Qty, precision: Precision) {
        match side {
            Side::Buy => self.bids.set(price.mantissa(), qty, precision),
            Side::Sell => self.asks.set(-price.mantissa(), qty, precision),
        }
    }

    /// Cut off what lies deeper than `depth`: the venue does not tell that it is gone.
    #[inline]
    pub(super) fn cut(&mut self, depth: usize, mut fallen: impl FnMut(Side, Price)) {
        for (side, half) in [(Side::Buy, &mut self.bids), (Side::Sell, &mut self.asks)] {
            let excess = half.levels.len().saturating_sub(depth);
            if excess > 0 {
                half.stale |= depth < CHECKED;
                for level in half.levels.drain(..excess) {
                    fallen(side, Price::new(level.key * side.sign()));
                }
            }
        }
    }

    /// The checksum of what is here: asks from the lowest, then bids from the highest.
    #[inline]
    pub(super) fn checksum(&mut self) -> u32 {
        if self.asks.stale {
            self.asks_sum = crc32fast::hash(self.asks.written());
        } else if !self.bids.stale {
            return self.sum;
        }
        let mut sum = crc32fast::Hasher::new_with_initial(self.asks_sum);
        sum.update(self.bids.written());
        self.sum = sum.finalize();
        self.sum
    }
}

impl Half {
    #[inline]
    fn set(&mut self, key: i64, qty: Qty, precision: Precision) {
        let levels = &mut self.levels;
        let place = levels.partition_point(|level| level.key < key);
        self.stale |= place + CHECKED >= levels.len();
        let found = levels.get_mut(place).filter(|level| level.key == key);
        match (found, qty.is_positive()) {
            (Some(level), true) => *level = Level::new(key, qty, precision),
            (Some(_), false) => _ = levels.remove(place),
            (None, true) => levels.insert(place, Level::new(key, qty, precision)),
            (None, false) => {}
        }
    }

    /// The digits of the ten best levels.
    #[inline]
    fn written(&mut self) -> &[u8] {
        if self.stale {
            let mut end = 0;
            for level in self.levels.iter().rev().take(CHECKED) {
                // Whole rooms are copied, the next over the rest of the one before.
                if let Some(room) = self.digits.get_mut(end..end + DIGITS_MAX) {
                    room.copy_from_slice(&level.digits);
                    end += usize::from(level.length);
                }
            }
            (self.length, self.stale) = (end, false);
        }
        self.digits.get(..self.length).unwrap_or_default()
    }
}

impl Level {
    #[inline]
    fn new(key: i64, qty: Qty, precision: Precision) -> Self {
        let mut digits = [0; DIGITS_MAX];
        let price = push_digits(&mut digits, 0, precision.price.of(key));
        let length = push_digits(&mut digits, price, precision.qty.of(qty.mantissa()));
        Self { key, length: u8::try_from(length).unwrap_or(0), digits }
    }
}

/// Write a number's digits, without zeros before it; where they end. Nothing for zero.
#[inline]
fn push_digits(digits: &mut [u8; DIGITS_MAX], at: usize, number: u64) -> usize {
    const HALF: u64 = 100_000_000;
    let (high, low) = (number / HALF, number % HALF);
    if high >= HALF {
        let at = push_digits(digits, at, high / HALF);
        let at = push_eight(digits, at, high % HALF);
        return push_eight(digits, at, low);
    }
    // The first digit lowest: zeros before the number are shifted out.
    let sixteen = u128::from(eight(high)) | (u128::from(eight(low)) << 64);
    if sixteen == 0 {
        return at;
    }
    let zeros = sixteen.trailing_zeros() / 8;
    let text = (sixteen | (u128::MAX / 255 * 0x30)) >> (zeros * 8);
    if let Some(room) = digits.get_mut(at..at + 16) {
        room.copy_from_slice(&text.to_le_bytes());
    }
    at + 16 - zeros as usize
}

/// Write eight digits, zeros too.
fn push_eight(digits: &mut [u8; DIGITS_MAX], at: usize, number: u64) -> usize {
    if let Some(room) = digits.get_mut(at..at + 8) {
        room.copy_from_slice(&(eight(number) | (u64::MAX / 255 * 0x30)).to_le_bytes());
    }
    at + 8
}

/// The eight digits of a number below 10⁸, the most significant lowest.
#[inline]
const fn eight(number: u64) -> u64 {
    let halves = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((halves - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - tens * 10) << 8)
}
