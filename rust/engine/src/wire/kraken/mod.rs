//! Kraken spot, WebSocket v2: a book is right when its checksum is.
//!
//! Kraken numbers nothing. Every message carries a checksum of the ten best levels, and levels that
//! are pushed out of the subscribed depth are not taken back: so the book is kept here as well, cut
//! to that depth, and summed before anything is told. Where the sums differ the book has a gap
//! until the next snapshot, which comes with a new subscription.

mod checksum;
mod frames;
mod message;
pub mod orders;
mod swift;

use self::checksum::{Depth, Precision};
use self::message::{Candle, Message, Part, Scratch, Written};
use super::change::Change;
use super::decimal::Scale;
use super::sync::Sync;
use super::{Counts, Heard, Listed, Listing, Roster, WireError, check_length};
use crate::book::Integrity;
use crate::event::{Bar, Event, Side, Tick, TickKind};
use crate::instrument::InstrumentId;
use crate::units::{Nanos, Price, Qty};

/// The depths that Kraken offers.
const DEPTHS: [usize; 5] = [10, 25, 100, 500, 1_000];

/// What is remembered of a pair.
#[derive(Debug, Clone, Default)]
struct Pair {
    sync: Sync,
    /// How deep its book is subscribed, since an acknowledgement said so.
    depth: Option<usize>,
    /// Where the book that is live is cut.
    cut: usize,
    /// As it was listed or the venue said: decimal places of prices and sizes.
    price_decimals: Option<u32>,
    qty_decimals: Option<u32>,
    precision: Option<Precision>,
    book: Depth,
    /// The bar of each interval that is not final yet.
    bars: Vec<Bar>,
}

/// Kraken's messages, made into events.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    roster: Roster<Pair>,
    counts: Counts,
    scratch: Scratch,
    /// What fell out of a book with the present message.
    fallen: Vec<(Side, Price)>,
    /// A book was lost, and nobody was told to ask for it yet.
    lost: bool,
}

impl Decoder {
    /// Listen for an instrument.
    pub fn list(&mut self, listing: Listing) -> Result<(), WireError> {
        let Listing { price_decimals, qty_decimals, .. } = listing;
        self.roster.list(&listing, Pair { price_decimals, qty_decimals, ..Pair::default() })
    }

    /// A new connection: every book that was told has a gap.
    pub fn on_connect(&mut self, received: Nanos, tell: &mut impl FnMut(&Event)) {
        for Listed { id, memory: pair, .. } in self.roster.iter_mut() {
            pair.sync.on_connect(*id, received, tell);
            pair.depth = None;
            pair.book.clear();
            pair.bars.clear();
        }
        self.lost = false;
    }

    /// What was told last was not taken in: every book that was told has a gap.
    pub fn let_go(&mut self, received: Nanos, tell: &mut impl FnMut(&Event)) {
        for Listed { id, memory: pair, .. } in self.roster.iter_mut() {
            self.counts.gaps += u64::from(pair.sync.is_live());
            pair.sync.let_go(*id, received, tell);
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
            Ok(message) => Ok(self.follow(message, received, tell)),
            Err(error) => {
                self.counts.note(&error);
                Err(error)
            }
        }
    }

