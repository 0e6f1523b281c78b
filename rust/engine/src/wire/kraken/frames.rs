//! Bytes of a message → what it says, in scratch room; nothing is applied here.
//!
//! Keys may come in any order; `swift.rs` is the way of the messages that come most.

use super::message::{Candle, Message, Part, Scratch, Trade, Written};
use super::{Pair, swift};
use crate::event::{Bar, Quote, Side, TickKind};
use crate::units::{Nanos, Price, Qty};
use crate::wire::change::Change;
use crate::wire::cursor::{Cursor, ESCAPED_BYTES_MAX};
use crate::wire::decimal::{DECIMALS_MAX, Scale};
use crate::wire::fields::{Field, fields, required};
use crate::wire::time::{self, stamp};
use crate::wire::{LEVELS_MAX, Listed, Refused, Roster, VenueStatus, WireError};

/// Longest interval of a bar: a month, in minutes.
const INTERVAL_MINUTES_MAX: i64 = 43_200;
const MINUTE_NS: i64 = 60_000_000_000;

/// Read a message whole into scratch room.
#[inline]
pub(super) fn read(
    frame: &[u8],
    received: Nanos,
    roster: &Roster<Pair>,
    scratch: &mut Scratch,
) -> Result<Message, WireError> {
    scratch.clear();
    if swift::read_update(frame, received, roster, scratch).is_some() {
        return Ok(Message::Market);
    }
    scratch.clear();
    Reader { received, roster, scratch }.message(frame)
}

/// Reads messages with keys in any order.
struct Reader<'r> {
    received: Nanos,
    roster: &'r Roster<Pair>,
    scratch: &'r mut Scratch,
}

impl<'r> Reader<'r> {
    fn message(&mut self, frame: &[u8]) -> Result<Message, WireError> {
        let mut cursor = Cursor::new(frame);
        let wanted: [&[u8]; 6] = [b"channel", b"type", b"data", b"method", b"result", b"success"];
        let [channel, kind, data, method, result, success] = fields(&mut cursor, wanted)?;
        cursor.end()?;
        let Some(mut channel) = channel else {
            return self.answer(frame, method, result, success);
        };
        let channel = channel.text()?;
        if channel.is(b"heartbeat") {
            return Ok(Message::Nothing);
        }
        let known: [&[u8]; 6] = [b"book", b"trade", b"ticker", b"ohlc", b"instrument", b"status"];
        let Some(which) = known.into_iter().position(|name| channel.is(name)) else {
            return Ok(Message::Unknown);
        };
        let snapshot = snapshot(required(kind, &cursor, "a type")?)?;
        let mut data = required(data, &cursor, "data")?;
        match which {
            0 => self.items(&mut data, |reader, item| reader.book(item, snapshot)),
            // What was traded before is history.
            1 if snapshot => self.items(&mut data, |_, item| item.skip()),
            1 => self.items(&mut data, Self::trade),
            2 => self.items(&mut data, Self::ticker),
            3 => {
                self.scratch.history = snapshot;
                self.items(&mut data, Self::candle)
            }
            4 => self.pairs(&mut data),
            _ => status(&mut data),
        }
    }

    /// What answers a request.
    fn answer(
        &mut self,
        frame: &[u8],
        method: Field<'_>,
        result: Field<'_>,
        success: Field<'_>,
    ) -> Result<Message, WireError> {
        let mut cursor = Cursor::new(frame);
        let [error, warning] = fields(&mut cursor, [b"error", b"errorMessage"])?;
        let refused = match success {
            Some(mut success) => !success.boolean()?,
            None => error.is_some() || warning.is_some(),
        };
        if refused {
            let words = match error.or(warning) {
                Some(mut words) => words.text()?.raw(),
                None => b"refused without a word",
            };
            return Ok(Message::Refused(Refused::new(None, words)));
        }
        let Some(mut method) = method else {
            return Ok(Message::Unknown);
        };
        let method = method.text()?;
        let subscribed = method.is(b"subscribe");
        if !subscribed && !method.is(b"unsubscribe") {
            let nothing = method.is(b"pong");
            return Ok(if nothing { Message::Nothing } else { Message::Unknown });
        }
        let mut result = required(result, &cursor, "a result")?;
        let behind = result.clone();
        let [channel, symbol, depth] = fields(&mut result, [b"channel", b"symbol", b"depth"])?;
        if !required(channel, &behind, "a channel")?.text()?.is(b"book") {
            return Ok(Message::Nothing);
        }
        let Some((place, _)) = self.find(symbol, &behind)? else {
            return Ok(Message::Nothing);
        };
        if !subscribed {
            return Ok(Message::Unsubscribed { place });
        }
        let mut depth = required(depth, &behind, "a depth")?;
        match usize::try_from(depth.clone().integer()?) {
            Ok(deep @ 1..=LEVELS_MAX) => Ok(Message::Subscribed { place, depth: deep }),
            Ok(_) | Err(_) => {
                depth.peek();
                depth.fail("a depth above zero")
            }
        }
    }

