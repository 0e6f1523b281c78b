//! One instrument's book over Binance's diffs: what waits for the snapshot, which ids may follow
//! which, and what is told of it. Integers in, events out; no text lives here.

use super::levels::{Level, Shapes};
use super::message::{Span, Ticker, Trade};
use crate::book::Integrity;
use crate::event::{Event, Quote, Side, Tick, TickKind};
use crate::instrument::InstrumentId;
use crate::units::Nanos;
use crate::wire::sync::Told;
use crate::wire::{Counts, Heard};

/// Most diffs of one instrument that wait for a snapshot: a quarter of an hour of them.
pub const BUFFERED_DIFFS_MAX: usize = 10_000;
/// Most levels in them.
pub const BUFFERED_LEVELS_MAX: usize = 400_000;

/// What the decoder remembers of an instrument.
#[derive(Debug, Clone)]
pub(super) struct Market {
    pub(super) sync: Synced,
    /// How its numbers were written: a habit, not a state.
    pub(super) shapes: Shapes,
}

/// Where an instrument's book stands, and what waits for its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    instrument: InstrumentId,
    state: State,
    told: Told,
    waiting: Waiting,
    /// The touch that the venue told last, by itself.
    quote: Option<Touched>,
    /// Trades are heard one by one: their aggregates would be the same ones again.
    trades: bool,
    /// The venue's time of the last message that had one.
    time: Nanos,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There was no snapshot yet.
    Syncing,
    /// The book is whole up to this update id.
    Live(i64),
    /// Something was lost since the book was told.
    Gap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Touched {
    update: i64,
    quote: Quote,
}

/// Diffs that came before the snapshot, each following the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Waiting {
    diffs: Vec<Diff>,
    levels: Vec<(Side, Level)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Diff {
    first: i64,
    last: i64,
    /// How many levels it has.
    levels: usize,
}

impl Waiting {
    fn clear(&mut self) {
        self.diffs.clear();
        self.levels.clear();
    }

    fn keep(&mut self, span: Span, bids: &[Level], asks: &[Level]) {
        let levels = bids.len() + asks.len();
        self.diffs.push(Diff { first: span.first, last: span.last, levels });
        self.levels.extend(bids.iter().map(|level| (Side::Buy, *level)));
        self.levels.extend(asks.iter().map(|level| (Side::Sell, *level)));
    }

    fn full(&self, more: usize) -> bool {
        self.diffs.len() >= BUFFERED_DIFFS_MAX || self.levels.len() + more > BUFFERED_LEVELS_MAX
    }

    /// The last update id that the diffs reach, and the levels of those behind `id`.
    fn behind(&self, id: i64) -> (i64, &[(Side, Level)]) {
        let old = self.diffs.iter().take_while(|diff| diff.last <= id);
        let skipped: usize = old.map(|diff| diff.levels).sum();
        let last = self.diffs.last().map_or(id, |diff| diff.last.max(id));
        (last, self.levels.get(skipped..).unwrap_or_default())
    }
}

/// Tells changes one behind, so that the last one is known to be the last.
struct Teller<'a, F> {
    instrument: InstrumentId,
    ts: Nanos,
    held: TickKind,
    tell: &'a mut F,
}

impl<F: FnMut(&Event)> Teller<'_, F> {
    fn level(&mut self, side: Side, level: Level) {
        let Level { price, qty } = level;
        let held = core::mem::replace(&mut self.held, TickKind::Level { side, price, qty });
        self.send(held, false);
    }

    fn send(&mut self, kind: TickKind, last: bool) {
        let (instrument, ts) = (self.instrument, self.ts);
        (self.tell)(&Event::Tick(Tick { instrument, ts, last, kind }));
    }
}

impl Synced {
    pub(super) fn new(instrument: InstrumentId) -> Self {
        Self {
            instrument,
            state: State::Syncing,
            told: Told::default(),
            waiting: Waiting::default(),
            quote: None,
            trades: false,
            time: Nanos::ZERO,
        }
    }

    pub(super) fn integrity(&self) -> Integrity {
        match self.state {
            State::Syncing => Integrity::Syncing,
            State::Live(_) => Integrity::Live,
            State::Gap => Integrity::Gap,
        }
    }

    /// A new connection: everything of the last one is forgotten.
    pub(super) fn on_connect(&mut self, received: Nanos, tell: &mut impl FnMut(&Event)) {
        let ts = self.now(received, None);
        self.told.on_connect(self.instrument, ts, tell);
        self.waiting.clear();
        (self.state, self.quote, self.trades) = (State::Syncing, None, false);
    }

    /// What was told last was not taken in.
    pub(super) fn let_go(
        &mut self,
        received: Nanos,
        counts: &mut Counts,
        tell: &mut impl FnMut(&Event),
    ) {
        let ts = self.now(received, None);
        self.quote = None;
        if self.state == State::Syncing {
            return self.told.on_connect(self.instrument, ts, tell);
        }
        counts.gaps += u64::from(self.state != State::Gap);
        self.told.on_loss(self.instrument, ts, tell);
        self.waiting.clear();
        self.state = State::Gap;
    }

