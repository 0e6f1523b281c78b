//! Coinbase Advanced Trade: a book is right while its connection's sequence misses no number.
//!
//! Every frame of a connection is numbered, heartbeats and acknowledgements among them: a jump says
//! that something was lost and not of which book, so that all of them have a gap until each has a
//! new snapshot. What is numbered lower than expected is late, and ignored whole.

mod frames;
mod message;
pub mod orders;
mod swift;

use self::message::{Message, Scratch, Trade};
use super::change::Change;
use super::sync::Sync;
use super::{Counts, Heard, Listed, Listing, Roster, WireError, check_length};
use crate::book::Integrity;
use crate::event::{Event, Tick, TickKind};
use crate::instrument::InstrumentId;
use crate::units::Nanos;

/// Coinbase's messages, made into events.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    roster: Roster<Sync>,
    counts: Counts,
    scratch: Scratch,
    /// The number of the next frame; nothing was heard on this connection before it is known.
    expected: Option<i64>,
    /// A book was lost, and nobody was told to ask for it yet.
    lost: bool,
}

impl Decoder {
    /// Listen for an instrument.
    pub fn list(&mut self, listing: Listing) -> Result<(), WireError> {
        self.roster.list(&listing, Sync::default())
    }

    /// A new connection: every book that was told has a gap, and its sequence begins.
    pub fn on_connect(&mut self, received: Nanos, tell: &mut impl FnMut(&Event)) {
        for Listed { id, memory: sync, .. } in self.roster.iter_mut() {
            sync.on_connect(*id, received, tell);
        }
        (self.expected, self.lost) = (None, false);
    }

    /// What was told last was not taken in: every book that was told has a gap.
    pub fn let_go(&mut self, received: Nanos, tell: &mut impl FnMut(&Event)) {
        for Listed { id, memory: sync, .. } in self.roster.iter_mut() {
            self.counts.gaps += u64::from(sync.is_live());
            sync.let_go(*id, received, tell);
        }
        self.lost = false;
    }

    /// One message.
    #[inline]
    pub fn on_frame(
        &mut self,
        frame: &[u8],
        received: Nanos,
        tell: &mut impl FnMut(&Event),
    ) -> Result<Heard, WireError> {
        self.counts.frames += 1;
        let read = check_length(frame)
            .and_then(|()| frames::read(frame, received, &self.roster, &mut self.scratch));
        match read {
            Ok(Message::Numbered { sequence, known }) => Ok(self.follow(sequence, known, tell)),
            Ok(Message::Refused(refused)) => Ok(Heard::Refused(refused)),
            Ok(Message::Unknown) => {
                self.counts.unknown += 1;
                Ok(Heard::Unknown)
            }
            Err(error) => {
                self.counts.note(&error);
                Err(error)
            }
        }
    }

    /// Coinbase's books come by its WebSocket alone.
    pub fn on_snapshot(
        &mut self,
        _symbol: &str,
        _body: &[u8],
        _received: Nanos,
        _tell: &mut impl FnMut(&Event),
    ) -> Result<Heard, WireError> {
        self.counts.frames += 1;
        let error = WireError::unsupported("a book that was fetched: subscribe to it", 0);
        self.counts.note(&error);
        Err(error)
    }

    /// What was seen.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether an instrument's book can be kept.
    #[must_use]
    pub fn integrity(&self, id: InstrumentId) -> Integrity {
        self.roster.of(id).map_or(Integrity::Syncing, |listed| listed.memory.integrity())
    }

