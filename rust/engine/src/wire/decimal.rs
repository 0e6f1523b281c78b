//! Decimal text → the integer at a scale, exactly: eight digits at a time, no float.
//!
//! Text is a JSON number: digits, maybe a point and more digits, maybe an exponent. Nothing that
//! is told of a market is below zero, so a sign is malformed.

use super::fault::{WireError, WireErrorKind};

/// Most decimal places of a scale.
pub const DECIMALS_MAX: u32 = 18;
/// Exponents beyond this are cut off: no message has so many digits.
const EXPONENT_MAX: i64 = 1 << 40;

const ZEROS: u64 = 0x3030_3030_3030_3030;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
/// Added to a byte above nine it sets the byte's high bit.
const ABOVE_NINE: u64 = 0x7676_7676_7676_7676;

/// How many decimal places an integer has, and the powers of ten that go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    decimals: u32,
    one: u64,
}

impl Scale {
    /// The scale with so many decimal places, at most [`DECIMALS_MAX`].
    #[must_use]
    pub const fn new(decimals: u32) -> Option<Self> {
        if decimals > DECIMALS_MAX {
            return None;
        }
        Some(Self { decimals, one: 10_u64.pow(decimals) })
    }

    /// How many decimal places.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        self.decimals
    }

    /// The integer of one whole unit.
    #[must_use]
    pub const fn one(self) -> u64 {
        self.one
    }
}

/// Eight bytes from `at`, the first one lowest; `None` where there are fewer.
#[inline]
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk::<8>().map(|eight| u64::from_le_bytes(*eight))
}

/// Each byte less `'0'`: what is no digit becomes more than nine.
#[inline]
pub(super) const fn digits(word: u64) -> u64 {
    word ^ ZEROS
}

/// The high bit of each byte that is no digit, exact up to the first one.
#[inline]
pub(super) const fn not_digits(digits: u64) -> u64 {
    (digits | digits.wrapping_add(ABOVE_NINE)) & HIGH_BITS
}

/// The number that eight digits are, the lowest byte the most significant.
#[inline]
pub(super) const fn eight_digits(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let fours = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let others = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    fours.wrapping_add(others) >> 32
}

/// The number that the first `count` of eight digits are, `count` at most eight.
#[inline]
pub(super) const fn first_digits(digits: u64, count: u32) -> u64 {
    // In two halves, because a shift by 64 is none.
    let half = 32_u32.saturating_sub(count.saturating_mul(4));
    eight_digits(digits.wrapping_shl(half).wrapping_shl(half))
}

/// The bytes of so many digits, at most eight.
#[inline]
pub(super) const fn bytes_of(count: u32) -> u64 {
    match u64::MAX.checked_shr(64_u32.saturating_sub(count.wrapping_mul(8))) {
        Some(bytes) => bytes,
        None => 0,
    }
}

/// How many of eight bytes are digits before the first that is none.
#[inline]
pub(super) const fn leading(digits: u64) -> u32 {
    not_digits(digits).trailing_zeros() / 8
}

/// The integer of the number at `at`, and where it ends; what may follow is the caller's to say.
#[inline]
pub(super) fn decimal(bytes: &[u8], at: usize, scale: Scale) -> Result<(i64, usize), WireError> {
    match short(bytes, at, scale) {
        Some(read) => Ok(read),
        None => long(bytes, at, scale),
    }
}

/// At most seven digits before the point and at most eight behind it, without an exponent.
#[inline]
fn short(bytes: &[u8], at: usize, scale: Scale) -> Option<(i64, usize)> {
    let whole = digits(word(bytes, at)?);
    let before = leading(whole);
    // The first of two digits is no zero.
    if before == 0 || before > 7 || (before > 1 && whole & 0xff == 0) {
        return None;
    }
    let point = at + before as usize;
    let units = first_digits(whole, before).checked_mul(scale.one)?;
    let mut end = point;
    let mut parts = 0;
    match bytes.get(point)? {
        b'.' => {
            let fraction = digits(word(bytes, point + 1)?);
            let behind = leading(fraction);
            let kept = behind.min(scale.decimals);
            end = point + 1 + behind as usize;
            let beyond = fraction & bytes_of(behind) & !bytes_of(kept);
            if behind == 0 || beyond != 0 || matches!(bytes.get(end)?, b'0'..=b'9' | b'e' | b'E') {
                return None;
            }
            let ten = power_of_ten(scale.decimals - kept)?;
            parts = first_digits(fraction, kept).checked_mul(ten)?;
        }
        b'e' | b'E' => return None,
        _ => {}
    }
    Some((i64::try_from(units.checked_add(parts)?).ok()?, end))
}

