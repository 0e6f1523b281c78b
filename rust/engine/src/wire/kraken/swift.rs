//! An update of one book in the shape that Kraken really sends, read in one go.
//!
//! Whatever differs from it in the least is left to `frames.rs`, which begins anew: nothing here
//! has to say what is wrong.

use super::Pair;
use super::message::{Part, Scratch, Written};
use crate::event::Side;
use crate::units::{Nanos, Price, Qty};
use crate::wire::change::Change;
use crate::wire::cursor::Cursor;
use crate::wire::decimal::Scale;
use crate::wire::time::stamp;
use crate::wire::{Listed, Roster};

/// An update of one book, exactly as Kraken writes it; `None` for all else.
#[inline]
pub(super) fn read_update(
    frame: &[u8],
    received: Nanos,
    roster: &Roster<Pair>,
    scratch: &mut Scratch,
) -> Option<()> {
    let mut cursor = Cursor::new(frame);
    let begins = b"{\"channel\":\"book\",\"type\":\"update\",\"data\":[{\"symbol\":";
    cursor.literal(begins).then_some(())?;
    let place = roster.find(cursor.text().ok()?.raw())?;
    let Listed { price, qty, .. } = roster.at(place)?;
    cursor.literal(b",\"bids\":[").then_some(())?;
    read_levels(&mut cursor, Side::Buy, (*price, *qty), scratch)?;
    cursor.literal(b",\"asks\":[").then_some(())?;
    read_levels(&mut cursor, Side::Sell, (*price, *qty), scratch)?;
    cursor.literal(b",\"checksum\":").then_some(())?;
    let checksum = u32::try_from(cursor.integer().ok()?).ok()?;
    cursor.literal(b",\"timestamp\":").then_some(())?;
    let time = cursor.clone();
    cursor.text().ok()?;
    cursor.literal(b"}]}").then_some(())?;
    cursor.end().ok()?;
    let ts = stamp(received, Some(&time)).ok()?;
    let (snapshot, written, end) = (false, Written::default(), scratch.changes.len());
    scratch.parts.push(Part { place, snapshot, checksum, ts, end, written });
    Some(())
}

#[inline]
fn read_levels(
    cursor: &mut Cursor<'_>,
    side: Side,
    scales: (Scale, Scale),
    scratch: &mut Scratch,
) -> Option<()> {
    if cursor.literal(b"]") {
        return Some(());
    }
    loop {
        cursor.literal(b"{\"price\":").then_some(())?;
        let price = cursor.decimal(scales.0).ok()?;
        cursor.literal(b",\"qty\":").then_some(())?;
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
