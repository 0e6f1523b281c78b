//! A simulated venue over bars.
//!
//! A market order fills at the open of the next bar, moved against us by the slippage. A limit
//! order that this open is already beyond takes it, with the slippage, but never worse than its
//! limit; one that rests fills at its limit when a later bar trades through it, never on a touch.
//! The bar that decided never fills. What trades at once or not at all takes the open or is
//! canceled. What must not take is canceled where the open is beyond its limit. An order whose time
//! ends within a bar is over before anything rests there: nobody knows what came first. Sizes are
//! not limited by volume.
//!
//! An order that waits for a trigger begins to work at the open, where that is there already, else
//! at its trigger within the bar, and trades there as a market order would, never worse than its
//! limit; what cannot trade there rests as a limit does, from that open or the next bar on. Within
//! one bar what may open comes first, then stops, then what takes profit: the worst that the bar
//! allows. A trigger that trails follows the bar's best price; it is reached if the market was at
//! the old one, or closed beyond the new one: whether the low came before the high nobody knows.

use serde::{Deserialize, Serialize};

use super::clearing::{Clearing, Lending};
use super::deed::{Deed, Done};
use super::end_by;
use super::filters::{self, Filter};
use crate::event::{
    Amendment, Bar, Event, Fill, NewOrder, OrderId, OrderUpdate, Side, Size, Stop, StopKind,
    TimeInForce,
};
use crate::instrument::{Instrument, InstrumentId, UnitError};
use crate::units::{Nanos, Overflow, Price, Rate};

/// How the simulated venue treats an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaperRules {
    /// How far a market order fills beyond the open, as a fraction of it.
    pub slippage: Rate,
    /// Whether it lends cash.
    pub borrowing: bool,
    /// Whether it lends base to sell.
    pub shorting: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Resting {
    id: OrderId,
    order: NewOrder,
    /// No bar has traded since it arrived.
    fresh: bool,
    /// What it still waits for.
    waits: Option<Stop>,
}

/// What an order does within a bar, in the order of their turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It may open something.
    Opens,
    /// It stops a loss, or opens where the market goes.
    Stops,
    /// It closes with a profit.
    Profits,
}

impl Resting {
    /// When it has its turn.
    fn turn(&self) -> Turn {
        match self.order.terms.stop.map(|stop| stop.kind) {
            Some(StopKind::Stop) => Turn::Stops,
            Some(StopKind::TakeProfit) => Turn::Profits,
            None if self.order.terms.reduce_only => Turn::Profits,
            None => Turn::Opens,
        }
    }
}

/// How an order fills in a bar.
#[derive(Debug, Clone, Copy)]
struct Match {
    price: Price,
    ts: Nanos,
    fee: Rate,
    /// Whether it takes what others offer.
    takes: bool,
}

/// A simulated venue with one account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Paper {
    slippage: Rate,
    clearing: Clearing,
    resting: Vec<Resting>,
}

impl Paper {
    /// An empty account.
    #[must_use]
    pub fn new(rules: PaperRules, instruments: Vec<Instrument>) -> Self {
        let PaperRules { slippage, borrowing, shorting } = rules;
        let clearing = Clearing::new(Lending { borrowing, shorting }, instruments);
        Self { slippage, clearing, resting: Vec::new() }
    }

    /// The venue's side of the account.
    #[must_use]
    pub fn clearing(&self) -> &Clearing {
        &self.clearing
    }

    /// The same, to put money in.
    pub fn clearing_mut(&mut self) -> &mut Clearing {
        &mut self.clearing
    }

    /// An order arrives.
    pub fn place(&mut self, id: OrderId, order: NewOrder, ts: Nanos) -> Result<Event, Overflow> {
        if !self.clearing.accept(ts, id, order, None)? {
            return Ok(answer(ts, id, OrderUpdate::Rejected));
        }
        self.resting.push(Resting { id, order, fresh: true, waits: order.terms.stop });
        Ok(answer(ts, id, OrderUpdate::Acked))
    }

    /// A request to change an order that rests arrives. Where its limit moves it is as one that
    /// has just arrived.
    pub fn amend(&mut self, id: OrderId, to: Amendment, ts: Nanos) -> Result<Event, Overflow> {
        let Self { resting, clearing, .. } = self;
        let mut amended = false;
        if let Some(resting) = resting.iter_mut().find(|resting| resting.id == id)
            && let Some(limit) = resting.order.limit
        {
            let order = resting.order.amended(to);
            amended = filters::refuses(&order, clearing.rules(order.instrument), None)?.is_none();
            if amended {
                resting.order = order;
                resting.fresh |= limit != to.limit && resting.waits.is_none();
            }
        }
        let (deed, update) = if amended {
            (Deed::Amended(to), OrderUpdate::Amended)
        } else {
            (Deed::AmendRefused(to), OrderUpdate::AmendRejected)
        };
        self.clearing.note(ts, id, deed);
        Ok(answer(ts, id, update))
    }

