//! What a program reads of a book and of trades, made of what they are now and were before.
//!
//! Sizes and flows are added up as integers and become floats once, so a value depends on the
//! book alone and not on the way to it.

use core::iter::repeat;

use serde::{Deserialize, Serialize};

use super::depth::{Deep, Over, is_own, put};
use super::drive::{NOWHERE, Registers};
use super::node::Input;
use super::stream::{BookStream, Size, Stream, TradeStream};
use crate::book::{Book, Ladder, Touch};
use crate::event::Side;
use crate::instrument::{Instrument, Scales, amount_as_f64};
use crate::units::{Amount, Nanos, Overflow, Price, Qty};

/// How much of a book a program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watch {
    /// How many of the best levels of each side; 0 is no book at all.
    pub levels: u32,
    /// Whether it reads as deep as a size reaches, beyond any number of levels.
    pub sweeps: bool,
    /// Whether it reads how old the touch is: then time alone changes something.
    pub age: bool,
}

/// Where what is read of the touch goes, or [`NOWHERE`].
#[derive(Debug, Clone, Copy)]
struct Best {
    bid: u32,
    bid_size: u32,
    ask: u32,
    ask_size: u32,
    /// Order-flow imbalance of the touch.
    flow: u32,
}

/// Parts of the touch, a bit each.
#[derive(Debug, Clone, Copy, Default)]
struct Parts(u8);

#[derive(Debug, Clone, Copy)]
struct Sweep {
    /// The side of the book that is taken from.
    side: Side,
    size: Size,
    place: u32,
}

#[derive(Debug, Clone, Copy)]
struct Traded {
    stream: TradeStream,
    place: u32,
}

/// Price and size of a level; a side that is not so deep has levels of no size beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Level {
    price: Price,
    qty: Qty,
}

/// What was seen before.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    touch: Option<Touch>,
    /// Since when the touch has had its prices.
    since: Nanos,
    /// As many levels as the deepest flow reads.
    bids: Vec<Level>,
    asks: Vec<Level>,
    /// When the last trade was.
    traded: Option<Nanos>,
}

/// What a program reads of its own book and trades, and what was seen of them.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    watch: Watch,
    best: Best,
    /// What of the touch is read.
    parts: Parts,
    /// Order-flow imbalance of more levels, the fewest first.
    flows: Vec<Over>,
    /// What each of them was at last.
    flowed: Vec<f64>,
    bids: Deep,
    asks: Deep,
    sweeps: Vec<Sweep>,
    age: Option<u32>,
    /// Whether it reads flows of more levels, sweeps or the age.
    reads_more: bool,
    traded: Vec<Traded>,
    seen: Seen,
}

impl Observed {
    /// What `inputs` name of the sleeve's own book and trades; an input's place is its register.
    pub(super) fn new(inputs: &[Input]) -> Self {
        let mut new = Self {
            watch: Watch::default(),
            best: Best::UNREAD,
            parts: Parts::default(),
            flows: Vec::new(),
            flowed: Vec::new(),
            bids: Deep::new(Side::Buy),
            asks: Deep::new(Side::Sell),
            sweeps: Vec::new(),
            age: None,
            reads_more: false,
            traded: Vec::new(),
            seen: Seen::default(),
        };
        for (place, input) in (0..).zip(inputs) {
            if !is_own(input) {
                continue;
            }
            match input.stream {
                Stream::Book(stream) => new.read(stream, place),
                Stream::Trade(stream) => new.traded.push(Traded { stream, place }),
                Stream::Open | Stream::High | Stream::Low | Stream::Close => {}
                Stream::Volume | Stream::IntervalS => {}
                Stream::Position | Stream::Equity | Stream::EntryPrice => {}
            }
        }
        new.reads_more = !new.flows.is_empty() || new.watch.sweeps || new.watch.age;
        new.flows.sort_by_key(|flow| flow.levels);
        new.flowed = vec![f64::NAN; new.flows.len()];
        let deepest = new.flows.last().map_or(0, |flow| flow.levels);
        new.bids.read(inputs, deepest);
        new.asks.read(inputs, deepest);
        let deepest = deepest as usize;
        new.seen.bids = vec![Level { price: Price::ZERO, qty: Qty::ZERO }; deepest];
        new.seen.asks = new.seen.bids.clone();
        new
    }

