//! The scanner against an outside judge of what is JSON, and decimals against slow arithmetic.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::string_slice, reason = "digits and quotes are one byte each")]

use bot4_engine::wire::cursor::{Cursor, ESCAPED_BYTES_MAX};
use bot4_engine::wire::decimal::Scale;
use bot4_engine::wire::{DEPTH_MAX, WireError, WireErrorKind};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

fn skipped(text: &[u8]) -> Result<(), WireError> {
    let mut cursor = Cursor::new(text);
    cursor.skip()?;
    cursor.end()
}

fn read(text: &str, decimals: u32) -> Result<i64, WireError> {
    let mut cursor = Cursor::new(text.as_bytes());
    let value = cursor.decimal(Scale::new(decimals).unwrap())?;
    cursor.end()?;
    Ok(value)
}

/// What a decimal is at a scale, by moving its point through its digits.
fn slow(whole: &str, part: &str, exponent: i64, decimals: u32) -> Result<i64, WireErrorKind> {
    let digits = format!("{whole}{part}");
    let point = i64::try_from(whole.len()).unwrap() + exponent + i64::from(decimals);
    let at = usize::try_from(point.clamp(0, 1_000)).unwrap();
    let kept = format!("{}{digits}", "0".repeat(if point < 0 { 1 } else { 0 }));
    let kept = &kept[..at.min(kept.len())];
    let beyond = &digits[at.min(digits.len())..];
    if beyond.bytes().any(|digit| digit != b'0') {
        return Err(WireErrorKind::NumberTooFine);
    }
    let zeros = "0".repeat(at.saturating_sub(digits.len()));
    let text = format!("{kept}{zeros}");
    let text = text.trim_start_matches('0');
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| WireErrorKind::NumberTooLarge)
}

/// A tree written with whitespace and escapes as they fall.
fn write(value: &Value, chance: &mut impl Iterator<Item = u8>, out: &mut String) {
    let space = |chance: &mut dyn Iterator<Item = u8>, out: &mut String| {
        out.push_str(["", "", " ", "\n", "\t\r "][usize::from(chance.next().unwrap() % 5)]);
    };
    space(chance, out);
    match value {
        Value::Object(members) => {
            out.push('{');
            for (place, (key, value)) in members.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                space(chance, out);
                text(key, chance, out);
                space(chance, out);
                out.push(':');
                write(value, chance, out);
            }
            space(chance, out);
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (place, value) in items.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                write(value, chance, out);
            }
            space(chance, out);
            out.push(']');
        }
        Value::String(said) => text(said, chance, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
    space(chance, out);
}

fn text(said: &str, chance: &mut impl Iterator<Item = u8>, out: &mut String) {
    out.push('"');
    for char in said.chars() {
        let mut units = [0; 2];
        match chance.next().unwrap() % 4 {
            0 => char
                .encode_utf16(&mut units)
                .iter()
                .for_each(|unit| out.push_str(&format!("\\u{unit:04X}"))),
            1 if char == '/' => out.push_str("\\/"),
            _ => {
                let quoted = Value::String(char.to_string()).to_string();
                out.push_str(&quoted[1..quoted.len() - 1]);
            }
        }
    }
    out.push('"');
}

/// The tree that the cursor walks through.
fn walk(cursor: &mut Cursor<'_>) -> Result<Value, WireError> {
    Ok(match cursor.peek() {
        Some(b'{') => {
            let (mut members, mut object) = (serde_json::Map::new(), cursor.open_object()?);
            while let Some(key) = cursor.next_key(&mut object)? {
                let mut room = [0; ESCAPED_BYTES_MAX];
                let key = String::from_utf8(key.plain(&mut room).unwrap().to_vec()).unwrap();
                members.insert(key, walk(cursor)?);
            }
            Value::Object(members)
        }
        Some(b'[') => {
            let (mut items, mut array) = (Vec::new(), cursor.open_array()?);
            while cursor.next_item(&mut array)? {
                items.push(walk(cursor)?);
            }
            Value::Array(items)
        }
        Some(b'"') => {
            let mut room = [0; ESCAPED_BYTES_MAX];
            let said = cursor.text()?;
            let plain = said.plain(&mut room).unwrap();
            assert!(said.is(plain));
            Value::String(String::from_utf8(plain.to_vec()).unwrap())
        }
        Some(b't' | b'f') => Value::Bool(cursor.boolean()?),
        Some(b'n') => {
            assert!(cursor.null());
            Value::Null
        }
        _ => Value::from(cursor.integer()?),
    })
}

