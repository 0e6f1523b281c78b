//! Bytes of a message → what it says, in scratch room; nothing is applied here.
//!
//! Keys may come in any order; `swift.rs` is the way of the messages that come most.

use super::message::{Message, Part, Scratch, Trade};
use super::swift;
use crate::event::{Quote, Side, TickKind};
use crate::units::{Nanos, Price, Qty};
use crate::wire::change::Change;
use crate::wire::cursor::{Cursor, ESCAPED_BYTES_MAX};
use crate::wire::fields::{Field, fields, required};
use crate::wire::sync::Sync;
use crate::wire::time::{self, stamp};
use crate::wire::{Listed, Refused, Roster, WireError};

/// Read a message whole into scratch room.
#[inline]
pub(super) fn read(
    frame: &[u8],
    received: Nanos,
    roster: &Roster<Sync>,
    scratch: &mut Scratch,
) -> Result<Message, WireError> {
    scratch.clear();
    if let Some(sequence) = swift::read_book(frame, received, roster, scratch) {
        return Ok(Message::Numbered { sequence, known: true });
    }
    scratch.clear();
    Reader { received, roster, scratch }.message(frame)
}

/// An instrument of the roster, if it is listed.
type Found<'r> = Option<(usize, &'r Listed<Sync>)>;

/// Reads messages with keys in any order.
struct Reader<'r> {
    received: Nanos,
    roster: &'r Roster<Sync>,
    scratch: &'r mut Scratch,
}

impl<'r> Reader<'r> {
    fn message(&mut self, frame: &[u8]) -> Result<Message, WireError> {
        let mut cursor = Cursor::new(frame);
        let wanted: [&[u8]; 6] =
            [b"channel", b"timestamp", b"sequence_num", b"events", b"type", b"message"];
        let [channel, time, sequence, events, kind, words] = fields(&mut cursor, wanted)?;
        cursor.end()?;
        let Some(mut channel) = channel else {
            return refusal(kind, words);
        };
        let channel = channel.text()?;
        let sequence = {
            let mut sequence = required(sequence, &cursor, "a sequence_num")?;
            let at = sequence.clone();
            match sequence.integer()? {
                number @ 0.. => number,
                _ => return at.fail("a sequence_num that is not below zero"),
            }
        };
        self.scratch.ts = stamp(self.received, time.as_ref())?;
        let channels: [&[u8]; 6] = [
            b"l2_data",
            b"market_trades",
            b"ticker",
            b"ticker_batch",
            b"heartbeats",
            b"subscriptions",
        ];
        let known = channels.into_iter().position(|name| channel.is(name));
        if let Some(which @ 0..=3) = known {
            let mut events = required(events, &cursor, "events")?;
            let mut array = events.open_array()?;
            while events.next_item(&mut array)? {
                match which {
                    0 => self.book(&mut events)?,
                    1 => self.trades(&mut events)?,
                    _ => self.tickers(&mut events)?,
                }
            }
        }
        Ok(Message::Numbered { sequence, known: known.is_some() })
    }

    fn book(&mut self, event: &mut Cursor<'_>) -> Result<(), WireError> {
        let wanted: [&[u8]; 3] = [b"type", b"product_id", b"updates"];
        let [kind, product, updates] = fields(event, wanted)?;
        let snapshot = snapshot(required(kind, event, "a type")?)?;
        let Some((place, listed)) = self.find(product, event)? else {
            return Ok(());
        };
        let mut updates = required(updates, event, "updates")?;
        let mut array = updates.open_array()?;
        while updates.next_item(&mut array)? {
            let start = updates.at();
            let wanted: [&[u8]; 3] = [b"side", b"price_level", b"new_quantity"];
            let [side, price, qty] = fields(&mut updates, wanted)?;
            let side = side_of(required(side, &updates, "a side")?, [b"bid", b"offer"])?;
            let price = required(price, &updates, "a price_level")?.decimal(listed.price)?;
            let qty = required(qty, &updates, "a new_quantity")?.decimal(listed.qty)?;
            if price == 0 {
                return Err(WireError::malformed("a price above zero", start));
            }
            let change = Change { side, price: Price::new(price), qty: Qty::new(qty) };
            self.scratch.push(change, start)?;
        }
        let end = self.scratch.changes.len();
        self.scratch.parts.push(Part { place, snapshot, end });
        Ok(())
    }

    fn trades(&mut self, event: &mut Cursor<'_>) -> Result<(), WireError> {
        let [kind, trades] = fields(event, [b"type", b"trades"])?;
        let history = snapshot(required(kind, event, "a type")?)?;
        let mut trades = required(trades, event, "trades")?;
        let first = self.scratch.trades.len();
        let mut array = trades.open_array()?;
        while trades.next_item(&mut array)? {
            // What was traded before is history.
            if history {
                trades.skip()?;
            } else {
                self.trade(&mut trades)?;
            }
        }
        // They are to be told as they happened, and Coinbase writes the newest first at times.
        let batch = self.scratch.trades.get_mut(first..).unwrap_or_default();
        let newest = batch.first().map(|trade| trade.traded);
        if newest > batch.last().map(|trade| trade.traded) {
            batch.reverse();
        }
        Ok(())
    }