    /// Levels changed.
    #[inline]
    pub(super) fn on_diff(
        &mut self,
        span: Span,
        (bids, asks): (&[Level], &[Level]),
        received: Nanos,
        counts: &mut Counts,
        tell: &mut impl FnMut(&Event),
    ) -> Heard {
        let ts = self.now(received, Some(span.time));
        let State::Live(id) = self.state else {
            return self.wait(span, bids, asks, counts);
        };
        if span.last <= id {
            counts.late += 1;
            return Heard::Nothing;
        }
        if span.first > id.saturating_add(1) {
            counts.gaps += 1;
            self.state = State::Gap;
            self.waiting.keep(span, bids, asks);
            self.told.on_loss(self.instrument, ts, tell);
            return Heard::Resync(self.instrument);
        }
        self.state = State::Live(span.last);
        // Older than the touch that the venue told by itself: that one has to stay.
        let newer = self.quote.filter(|told| told.update > span.last);
        let instrument = self.instrument;
        let bids = bids.iter().map(|level| (Side::Buy, level));
        let asks = asks.iter().map(|level| (Side::Sell, level));
        let mut left = bids.len() + asks.len();
        let empty = left == 0;
        bids.chain(asks).for_each(|(side, Level { price, qty })| {
            left -= 1;
            let last = left == 0 && newer.is_none();
            let kind = TickKind::Level { side, price: *price, qty: *qty };
            tell(&Event::Tick(Tick { instrument, ts, last, kind }));
        });
        if let Some(told) = newer.filter(|_| !empty) {
            tell(&Event::Quote(Quote { ts, ..told.quote }));
        }
        Heard::Market
    }

    /// A diff before the snapshot.
    #[cold]
    fn wait(&mut self, span: Span, bids: &[Level], asks: &[Level], counts: &mut Counts) -> Heard {
        let reached = self.waiting.diffs.last().map(|diff| diff.last);
        if reached.is_some_and(|last| span.last <= last) {
            counts.late += 1;
            return Heard::Nothing;
        }
        let lost = reached.is_some_and(|last| span.first > last.saturating_add(1));
        let full = self.waiting.full(bids.len() + asks.len());
        if lost || full {
            counts.gaps += 1;
            self.waiting.clear();
        }
        self.waiting.keep(span, bids, asks);
        if full { Heard::Resync(self.instrument) } else { Heard::Market }
    }

    /// The whole book up to an update id.
    pub(super) fn on_snapshot(
        &mut self,
        last: i64,
        (bids, asks): (&[Level], &[Level]),
        received: Nanos,
        counts: &mut Counts,
        tell: &mut impl FnMut(&Event),
    ) -> Heard {
        if let State::Live(id) = self.state
            && last < id
        {
            counts.late += 1;
            return Heard::Nothing;
        }
        let first = self.waiting.diffs.first().map(|diff| diff.first);
        if first.is_some_and(|first| first > last.saturating_add(1)) {
            counts.late += 1;
            return Heard::Resync(self.instrument);
        }
        let (instrument, ts) = (self.instrument, self.now(received, None));
        let (id, behind) = self.waiting.behind(last);
        let mut teller = Teller { instrument, ts, held: TickKind::Clear, tell };
        bids.iter().for_each(|level| teller.level(Side::Buy, *level));
        asks.iter().for_each(|level| teller.level(Side::Sell, *level));
        behind.iter().for_each(|(side, level)| teller.level(*side, *level));
        let newer = self.quote.filter(|told| told.update > id);
        teller.send(teller.held, newer.is_none());
        if let Some(told) = newer {
            tell(&Event::Quote(Quote { ts, ..told.quote }));
        }
        self.waiting.clear();
        self.state = State::Live(id);
        self.told.on_levels();
        Heard::Market
    }

    /// The touch.
    #[inline]
    pub(super) fn on_ticker(
        &mut self,
        ticker: &Ticker,
        received: Nanos,
        counts: &mut Counts,
        tell: &mut impl FnMut(&Event),
    ) -> Heard {
        let book = match self.state {
            State::Live(id) => Some(id),
            State::Syncing | State::Gap => None,
        };
        let newest = self.quote.map(|told| told.update).max(book);
        if newest.is_some_and(|newest| ticker.update <= newest) {
            counts.late += 1;
            return Heard::Nothing;
        }
        let Ticker { update, bid, ask } = *ticker;
        let quote = Quote {
            instrument: self.instrument,
            ts: self.now(received, None),
            bid: bid.price,
            bid_qty: bid.qty,
            ask: ask.price,
            ask_qty: ask.qty,
        };
        self.quote = Some(Touched { update, quote });
        self.told.on_touch();
        tell(&Event::Quote(quote));
        Heard::Market
    }

    /// Somebody traded.
    #[inline]
    pub(super) fn on_trade(
        &mut self,
        trade: &Trade,
        received: Nanos,
        tell: &mut impl FnMut(&Event),
    ) -> Heard {
        let (instrument, ts) = (self.instrument, self.now(received, Some(trade.time)));
        if trade.aggregate && self.trades {
            return Heard::Nothing;
        }
        self.trades |= !trade.aggregate;
        let Trade { aggressor, level: Level { price, qty }, .. } = *trade;
        let kind = TickKind::Trade { aggressor, price, qty };
        tell(&Event::Tick(Tick { instrument, ts, last: true, kind }));
        Heard::Market
    }

    /// The venue told its time.
    pub(super) fn on_time(&mut self, time: Nanos) {
        self.time = time;
    }

    /// When a message happens: as it was received, or else by the venue's clock.
    #[inline]
    fn now(&mut self, received: Nanos, venue: Option<Nanos>) -> Nanos {
        if let Some(time) = venue {
            self.time = time;
        }
        if received.is_zero() { self.time } else { received }
    }
}
