//! What a program reads of a book and of trades, made of what they are now and were before.
//!
//! Sizes and flows are added up as integers and become floats once, so a value depends on the
//! book alone and not on the way to it.

use core::iter::repeat;

use serde::{Deserialize, Serialize};

use super::depth::{Deep, Over, is_own, put};
use super::node::Input;
use super::stream::{BookStream, Size, Stream, TradeStream};
use crate::book::{Book, Ladder, Touch};
use crate::event::Side;
use crate::instrument::{Instrument, amount_as_f64};
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

/// A side of the touch that is read: where its price and its size go.
#[derive(Debug, Clone, Copy)]
struct Best {
    price: Option<u32>,
    size: Option<u32>,
}

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
    bid: Best,
    ask: Best,
    /// Order-flow imbalance of the touch.
    flow: Option<u32>,
    /// That of more levels, the fewest first.
    flows: Vec<Over>,
    /// What each of them was at last.
    flowed: Vec<f64>,
    bids: Deep,
    asks: Deep,
    sweeps: Vec<Sweep>,
    age: Option<u32>,
    traded: Vec<Traded>,
    seen: Seen,
}

impl Observed {
    /// What `inputs` name of the sleeve's own book and trades; an input's place is its register.
    pub(super) fn new(inputs: &[Input]) -> Self {
        let none = Best { price: None, size: None };
        let mut new = Self {
            watch: Watch::default(),
            bid: none,
            ask: none,
            flow: None,
            flows: Vec::new(),
            flowed: Vec::new(),
            bids: Deep::new(Side::Buy),
            asks: Deep::new(Side::Sell),
            sweeps: Vec::new(),
            age: None,
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
                Stream::Open | Stream::High | Stream::Low | Stream::Close | Stream::Volume => {}
                Stream::Position | Stream::Equity | Stream::EntryPrice => {}
            }
        }
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
            BookStream::Bid => self.bid.price = Some(place),
            BookStream::Ask => self.ask.price = Some(place),
            BookStream::BidSize => self.bid.size = Some(place),
            BookStream::AskSize => self.ask.size = Some(place),
            BookStream::DepthBid(_) | BookStream::DepthAsk(_) => {}
            BookStream::Ofi(1) => self.flow = Some(place),
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
    pub(super) fn on_book(
        &mut self,
        book: &mut Book,
        instrument: &Instrument,
        now: Nanos,
        registers: &mut [f64],
    ) -> bool {
        if self.watch.levels == 0 {
            return false;
        }
        let Some(touch) = book.touch() else {
            return self.lose(registers);
        };
        let before = self.seen.touch.replace(touch);
        let mut changed = before.is_none();
        if before != Some(touch) {
            changed |= self.on_touch(before, touch, instrument, registers);
            if before.is_none_or(|old| (old.bid, old.ask) != (touch.bid, touch.ask)) {
                self.seen.since = now;
            }
        }
        let first = before.is_none();
        let ladder = book.ladder_mut();
        let bids = self.bids.add_up(first, ladder, instrument, registers);
        let asks = self.asks.add_up(first, ladder, instrument, registers);
        changed |= bids.changed | asks.changed;
        let ladder = book.ladder();
        let flowed = !self.flows.is_empty() && (bids.turned | asks.turned);
        if flowed {
            changed |= self.on_flows(first, ladder, instrument);
        }
        for sweep in &self.sweeps {
            let price = sweep.price(ladder, instrument).unwrap_or(f64::NAN);
            changed |= put(registers, sweep.place, price);
        }
        if let Some(place) = self.age {
            changed |= put(registers, place, seconds(self.seen.since, now));
        }
        if !changed {
            return false;
        }
        // A flow is of one change: where something else changed, nothing flowed.
        if before == Some(touch)
            && let Some(place) = self.flow
        {
            put(registers, place, 0.0);
        }
        for (flow, value) in self.flows.iter().zip(&self.flowed) {
            put(registers, flow.place, if flowed { *value } else { 0.0 });
        }
        true
    }

