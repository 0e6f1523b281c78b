//! Binance spot: diff depth, bookTicker, trades, bars and the REST snapshot → events.
//!
//! Here a message is read and what it says is given to the instrument that it is of; what the text
//! means stands in `frames` (`swift` for the usual shapes, `levels` for the many numbers), what
//! may follow what in `sync`.

use crate::book::Integrity;
use crate::event::Event;
use crate::instrument::InstrumentId;
use crate::units::Nanos;
use crate::wire::{Counts, Heard, Listed, Listing, Roster, VenueStatus, WireError, check_length};

mod frames;
mod levels;
mod message;
pub mod orders;
mod swift;
mod sync;

use self::levels::{Shape, Shapes};
use self::message::{Message, Room, Said, Span};
use self::sync::Market;

pub use self::levels::Level;
pub use self::sync::{BUFFERED_DIFFS_MAX, BUFFERED_LEVELS_MAX, Synced};

/// Binance's messages, made into events.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    roster: Roster<Market>,
    room: Room,
    counts: Counts,
}

/// A depth message that was parsed and not acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth<'a> {
    /// Of what.
    pub instrument: InstrumentId,
    /// The first update id in it.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// The venue's time.
    pub time: Nanos,
    /// Bids that changed.
    pub bids: &'a [Level],
    /// Asks that changed.
    pub asks: &'a [Level],
}

impl Decoder {
    /// Listen for an instrument.
    pub fn list(&mut self, listing: Listing) -> Result<(), WireError> {
        let (price, qty) = listing.scales()?;
        let shapes = Shapes { price: Shape::new(price), qty: Shape::new(qty) };
        self.roster.list(&listing, Market { sync: Synced::new(listing.id), shapes })
    }

    /// A new connection: what was known is lost, and every book that was told has a gap.
    pub fn on_connect(&mut self, received: Nanos, tell: &mut impl FnMut(&Event)) {
        self.roster.iter_mut().for_each(|listed| listed.memory.sync.on_connect(received, tell));
    }

    /// What was told last was not taken in: every book that was told has a gap.
    pub fn let_go(&mut self, received: Nanos, tell: &mut impl FnMut(&Event)) {
        for Listed { memory: market, .. } in self.roster.iter_mut() {
            market.sync.let_go(received, &mut self.counts, tell);
        }
    }

    /// One message of the WebSocket.
    #[inline]
    pub fn on_frame(
        &mut self,
        frame: &[u8],
        received: Nanos,
        tell: &mut impl FnMut(&Event),
    ) -> Result<Heard, WireError> {
        self.counts.frames += 1;
        let read = check_length(frame)
            .and_then(|()| frames::read(frame, &mut self.roster, &mut self.room));
        self.hear(read, received, tell)
    }

    /// The REST answer `/api/v3/depth` about a symbol.
    pub fn on_snapshot(
        &mut self,
        symbol: &str,
        body: &[u8],
        received: Nanos,
        tell: &mut impl FnMut(&Event),
    ) -> Result<Heard, WireError> {
        self.counts.frames += 1;
        let Some(at) = self.roster.find(symbol.as_bytes()) else {
            self.counts.unlisted += 1;
            return Ok(Heard::Nothing);
        };
        let read = check_length(body)
            .and_then(|()| frames::read_snapshot(body, at, &self.roster, &mut self.room));
        self.hear(read, received, tell)
    }

    /// The levels of one depth message: nothing is told, no book moves on.
    pub fn parse_depth(&mut self, frame: &[u8]) -> Result<Depth<'_>, WireError> {
        check_length(frame)?;
        let message = frames::read(frame, &mut self.roster, &mut self.room)?;
        if let Message::Of(at, Said::Depth(Span { first, last, time })) = message
            && let Some(instrument) = self.roster.at(at).map(|listed| listed.id)
        {
            let (bids, asks) = (&self.room.bids, &self.room.asks);
            return Ok(Depth { instrument, first, last, time, bids, asks });
        }
        Err(WireError::malformed("a depth message of a listed instrument", 0))
    }

    /// What was seen.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether an instrument's book can be kept: syncing, live or gap.
    #[must_use]
    pub fn integrity(&self, id: InstrumentId) -> Integrity {
        self.roster.of(id).map_or(Integrity::Syncing, |listed| listed.memory.sync.integrity())
    }

    /// Where each instrument's book stands, in the order of symbols.
    pub fn books(&self) -> impl Iterator<Item = &Synced> {
        self.roster.iter().map(|listed| &listed.memory.sync)
    }

    /// Give what a message says to the instrument that it is of.
    #[inline]
    fn hear(
        &mut self,
        read: Result<Message, WireError>,
        received: Nanos,
        tell: &mut impl FnMut(&Event),
    ) -> Result<Heard, WireError> {
        let (counts, levels) = (&mut self.counts, (&*self.room.bids, &*self.room.asks));
        let (at, said) = match read.inspect_err(|error| counts.note(error))? {
            Message::Of(at, said) => (at, said),
            Message::Refused(refused) => return Ok(Heard::Refused(refused)),
            Message::Acknowledged => return Ok(Heard::Nothing),
            Message::ShuttingDown => return Ok(Heard::Status(VenueStatus::ShuttingDown)),
            Message::Unlisted => {
                counts.unlisted += 1;
                return Ok(Heard::Nothing);
            }
            Message::Unknown => {
                counts.unknown += 1;
                return Ok(Heard::Unknown);
            }
        };
        let Some(listed) = self.roster.at_mut(at) else {
            return Ok(Heard::Nothing);
        };
        let sync = &mut listed.memory.sync;
        Ok(match said {
            Said::Depth(span) => sync.on_diff(span, levels, received, counts, tell),
            Said::Snapshot(last) => sync.on_snapshot(last, levels, received, counts, tell),
            Said::Ticker(ticker) => sync.on_ticker(&ticker, received, counts, tell),
            Said::Trade(trade) => sync.on_trade(&trade, received, tell),
            Said::Bar(time, bar) => {
                sync.on_time(time);
                bar.into_iter().for_each(|bar| tell(&Event::Bar(bar)));
                Heard::Market
            }
        })
    }
}
