//! A book's message in the shape that Coinbase really sends, read in one go.
//!
//! Whatever differs from it in the least is left to `frames.rs`, which begins anew: nothing here
//! has to say what is wrong.

use super::message::{Part, Scratch};
use crate::event::Side;
use crate::units::{Nanos, Price, Qty};
use crate::wire::change::Change;
use crate::wire::cursor::Cursor;
use crate::wire::decimal::Scale;
use crate::wire::sync::Sync;
use crate::wire::time::stamp;
use crate::wire::{Listed, Roster};

/// One book's snapshot or update, exactly as Coinbase writes it, and its place in the sequence;
/// `None` for all else.
#[inline]
pub(super) fn read_book(
    frame: &[u8],
    received: Nanos,
    roster: &Roster<Sync>,
    scratch: &mut Scratch,
) -> Option<i64> {
    let mut cursor = Cursor::new(frame);
    cursor.literal(b"{\"channel\":\"l2_data\",").then_some(())?;
    cursor.literal(b"\"client_id\":\"\",");
    cursor.literal(b"\"timestamp\":").then_some(())?;
    let time = cursor.clone();
    cursor.text().ok()?;
    cursor.literal(b",\"sequence_num\":").then_some(())?;
    let sequence = cursor.integer().ok().filter(|sequence| *sequence >= 0)?;
    cursor.literal(b",\"events\":[{\"type\":\"").then_some(())?;
    let snapshot = cursor.literal(b"snapshot");
    if !snapshot {
        cursor.literal(b"update").then_some(())?;
    }
    cursor.literal(b"\",\"product_id\":").then_some(())?;
    let place = roster.find(cursor.text().ok()?.raw())?;
    let Listed { price, qty, .. } = roster.at(place)?;
    cursor.literal(b",\"updates\":[").then_some(())?;
    read_levels(&mut cursor, (*price, *qty), scratch)?;
    cursor.literal(b"}]}").then_some(())?;
    cursor.end().ok()?;
    scratch.ts = stamp(received, Some(&time)).ok()?;
    scratch.parts.push(Part { place, snapshot, end: scratch.changes.len() });
    Some(sequence)
}

/// The levels of one book. What stands before a price is mostly the same as before the last one
/// of its side, event time and all: then it was read already.
#[inline]
fn read_levels(
    cursor: &mut Cursor<'_>,
    scales: (Scale, Scale),
    scratch: &mut Scratch,
) -> Option<()> {
    if cursor.literal(b"]") {
        return Some(());
    }
    let (mut side, mut before): (_, &[u8]) = (Side::Buy, b"\0");
    loop {
        if !cursor.literal(before) {
            let start = cursor.at();
            side = read_side(cursor)?;
            before = cursor.since(start);
        }
        let price = cursor.decimal(scales.0).ok()?;
        cursor.literal(b",\"new_quantity\":").then_some(())?;
        let qty = cursor.decimal(scales.1).ok()?;
        cursor.literal(b"}").then_some(())?;
        if price == 0 {
            return None;
        }
        let change = Change { side, price: Price::new(price), qty: Qty::new(qty) };
        scratch.push(change, 0).ok()?;
        if !cursor.literal(b",") {
            return cursor.literal(b"]").then_some(());
        }
    }
}

/// A level up to its price.
fn read_side(cursor: &mut Cursor<'_>) -> Option<Side> {
    cursor.literal(b"{\"side\":\"").then_some(())?;
    let side = if cursor.literal(b"bid\"") {
        Side::Buy
    } else {
        cursor.literal(b"offer\"").then_some(Side::Sell)?
    };
    cursor.literal(b",\"event_time\":").then_some(())?;
    cursor.text().ok()?;
    cursor.literal(b",\"price_level\":").then_some(side)
}