    /// An order arrives that the venue will not have, whatever it is.
    pub fn refuse(&mut self, id: OrderId, order: NewOrder, ts: Nanos) -> Event {
        self.clearing.refuse(ts, id, order, Filter::Busy);
        answer(ts, id, OrderUpdate::Rejected)
    }

    /// A request to cancel arrives.
    pub fn cancel(&mut self, id: OrderId, ts: Nanos) -> Event {
        let before = self.resting.len();
        self.resting.retain(|resting| resting.id != id);
        let found = self.resting.len() < before;
        self.clearing.note(
            ts,
            id,
            if found { Deed::Canceled { asked: true } } else { Deed::NotThere },
        );
        let update = if found { OrderUpdate::Canceled } else { OrderUpdate::CancelRejected };
        answer(ts, id, update)
    }

    /// How many orders rest.
    #[must_use]
    pub fn resting_len(&self) -> usize {
        self.resting.len()
    }

    /// A bar trades: what it does to the resting orders, into `events`, in order of time.
    pub fn on_bar(&mut self, bar: &Bar, events: &mut Vec<Event>) -> Result<(), UnitError> {
        self.open_bar(bar, events)?;
        self.rest_of_bar(bar, events)
    }

    /// Its open alone. What arrives after it has the rest of the bar, and the next open.
    pub fn open_bar(&mut self, bar: &Bar, events: &mut Vec<Event>) -> Result<(), UnitError> {
        self.end(bar.instrument, |order| end_by(order, bar.open_ns), events);
        self.trade(bar, events, Self::at_open)?;
        for resting in &mut self.resting {
            resting.fresh &= resting.order.instrument != bar.instrument;
        }
        self.let_go(bar, events);
        Ok(())
    }

    /// All of it but the open.
    pub fn rest_of_bar(&mut self, bar: &Bar, events: &mut Vec<Event>) -> Result<(), UnitError> {
        self.end(bar.instrument, |order| end_by(order, bar.close_ns), events);
        for turn in [Turn::Opens, Turn::Stops, Turn::Profits] {
            self.trade(bar, events, |paper, resting, bar| {
                if resting.turn() == turn { paper.within(resting, bar) } else { Ok(None) }
            })?;
        }
        self.follow(bar)
    }

    /// The bar is over: what was triggered and could not trade waits no longer, and what trails has
    /// followed.
    fn follow(&mut self, bar: &Bar) -> Result<(), UnitError> {
        for resting in &mut self.resting {
            let order = &resting.order;
            let rules = self.clearing.rules(order.instrument);
            let Some(rules) = rules.filter(|_| order.instrument == bar.instrument) else {
                continue;
            };
            if let Some(stop) = resting.waits {
                let best = if order.side == Side::Sell { bar.high } else { bar.low };
                let met = met_at(order.side, stop, rules, bar)?.is_some();
                let moved = stop.trailed(order.side, rules.price(best)?)?;
                resting.waits = (!met).then_some(moved);
            }
        }
        Ok(())
    }

    /// What trades at once or not at all, and met an open beyond its limit, is canceled.
    fn let_go(&mut self, bar: &Bar, events: &mut Vec<Event>) {
        let clearing = &mut self.clearing;
        self.resting.retain(|resting| {
            let stays = resting.fresh || resting.waits.is_some() || !at_once(&resting.order);
            if !stays {
                clearing.note(bar.open_ns, resting.id, Deed::Canceled { asked: false });
                events.push(answer(bar.open_ns, resting.id, OrderUpdate::Canceled));
            }
            stays
        });
    }

    /// No more bars of an instrument will come: what rests in it expires.
    pub fn expire(&mut self, instrument: InstrumentId, ts: Nanos, events: &mut Vec<Event>) {
        self.end(instrument, |_| Some(ts), events);
    }

    /// What of an instrument `ends` expires, at the time that it says.
    fn end(
        &mut self,
        instrument: InstrumentId,
        ends: impl Fn(&NewOrder) -> Option<Nanos>,
        events: &mut Vec<Event>,
    ) {
        let clearing = &mut self.clearing;
        self.resting.retain(|Resting { id, order, .. }| {
            let end = if order.instrument == instrument { ends(order) } else { None };
            if let Some(ts) = end {
                clearing.note(ts, *id, Deed::Expired);
                events.push(answer(ts, *id, OrderUpdate::Expired));
            }
            end.is_none()
        });
    }

    /// Fill each resting order that `matching` says fills.
    fn trade(
        &mut self,
        bar: &Bar,
        events: &mut Vec<Event>,
        matching: impl Fn(&Self, &Resting, &Bar) -> Result<Option<Match>, UnitError>,
    ) -> Result<(), UnitError> {
        let mut place = 0;
        while let Some(resting) = self.resting.get(place).copied() {
            let ours = resting.order.instrument == bar.instrument;
            let matched = if ours { matching(self, &resting, bar)? } else { None };
            let Some(matched) = matched else {
                place += 1;
                continue;
            };
            self.resting.remove(place);
            let event = self.execute(&resting, matched)?;
            events.push(event);
            if let Event::Fill(Fill { last: false, .. }) = event {
                self.clearing.note(matched.ts, resting.id, Deed::Canceled { asked: false });
                events.push(answer(matched.ts, resting.id, OrderUpdate::Canceled));
            }
        }
        Ok(())
    }

