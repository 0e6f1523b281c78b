//! What a message of Kraken holds, in our units: read by two passes, told by one decoder.

use crate::event::{Bar, Quote, TickKind};
use crate::instrument::InstrumentId;
use crate::units::Nanos;
use crate::wire::change::{Change, push};
use crate::wire::{Refused, VenueStatus, WireError};

/// What a message is. What it holds lies in the scratch room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    Market,
    Nothing,
    Unknown,
    Status(VenueStatus),
    Refused(Refused),
    /// A book is subscribed so deep.
    Subscribed {
        place: usize,
        depth: usize,
    },
    /// A book is told no more.
    Unsubscribed {
        place: usize,
    },
}

/// One book in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) place: usize,
    pub(super) snapshot: bool,
    pub(super) checksum: u32,
    pub(super) ts: Nanos,
    /// Where its levels end among all of the message.
    pub(super) end: usize,
    /// Most decimal places of its prices and of its sizes, as they are written; of snapshots only.
    pub(super) written: Written,
}

/// Decimal places of prices and sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Written {
    pub(super) price: u32,
    pub(super) qty: u32,
}

/// A trade of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trade {
    pub(super) instrument: InstrumentId,
    pub(super) ts: Nanos,
    pub(super) kind: TickKind,
}

/// A bar that is being made, or was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candle {
    pub(super) place: usize,
    pub(super) bar: Bar,
}

/// Room for what one message holds, used again for the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    pub(super) parts: Vec<Part>,
    pub(super) changes: Vec<Change>,
    pub(super) trades: Vec<Trade>,
    pub(super) quotes: Vec<(usize, Quote)>,
    pub(super) candles: Vec<Candle>,
    pub(super) precisions: Vec<(usize, Written)>,
    /// How many books, trades, … are of symbols that are not listed.
    pub(super) unlisted: u64,
    /// Bars are history: none of them is told.
    pub(super) history: bool,
}

impl Scratch {
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.changes.clear();
        self.trades.clear();
        self.quotes.clear();
        self.candles.clear();
        self.precisions.clear();
        (self.unlisted, self.history) = (0, false);
    }

    /// Add a level; `at` is where it stands, for the error of one too many.
    #[inline]
    pub(super) fn push(&mut self, change: Change, at: usize) -> Result<(), WireError> {
        push(&mut self.changes, change, at)
    }
}