    fn read(&mut self, stream: BookStream, place: u32) {
        let levels = match stream {
            BookStream::DepthBid(n) | BookStream::DepthAsk(n) | BookStream::Ofi(n) => n,
            BookStream::Bid
            | BookStream::Ask
            | BookStream::BidSize
            | BookStream::AskSize
            | BookStream::QuoteAge
            | BookStream::SweepBuy(_)
            | BookStream::SweepSell(_) => 1,
        };
        self.watch.levels = self.watch.levels.max(levels);
        match stream {
            BookStream::Bid => {
                (self.best.bid, self.parts.0) = (place, self.parts.0 | Parts::BID);
            }
            BookStream::Ask => {
                (self.best.ask, self.parts.0) = (place, self.parts.0 | Parts::ASK);
            }
            BookStream::BidSize => {
                (self.best.bid_size, self.parts.0) = (place, self.parts.0 | Parts::BID_SIZE);
            }
            BookStream::AskSize => {
                (self.best.ask_size, self.parts.0) = (place, self.parts.0 | Parts::ASK_SIZE);
            }
            BookStream::DepthBid(_) | BookStream::DepthAsk(_) => {}
            BookStream::Ofi(1) => {
                // It flows whatever part of the touch changes.
                self.parts = Parts::ALL;
                self.best.flow = place;
            }
            BookStream::Ofi(levels) => self.flows.push(Over { levels, place }),
            BookStream::QuoteAge => {
                (self.age, self.watch.age) = (Some(place), true);
            }
            BookStream::SweepBuy(size) => {
                self.sweeps.push(Sweep { side: Side::Sell, size, place });
                self.watch.sweeps = true;
            }
            BookStream::SweepSell(size) => {
                self.sweeps.push(Sweep { side: Side::Buy, size, place });
                self.watch.sweeps = true;
            }
        }
    }

    pub(super) fn watch(&self) -> Watch {
        self.watch
    }

    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Go on from what was seen by one that reads the same.
    pub(super) fn recall(&mut self, seen: Seen) {
        self.seen = seen;
        self.bids.forget();
        self.asks.forget();
    }

    /// The book changed at `now`: put what is read of it into `registers`; whether any changed.
    #[inline]
    pub(super) fn on_book<R: Registers + ?Sized>(
        &mut self,
        book: &mut Book,
        instrument: &Instrument,
        now: Nanos,
        registers: &mut R,
    ) -> bool {
        if self.watch.levels == 0 {
            return false;
        }
        let Some(touch) = book.touch() else {
            return self.lose(registers);
        };
        let scales = instrument.scales();
        let before = self.seen.touch.replace(touch);
        let moved = before.map_or(Parts::ALL, |before| Parts::moved(&before, &touch));
        let mut changed = before.is_none() | self.parts.any(moved);
        if moved.any(Parts::ALL) {
            if moved.any(Parts::PRICES) {
                self.seen.since = now;
            }
            let flow = before.and_then(|before| flow_of_touch(&before, &touch));
            self.best.put(&touch, flow, scales, registers);
        }
        let ladder = book.ladder_mut();
        let bids = self.bids.add_up(ladder, scales, registers);
        let asks = self.asks.add_up(ladder, scales, registers);
        changed |= bids.changed | asks.changed;
        if self.reads_more {
            let turned = (bids.turned | asks.turned).then_some(before.is_none());
            changed |= self.on_more(turned, changed, (book.ladder(), instrument), now, registers);
        }
        // A flow is of one change: where something else changed, nothing flowed.
        if changed & !moved.any(Parts::ALL) {
            registers.put(self.best.flow, 0.0);
        }
        changed
    }