    fn trade(&mut self, item: &mut Cursor<'_>) -> Result<(), WireError> {
        let wanted: [&[u8]; 5] = [b"product_id", b"side", b"price", b"size", b"time"];
        let [product, side, price, size, time] = fields(item, wanted)?;
        let Some((_, listed)) = self.find(product, item)? else {
            return Ok(());
        };
        // Coinbase says which side the maker was on.
        let maker = side_of(required(side, item, "a side")?, [b"BUY", b"SELL"])?;
        let aggressor = match maker {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        };
        let price = Price::new(required(price, item, "a price")?.decimal(listed.price)?);
        let qty = Qty::new(required(size, item, "a size")?.decimal(listed.qty)?);
        let traded = time.and_then(|mut time| time::read(&mut time).ok()).unwrap_or_default();
        let kind = TickKind::Trade { aggressor, price, qty };
        self.scratch.trades.push(Trade { instrument: listed.id, kind, traded });
        Ok(())
    }

    fn tickers(&mut self, event: &mut Cursor<'_>) -> Result<(), WireError> {
        let [tickers] = fields(event, [b"tickers"])?;
        let mut tickers = required(tickers, event, "tickers")?;
        let mut array = tickers.open_array()?;
        while tickers.next_item(&mut array)? {
            let wanted: [&[u8]; 5] = [
                b"product_id",
                b"best_bid",
                b"best_bid_quantity",
                b"best_ask",
                b"best_ask_quantity",
            ];
            let [product, bid, bid_qty, ask, ask_qty] = fields(&mut tickers, wanted)?;
            let Some((place, Listed { id, price, qty, .. })) = self.find(product, &tickers)? else {
                continue;
            };
            let (Some(mut bid), Some(mut bid_qty)) = (said(bid), said(bid_qty)) else {
                continue;
            };
            let (Some(mut ask), Some(mut ask_qty)) = (said(ask), said(ask_qty)) else {
                continue;
            };
            let quote = Quote {
                instrument: *id,
                ts: self.scratch.ts,
                bid: Price::new(bid.decimal(*price)?),
                bid_qty: Qty::new(bid_qty.decimal(*qty)?),
                ask: Price::new(ask.decimal(*price)?),
                ask_qty: Qty::new(ask_qty.decimal(*qty)?),
            };
            self.scratch.quotes.push((place, quote));
        }
        Ok(())
    }

    /// Where the product stands; what is not listed is counted.
    fn find(&mut self, product: Field<'_>, behind: &Cursor<'_>) -> Result<Found<'r>, WireError> {
        let product = required(product, behind, "a product_id")?.text()?;
        let mut room = [0; ESCAPED_BYTES_MAX];
        let place = product.plain(&mut room).and_then(|product| self.roster.find(product));
        self.scratch.unlisted += u64::from(place.is_none());
        Ok(place.and_then(|place| Some((place, self.roster.at(place)?))))
    }
}

/// A field that says something: `ticker_batch` leaves the touch out, or empty.
fn said(field: Field<'_>) -> Field<'_> {
    field.filter(|field| {
        let mut value = field.clone();
        !value.null() && !value.text().is_ok_and(|text| text.raw().is_empty())
    })
}

fn refusal(kind: Field<'_>, words: Field<'_>) -> Result<Message, WireError> {
    let error = match kind {
        Some(mut kind) => kind.text()?.is(b"error"),
        None => false,
    };
    if !error {
        return Ok(Message::Unknown);
    }
    let words = match words {
        Some(mut words) => words.text()?.raw(),
        None => b"refused without a word",
    };
    Ok(Message::Refused(Refused::new(None, words)))
}

fn snapshot(mut kind: Cursor<'_>) -> Result<bool, WireError> {
    let at = kind.clone();
    let kind = kind.text()?;
    match (kind.is(b"update"), kind.is(b"snapshot")) {
        (true, _) => Ok(false),
        (false, true) => Ok(true),
        (false, false) => at.fail("update or snapshot"),
    }
}

/// A side by its word: that of buys, that of sells.
fn side_of(mut side: Cursor<'_>, words: [&[u8]; 2]) -> Result<Side, WireError> {
    let at = side.clone();
    let text = side.text()?;
    let which = words.into_iter().zip(Side::ALL).find(|(word, _)| text.is(word));
    which.map_or_else(|| at.fail("a side"), |(_, side)| Ok(side))
}
