//! What a message of Coinbase holds, in our units: read by two passes, told by one decoder.

use crate::event::{Quote, TickKind};
use crate::instrument::InstrumentId;
use crate::units::Nanos;
use crate::wire::change::{Change, push};
use crate::wire::{Refused, WireError};

/// What a message is. What it holds lies in the scratch room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// A message in the connection's sequence, and whether we know its channel.
    Numbered {
        sequence: i64,
        known: bool,
    },
    Refused(Refused),
    Unknown,
}

/// One book in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) place: usize,
    pub(super) snapshot: bool,
    /// Where its levels end among all of the message.
    pub(super) end: usize,
}

/// A trade of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trade {
    pub(super) instrument: InstrumentId,
    pub(super) kind: TickKind,
    /// When the venue says that it was; zero where it does not say it well.
    pub(super) traded: Nanos,
}

/// Room for what one message holds, used again for the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    pub(super) parts: Vec<Part>,
    pub(super) changes: Vec<Change>,
    pub(super) trades: Vec<Trade>,
    pub(super) quotes: Vec<(usize, Quote)>,
    /// When all of it happens.
    pub(super) ts: Nanos,
    /// How many books, trades, … are of symbols that are not listed.
    pub(super) unlisted: u64,
}

impl Scratch {
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.changes.clear();
        self.trades.clear();
        self.quotes.clear();
        (self.ts, self.unlisted) = (Nanos::ZERO, 0);
    }

    /// Add a level; `at` is where it stands, for the error of one too many.
    #[inline]
    pub(super) fn push(&mut self, change: Change, at: usize) -> Result<(), WireError> {
        push(&mut self.changes, change, at)
    }
}
