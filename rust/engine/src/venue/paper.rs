//! A simulated venue over bars.
//!
//! A market order fills at the open of the next bar, moved against us by the slippage. A limit
//! order that this open is already beyond takes it, with the slippage, but never worse than its
//! limit; one that rests fills at its limit when a later bar trades through it, never on a touch.
//! The bar that decided never fills. What trades at once or not at all takes the open or is
//! canceled. What must not take is canceled where the open is beyond its limit. An order whose time
//! ends within a bar is over before anything rests there: nobody knows what came first. Sizes are
//! not limited by volume.

use serde::{Deserialize, Serialize};

use super::clearing::{Clearing, Deed, Lending};
use super::end_by;
use crate::event::{Bar, Event, Fill, NewOrder, OrderId, OrderUpdate, Side, Size, TimeInForce};
use crate::instrument::{Instrument, InstrumentId, UnitError};
use crate::units::{Nanos, Price, Rate};

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
    pub fn place(&mut self, id: OrderId, order: NewOrder, ts: Nanos) -> Event {
        if !self.clearing.accept(ts, id, order) {
            return answer(ts, id, OrderUpdate::Rejected);
        }
        self.resting.push(Resting { id, order, fresh: true });
        answer(ts, id, OrderUpdate::Acked)
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
        self.end(bar.instrument, |order| end_by(order, bar.open_ns), events);
        self.trade(bar, events, Self::at_open)?;
        self.end(bar.instrument, |order| end_by(order, bar.close_ns), events);
        self.trade(bar, events, Self::within)?;
        for resting in &mut self.resting {
            resting.fresh &= resting.order.instrument != bar.instrument;
        }
        self.let_go(bar, events);
        Ok(())
    }

    /// What trades at once or not at all, and met an open beyond its limit, is canceled.
    fn let_go(&mut self, bar: &Bar, events: &mut Vec<Event>) {
        let clearing = &mut self.clearing;
        self.resting.retain(|resting| {
            let stays = resting.fresh || !at_once(&resting.order);
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
        if !resting.fresh {
            return Ok(None);
        }
        let open = rules.price(bar.open)?;
        let slipped = match order.side {
            Side::Buy => rules.moved(open, self.slippage)?,
            Side::Sell => rules.moved(open, self.slippage.negated()?)?,
        };
        let price = match (order.limit, order.side) {
            (None, _) => slipped,
            (Some(limit), Side::Buy) if open < limit => slipped.min(limit),
            (Some(limit), Side::Sell) if open > limit => slipped.max(limit),
            (Some(_), Side::Buy | Side::Sell) => return Ok(None),
        };
        Ok(Some(Match { price, ts: bar.open_ns, fee: rules.taker_fee, takes: true }))
    }

    /// Limit orders that the bar trades through.
    fn within(&self, resting: &Resting, bar: &Bar) -> Result<Option<Match>, UnitError> {
        let order = &resting.order;
        let rules = self.clearing.rules(order.instrument);
        let (Some(rules), Some(limit)) = (rules, order.limit) else {
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
        let (trade, fee) = self.clearing.trade(order, resting.id, ts, (price, qty), fee)?;
        Ok(Event::Fill(Fill { order: resting.id, trade, ts, price, qty, fee, last: qty == wanted }))
    }
}

const fn at_once(order: &NewOrder) -> bool {
    matches!(order.terms.tif, TimeInForce::Ioc | TimeInForce::Fok)
}

const fn answer(ts: Nanos, order: OrderId, update: OrderUpdate) -> Event {
    Event::Order { ts, order, update }
}