fn tree() -> impl Strategy<Value = Value> {
    let said = || prop_oneof!["[a-zA-Z/\"\\\\ ]{0,12}", "[é€🦀\u{1}-\u{1f}x]{0,8}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-i64::MAX..).prop_map(Value::from),
        (0..100_i64).prop_map(Value::from),
        said().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((said(), inner), 0..6).prop_map(|members| {
                Value::Object(members.into_iter().collect::<serde_json::Map<_, _>>())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_tree_written_in_any_shape_is_read_back(tree in tree(), chance in vec(any::<u8>(), 4_000)) {
        let mut written = String::new();
        write(&tree, &mut chance.into_iter().cycle(), &mut written);
        prop_assert_eq!(&serde_json::from_str::<Value>(&written).unwrap(), &tree);
        let mut cursor = Cursor::new(written.as_bytes());
        prop_assert_eq!(walk(&mut cursor).unwrap(), tree);
        prop_assert!(cursor.end().is_ok());
        prop_assert!(skipped(written.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_json_is_agreed_upon(
        tree in tree(),
        chance in vec(any::<u8>(), 4_000),
        changes in vec((any::<prop::sample::Index>(), "[ -~]|[{}\\[\\]\",:\\\\0-9eE.+-]"), 1..4),
    ) {
        let mut written = String::new();
        write(&tree, &mut chance.into_iter().cycle(), &mut written);
        let mut bytes = written.into_bytes();
        for (place, by) in changes {
            let place = place.index(bytes.len() + 1);
            if by.as_bytes()[0] % 3 == 0 && place < bytes.len() {
                bytes.remove(place);
            } else {
                bytes.splice(place..place, by.bytes());
            }
        }
        let judged = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
        let utf8 = std::str::from_utf8(&bytes).is_ok();
        let shown = String::from_utf8_lossy(&bytes);
        prop_assert_eq!(skipped(&bytes).is_ok(), judged && utf8, "{}", shown);
    }

    #[test]
    fn a_decimal_is_what_slow_arithmetic_says(
        whole in "0|[1-9][0-9]{0,21}",
        part in "|[0-9]{1,22}|[0-9]{0,3}0{1,12}",
        exponent in prop_oneof![Just(None), (-30..30_i64).prop_map(Some)],
        decimals in 0..=18_u32,
        quoted in any::<bool>(),
        plus in any::<bool>(),
    ) {
        let mut text = whole.clone();
        if !part.is_empty() {
            text = format!("{text}.{part}");
        }
        match exponent {
            Some(exponent) if plus && exponent >= 0 => text = format!("{text}E+{exponent}"),
            Some(exponent) => text = format!("{text}e{exponent}"),
            None => {}
        }
        let expected = slow(&whole, &part, exponent.unwrap_or(0), decimals);
        let text = if quoted { format!("\"{text}\"") } else { format!("{text} ") };
        let offset = usize::from(quoted);
        let expected = expected.map_err(|kind| WireError { kind, offset });
        prop_assert_eq!(read(&text, decimals), expected, "{}", text);
        // Padded on both sides, so that eight bytes can always be looked at.
        let padded = format!("[{text}, \"behind the number\"]");
        let mut cursor = Cursor::new(padded.as_bytes());
        let mut array = cursor.open_array().unwrap();
        prop_assert!(cursor.next_item(&mut array).unwrap());
        let found = cursor.decimal(Scale::new(decimals).unwrap());
        let expected = expected.map_err(|error| WireError { offset: error.offset + 1, ..error });
        prop_assert_eq!(found, expected, "{}", padded);
    }

    #[test]
    fn whole_numbers_are_read_exactly(value in any::<i64>(), behind in "[ ,}\\]]{0,9}") {
        prop_assume!(value != i64::MIN);
        let text = format!("{value}{behind}");
        let mut cursor = Cursor::new(text.as_bytes());
        prop_assert_eq!(cursor.integer(), Ok(value));
        prop_assert_eq!(cursor.at(), text.len() - behind.len());
    }
}

fn malformed(expected: &'static str, offset: usize) -> WireError {
    WireError::malformed(expected, offset)
}

#[test]
fn what_is_no_json_is_refused_where_it_stops_being_it() {
    let cases: &[(&[u8], WireError)] = &[
        (b"", malformed("a value", 0)),
        (b"  x", malformed("a value", 2)),
        (b"{", malformed("a key", 1)),
        (b"{\"a\" 1}", malformed("a colon", 5)),
        (b"{\"a\":1,}", malformed("a key", 7)),
        (b"{\"a\":1 \"b\":2}", malformed("a comma or the end of the object", 7)),
        (b"[1,]", malformed("a value", 3)),
        (b"[1 2]", malformed("a comma or the end of the array", 3)),
        (b"[1", malformed("a comma or the end of the array", 2)),
        (b"\"abc", malformed("the end of the string", 4)),
        (b"\"a\nb\"", malformed("no control character in a string", 2)),
        (b"\"a\\q\"", malformed("an escape", 2)),
        (b"\"a\\u12x4\"", malformed("four hexadecimal digits in an escape", 2)),
        (b"\"a\\u12", malformed("four hexadecimal digits in an escape", 2)),
        (b"\"ab\xff\"", malformed("UTF-8", 3)),
        (b"truth", malformed("a value", 0)),
        (b"01", malformed("no digit behind a leading zero", 1)),
        (b"-", malformed("a digit", 1)),
        (b"1.", malformed("a digit", 2)),
        (b"1e+", malformed("a digit", 3)),
        (b"1 1", malformed("the end of the message", 2)),
    ];
    for (text, error) in cases {
        assert_eq!(skipped(text), Err(*error), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn nesting_has_a_limit() {
    let depth = DEPTH_MAX as usize;
    let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(skipped(deep(depth).as_bytes()), Ok(()));
    let kind = WireErrorKind::TooDeep { limit: DEPTH_MAX };
    for text in [deep(depth + 1), "[".repeat(1_000_000), "{\"a\":".repeat(1_000)] {
        let offset = text.match_indices(['[', '{']).nth(depth).unwrap().0;
        assert_eq!(skipped(text.as_bytes()), Err(WireError { kind, offset }));
    }
}

#[test]
fn numbers_that_do_not_fit_say_why() {
    let (fine, large) = (WireErrorKind::NumberTooFine, WireErrorKind::NumberTooLarge);
    let cases: &[(&str, u32, Result<i64, WireError>)] = &[
        ("\"61737.63000000\"", 2, Ok(6_173_763)),
        ("61737.63", 8, Ok(6_173_763_000_000)),
        ("1e-7", 8, Ok(10)),
        ("1.5E+3", 0, Ok(1_500)),
        ("0e99999999999999999999", 0, Ok(0)),
        ("0.000", 0, Ok(0)),
        ("\"9223372036854775807\"", 0, Ok(i64::MAX)),
        ("10000000000000.00000000", 5, Ok(1_000_000_000_000_000_000)),
        ("0.00001234", 8, Ok(1_234)),
        ("1e-7", 6, Err(WireError { kind: fine, offset: 0 })),
        ("\"0.123\"", 2, Err(WireError { kind: fine, offset: 1 })),
        ("9223372036854775808", 0, Err(WireError { kind: large, offset: 0 })),
        ("1e99999999999999999999", 0, Err(WireError { kind: large, offset: 0 })),
        ("1e-99999999999999999999", 18, Err(WireError { kind: fine, offset: 0 })),
        ("-1", 2, Err(malformed("a digit", 0))),
        ("\"-0.1\"", 2, Err(malformed("a digit", 1))),
        ("+1", 2, Err(malformed("a digit", 0))),
        (".5", 2, Err(malformed("a digit", 0))),
        ("\"\"", 2, Err(malformed("a digit", 1))),
        ("\"1.\"", 2, Err(malformed("a digit", 3))),
        ("\"0x10\"", 2, Err(malformed("a digit or the end of the string", 2))),
        ("\"1\\u0030\"", 2, Err(malformed("a digit or the end of the string", 2))),
        ("\"00.5000000000\"", 2, Err(malformed("no digit behind a leading zero", 2))),
        ("007", 2, Err(malformed("no digit behind a leading zero", 1))),
        ("NaN", 2, Err(malformed("a digit", 0))),
        ("null", 2, Err(malformed("a digit", 0))),
    ];
    for (text, decimals, expected) in cases {
        assert_eq!(read(text, *decimals), *expected, "{text} at {decimals}");
    }
    assert_eq!(Scale::new(19), None);
}

#[test]
fn floats_are_the_nearest_there_are() {
    let float = |text: &str| Cursor::new(text.as_bytes()).float();
    for text in ["0.35270000", "61837.63000001", "1e-7", "25877.00000000", "0"] {
        assert_eq!(float(text), Ok(text.parse().unwrap()));
        assert_eq!(float(&format!("\"{text}\"")), Ok(text.parse().unwrap()));
    }
    let kind = WireErrorKind::NumberTooLarge;
    assert_eq!(float("1e999"), Err(WireError { kind, offset: 0 }));
    assert_eq!(float("-1"), Err(malformed("a digit", 0)));
    assert_eq!(float("\"inf\""), Err(malformed("a digit", 1)));
}

#[test]
fn whole_numbers_have_no_point_and_fit() {
    let whole = |text: &str| Cursor::new(text.as_bytes()).integer();
    let kind = WireErrorKind::NumberTooLarge;
    assert_eq!(whole(" -1121,"), Ok(-1121));
    assert_eq!(whole("9223372036854775808"), Err(WireError { kind, offset: 0 }));
    assert_eq!(whole("99999999999999999999999999999"), Err(WireError { kind, offset: 0 }));
    assert_eq!(whole("1.0"), Err(malformed("a whole number", 1)));
    assert_eq!(whole("1e3"), Err(malformed("a whole number", 1)));
    assert_eq!(whole("\"1\""), Err(malformed("a whole number", 0)));
    assert_eq!(whole("010"), Err(malformed("no digit behind a leading zero", 1)));
}