    /// Each item of an array.
    fn items<'a>(
        &mut self,
        data: &mut Cursor<'a>,
        mut read: impl FnMut(&mut Self, &mut Cursor<'a>) -> Result<(), WireError>,
    ) -> Result<Message, WireError> {
        let mut array = data.open_array()?;
        while data.next_item(&mut array)? {
            read(self, data)?;
        }
        let held = &self.scratch;
        let market = held.parts.len() + held.trades.len() + held.quotes.len() + held.candles.len();
        Ok(if market == 0 { Message::Nothing } else { Message::Market })
    }

    fn book(&mut self, item: &mut Cursor<'_>, snapshot: bool) -> Result<(), WireError> {
        let wanted: [&[u8]; 5] = [b"symbol", b"bids", b"asks", b"checksum", b"timestamp"];
        let [symbol, bids, asks, checksum, time] = fields(item, wanted)?;
        let Some((place, listed)) = self.find(symbol, item)? else {
            return Ok(());
        };
        let bids = required(bids, item, "bids")?;
        let asks = required(asks, item, "asks")?;
        let mut checksum = required(checksum, item, "a checksum")?;
        let ts = stamp(self.received, time.as_ref())?;
        let Ok(sum) = u32::try_from(checksum.clone().integer()?) else {
            checksum.peek();
            return checksum.fail("a checksum of 32 bits");
        };
        let mut written = Written::default();
        self.levels(bids, Side::Buy, listed, &mut written)?;
        self.levels(asks, Side::Sell, listed, &mut written)?;
        let end = self.scratch.changes.len();
        self.scratch.parts.push(Part { place, snapshot, checksum: sum, ts, end, written });
        Ok(())
    }

    fn levels(
        &mut self,
        mut levels: Cursor<'_>,
        side: Side,
        listed: &Listed<Pair>,
        written: &mut Written,
    ) -> Result<(), WireError> {
        let mut array = levels.open_array()?;
        while levels.next_item(&mut array)? {
            let start = levels.at();
            let [price, qty] = fields(&mut levels, [b"price", b"qty"])?;
            let mut price = required(price, &levels, "a price")?;
            let mut qty = required(qty, &levels, "a qty")?;
            let (price, places) = measured(&mut price, listed.price)?;
            written.price = written.price.max(places);
            let (qty, places) = measured(&mut qty, listed.qty)?;
            written.qty = written.qty.max(places);
            if price == 0 {
                return Err(WireError::malformed("a price above zero", start));
            }
            let change = Change { side, price: Price::new(price), qty: Qty::new(qty) };
            self.scratch.push(change, start)?;
        }
        Ok(())
    }

    fn trade(&mut self, item: &mut Cursor<'_>) -> Result<(), WireError> {
        let wanted: [&[u8]; 5] = [b"symbol", b"side", b"price", b"qty", b"timestamp"];
        let [symbol, side, price, qty, time] = fields(item, wanted)?;
        let Some((_, listed)) = self.find(symbol, item)? else {
            return Ok(());
        };
        let mut side = required(side, item, "a side")?;
        let at = side.clone();
        let word = side.text()?;
        let aggressor = match (word.is(b"buy"), word.is(b"sell")) {
            (true, _) => Side::Buy,
            (false, true) => Side::Sell,
            (false, false) => return at.fail("buy or sell"),
        };
        let price = required(price, item, "a price")?.decimal(listed.price)?;
        let qty = required(qty, item, "a qty")?.decimal(listed.qty)?;
        let ts = stamp(self.received, time.as_ref())?;
        let kind = TickKind::Trade { aggressor, price: Price::new(price), qty: Qty::new(qty) };
        self.scratch.trades.push(Trade { instrument: listed.id, ts, kind });
        Ok(())
    }

    fn ticker(&mut self, item: &mut Cursor<'_>) -> Result<(), WireError> {
        let wanted: [&[u8]; 6] = [b"symbol", b"bid", b"bid_qty", b"ask", b"ask_qty", b"timestamp"];
        let [symbol, bid, bid_qty, ask, ask_qty, time] = fields(item, wanted)?;
        let Some((place, Listed { id, price, qty, .. })) = self.find(symbol, item)? else {
            return Ok(());
        };
        let (Some(mut bid), Some(mut bid_qty)) = (present(bid), present(bid_qty)) else {
            return Ok(());
        };
        let (Some(mut ask), Some(mut ask_qty)) = (present(ask), present(ask_qty)) else {
            return Ok(());
        };
        let quote = Quote {
            instrument: *id,
            ts: stamp(self.received, time.as_ref())?,
            bid: Price::new(bid.decimal(*price)?),
            bid_qty: Qty::new(bid_qty.decimal(*qty)?),
            ask: Price::new(ask.decimal(*price)?),
            ask_qty: Qty::new(ask_qty.decimal(*qty)?),
        };
        self.scratch.quotes.push((place, quote));
        Ok(())
    }

