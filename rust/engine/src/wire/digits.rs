//! Numbers and names → the text that venues take, appended to a buffer, without allocating.
//!
//! Exact: the same digits as `instrument.rs` writes, which a test compares.

use crate::event::OrderId;
use crate::units::Nanos;

/// Digits of the largest `u64`.
const DIGITS: usize = 20;

/// Append a number, without zeros before it.
pub fn push_number(out: &mut Vec<u8>, number: u64) {
    push_decimal(out, number, 0);
}

/// Append `mantissa` at `places` decimal places, without zeros at either end.
pub fn push_decimal(out: &mut Vec<u8>, mantissa: u64, places: u32) {
    let mut digits = [b'0'; DIGITS];
    let mut rest = mantissa;
    for digit in digits.iter_mut().rev() {
        if rest == 0 {
            break;
        }
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    let places = places as usize;
    let (whole, part) =
        digits.split_at_checked(DIGITS.saturating_sub(places)).unwrap_or((digits.as_slice(), &[]));
    match whole.iter().position(|digit| *digit != b'0') {
        Some(first) => out.extend_from_slice(whole.get(first..).unwrap_or_default()),
        None => out.push(b'0'),
    }
    if let Some(last) = part.iter().rposition(|digit| *digit != b'0') {
        out.push(b'.');
        out.extend(std::iter::repeat_n(b'0', places.saturating_sub(DIGITS)));
        out.extend_from_slice(part.get(..=last).unwrap_or_default());
    }
}

/// Append a time of RFC 3339 in UTC, to the second before it.
pub fn push_time(out: &mut Vec<u8>, time: Nanos) {
    const DAY_S: i64 = 86_400;
    let seconds = time.mantissa().div_euclid(1_000_000_000);
    let (days, of_day) = (seconds.div_euclid(DAY_S), seconds.rem_euclid(DAY_S));
    // By eras of 400 years that begin in March, so that the leap day is the last of a year.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let of_400 = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_400 + of_400 / 4 - of_400 / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = of_400 + era * 400 + i64::from(month <= 2);
    push_padded(out, year, 4);
    for (before, number) in [
        (b'-', month),
        (b'-', day),
        (b'T', of_day / 3_600),
        (b':', of_day / 60 % 60),
        (b':', of_day % 60),
    ] {
        out.push(before);
        push_padded(out, number, 2);
    }
    out.push(b'Z');
}

/// A number that is not below zero, with zeros before it up to a width.
fn push_padded(out: &mut Vec<u8>, number: i64, width: u32) {
    let number = number.unsigned_abs();
    for place in (0..width).rev() {
        let digit = number / 10_u64.pow(place) % 10;
        out.push(b'0' + u8::try_from(digit).unwrap_or(0));
    }
}

/// Append what [`OrderId::client_text`] says.
pub fn push_client_id(out: &mut Vec<u8>, id: OrderId) {
    let mut text = [b'A'; OrderId::CLIENT_TEXT_LEN];
    let mut rest = id.number();
    for digit in text.iter_mut().rev() {
        let value = u8::try_from(rest & 31).unwrap_or(0);
        *digit = if value < 26 { b'A' + value } else { b'2' + (value - 26) };
        rest >>= 5;
    }
    out.extend_from_slice(&text);
}

/// Append text as a URL's query carries it: all but letters, digits and `-._~` as `%XX`.
pub fn push_percent_encoded(out: &mut Vec<u8>, text: &[u8]) {
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'A' - 10 };
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// Append text between quotes as JSON wants it.
pub fn push_quoted(out: &mut Vec<u8>, text: &str) {
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..32 => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