    /// What few programs read: flows of more levels, sweeps, the age of the touch. Where levels
    /// that are read turned, `turned` says whether they are told for the first time.
    #[inline(never)]
    fn on_more<R: Registers + ?Sized>(
        &mut self,
        turned: Option<bool>,
        before: bool,
        (ladder, instrument): (&Ladder, &Instrument),
        now: Nanos,
        registers: &mut R,
    ) -> bool {
        let turned = turned.filter(|_| !self.flows.is_empty());
        let mut changed = before;
        if let Some(first) = turned {
            changed |= self.on_flows(first, ladder, instrument);
        }
        for sweep in &self.sweeps {
            let price = sweep.price(ladder, instrument).unwrap_or(f64::NAN);
            changed |= put(registers, sweep.place, price);
        }
        if let Some(place) = self.age {
            changed |= put(registers, place, seconds(self.seen.since, now));
        }
        if changed {
            for (flow, value) in self.flows.iter().zip(&self.flowed) {
                registers.put(flow.place, if turned.is_some() { *value } else { 0.0 });
            }
        }
        changed
    }

    /// Order-flow imbalance level by level (Xu, Gould, Howison 2018), added up over the best.
    fn on_flows(&mut self, first: bool, ladder: &Ladder, instrument: &Instrument) -> bool {
        let beyond = |price| repeat(Level { price, qty: Qty::ZERO });
        let level = |(price, qty)| Level { price, qty };
        let bids = ladder.levels(Side::Buy).map(level).chain(beyond(Price::ZERO));
        let asks = ladder.levels(Side::Sell).map(level).chain(beyond(Price::new(i64::MAX)));
        let before = self.seen.bids.iter_mut().zip(&mut self.seen.asks);
        let mut flows = self.flows.iter().zip(&mut self.flowed).peekable();
        let (mut changed, mut flow) = (first, 0_i128);
        for ((count, (old_bid, old_ask)), (bid, ask)) in (1..).zip(before).zip(bids.zip(asks)) {
            changed |= *old_bid != bid || *old_ask != ask;
            flow += i128::from(of_bids(*old_bid, bid)) - i128::from(of_asks(*old_ask, ask));
            (*old_bid, *old_ask) = (bid, ask);
            if let Some((_, value)) = flows.next_if(|(wanted, _)| wanted.levels == count) {
                *value = if first { f64::NAN } else { base(flow, instrument) };
            }
        }
        changed
    }

    /// The book is not to be believed: nothing of it is known, and what flows begins anew.
    #[cold]
    fn lose<R: Registers + ?Sized>(&mut self, registers: &mut R) -> bool {
        if self.seen.touch.take().is_none() {
            return false;
        }
        self.bids.forget();
        self.asks.forget();
        let Best { bid, bid_size, ask, ask_size, flow } = self.best;
        let one = [bid, bid_size, ask, ask_size, flow].into_iter().chain(self.age);
        let many = self.bids.depths.iter().chain(&self.asks.depths).map(|depth| depth.place);
        let many = many.chain(self.flows.iter().map(|flow| flow.place));
        let many = many.chain(self.sweeps.iter().map(|sweep| sweep.place));
        for place in one.chain(many) {
            registers.put(place, f64::NAN);
        }
        true
    }

    /// Somebody traded at `now`; whether any trade is read.
    #[inline]
    pub(super) fn on_trade<R: Registers + ?Sized>(
        &mut self,
        aggressor: Side,
        (price, qty): (Price, Qty),
        instrument: &Instrument,
        now: Nanos,
        registers: &mut R,
    ) -> bool {
        let before = self.seen.traded.replace(now);
        for Traded { stream, place } in &self.traded {
            let value = match stream {
                TradeStream::Price => instrument.price_as_f64(price),
                TradeStream::Size => instrument.qty_as_f64(qty),
                TradeStream::Sign => match aggressor {
                    Side::Buy => 1.0,
                    Side::Sell => -1.0,
                },
                TradeStream::Age => before.map_or(f64::NAN, |before| seconds(before, now)),
            };
            registers.put(*place, value);
        }
        !self.traded.is_empty()
    }
}

impl Best {
    const UNREAD: Self =
        Self { bid: NOWHERE, bid_size: NOWHERE, ask: NOWHERE, ask_size: NOWHERE, flow: NOWHERE };