const POWERS: [u64; 20] = {
    let mut powers = [1_u64; 20];
    let mut place = 1;
    while place < powers.len() {
        #[allow(clippy::indexing_slicing, reason = "in a constant, checked when it is made")]
        {
            powers[place] = powers[place - 1] * 10;
        }
        place += 1;
    }
    powers
};

/// Ten to this power, if it fits.
#[inline]
pub(super) fn power_of_ten(power: u32) -> Option<u64> {
    POWERS.get(power as usize).copied()
}

/// Any number, digit by digit: zeros count only when another digit follows them.
#[cold]
#[inline(never)]
fn long(bytes: &[u8], at: usize, scale: Scale) -> Result<(i64, usize), WireError> {
    let text = Written::read(bytes, at)?;
    let (mut value, mut significant) = (Some(0_u64), false);
    // The decimal place behind the last digit that is no zero, counted from the first digit.
    let (mut last, mut place) = (0_i64, 0_i64);
    for digit in text.digits(bytes) {
        place += 1;
        if digit == 0 {
            continue;
        }
        let gap = u32::try_from(place - last).unwrap_or(u32::MAX);
        let ten = power_of_ten(gap);
        value = match (significant, value, ten) {
            (true, Some(value), Some(ten)) => {
                value.checked_mul(ten).and_then(|value| value.checked_add(u64::from(digit)))
            }
            (true, ..) => None,
            (false, ..) => Some(u64::from(digit)),
        };
        (significant, last) = (true, place);
    }
    if !significant {
        return Ok((0, text.end));
    }
    let zeros = text.whole + text.exponent + i64::from(scale.decimals) - last;
    let kind = if zeros < 0 { WireErrorKind::NumberTooFine } else { WireErrorKind::NumberTooLarge };
    let fits = u32::try_from(zeros).ok().and_then(power_of_ten);
    value
        .zip(fits)
        .and_then(|(value, ten)| value.checked_mul(ten))
        .and_then(|value| i64::try_from(value).ok())
        .map(|value| (value, text.end))
        .ok_or(WireError { kind, offset: at })
}

/// The parts of a number as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    start: usize,
    /// How many digits before the point.
    whole: i64,
    /// Where the digits end.
    exponent_at: usize,
    exponent: i64,
    /// The first byte behind the number.
    pub(super) end: usize,
}

impl Written {
    /// The number without a sign that begins at `at`, by the grammar of JSON.
    pub(super) fn read(bytes: &[u8], at: usize) -> Result<Self, WireError> {
        let point = run(bytes, at)?;
        if bytes.get(at) == Some(&b'0') && point > at + 1 {
            return Err(WireError::malformed("no digit behind a leading zero", at + 1));
        }
        let whole = i64::try_from(point - at).unwrap_or(i64::MAX);
        let exponent_at = match bytes.get(point) {
            Some(b'.') => run(bytes, point + 1)?,
            Some(_) | None => point,
        };
        let (mut end, mut exponent) = (exponent_at, 0);
        if let Some(b'e' | b'E') = bytes.get(exponent_at) {
            let sign = bytes.get(exponent_at + 1);
            let signed = usize::from(matches!(sign, Some(b'+' | b'-')));
            let first = exponent_at + 1 + signed;
            end = run(bytes, first)?;
            let digits = bytes.get(first..end).unwrap_or_default();
            let size = digits.iter().fold(0_i64, |size, digit| {
                (size.saturating_mul(10).saturating_add(i64::from(digit & 0xf))).min(EXPONENT_MAX)
            });
            exponent = if sign == Some(&b'-') { -size } else { size };
        }
        Ok(Self { start: at, whole, exponent_at, exponent, end })
    }

    /// Every digit before the exponent.
    fn digits<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = u8> + use<'a> {
        let text = bytes.get(self.start..self.exponent_at).unwrap_or_default();
        text.iter().filter(|byte| **byte != b'.').map(|byte| byte & 0xf)
    }
}

/// The end of the digits that begin at `at`, of which there is at least one.
fn run(bytes: &[u8], at: usize) -> Result<usize, WireError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    if count == 0 {
        return Err(WireError::malformed("a digit", at));
    }
    Ok(at + count)
}
