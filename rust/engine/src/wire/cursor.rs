//! A pull scanner over the bytes of one JSON message: the caller asks for what it expects next.
//!
//! Nothing is built and nothing is copied. Whitespace may stand anywhere; what is not wanted is
//! skipped, and checked on the way. Nesting is counted, so that no message uses up the stack.

use super::decimal::{Scale, Written, decimal, digits, first_digits, leading, power_of_ten, word};
use super::fault::{DEPTH_MAX, WireError, WireErrorKind};
use crate::instrument::price_at;

/// Longest text with escapes in it that is compared with a plain one.
pub const ESCAPED_BYTES_MAX: usize = 64;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// The inside of a string as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    /// As it is written, escapes and all.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// What it says, with the escapes resolved into `room` where there are any. `None`: it has
    /// escapes and does not fit, or half a surrogate pair.
    pub fn plain<'b>(&self, room: &'b mut [u8; ESCAPED_BYTES_MAX]) -> Option<&'b [u8]>
    where
        'a: 'b,
    {
        if self.escaped { unescape(self.raw, room) } else { Some(self.raw) }
    }

    /// Whether it says this.
    #[must_use]
    pub fn is(&self, plain: &[u8]) -> bool {
        if !self.escaped {
            return self.raw == plain;
        }
        let mut room = [0; ESCAPED_BYTES_MAX];
        unescape(self.raw, &mut room) == Some(plain)
    }
}

/// An object or array that is being read: whether a comma is due before what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    begun: bool,
}

/// A place in the bytes of a message.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

