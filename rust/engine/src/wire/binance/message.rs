//! What a message of Binance says, in our units: read by two passes, told by one decoder.

use super::levels::Level;
use crate::event::{Bar, Side};
use crate::units::Nanos;
use crate::wire::cursor::Cursor;
use crate::wire::{Refused, WireError, WireErrorKind};

/// Levels of the message that is being read.
#[derive(Debug, Clone, Default)]
pub(super) struct Room {
    pub(super) bids: Vec<Level>,
    pub(super) asks: Vec<Level>,
}

impl Room {
    pub(super) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }
}

/// The ids and the time of a depth message; its levels are in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) time: Nanos,
}

/// The touch as `bookTicker` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticker {
    pub(super) update: i64,
    pub(super) bid: Level,
    pub(super) ask: Level,
}

/// Somebody traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trade {
    pub(super) time: Nanos,
    pub(super) aggressor: Side,
    pub(super) level: Level,
    /// Several fills of one taker at one price, told again as one.
    pub(super) aggregate: bool,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message {
    /// Something of the instrument that stands at this place of the roster.
    Of(usize, Said),
    Refused(Refused),
    Acknowledged,
    ShuttingDown,
    Unlisted,
    Unknown,
}

/// What a message says of an instrument; levels are in the room.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Said {
    Depth(Span),
    /// With the last update id in it.
    Snapshot(i64),
    Ticker(Ticker),
    Trade(Trade),
    /// Nothing: the bar goes on.
    Bar(Nanos, Option<Bar>),
}

/// A time in milliseconds or, where the stream was asked for them, in microseconds.
#[inline]
pub(super) fn time(cursor: &mut Cursor<'_>) -> Result<Nanos, WireError> {
    /// Milliseconds reach this in the year 5138, microseconds did in 1973.
    const MICROSECONDS_MIN: i64 = 100_000_000_000_000;
    cursor.peek();
    let offset = cursor.at();
    let read = cursor.integer()?;
    if read < 0 {
        return Err(WireError::malformed("a time since 1970", offset));
    }
    let unit = if read < MICROSECONDS_MIN { 1_000_000 } else { 1_000 };
    let too_large = WireError { kind: WireErrorKind::NumberTooLarge, offset };
    read.checked_mul(unit).map(Nanos::new).ok_or(too_large)
}
