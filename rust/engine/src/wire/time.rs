//! Times of RFC 3339, such as `2026-08-02T03:35:51.660084Z`, → nanoseconds since 1970.

use super::cursor::{Cursor, ESCAPED_BYTES_MAX};
use super::fault::WireError;
use crate::units::Nanos;

const SECOND_NS: i64 = 1_000_000_000;

/// When an event happened: when its message was received, or else what the venue says of it, which
/// is read only then.
#[inline]
pub(super) fn stamp(received: Nanos, venue: Option<&Cursor<'_>>) -> Result<Nanos, WireError> {
    match venue {
        Some(venue) if received.is_zero() => read(&mut venue.clone()),
        Some(_) | None => Ok(received),
    }
}

/// The time in the string that comes next.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Nanos, WireError> {
    cursor.peek();
    let start = cursor.at();
    let text = cursor.text()?;
    let mut room = [0; ESCAPED_BYTES_MAX];
    let time = text.plain(&mut room).and_then(nanos);
    time.map(Nanos::new).ok_or(WireError::malformed("a time of RFC 3339", start))
}

/// Nanoseconds since 1970; digits beyond the ninth behind the point are dropped.
fn nanos(text: &[u8]) -> Option<i64> {
    let number = |from: usize, to: usize| {
        text.get(from..to)?.iter().try_fold(0_i64, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit & 0xf))
        })
    };
    let is = |at: usize, bytes: &[u8]| text.get(at).is_some_and(|byte| bytes.contains(byte));
    let punctuated = is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":");
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let sound = (1..=12).contains(&month)
        && (1..=month_days(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !punctuated || !sound {
        return None;
    }
    let (mut at, mut fraction, mut unit) = (19, 0, SECOND_NS / 10);
    if is(at, b".") {
        at += 1;
        let first = at;
        while let Some(digit @ b'0'..=b'9') = text.get(at) {
            fraction += i64::from(digit & 0xf) * unit;
            unit /= 10;
            at += 1;
        }
        if at == first {
            return None;
        }
    }
    let east = match text.get(at)? {
        b'Z' | b'z' if text.len() == at + 1 => 0,
        sign @ (b'+' | b'-') if text.len() == at + 6 && is(at + 3, b":") => {
            let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            let east = hours * 3_600 + minutes * 60;
            if *sign == b'-' { -east } else { east }
        }
        _ => return None,
    };
    let of_day = hour * 3_600 + minute * 60 + second - east;
    let seconds = days(year, month, day) * 86_400 + of_day;
    seconds.checked_mul(SECOND_NS)?.checked_add(fraction)
}

const fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01, by years that begin in March, so that the leap day is their last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}
