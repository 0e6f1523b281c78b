//! Levels as Binance writes them, `["61737.63000000","0.00121000"]`: read eight digits at a time,
//! and where one is written in any other way, by the grammar of JSON.

use core::num::NonZeroU64;

use crate::units::{Price, Qty};
use crate::wire::cursor::Cursor;
use crate::wire::decimal::{
    Scale, bytes_of, digits, eight_digits, leading, not_digits, power_of_ten, word,
};
use crate::wire::{LEVELS_MAX, WireError, WireErrorKind};

/// How much stands at a price now; nothing: the level is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// At what price.
    pub price: Price,
    /// How much base.
    pub qty: Qty,
}

/// What is looked at for one level: the longest that is read quickly has 54 bytes. One check that
/// they are there replaces one for each word in it.
const WINDOW: usize = 64;
/// Digits of a size behind its point that are expected to be told at most: more would leave too
/// little room before the point.
const QTY_TOLD_MAX: u32 = 5;

/// Eight points, as digits are seen.
const POINTS: u64 = digits(0x2e2e_2e2e_2e2e_2e2e);
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// How the numbers of a column are usually written, and what follows from that.
///
/// Trailing zeros are not told. Where the digits before the point and those told behind it come to
/// eight at most they are read as one word (narrow), else as two (wide).
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    scale: Scale,
    /// Digits before the point, one to seven, of the number that was learned from.
    before: u32,
    /// Digits before the point of a number that can be read narrow.
    before_max: u32,
    /// Digits behind the point: one to eight.
    behind: u32,
    /// Digits behind the point that are told.
    told: u32,
    /// The bytes behind those.
    silent: u64,
    /// What one unit of the last told digit is at the scale.
    fine: i32,
}

/// How the prices and sizes of a message are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shapes {
    pub(super) price: Shape,
    pub(super) qty: Shape,
}

/// A number that was read.
struct Read {
    value: i64,
    /// Set if it is no number that the scale keeps.
    bad: u64,
    /// How many bytes it has.
    length: usize,
}

/// How far to move a word for so many digits, at most eight.
const fn bits(digits: u32) -> u32 {
    digits.wrapping_mul(8)
}

/// Eight bytes of a window, as digits.
#[inline(always)]
fn eight(window: &[u8; WINDOW], at: usize) -> Option<u64> {
    word(window, at).map(digits)
}

impl Shape {
    /// The shape of `61737.63000000` at a scale; the first number of a column corrects it.
    pub(super) fn new(scale: Scale) -> Self {
        Self::of(scale, 5, 8, 2)
    }

    /// So many digits before and behind the point, so many of these told.
    fn of(scale: Scale, before: u32, behind: u32, told: u32) -> Self {
        let told = told.clamp(1, 7);
        let unit = scale.decimals().checked_sub(told).and_then(power_of_ten);
        let fine = unit.and_then(|unit| i32::try_from(unit).ok());
        // Where one told digit is beyond the scale, or too much at it, nothing is read narrow.
        let before_max = fine.map_or(0, |_| 8 - told);
        let silent = bytes_of(behind) & !bytes_of(told);
        Self { scale, before, before_max, behind, told, silent, fine: fine.unwrap_or(0) }
    }

    /// Learn from the number that begins `text`; whether anything was learned.
    fn learn(&mut self, text: &[u8], told_max: u32) -> bool {
        let Some(before) = word(text, 0).map(|head| leading(digits(head))) else {
            return false;
        };
        let Some(part) = word(text, before as usize + 1).map(digits) else {
            return false;
        };
        let behind = leading(part);
        let pointed = text.get(before as usize) == Some(&b'.');
        if !pointed || !(1..=7).contains(&before) || !(1..=8).contains(&behind) {
            return false;
        }
        let told = 8 - (part & bytes_of(behind)).leading_zeros() / 8;
        let told = if behind == self.behind { told.max(self.told) } else { told };
        let learned = Self::of(self.scale, before, behind, told.min(told_max).min(8 - before));
        let same = |shape: &Self| (shape.before, shape.behind, shape.told);
        let news = same(&learned) != same(self);
        *self = learned;
        news
    }

    /// The number at `at` of a window; where `NARROW`, its point is where the last one had it or
    /// anywhere (`ANY`). The processor can guess the first, and goes on before it is sure.
    #[inline(always)]
    fn read<const NARROW: bool, const ANY: bool>(
        &self,
        window: &[u8; WINDOW],
        at: usize,
    ) -> Option<Read> {
        let head = eight(window, at)?;
        let before = if ANY {
            let other = head ^ POINTS;
            NonZeroU64::new(other.wrapping_sub(ONES) & !other & HIGH_BITS)?.trailing_zeros() / 8
        } else {
            self.before
        };
        // Seven at most: written so that the compiler sees it too.
        let (before, behind) = (before & 7, self.behind & 15);
        let point = head.wrapping_shr(bits(before)) & 0xff;
        if before == 0 || !ANY && point != POINTS & 0xff || before > 1 && head & 0xff == 0 {
            return None;
        }
        let part = eight(window, at + before as usize + 1)?;
        let units = head.wrapping_shl(bits(8 - before));
        let length = (before + 1 + behind) as usize;
        if !NARROW {
            return self.wide(units, part).map(|(value, bad)| Read { value, bad, length });
        }
        if before > self.before_max {
            return None;
        }
        let told = bits(self.told);
        let all = units.wrapping_shr(told) | part.wrapping_shl(64_u32.wrapping_sub(told));
        let value = i64::try_from(eight_digits(all)).ok()?.checked_mul(i64::from(self.fine))?;
        Some(Read { value, bad: not_digits(all) | part & self.silent, length })
    }