impl<'a> Cursor<'a> {
    /// At the beginning of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// At byte `at` of `bytes`: to come back to a value that was skipped.
    #[must_use]
    pub const fn from(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, depth: 0 }
    }

    /// How many bytes lie behind.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// The bytes from `start` up to here.
    #[must_use]
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// Everything from here on.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Pass everything up to what is left of [`Cursor::rest`].
    #[inline]
    pub(super) fn leave(&mut self, rest: &[u8]) {
        self.at = self.bytes.len().saturating_sub(rest.len());
    }

    /// An error that says what is expected here.
    pub fn fail<T>(&self, expected: &'static str) -> Result<T, WireError> {
        Err(WireError::malformed(expected, self.at))
    }

    /// The next byte that is no whitespace, which is not passed.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Whether exactly these bytes come next, without whitespace before them; passed if so.
    #[inline]
    pub fn literal(&mut self, text: &[u8]) -> bool {
        let next = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(text));
        if next {
            self.at += text.len();
        }
        next
    }

    /// Whether this byte comes next, behind whitespace; passed if so.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        if next {
            self.at += 1;
        }
        next
    }

    /// Pass this byte.
    #[inline]
    pub fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), WireError> {
        if self.take(byte) { Ok(()) } else { self.fail(expected) }
    }

    /// Nothing but whitespace may follow.
    pub fn end(&mut self) -> Result<(), WireError> {
        if self.peek().is_none() { Ok(()) } else { self.fail("the end of the message") }
    }

    /// Go into an object.
    #[inline]
    pub fn open_object(&mut self) -> Result<Open, WireError> {
        self.expect(b'{', "an object")?;
        self.descend()
    }

    /// The next key of an object, its colon passed; `None` at its end, which is passed.
    #[inline]
    pub fn next_key(&mut self, object: &mut Open) -> Result<Option<Text<'a>>, WireError> {
        if self.take(b'}') {
            self.depth = self.depth.saturating_sub(1);
            return Ok(None);
        }
        if object.begun {
            self.expect(b',', "a comma or the end of the object")?;
        }
        object.begun = true;
        self.key().map(Some)
    }

    /// Go into an array.
    #[inline]
    pub fn open_array(&mut self) -> Result<Open, WireError> {
        self.expect(b'[', "an array")?;
        self.descend()
    }

    /// Whether the array has another item, at which the cursor then stands; else its end is passed.
    #[inline]
    pub fn next_item(&mut self, array: &mut Open) -> Result<bool, WireError> {
        if array.begun {
            if self.take(b',') {
                return Ok(true);
            }
            self.expect(b']', "a comma or the end of the array")?;
        } else if self.take(b']') {
        } else {
            array.begun = true;
            return Ok(true);
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(false)
    }

    /// A string.
    #[inline]
    pub fn text(&mut self) -> Result<Text<'a>, WireError> {
        self.expect(b'"', "a string")?;
        self.rest_of_text()
    }

    /// A price or size, as a number or a string that holds one, at a scale.
    #[inline]
    pub fn decimal(&mut self, scale: Scale) -> Result<i64, WireError> {
        let quoted = self.take(b'"');
        let (value, end) = decimal(self.bytes, self.at, scale)?;
        self.at = end;
        self.behind_number(quoted)?;
        Ok(value)
    }

    /// The same as a float, for bars: the nearest there is, and finite.
    pub fn float(&mut self) -> Result<f64, WireError> {
        let quoted = self.take(b'"');
        let start = self.at;
        self.at = Written::read(self.bytes, start)?.end;
        let text = core::str::from_utf8(self.since(start)).unwrap_or_default();
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
        let kind = WireErrorKind::NumberTooLarge;
        let value = value.ok_or(WireError { kind, offset: start })?;
        self.behind_number(quoted)?;
        Ok(value)
    }

    /// A price of a bar: above zero, and one that the integer of its instrument holds.
    pub fn bar_price(&mut self, scale: Scale) -> Result<f64, WireError> {
        let quoted = self.peek() == Some(b'"');
        let offset = self.at + usize::from(quoted);
        let value = self.float()?;
        match price_at(value, scale.decimals()) {
            Ok(price) if price.is_positive() => Ok(value),
            Ok(_) => Err(WireError::malformed("a price above zero", offset)),
            Err(_) => Err(WireError { kind: WireErrorKind::NumberTooLarge, offset }),
        }
    }

    /// A whole number: an id, a time, a code.
    #[inline]
    pub fn integer(&mut self) -> Result<i64, WireError> {
        let negative = self.take(b'-');
        let start = self.at;
        let too_large = WireError { kind: WireErrorKind::NumberTooLarge, offset: start };
        let mut value = 0_u64;
        while let Some(eight) = word(self.bytes, self.at).map(digits) {
            let count = leading(eight);
            let ten = power_of_ten(count).ok_or(too_large)?;
            let shifted = value.checked_mul(ten).ok_or(too_large)?;
            value = shifted.checked_add(first_digits(eight, count)).ok_or(too_large)?;
            self.at += count as usize;
            if count < 8 {
                break;
            }
        }
        // Where fewer than eight bytes are left, one by one.
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(self.at) {
            let shifted = value.checked_mul(10).ok_or(too_large)?;
            value = shifted.checked_add(u64::from(digit & 0xf)).ok_or(too_large)?;
            self.at += 1;
        }
        let length = self.at - start;
        if length == 0 {
            return self.fail("a whole number");
        }
        if length > 1 && self.bytes.get(start) == Some(&b'0') {
            return Err(WireError::malformed("no digit behind a leading zero", start + 1));
        }
        if let Some(b'.' | b'e' | b'E') = self.bytes.get(self.at) {
            return self.fail("a whole number");
        }
        let value = i64::try_from(value).map_err(|_| too_large)?;
        Ok(if negative { -value } else { value })
    }

    /// `true` or `false`.
    pub fn boolean(&mut self) -> Result<bool, WireError> {
        self.peek();
        if self.literal(b"true") {
            return Ok(true);
        }
        if self.literal(b"false") { Ok(false) } else { self.fail("true or false") }
    }

    /// Whether `null` comes next, behind whitespace; passed if so.
    pub fn null(&mut self) -> bool {
        self.peek();
        self.literal(b"null")
    }

    /// Pass any value, checked by the grammar of JSON.
    pub fn skip(&mut self) -> Result<(), WireError> {
        let floor = self.depth;
        // One bit for each object or array that is open above the floor: set for an object.
        let mut objects = 0_u64;
        loop {
            match self.peek() {
                Some(b'"') => _ = self.text()?,
                Some(open @ (b'{' | b'[')) => {
                    self.at += 1;
                    self.descend()?;
                    objects = objects << 1 | u64::from(open == b'{');
                    let close = if open == b'{' { b'}' } else { b']' };
                    if self.peek() != Some(close) {
                        if open == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                Some(_) => self.scalar()?,
                None => return self.fail("a value"),
            }
            loop {
                if self.depth == floor {
                    return Ok(());
                }
                let object = objects & 1 == 1;
                if self.take(b',') {
                    if object {
                        self.key()?;
                    }
                    break;
                }
                let (close, expected) = if object {
                    (b'}', "a comma or the end of the object")
                } else {
                    (b']', "a comma or the end of the array")
                };
                self.expect(close, expected)?;
                objects >>= 1;
                self.depth -= 1;
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<(), WireError> {
        match self.bytes.get(self.at) {
            Some(b'-' | b'0'..=b'9') => {
                self.literal(b"-");
                self.at = Written::read(self.bytes, self.at)?.end;
                Ok(())
            }
            _ if self.literal(b"true") || self.literal(b"false") || self.literal(b"null") => Ok(()),
            _ => self.fail("a value"),
        }
    }

    fn key(&mut self) -> Result<Text<'a>, WireError> {
        self.expect(b'"', "a key")?;
        let key = self.rest_of_text()?;
        self.expect(b':', "a colon")?;
        Ok(key)
    }

    fn descend(&mut self) -> Result<Open, WireError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let kind = WireErrorKind::TooDeep { limit: DEPTH_MAX };
            return Err(WireError { kind, offset: self.at - 1 });
        }
        Ok(Open { begun: false })
    }

    #[inline]
    fn behind_number(&mut self, quoted: bool) -> Result<(), WireError> {
        if !quoted {
            return Ok(());
        }
        if self.literal(b"\"") { Ok(()) } else { self.fail("a digit or the end of the string") }
    }

    /// The inside of a string up to its closing quote, which is passed.
    #[inline]
    fn rest_of_text(&mut self) -> Result<Text<'a>, WireError> {
        let start = self.at;
        let (mut escaped, mut ascii) = (false, true);
        loop {
            match word(self.bytes, self.at).map(special) {
                Some(0) => {
                    self.at += 8;
                    continue;
                }
                Some(found) => self.at += (found.trailing_zeros() / 8) as usize,
                None => {}
            }
            match self.bytes.get(self.at) {
                None => return self.fail("the end of the string"),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0..0x20) => return self.fail("no control character in a string"),
                Some(byte) => {
                    ascii &= byte.is_ascii();
                    self.at += 1;
                }
            }
        }
        let raw = self.since(start);
        self.at += 1;
        if !ascii && let Err(error) = core::str::from_utf8(raw) {
            return Err(WireError::malformed("UTF-8", start + error.valid_up_to()));
        }
        Ok(Text { raw, escaped })
    }

    /// Pass an escape.
    fn escape(&mut self) -> Result<(), WireError> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let code = self.bytes.get(self.at + 2..self.at + 6).unwrap_or_default();
                if code.len() < 4 || !code.iter().all(u8::is_ascii_hexdigit) {
                    return self.fail("four hexadecimal digits in an escape");
                }
                self.at += 6;
            }
            Some(_) | None => return self.fail("an escape"),
        }
        Ok(())
    }
}