    /// All of it, read or not: to look which costs more.
    #[inline]
    fn put<R: Registers + ?Sized>(
        self,
        touch: &Touch,
        flow: Option<Qty>,
        scales: Scales,
        registers: &mut R,
    ) {
        registers.put(self.bid, scales.price(touch.bid));
        registers.put(self.bid_size, scales.qty(touch.bid_qty));
        registers.put(self.ask, scales.price(touch.ask));
        registers.put(self.ask_size, scales.qty(touch.ask_qty));
        registers.put(self.flow, flow.map_or(f64::NAN, |flow| scales.qty(flow)));
    }
}

impl Parts {
    const BID: u8 = 1;
    const BID_SIZE: u8 = 2;
    const ASK: u8 = 4;
    const ASK_SIZE: u8 = 8;
    const PRICES: Self = Self(Self::BID | Self::ASK);
    const ALL: Self = Self(Self::BID | Self::BID_SIZE | Self::ASK | Self::ASK_SIZE);

    /// What is not as it was.
    #[inline]
    fn moved(before: &Touch, now: &Touch) -> Self {
        let bit = |moved, part| if moved { part } else { 0 };
        Self(
            bit(before.bid != now.bid, Self::BID)
                | bit(before.bid_qty != now.bid_qty, Self::BID_SIZE)
                | bit(before.ask != now.ask, Self::ASK)
                | bit(before.ask_qty != now.ask_qty, Self::ASK_SIZE),
        )
    }

    #[inline]
    const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Sweep {
    /// The average price of the whole size, from the best level on; `None` where it is not there.
    fn price(&self, ladder: &Ladder, instrument: &Instrument) -> Option<f64> {
        let wanted = instrument.qty_nearest(self.size.value()).ok()?;
        let (mut left, mut paid) = (wanted, Amount::ZERO);
        for (price, qty) in ladder.levels(self.side) {
            let taken = qty.min(left);
            let worth = instrument.notional(price, taken);
            let step = || -> Result<_, Overflow> { Ok((paid.plus(worth?)?, left.minus(taken)?)) };
            (paid, left) = step().ok()?;
            if left.is_zero() {
                break;
            }
        }
        let whole = left.is_zero() && wanted.is_positive();
        whole.then(|| amount_as_f64(paid) / instrument.qty_as_f64(wanted))
    }
}

/// Order-flow imbalance of the touch; `None` where it does not fit.
#[inline]
fn flow_of_touch(before: &Touch, now: &Touch) -> Option<Qty> {
    let level = |price, qty| Level { price, qty };
    let bid = of_bids(level(before.bid, before.bid_qty), level(now.bid, now.bid_qty));
    let ask = of_asks(level(before.ask, before.ask_qty), level(now.ask, now.ask_qty));
    bid.checked_sub(ask).map(Qty::new)
}

/// What came to the bids of one level, less what left (Cont, Kukanov, Stoikov 2014).
#[inline]
fn of_bids(before: Level, now: Level) -> i64 {
    let came = size_where(now.price >= before.price, now.qty);
    // Sizes are not below nothing: their difference fits.
    came.wrapping_sub(size_where(now.price <= before.price, before.qty))
}

/// What came to the asks of one level, less what left.
#[inline]
fn of_asks(before: Level, now: Level) -> i64 {
    let came = size_where(now.price <= before.price, now.qty);
    came.wrapping_sub(size_where(now.price >= before.price, before.qty))
}

/// The size, or nothing; masked, since which of them is chance.
#[inline]
fn size_where(is_so: bool, size: Qty) -> i64 {
    size.mantissa() & i64::from(is_so).wrapping_neg()
}

#[inline]
fn base(flow: i128, instrument: &Instrument) -> f64 {
    i64::try_from(flow).map_or(f64::NAN, |flow| instrument.qty_as_f64(Qty::new(flow)))
}

/// From `since` to `now`, never below nothing: venues number trades, their clocks may step back.
#[inline]
#[allow(clippy::cast_precision_loss, reason = "an age is measured to 15 digits")]
pub(crate) fn seconds(since: Nanos, now: Nanos) -> f64 {
    now.mantissa().saturating_sub(since.mantissa()).max(0) as f64 / 1e9
}