    /// The touch is not what it was.
    #[inline]
    fn on_touch(
        &self,
        before: Option<Touch>,
        touch: Touch,
        instrument: &Instrument,
        registers: &mut [f64],
    ) -> bool {
        let mut changed = false;
        if before.is_none_or(|old| (old.bid, old.bid_qty) != (touch.bid, touch.bid_qty)) {
            changed |= self.bid.put(touch.bid, touch.bid_qty, instrument, registers);
        }
        if before.is_none_or(|old| (old.ask, old.ask_qty) != (touch.ask, touch.ask_qty)) {
            changed |= self.ask.put(touch.ask, touch.ask_qty, instrument, registers);
        }
        if let Some(place) = self.flow {
            let flow = before.map(|old| {
                let (bid, bid_qty) = (touch.bid, touch.bid_qty);
                let (ask, ask_qty) = (touch.ask, touch.ask_qty);
                let bid = of_bids(old.bid, old.bid_qty, Level { price: bid, qty: bid_qty });
                let ask = of_asks(old.ask, old.ask_qty, Level { price: ask, qty: ask_qty });
                bid - ask
            });
            put(registers, place, flow.map_or(f64::NAN, |flow| base(flow, instrument)));
            changed = true;
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
        let (mut changed, mut flow) = (first, 0);
        for ((count, (old_bid, old_ask)), (bid, ask)) in (1..).zip(before).zip(bids.zip(asks)) {
            changed |= *old_bid != bid || *old_ask != ask;
            flow += of_bids(old_bid.price, old_bid.qty, bid);
            flow -= of_asks(old_ask.price, old_ask.qty, ask);
            (*old_bid, *old_ask) = (bid, ask);
            if let Some((_, value)) = flows.next_if(|(wanted, _)| wanted.levels == count) {
                *value = if first { f64::NAN } else { base(flow, instrument) };
            }
        }
        changed
    }

    /// The book is not to be believed: nothing of it is known, and what flows begins anew.
    #[cold]
    fn lose(&mut self, registers: &mut [f64]) -> bool {
        if self.seen.touch.take().is_none() {
            return false;
        }
        let best = [self.bid.price, self.bid.size, self.ask.price, self.ask.size];
        let one = best.into_iter().chain([self.flow, self.age]).flatten();
        self.bids.forget();
        self.asks.forget();
        let many = self.bids.places.iter().chain(&self.asks.places).flatten().copied();
        let many = many.chain(self.flows.iter().map(|flow| flow.place));
        let many = many.chain(self.sweeps.iter().map(|sweep| sweep.place));
        for place in one.chain(many) {
            put(registers, place, f64::NAN);
        }
        true
    }

    /// Somebody traded at `now`; whether any trade is read.
    #[inline]
    pub(super) fn on_trade(
        &mut self,
        aggressor: Side,
        (price, qty): (Price, Qty),
        instrument: &Instrument,
        now: Nanos,
        registers: &mut [f64],
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
            put(registers, *place, value);
        }
        !self.traded.is_empty()
    }
}

impl Best {
    /// Whether what is read of this side changed.
    #[inline]
    fn put(self, price: Price, qty: Qty, instrument: &Instrument, registers: &mut [f64]) -> bool {
        let price = self.price.map(|place| put(registers, place, instrument.price_as_f64(price)));
        let size = self.size.map(|place| put(registers, place, instrument.qty_as_f64(qty)));
        price == Some(true) || size == Some(true)
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

/// What came to the bids of one level, less what left (Cont, Kukanov, Stoikov 2014).
#[inline]
fn of_bids(price: Price, qty: Qty, now: Level) -> i128 {
    let came = if now.price >= price { now.qty.mantissa() } else { 0 };
    let left = if now.price <= price { qty.mantissa() } else { 0 };
    i128::from(came) - i128::from(left)
}

/// What came to the asks of one level, less what left.
#[inline]
fn of_asks(price: Price, qty: Qty, now: Level) -> i128 {
    let came = if now.price <= price { now.qty.mantissa() } else { 0 };
    let left = if now.price >= price { qty.mantissa() } else { 0 };
    i128::from(came) - i128::from(left)
}

#[inline]
fn base(flow: i128, instrument: &Instrument) -> f64 {
    i64::try_from(flow).map_or(f64::NAN, |flow| instrument.qty_as_f64(Qty::new(flow)))
}

/// From `since` to `now`, never below nothing: venues number trades, their clocks may step back.
#[inline]
#[allow(clippy::cast_precision_loss, reason = "an age is measured to 15 digits")]
fn seconds(since: Nanos, now: Nanos) -> f64 {
    now.mantissa().saturating_sub(since.mantissa()).max(0) as f64 / 1e9
}
