//! What Binance's messages say, in any order of keys and with any whitespace: one pass checks the
//! whole message and notes where the keys that matter have their values; then those are read.
//!
//! [`swift`](super::swift) reads the shapes that the venue really sends; what it does not take
//! comes here.

use super::levels::{Level, side};
use super::message::{Message, Room, Said, Span, Ticker, Trade, time};
use super::swift;
use super::sync::Market;
use crate::event::{Bar, Side};
use crate::units::{Nanos, Price, Qty};
use crate::wire::cursor::{Cursor, ESCAPED_BYTES_MAX};
use crate::wire::{Listed, Refused, Roster, WireError, WireErrorKind};

/// Keys that matter in some message, and what they are called.
macro_rules! keys {
    ($($key:ident = $name:literal),* $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Key { $($key),* }

        impl Key {
            const COUNT: usize = [$(Self::$key),*].len();

            fn of(name: &[u8]) -> Option<Self> {
                $(if name == $name { return Some(Self::$key); })*
                None
            }
        }
    };
}

keys! {
    Event = b"e", Time = b"E", Symbol = b"s", First = b"U", Last = b"u", Bids = b"b", Asks = b"a",
    BidQty = b"B", AskQty = b"A", Price = b"p", Qty = b"q", BuyerIsMaker = b"m", Kline = b"k",
    Before = b"pu", SnapshotLast = b"lastUpdateId", SnapshotBids = b"bids",
    SnapshotAsks = b"asks", Result = b"result", Error = b"error", Code = b"code", Words = b"msg",
    Stream = b"stream", Payload = b"data", Rest = b"rest", RestSymbol = b"symbol", Body = b"body",
    Begin = b"t", End = b"T", Open = b"o", High = b"h", Low = b"l", Close = b"c", Volume = b"v",
    Closed = b"x",
}

/// Where the values of an object's keys begin.
#[derive(Debug, Clone, Copy)]
struct Fields<'a> {
    bytes: &'a [u8],
    /// Zero: not there. A value never begins at byte zero, its key stands before it.
    at: [usize; Key::COUNT],
    /// Where the object ends.
    end: usize,
}

impl<'a> Fields<'a> {
    /// The object at `at`; anything that is no object has no keys.
    fn read(bytes: &'a [u8], at: usize) -> Result<Self, WireError> {
        let mut cursor = Cursor::from(bytes, at);
        let mut fields = Self { bytes, at: [0; Key::COUNT], end: 0 };
        if cursor.peek() == Some(b'{') {
            let mut object = cursor.open_object()?;
            let mut room = [0; ESCAPED_BYTES_MAX];
            while let Some(name) = cursor.next_key(&mut object)? {
                let slot = name
                    .plain(&mut room)
                    .and_then(Key::of)
                    .and_then(|key| fields.at.get_mut(key as usize));
                cursor.peek();
                match slot {
                    Some(slot) if *slot != 0 => return cursor.fail("a key only once"),
                    Some(slot) => *slot = cursor.at(),
                    None => {}
                }
                cursor.skip()?;
            }
        } else {
            cursor.skip()?;
        }
        fields.end = cursor.at();
        Ok(fields)
    }

    /// Where the value of a key begins.
    fn place(&self, key: Key) -> Option<usize> {
        self.at.get(key as usize).copied().filter(|at| *at != 0)
    }

    fn has(&self, key: Key) -> bool {
        self.place(key).is_some()
    }