    #[inline]
    fn follow(&mut self, sequence: i64, known: bool, tell: &mut impl FnMut(&Event)) -> Heard {
        let expected = self.expected.unwrap_or(sequence);
        if sequence < expected {
            self.counts.late += 1;
            return Heard::Nothing;
        }
        if sequence > expected {
            self.lose_all(tell);
        }
        self.expected = sequence.checked_add(1);
        self.counts.unlisted += self.scratch.unlisted;
        self.counts.unknown += u64::from(!known);
        let Scratch { parts, trades, quotes, .. } = &self.scratch;
        let market = parts.len() + trades.len() + quotes.len() > 0;
        if !self.scratch.parts.is_empty() {
            self.follow_books(tell);
        } else if market {
            self.follow_others(tell);
        }
        if self.lost
            && let Some(id) = self.ask()
        {
            return Heard::Resync(id);
        }
        match (known, market) {
            (true, true) => Heard::Market,
            (true, false) => Heard::Nothing,
            (false, _) => Heard::Unknown,
        }
    }

    /// Frames are missing: no book can be believed, nor that a snapshot which was asked for did
    /// not come among them.
    #[cold]
    fn lose_all(&mut self, tell: &mut impl FnMut(&Event)) {
        for Listed { id, memory: sync, .. } in self.roster.iter_mut() {
            if sync.integrity() != Integrity::Syncing {
                self.counts.gaps += u64::from(sync.is_live());
                self.lost = true;
                sync.on_loss(*id, self.scratch.ts, tell);
            }
        }
    }

    /// The next book that has to be asked for.
    fn ask(&mut self) -> Option<InstrumentId> {
        let mut lost = self.roster.iter_mut().filter(|listed| listed.memory.is_lost());
        let next = lost.next();
        self.lost = lost.next().is_some();
        next.map(|listed| {
            listed.memory.on_asked();
            listed.id
        })
    }

    #[inline]
    fn follow_books(&mut self, tell: &mut impl FnMut(&Event)) {
        let ts = self.scratch.ts;
        let mut rest = self.scratch.changes.as_slice();
        let mut from = 0;
        for part in &self.scratch.parts {
            let (changes, others) = rest.split_at_checked(part.end - from).unwrap_or_default();
            (rest, from) = (others, part.end);
            let Some(Listed { id, memory: sync, .. }) = self.roster.at_mut(part.place) else {
                continue;
            };
            if part.snapshot {
                sync.on_snapshot();
            } else if !sync.is_live() {
                // What changes in a book that is not known says that its snapshot was missed.
                if sync.integrity() == Integrity::Syncing {
                    self.counts.gaps += 1;
                    self.lost = true;
                    sync.on_loss(*id, ts, tell);
                }
                continue;
            }
            tell_book(*id, ts, part.snapshot, changes, tell);
        }
    }

    fn follow_others(&mut self, tell: &mut impl FnMut(&Event)) {
        let ts = self.scratch.ts;
        let mut trades = self.scratch.trades.iter();
        while let Some(Trade { instrument, kind, .. }) = trades.next() {
            let last = trades.as_slice().iter().all(|later| later.instrument != *instrument);
            tell(&Event::Tick(Tick { instrument: *instrument, ts, last, kind: *kind }));
        }
        for (place, quote) in &self.scratch.quotes {
            // The book is newer than the ticker, which comes with every trade only.
            if let Some(Listed { memory: sync, .. }) = self.roster.at_mut(*place)
                && !sync.is_live()
            {
                sync.on_touch();
                tell(&Event::Quote(*quote));
            }
        }
    }
}

/// Tell a book's message: the last of its levels ends it.
#[inline]
fn tell_book(
    instrument: InstrumentId,
    ts: Nanos,
    snapshot: bool,
    changes: &[Change],
    tell: &mut impl FnMut(&Event),
) {
    let mut left = changes.len();
    if snapshot {
        let (last, kind) = (left == 0, TickKind::Clear);
        tell(&Event::Tick(Tick { instrument, ts, last, kind }));
    }
    for Change { side, price, qty } in changes {
        left -= 1;
        let kind = TickKind::Level { side: *side, price: *price, qty: *qty };
        tell(&Event::Tick(Tick { instrument, ts, last: left == 0, kind }));
    }
}