/// The high bit of each byte that a string cannot simply run over, exact up to the first one.
#[inline]
const fn special(word: u64) -> u64 {
    let quote = word ^ ONES.wrapping_mul(b'"' as u64);
    let escape = word ^ ONES.wrapping_mul(b'\\' as u64);
    let found = (quote.wrapping_sub(ONES) & !quote)
        | (escape.wrapping_sub(ONES) & !escape)
        | (word.wrapping_sub(ONES.wrapping_mul(0x20)) & !word)
        | word;
    found & HIGH_BITS
}

/// What a checked string with escapes says.
#[cold]
fn unescape<'b>(raw: &[u8], room: &'b mut [u8; ESCAPED_BYTES_MAX]) -> Option<&'b [u8]> {
    let mut length = 0;
    let mut rest = raw;
    while let Some((first, behind)) = rest.split_first() {
        let mut four = [0; 4];
        let said: &[u8];
        (said, rest) = match (first, behind.split_first()) {
            (b'\\', Some((b'u', code))) => {
                let (char, behind) = unicode(code)?;
                (char.encode_utf8(&mut four).as_bytes(), behind)
            }
            (b'\\', Some((code, behind))) => {
                let byte = match code {
                    b'b' => &[8],
                    b'f' => &[12],
                    b'n' => b"\n",
                    b'r' => b"\r",
                    b't' => b"\t",
                    other => core::slice::from_ref(other),
                };
                (byte, behind)
            }
            _ => (core::slice::from_ref(first), behind),
        };
        room.get_mut(length..)?.get_mut(..said.len())?.copy_from_slice(said);
        length += said.len();
    }
    room.get(..length)
}

/// The character of four hexadecimal digits, or of a pair of them.
fn unicode(code: &[u8]) -> Option<(char, &[u8])> {
    let hex = |four: &[u8]| u32::from_str_radix(core::str::from_utf8(four).ok()?, 16).ok();
    let (high, rest) = code.split_at_checked(4)?;
    let high = hex(high)?;
    if !(0xd800..0xdc00).contains(&high) {
        return Some((char::from_u32(high)?, rest));
    }
    let (low, rest) = rest.strip_prefix(b"\\u")?.split_at_checked(4)?;
    let low = hex(low)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x10000 + ((high - 0xd800) << 10) + low)?, rest))
}