    fn candle(&mut self, item: &mut Cursor<'_>) -> Result<(), WireError> {
        let wanted: [&[u8]; 8] = [
            b"symbol",
            b"interval",
            b"interval_begin",
            b"open",
            b"high",
            b"low",
            b"close",
            b"volume",
        ];
        let [symbol, interval, begin, open, high, low, close, volume] = fields(item, wanted)?;
        let Some((place, Listed { id, price: scale, .. })) = self.find(symbol, item)? else {
            return Ok(());
        };
        let mut interval = required(interval, item, "an interval")?;
        let minutes = interval.clone().integer()?;
        if !(1..=INTERVAL_MINUTES_MAX).contains(&minutes) {
            interval.peek();
            return interval.fail("an interval of minutes");
        }
        let begin = required(begin, item, "an interval_begin")?;
        let open_ns = time::read(&mut begin.clone())?;
        let Some(close_ns) = open_ns.mantissa().checked_add(minutes * MINUTE_NS) else {
            return begin.fail("a time before 2262");
        };
        let price = |field, expected| required(field, item, expected)?.bar_price(*scale);
        let bar = Bar {
            instrument: *id,
            open_ns,
            close_ns: Nanos::new(close_ns),
            open: price(open, "an open")?,
            high: price(high, "a high")?,
            low: price(low, "a low")?,
            close: price(close, "a close")?,
            volume: required(volume, item, "a volume")?.float()?,
        };
        self.scratch.candles.push(Candle { place, bar });
        Ok(())
    }

    /// How many decimal places Kraken writes of each pair.
    fn pairs(&mut self, data: &mut Cursor<'_>) -> Result<Message, WireError> {
        let [pairs] = fields(data, [b"pairs"])?;
        let Some(mut pairs) = pairs else {
            return Ok(Message::Nothing);
        };
        self.items(&mut pairs, |reader, item| {
            let wanted: [&[u8]; 3] = [b"symbol", b"price_precision", b"qty_precision"];
            let [symbol, price, qty] = fields(item, wanted)?;
            let Some((place, _)) = reader.find(symbol, item)? else {
                return Ok(());
            };
            let written = Written {
                price: places(required(price, item, "a price_precision")?)?,
                qty: places(required(qty, item, "a qty_precision")?)?,
            };
            reader.scratch.precisions.push((place, written));
            Ok(())
        })
    }

    /// Where the symbol stands; what is not listed is counted.
    fn find(&mut self, symbol: Field<'_>, behind: &Cursor<'_>) -> Result<Found<'r>, WireError> {
        let symbol = required(symbol, behind, "a symbol")?.text()?;
        let mut room = [0; ESCAPED_BYTES_MAX];
        let place = symbol.plain(&mut room).and_then(|symbol| self.roster.find(symbol));
        self.scratch.unlisted += u64::from(place.is_none());
        Ok(place.and_then(|place| Some((place, self.roster.at(place)?))))
    }
}

/// An instrument of the roster, if it is listed.
type Found<'r> = Option<(usize, &'r Listed<Pair>)>;

/// A field that is there and not `null`.
fn present(field: Field<'_>) -> Field<'_> {
    field.filter(|field| !field.clone().null())
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

/// A number of decimal places.
fn places(mut number: Cursor<'_>) -> Result<u32, WireError> {
    match u32::try_from(number.clone().integer()?) {
        Ok(places @ 0..=DECIMALS_MAX) => Ok(places),
        Ok(_) | Err(_) => {
            number.peek();
            number.fail("at most 18 decimal places")
        }
    }
}

/// A number, and how many decimal places it is written with; none where it has an exponent.
fn measured(number: &mut Cursor<'_>, scale: Scale) -> Result<(i64, u32), WireError> {
    number.peek();
    let start = number.at();
    let value = number.decimal(scale)?;
    let text = number.since(start);
    let point = text.iter().position(|byte| *byte == b'.');
    let behind = text.get(point.map_or(text.len(), |point| point + 1)..).unwrap_or_default();
    let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let plain = !text.iter().any(|byte| matches!(byte, b'e' | b'E'));
    Ok((value, if plain { u32::try_from(digits).unwrap_or(0) } else { 0 }))
}

fn status(data: &mut Cursor<'_>) -> Result<Message, WireError> {
    let mut message = Message::Nothing;
    let mut array = data.open_array()?;
    while data.next_item(&mut array)? {
        let [system] = fields(data, [b"system"])?;
        let system = required(system, data, "a system")?.text()?;
        let words: [(&[u8], VenueStatus); 4] = [
            (b"online", VenueStatus::Online),
            (b"cancel_only", VenueStatus::CancelOnly),
            (b"post_only", VenueStatus::PostOnly),
            (b"maintenance", VenueStatus::Maintenance),
        ];
        let known = words.into_iter().find(|(word, _)| system.is(word));
        message = known.map_or(Message::Unknown, |(_, status)| Message::Status(status));
    }
    Ok(message)
}