    /// At the value of a key that must be there.
    fn value(&self, key: Key, expected: &'static str) -> Result<Cursor<'a>, WireError> {
        match self.place(key) {
            Some(at) => Ok(Cursor::from(self.bytes, at)),
            None => Err(WireError::malformed(expected, self.end)),
        }
    }

    fn time(&self) -> Result<Nanos, WireError> {
        time(&mut self.value(Key::Time, "a key E: the time of the event")?)
    }

    /// The place of the instrument that a key names; `None`: it is not listed.
    fn instrument<M>(&self, key: Key, roster: &Roster<M>) -> Result<Option<usize>, WireError> {
        let symbol = self.value(key, "a key s: the symbol")?.text()?;
        let mut room = [0; ESCAPED_BYTES_MAX];
        Ok(symbol.plain(&mut room).and_then(|symbol| roster.find(symbol)))
    }
}

/// What a message says; its levels go to the room.
#[inline]
pub(super) fn read(
    frame: &[u8],
    roster: &mut Roster<Market>,
    room: &mut Room,
) -> Result<Message, WireError> {
    if let Some(message) = swift::read(frame, roster, room) {
        return Ok(message);
    }
    room.clear();
    let outer = whole(frame)?;
    if outer.has(Key::Stream) && outer.has(Key::Payload) {
        let payload = outer.value(Key::Payload, "a key data")?;
        return payload_of(&Fields::read(frame, payload.at())?, roster, room);
    }
    if outer.has(Key::Rest) && outer.has(Key::Body) {
        let Some(at) = outer.instrument(Key::RestSymbol, roster)? else {
            return Ok(Message::Unlisted);
        };
        let body = outer.value(Key::Body, "a key body")?;
        return snapshot_of(&Fields::read(frame, body.at())?, at, roster, room);
    }
    payload_of(&outer, roster, room)
}

/// What the REST answer about a listed instrument says; its levels go to the room.
pub(super) fn read_snapshot(
    body: &[u8],
    at: usize,
    roster: &Roster<Market>,
    room: &mut Room,
) -> Result<Message, WireError> {
    room.clear();
    let outer = whole(body)?;
    if !(outer.has(Key::Rest) && outer.has(Key::Body)) {
        return snapshot_of(&outer, at, roster, room);
    }
    if outer.instrument(Key::RestSymbol, roster)? != Some(at) {
        let symbol = outer.value(Key::RestSymbol, "a key symbol")?;
        return symbol.fail("the symbol whose snapshot was asked for");
    }
    let inner = outer.value(Key::Body, "a key body")?;
    snapshot_of(&Fields::read(body, inner.at())?, at, roster, room)
}

/// The keys of a message, behind which nothing may follow.
fn whole(frame: &[u8]) -> Result<Fields<'_>, WireError> {
    let fields = Fields::read(frame, 0)?;
    Cursor::from(frame, fields.end).end()?;
    Ok(fields)
}

fn payload_of(
    fields: &Fields<'_>,
    roster: &Roster<Market>,
    room: &mut Room,
) -> Result<Message, WireError> {
    if fields.has(Key::Event) {
        return event(fields, roster, room);
    }
    if let Some(at) = fields.place(Key::SnapshotLast) {
        return Err(WireError::unsupported("a partial depth stream, which has no first id", at));
    }
    if fields.has(Key::Last) && fields.has(Key::BidQty) && fields.has(Key::AskQty) {
        let Some(at) = fields.instrument(Key::Symbol, roster)? else {
            return Ok(Message::Unlisted);
        };
        return ticker(fields, at, roster);
    }
    if fields.has(Key::Error) || fields.has(Key::Code) {
        return refusal(fields);
    }
    Ok(if fields.has(Key::Result) { Message::Acknowledged } else { Message::Unknown })
}

/// A message that says which event it is.
fn event(
    fields: &Fields<'_>,
    roster: &Roster<Market>,
    room: &mut Room,
) -> Result<Message, WireError> {
    let name = fields.value(Key::Event, "a key e")?.text()?;
    let mut plain = [0; ESCAPED_BYTES_MAX];
    let name = name.plain(&mut plain).unwrap_or_default();
    if name == b"serverShutdown" {
        return Ok(Message::ShuttingDown);
    }
    if !matches!(name, b"depthUpdate" | b"trade" | b"aggTrade" | b"kline") {
        return Ok(Message::Unknown);
    }
    if let Some(at) = fields.place(Key::Before) {
        return Err(WireError::unsupported("futures diffs, which carry pu", at));
    }
    let Some(at) = fields.instrument(Key::Symbol, roster)? else {
        return Ok(Message::Unlisted);
    };
    match name {
        b"depthUpdate" => depth(fields, at, roster, room),
        b"kline" => kline(fields, at, roster),
        _ => trade(fields, at, roster, name == b"aggTrade"),
    }
}

fn listed(roster: &Roster<Market>, at: usize) -> Result<&Listed<Market>, WireError> {
    roster.at(at).ok_or(WireError::malformed("a listed symbol", 0))
}

fn depth(
    fields: &Fields<'_>,
    at: usize,
    roster: &Roster<Market>,
    room: &mut Room,
) -> Result<Message, WireError> {
    let mut shapes = listed(roster, at)?.memory.shapes;
    let first = update_id(fields, Key::First, "a key U: the first update id")?;
    let last = update_id(fields, Key::Last, "a key u: the last update id")?;
    if first > last {
        let u = fields.value(Key::Last, "a key u")?;
        return u.fail("a last update id not before the first");
    }
    let time = fields.time()?;
    side(&mut fields.value(Key::Bids, "a key b: the bids")?, &mut shapes, &mut room.bids)?;
    side(&mut fields.value(Key::Asks, "a key a: the asks")?, &mut shapes, &mut room.asks)?;
    Ok(Message::Of(at, Said::Depth(Span { first, last, time })))
}