    /// Orders that arrived since the last bar and take the open.
    fn at_open(&self, resting: &Resting, bar: &Bar) -> Result<Option<Match>, UnitError> {
        let order = &resting.order;
        let Some(rules) = self.clearing.rules(order.instrument) else {
            return Ok(None);
        };
        let open = rules.price(bar.open)?;
        let begins = match resting.waits {
            Some(stop) => stop.is_reached(order.side, open),
            None => resting.fresh,
        };
        if begins { self.taking(order, rules, open, bar.open_ns) } else { Ok(None) }
    }

    /// What takes a market at `price`, moved against it: never worse than its limit, or not at all.
    fn taking(
        &self,
        order: &NewOrder,
        rules: &Instrument,
        price: Price,
        ts: Nanos,
    ) -> Result<Option<Match>, UnitError> {
        let slipped = match order.side {
            Side::Buy => rules.moved(price, self.slippage)?,
            Side::Sell => rules.moved(price, self.slippage.negated()?)?,
        };
        let price = match (order.limit, order.side) {
            (None, _) => slipped,
            (Some(limit), Side::Buy) if price < limit => slipped.min(limit),
            (Some(limit), Side::Sell) if price > limit => slipped.max(limit),
            (Some(_), Side::Buy | Side::Sell) => return Ok(None),
        };
        Ok(Some(Match { price, ts, fee: rules.taker_fee, takes: true }))
    }

    /// Orders whose trigger the bar comes to, and limit orders that it trades through.
    fn within(&self, resting: &Resting, bar: &Bar) -> Result<Option<Match>, UnitError> {
        let order = &resting.order;
        let Some(rules) = self.clearing.rules(order.instrument) else {
            return Ok(None);
        };
        // What began at the open and could not trade there rests as a limit does.
        let open = rules.price(bar.open)?;
        if let Some(stop) = resting.waits.filter(|stop| !stop.is_reached(order.side, open)) {
            return match met_at(order.side, stop, rules, bar)? {
                Some(trigger) => self.taking(order, rules, trigger, bar.close_ns),
                None => Ok(None),
            };
        }
        let Some(limit) = order.limit else {
            return Ok(None);
        };
        if at_once(order) {
            return Ok(None);
        }
        let through = match order.side {
            Side::Buy => rules.price(bar.low)? < limit,
            Side::Sell => rules.price(bar.high)? > limit,
        };
        let fill = Match { price: limit, ts: bar.close_ns, fee: rules.maker_fee, takes: false };
        Ok(through.then_some(fill))
    }

    /// Fill as much as the account can pay for; nothing, or what its terms forbid, is canceled.
    fn execute(&mut self, resting: &Resting, matched: Match) -> Result<Event, UnitError> {
        let Match { price, ts, fee, takes } = matched;
        let order = &resting.order;
        let Some(rules) = self.clearing.rules(order.instrument) else {
            return Ok(answer(ts, resting.id, OrderUpdate::Rejected));
        };
        let wanted = match order.size {
            Size::Base(qty) => qty,
            Size::Quote(budget) => rules.qty_for(budget, price, fee).unwrap_or_default(),
        };
        let qty = self.clearing.affordable(order, wanted, price, fee)?;
        let torn = order.terms.tif == TimeInForce::Fok && qty != wanted;
        let takes = order.terms.post_only && takes;
        if !qty.is_positive() || !price.is_positive() || torn || takes {
            self.clearing.note(ts, resting.id, Deed::Canceled { asked: false });
            return Ok(answer(ts, resting.id, OrderUpdate::Canceled));
        }
        let last = qty == wanted;
        let done = Done { price, qty, fee, last };
        let (trade, fee) = self.clearing.trade(order, resting.id, ts, done)?;
        Ok(Event::Fill(Fill {
            order: resting.id,
            trade,
            ts,
            price,
            qty,
            fee,
            fee_asset: None,
            last,
        }))
    }
}

/// The trigger that a bar came to, if it did.
fn met_at(
    side: Side,
    stop: Stop,
    rules: &Instrument,
    bar: &Bar,
) -> Result<Option<Price>, UnitError> {
    let (low, high) = (rules.price(bar.low)?, rules.price(bar.high)?);
    if stop.is_reached(side, low) || stop.is_reached(side, high) {
        return Ok(Some(stop.trigger));
    }
    let best = if side == Side::Sell { high } else { low };
    let moved = stop.trailed(side, best)?;
    let met = stop.trail.is_positive() && moved.is_reached(side, rules.price(bar.close)?);
    Ok(met.then_some(moved.trigger))
}

const fn at_once(order: &NewOrder) -> bool {
    matches!(order.terms.tif, TimeInForce::Ioc | TimeInForce::Fok)
}

const fn answer(ts: Nanos, order: OrderId, update: OrderUpdate) -> Event {
    Event::Order { ts, order, update }
}