    /// The number whose digits before the point end one word and whose others begin another.
    #[inline(always)]
    fn wide(&self, units: u64, part: u64) -> Option<(i64, u64)> {
        let (behind, decimals) = (self.behind.min(8), self.scale.decimals());
        let kept = behind.min(decimals);
        let beyond = part & bytes_of(behind) & !bytes_of(kept);
        let part = part & bytes_of(behind);
        let bad = not_digits(units) | not_digits(part) | beyond;
        let half = bits(8 - kept) / 2;
        let parts = eight_digits(part.wrapping_shl(half).wrapping_shl(half));
        let parts = parts.checked_mul(power_of_ten(decimals - kept)?)?;
        let units = eight_digits(units).checked_mul(self.scale.one())?;
        Some((i64::try_from(units.checked_add(parts)?).ok()?, bad))
    }
}

/// The level whose price begins a window if it is written as the venue does, and where it ends.
#[inline(always)]
fn swift<const NARROW: bool>(window: &[u8; WINDOW], shapes: &Shapes) -> Option<(Level, usize)> {
    let price = if NARROW {
        shapes.price.read::<true, false>(window, 0)?
    } else {
        shapes.price.read::<false, true>(window, 0)?
    };
    let at = price.length;
    if window.get(at..at + 3)? != b"\",\"" {
        return None;
    }
    let qty = shapes.qty.read::<NARROW, true>(window, at + 3)?;
    let at = at + 3 + qty.length;
    if window.get(at..at + 2)? != b"\"]" || price.bad | qty.bad != 0 {
        return None;
    }
    Some((Level { price: Price::new(price.value), qty: Qty::new(qty.value) }, at + 2))
}

/// Every level from here on, as long as one follows another with nothing but a comma between.
#[inline(always)]
fn run<const NARROW: bool>(cursor: &mut Cursor<'_>, shapes: &Shapes, levels: &mut Vec<Level>) {
    let mut rest = cursor.rest();
    let mut next = rest.strip_prefix(b"[\"");
    let mut padded = [0; WINDOW];
    while let Some(text) = next {
        let window = text.first_chunk().unwrap_or_else(|| {
            // The end of the message is near: looked at in room of its own.
            padded = [0; WINDOW];
            if let Some(begin) = padded.get_mut(..text.len()) {
                begin.copy_from_slice(text);
            }
            &padded
        });
        let Some((level, end)) = swift::<NARROW>(window, shapes) else {
            break;
        };
        let Some(behind) = text.get(end..) else {
            break;
        };
        levels.push(level);
        rest = behind;
        next = rest.strip_prefix(b",[\"").filter(|_| levels.len() <= LEVELS_MAX);
    }
    cursor.leave(rest);
}

/// Learn the shapes of the level that is next; whether anything was learned.
#[cold]
#[inline(never)]
fn learn(rest: &[u8], shapes: &mut Shapes) -> bool {
    let price = rest.strip_prefix(b"[\"").unwrap_or_default();
    let end = price.iter().take(WINDOW).position(|byte| *byte == b'"').unwrap_or(0);
    let qty = price.get(end..).and_then(|rest| rest.strip_prefix(b"\",\"")).unwrap_or_default();
    shapes.price.learn(price, 7) | shapes.qty.learn(qty, QTY_TOLD_MAX)
}

/// Every level of an array into `levels`.
#[inline]
pub(super) fn side(
    cursor: &mut Cursor<'_>,
    shapes: &mut Shapes,
    levels: &mut Vec<Level>,
) -> Result<(), WireError> {
    let mut array = cursor.open_array()?;
    while cursor.next_item(&mut array)? {
        let before = levels.len();
        run::<true>(cursor, shapes, levels);
        if levels.len() == before {
            uncommon(cursor, shapes, levels)?;
        }
        if levels.len() > LEVELS_MAX {
            let kind = WireErrorKind::TooManyLevels { limit: LEVELS_MAX };
            return Err(WireError { kind, offset: cursor.at() });
        }
    }
    Ok(())
}

/// At least one level that is not written as those before it.
#[cold]
#[inline(never)]
fn uncommon(
    cursor: &mut Cursor<'_>,
    shapes: &mut Shapes,
    levels: &mut Vec<Level>,
) -> Result<(), WireError> {
    let before = levels.len();
    if learn(cursor.rest(), shapes) {
        run::<true>(cursor, shapes, levels);
    }
    if levels.len() == before {
        run::<false>(cursor, shapes, levels);
    }
    if levels.len() == before {
        levels.push(written(cursor, shapes)?);
    }
    Ok(())
}

/// One level, however it is written.
fn written(cursor: &mut Cursor<'_>, shapes: &Shapes) -> Result<Level, WireError> {
    let mut pair = cursor.open_array()?;
    if !cursor.next_item(&mut pair)? {
        return cursor.fail("a price");
    }
    let price = Price::new(cursor.decimal(shapes.price.scale)?);
    if !cursor.next_item(&mut pair)? {
        return cursor.fail("a size");
    }
    let qty = Qty::new(cursor.decimal(shapes.qty.scale)?);
    while cursor.next_item(&mut pair)? {
        cursor.skip()?;
    }
    Ok(Level { price, qty })
}
