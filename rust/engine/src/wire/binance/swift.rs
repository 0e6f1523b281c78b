//! The shapes that Binance really sends, read in one pass: keys in the usual order, no whitespace.
//!
//! What is read here is read to the same end as in [`frames`](super::frames); whatever differs in
//! a single byte is left to it, errors too.

use super::levels::{Level, side};
use super::message::{Message, Room, Said, Span, Ticker, Trade, time};
use super::sync::Market;
use crate::event::Side;
use crate::units::{Price, Qty};
use crate::wire::cursor::Cursor;
use crate::wire::{Listed, Roster};

/// A message in one of the usual shapes.
#[inline]
pub(super) fn read(frame: &[u8], roster: &mut Roster<Market>, room: &mut Room) -> Option<Message> {
    let mut cursor = Cursor::new(frame);
    let combined = cursor.literal(b"{\"stream\":");
    if combined {
        cursor.text().ok()?;
        if !cursor.literal(b",\"data\":") {
            return None;
        }
    }
    let message = payload(&mut cursor, roster, room)?;
    let ends: &[u8] = if combined { b"}}" } else { b"}" };
    (cursor.rest() == ends).then_some(message)
}

fn payload(
    cursor: &mut Cursor<'_>,
    roster: &mut Roster<Market>,
    room: &mut Room,
) -> Option<Message> {
    if cursor.literal(b"{\"u\":") {
        return ticker(cursor, roster);
    }
    if !cursor.literal(b"{\"e\":\"") {
        return None;
    }
    if cursor.literal(b"depthUpdate\",\"E\":") {
        return depth(cursor, roster, room);
    }
    if cursor.literal(b"trade\",\"E\":") {
        return trade(cursor, roster, false);
    }
    if cursor.literal(b"aggTrade\",\"E\":") {
        return trade(cursor, roster, true);
    }
    None
}

/// Pass these bytes.
#[inline]
fn pass(cursor: &mut Cursor<'_>, text: &[u8]) -> Option<()> {
    cursor.literal(text).then_some(())
}

/// The place of the instrument whose symbol comes next.
#[inline]
fn instrument(cursor: &mut Cursor<'_>, roster: &Roster<Market>) -> Option<usize> {
    roster.find(cursor.text().ok()?.raw())
}

#[inline]
fn level(cursor: &mut Cursor<'_>, between: &[u8], listed: &Listed<Market>) -> Option<Level> {
    let price = Price::new(cursor.decimal(listed.price).ok()?);
    pass(cursor, between)?;
    let qty = Qty::new(cursor.decimal(listed.qty).ok()?);
    Some(Level { price, qty })
}

fn depth(cursor: &mut Cursor<'_>, roster: &mut Roster<Market>, room: &mut Room) -> Option<Message> {
    let time = time(cursor).ok()?;
    pass(cursor, b",\"s\":")?;
    let at = instrument(cursor, roster)?;
    pass(cursor, b",\"U\":")?;
    let first = cursor.integer().ok()?;
    pass(cursor, b",\"u\":")?;
    let last = cursor.integer().ok()?;
    if first < 0 || first > last {
        return None;
    }
    let shapes = &mut roster.at_mut(at)?.memory.shapes;
    room.clear();
    pass(cursor, b",\"b\":")?;
    side(cursor, shapes, &mut room.bids).ok()?;
    pass(cursor, b",\"a\":")?;
    side(cursor, shapes, &mut room.asks).ok()?;
    Some(Message::Of(at, Said::Depth(Span { first, last, time })))
}

fn ticker(cursor: &mut Cursor<'_>, roster: &Roster<Market>) -> Option<Message> {
    let update = cursor.integer().ok().filter(|update| *update >= 0)?;
    pass(cursor, b",\"s\":")?;
    let at = instrument(cursor, roster)?;
    let listed = roster.at(at)?;
    pass(cursor, b",\"b\":")?;
    let bid = level(cursor, b",\"B\":", listed)?;
    pass(cursor, b",\"a\":")?;
    let ask = level(cursor, b",\"A\":", listed)?;
    Some(Message::Of(at, Said::Ticker(Ticker { update, bid, ask })))
}

fn trade(cursor: &mut Cursor<'_>, roster: &Roster<Market>, aggregate: bool) -> Option<Message> {
    let time = time(cursor).ok()?;
    pass(cursor, b",\"s\":")?;
    let at = instrument(cursor, roster)?;
    let listed = roster.at(at)?;
    pass(cursor, if aggregate { b",\"a\":" } else { b",\"t\":" })?;
    cursor.integer().ok()?;
    pass(cursor, b",\"p\":")?;
    let level = level(cursor, b",\"q\":", listed)?;
    let others: &[&[u8]] = if aggregate { &[b",\"f\":", b",\"l\":"] } else { &[] };
    for key in others.iter().chain(&[b",\"T\":".as_slice()]) {
        pass(cursor, key)?;
        cursor.integer().ok()?;
    }
    pass(cursor, b",\"m\":")?;
    let aggressor = if cursor.boolean().ok()? { Side::Sell } else { Side::Buy };
    pass(cursor, b",\"M\":")?;
    cursor.boolean().ok()?;
    Some(Message::Of(at, Said::Trade(Trade { time, aggressor, level, aggregate })))
}