fn snapshot_of(
    fields: &Fields<'_>,
    at: usize,
    roster: &Roster<Market>,
    room: &mut Room,
) -> Result<Message, WireError> {
    if !fields.has(Key::SnapshotLast) && fields.has(Key::Code) {
        return refusal(fields);
    }
    let mut shapes = listed(roster, at)?.memory.shapes;
    let last = update_id(fields, Key::SnapshotLast, "a key lastUpdateId")?;
    side(&mut fields.value(Key::SnapshotBids, "a key bids")?, &mut shapes, &mut room.bids)?;
    side(&mut fields.value(Key::SnapshotAsks, "a key asks")?, &mut shapes, &mut room.asks)?;
    Ok(Message::Of(at, Said::Snapshot(last)))
}

/// An update id, which is not below zero.
fn update_id(fields: &Fields<'_>, key: Key, expected: &'static str) -> Result<i64, WireError> {
    let id = fields.value(key, expected)?.integer()?;
    if id < 0 {
        return fields.value(key, expected)?.fail("an update id not below zero");
    }
    Ok(id)
}

fn ticker(fields: &Fields<'_>, at: usize, roster: &Roster<Market>) -> Result<Message, WireError> {
    let instrument = listed(roster, at)?;
    let level = |price, qty| {
        let price = fields.value(price, "keys b and a: the prices")?.decimal(instrument.price)?;
        let qty = fields.value(qty, "keys B and A: the sizes")?.decimal(instrument.qty)?;
        Ok(Level { price: Price::new(price), qty: Qty::new(qty) })
    };
    let update = update_id(fields, Key::Last, "a key u: the update id")?;
    let (bid, ask) = (level(Key::Bids, Key::BidQty)?, level(Key::Asks, Key::AskQty)?);
    Ok(Message::Of(at, Said::Ticker(Ticker { update, bid, ask })))
}

fn trade(
    fields: &Fields<'_>,
    at: usize,
    roster: &Roster<Market>,
    aggregate: bool,
) -> Result<Message, WireError> {
    let instrument = listed(roster, at)?;
    let price = fields.value(Key::Price, "a key p: the price")?.decimal(instrument.price)?;
    let qty = fields.value(Key::Qty, "a key q: the size")?.decimal(instrument.qty)?;
    let sold = fields.value(Key::BuyerIsMaker, "a key m: whether the buyer is maker")?.boolean()?;
    let level = Level { price: Price::new(price), qty: Qty::new(qty) };
    let aggressor = if sold { Side::Sell } else { Side::Buy };
    let trade = Trade { time: fields.time()?, aggressor, level, aggregate };
    Ok(Message::Of(at, Said::Trade(trade)))
}

fn kline(fields: &Fields<'_>, at: usize, roster: &Roster<Market>) -> Result<Message, WireError> {
    let Listed { id: instrument, price: scale, .. } = listed(roster, at)?;
    let bar = fields.value(Key::Kline, "a key k: the bar")?;
    let bar = Fields::read(fields.bytes, bar.at())?;
    let closed = bar.value(Key::Closed, "a key x: whether it is closed")?.boolean()?;
    let open_ns = time(&mut bar.value(Key::Begin, "a key t: when it began")?)?;
    // The venue names the last millisecond or microsecond that belongs to the bar.
    let mut end = bar.value(Key::End, "a key T: when it ended")?;
    let offset = end.at();
    let last = time(&mut end)?.mantissa();
    let unit = if last % 1_000_000 == 0 { 1_000_000 } else { 1_000 };
    let too_large = WireError { kind: WireErrorKind::NumberTooLarge, offset };
    let close_ns = last.checked_add(unit).map(Nanos::new).ok_or(too_large)?;
    let price = |key| bar.value(key, "keys o, h, l and c of the bar")?.bar_price(*scale);
    let bar = Bar {
        instrument: *instrument,
        open_ns,
        close_ns,
        open: price(Key::Open)?,
        high: price(Key::High)?,
        low: price(Key::Low)?,
        close: price(Key::Close)?,
        volume: bar.value(Key::Volume, "a key v: the volume")?.float()?,
    };
    Ok(Message::Of(at, Said::Bar(fields.time()?, closed.then_some(bar))))
}

/// `{"code":…,"msg":…}`, or the same under the key `error`.
fn refusal(fields: &Fields<'_>) -> Result<Message, WireError> {
    let fields = match fields.place(Key::Error) {
        Some(at) => Fields::read(fields.bytes, at)?,
        None => *fields,
    };
    let code = match fields.place(Key::Code) {
        Some(at) => Some(Cursor::from(fields.bytes, at).integer()?),
        None => None,
    };
    let words = match fields.place(Key::Words) {
        Some(at) => Cursor::from(fields.bytes, at).text()?.raw(),
        None => b"",
    };
    Ok(Message::Refused(Refused::new(code, words)))
}