    /// Kraken's books come by its WebSocket alone.
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
        self.roster.of(id).map_or(Integrity::Syncing, |listed| listed.memory.sync.integrity())
    }

    #[inline]
    fn follow(
        &mut self,
        message: Message,
        received: Nanos,
        tell: &mut impl FnMut(&Event),
    ) -> Heard {
        self.counts.unlisted += self.scratch.unlisted;
        let heard = match message {
            Message::Market => {
                if !self.scratch.parts.is_empty() {
                    self.follow_books(tell);
                } else {
                    self.follow_others(tell);
                }
                Heard::Market
            }
            Message::Nothing => {
                self.learn();
                Heard::Nothing
            }
            Message::Unknown => {
                self.counts.unknown += 1;
                Heard::Unknown
            }
            Message::Status(status) => Heard::Status(status),
            Message::Refused(refused) => Heard::Refused(refused),
            Message::Subscribed { place, depth } => {
                if let Some(listed) = self.roster.at_mut(place) {
                    listed.memory.depth = Some(depth);
                }
                Heard::Nothing
            }
            Message::Unsubscribed { place } => {
                if let Some(Listed { id, memory: pair, .. }) = self.roster.at_mut(place) {
                    pair.sync.on_end(*id, received, tell);
                    pair.depth = None;
                }
                Heard::Nothing
            }
        };
        if self.lost { self.ask().map_or(heard, Heard::Resync) } else { heard }
    }

    /// The next book that has to be asked for.
    fn ask(&mut self) -> Option<InstrumentId> {
        let mut lost = self.roster.iter_mut().filter(|listed| listed.memory.sync.is_lost());
        let next = lost.next();
        self.lost = lost.next().is_some();
        next.map(|listed| {
            listed.memory.sync.on_asked();
            listed.id
        })
    }

    #[inline]
    fn follow_books(&mut self, tell: &mut impl FnMut(&Event)) {
        let mut rest = self.scratch.changes.as_slice();
        let mut from = 0;
        for part in &self.scratch.parts {
            let (changes, others) = rest.split_at_checked(part.end - from).unwrap_or_default();
            (rest, from) = (others, part.end);
            let Some(listed) = self.roster.at_mut(part.place) else {
                continue;
            };
            let pair = &mut listed.memory;
            if part.snapshot {
                pair.begin((listed.price, listed.qty), part.written, changes);
            } else if !pair.sync.is_live() {
                // What changes in a book that is not known says that its snapshot was missed, or
                // has not come yet.
                if pair.sync.integrity() == Integrity::Syncing {
                    self.counts.gaps += 1;
                    self.lost = true;
                    pair.sync.on_loss(listed.id, part.ts, tell);
                }
                continue;
            }
            if pair.agrees(part, changes, &mut self.fallen) {
                tell_book(listed.id, part, changes, &self.fallen, tell);
                if part.snapshot {
                    pair.sync.on_snapshot();
                }
            } else {
                self.counts.checksums_failed += 1;
                self.counts.gaps += 1;
                self.lost = true;
                pair.sync.on_loss(listed.id, part.ts, tell);
            }
        }
    }

    fn follow_others(&mut self, tell: &mut impl FnMut(&Event)) {
        let mut trades = self.scratch.trades.iter();
        while let Some(trade) = trades.next() {
            let message::Trade { instrument, ts, kind } = *trade;
            let last = trades.as_slice().iter().all(|later| later.instrument != instrument);
            tell(&Event::Tick(Tick { instrument, ts, last, kind }));
        }
        for (place, quote) in &self.scratch.quotes {
            // The book is newer than the ticker, which comes with every trade only.
            if let Some(Listed { memory: pair, .. }) = self.roster.at_mut(*place)
                && !pair.sync.is_live()
            {
                pair.sync.on_touch();
                tell(&Event::Quote(*quote));
            }
        }
        for Candle { place, bar } in &self.scratch.candles {
            let Some(listed) = self.roster.at_mut(*place) else {
                continue;
            };
            match listed.memory.follow_bar(bar) {
                Followed::Final(_) if self.scratch.history => {}
                Followed::Final(bar) => tell(&Event::Bar(bar)),
                Followed::Late => self.counts.late += 1,
                Followed::Open => {}
            }
        }
    }

    /// Take what the venue says of its decimal places, where they were not listed.
    fn learn(&mut self) {
        for (place, written) in &self.scratch.precisions {
            if let Some(Listed { memory: pair, .. }) = self.roster.at_mut(*place) {
                pair.price_decimals = pair.price_decimals.or(Some(written.price));
                pair.qty_decimals = pair.qty_decimals.or(Some(written.qty));
            }
        }
    }
}

/// What a bar in a message makes of the one before.
enum Followed {
    Open,
    Final(Bar),
    Late,
}

impl Pair {
    /// The book begins anew with these levels.
    fn begin(&mut self, scales: (Scale, Scale), written: Written, changes: &[Change]) {
        let price = self.price_decimals.unwrap_or(written.price);
        let qty = self.qty_decimals.unwrap_or(written.qty);
        self.precision = Precision::new((scales.0, price), (scales.1, qty));
        self.book.clear();
        // Where no acknowledgement was seen, as deep as what is told.
        self.cut = self.depth.unwrap_or_else(|| {
            let bids = changes.iter().filter(|change| change.side == Side::Buy).count();
            let told = bids.max(changes.len() - bids);
            DEPTHS.into_iter().find(|depth| *depth >= told).unwrap_or(told)
        });
    }

    /// Apply what changed, cut the book, and compare the sums.
    #[inline]
    fn agrees(&mut self, part: &Part, changes: &[Change], fallen: &mut Vec<(Side, Price)>) -> bool {
        fallen.clear();
        let Some(precision) = self.precision else {
            return false;
        };
        for Change { side, price, qty } in changes {
            self.book.set(*side, *price, *qty, precision);
        }
        self.book.cut(self.cut, |side, price| fallen.push((side, price)));
        self.book.checksum() == part.checksum
    }

    /// A bar is final when the next of its interval begins.
    fn follow_bar(&mut self, bar: &Bar) -> Followed {
        let lasts = |bar: &Bar| bar.close_ns.mantissa() - bar.open_ns.mantissa();
        let Some(known) = self.bars.iter_mut().find(|known| lasts(known) == lasts(bar)) else {
            self.bars.push(*bar);
            return Followed::Open;
        };
        if bar.open_ns < known.open_ns {
            return Followed::Late;
        }
        let before = std::mem::replace(known, *bar);
        if before.open_ns == bar.open_ns { Followed::Open } else { Followed::Final(before) }
    }
}

/// Tell a book's message: the last of its levels ends it.
#[inline]
fn tell_book(
    instrument: InstrumentId,
    part: &Part,
    changes: &[Change],
    fallen: &[(Side, Price)],
    tell: &mut impl FnMut(&Event),
) {
    let mut left = changes.len() + fallen.len();
    let mut tell = |kind, last| {
        tell(&Event::Tick(Tick { instrument, ts: part.ts, last, kind }));
    };
    if part.snapshot {
        tell(TickKind::Clear, left == 0);
    }
    for Change { side, price, qty } in changes {
        left -= 1;
        tell(TickKind::Level { side: *side, price: *price, qty: *qty }, left == 0);
    }
    for (side, price) in fallen {
        left -= 1;
        tell(TickKind::Level { side: *side, price: *price, qty: Qty::ZERO }, left == 0);
    }
}
