//! A simulated venue over a told book: it fills against what others show, with a place in the
//! queue.
//!
//! An order that can trade takes the levels of the other side, best first, each once until the
//! market tells it anew. What rests joins the end of its level's queue. Trades at its price use up
//! the queue before it, then fill it; a level that shrinks can leave no more before it than it
//! holds; a trade or a quote beyond its price fills it. Our orders move nobody else: for small
//! orders only. Nor do they trade with each other: one of ours that would meet another lets that go
//! and trades with what others show.
//!
//! Long because it is one market from end to end.
//!
//! An order that waits for a trigger begins to work with the trade that comes to it, stops before
//! what takes profit; what trails follows each trade.
//!
//! What must not take is canceled where it would; all at once or nothing is canceled where the book
//! shows less, or the account cannot pay for all of it. An order whose time is over goes with the
//! next word of its market.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::clearing::{Clearing, Lending, cost};
use super::deed::{Deed, Done};
use super::end_by;
use super::filters::{self, Filter};
use crate::book::Ladder;
use crate::event::{
    Amendment, Event, Fill, NewOrder, OrderId, OrderUpdate, Side, Size, Stop, StopKind, Tick,
    TickKind, TimeInForce,
};
use crate::instrument::{Instrument, InstrumentId, UnitError};
use crate::units::{Amount, Nanos, Price, Qty, Rate};

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Resting {
    id: OrderId,
    order: NewOrder,
    limit: Price,
    left: Qty,
    /// Of others, before it in the queue.
    ahead: Qty,
}

/// One instrument's market.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Pit {
    ladder: Ladder,
    /// What we took of bids and asks since they were last told.
    taken: [BTreeMap<Price, Qty>; 2],
    resting: Vec<Resting>,
    waiting: Vec<Waiting>,
    /// What others traded at last.
    last: Option<Price>,
}

/// An order whose trigger the market has not come to.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Waiting {
    id: OrderId,
    order: NewOrder,
    stop: Stop,
}

/// An order after it was amended.
#[derive(Debug, Clone, Copy)]
enum Changed {
    /// Where it was.
    InPlace,
    /// It begins anew, with so much of it left.
    Anew(NewOrder, Qty),
}

/// A simulated venue with one account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Matching {
    clearing: Clearing,
    pits: Vec<Pit>,
}

impl Pit {
    /// What is left of a level after what we took of it.
    fn shown(&self, side: Side, price: Price, qty: Qty) -> Qty {
        let taken = self.taken.get(side as usize).and_then(|taken| taken.get(&price));
        qty.minus(taken.copied().unwrap_or_default()).unwrap_or_default().max(Qty::ZERO)
    }

    fn take(&mut self, side: Side, price: Price, qty: Qty) {
        if let Some(taken) = self.taken.get_mut(side as usize) {
            let slot = taken.entry(price).or_default();
            *slot = slot.plus(qty).unwrap_or(*slot);
        }
    }

    /// Of the orders of a side, the first after `rank` by price, then by id: its place and rank.
    fn next(&self, side: Side, after: Option<(i64, OrderId)>) -> Option<(usize, (i64, OrderId))> {
        let rank = |resting: &Resting| (-side.sign() * resting.limit.mantissa(), resting.id);
        let ours = self.resting.iter().enumerate().filter(|(_, one)| one.order.side == side);
        let ranked = ours.map(|(place, one)| (place, rank(one)));
        let left = ranked.filter(|(_, rank)| after.is_none_or(|after| *rank > after));
        left.min_by_key(|(_, rank)| *rank)
    }

    /// The best level of `side` that an order with `limit` may take.
    fn best(&self, side: Side, limit: Option<Price>) -> Option<(Price, Qty)> {
        let shown = |(price, qty)| (price, self.shown(side, price, qty));
        let found = self.ladder.levels(side).map(shown).find(|(_, qty)| qty.is_positive());
        found.filter(|(price, _)| limit.is_none_or(|limit| reaches(side, limit, *price)))
    }

    /// Whether an order that comes now would take something: of others, or of our own.
    fn would_take(&self, order: &NewOrder) -> bool {
        let side = against(order.side);
        let own = |one: &Resting| {
            one.order.side == side
                && order.limit.is_none_or(|limit| reaches(side, limit, one.limit))
        };
        self.best(side, order.limit).is_some() || self.resting.iter().any(own)
    }
}

/// Whether an order with `limit` may take a level at `price` of `side`.
fn reaches(side: Side, limit: Price, price: Price) -> bool {
    match side {
        Side::Sell => price <= limit,
        Side::Buy => price >= limit,
    }
}

impl Matching {
    /// An empty account, and no market yet.
    #[must_use]
    pub fn new(lending: Lending, instruments: Vec<Instrument>) -> Self {
        let pits = vec![Pit::default(); instruments.len()];
        Self { clearing: Clearing::new(lending, instruments), pits }
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

    /// The best price that others show, where there is one.
    #[must_use]
    pub fn best(&self, instrument: InstrumentId, side: Side) -> Option<Price> {
        self.pits.get(instrument.index()).and_then(|pit| pit.ladder.best(side))
    }

    /// How many orders rest.
    #[must_use]
    pub fn resting_len(&self) -> usize {
        self.pits.iter().map(|pit| pit.resting.len() + pit.waiting.len()).sum()
    }

    /// An order arrives: what comes of it, into `events`.
    pub fn place(
        &mut self,
        id: OrderId,
        order: NewOrder,
        ts: Nanos,
        events: &mut Vec<Event>,
    ) -> Result<(), UnitError> {
        let last = self.pits.get(order.instrument.index()).and_then(|pit| pit.last);
        if !self.clearing.accept(ts, id, order, last)? {
            events.push(answer(ts, id, OrderUpdate::Rejected));
            return Ok(());
        }
        events.push(answer(ts, id, OrderUpdate::Acked));
        if let Some(end) = end_by(&order, ts) {
            self.clearing.note(end, id, Deed::Expired);
            events.push(answer(ts, id, OrderUpdate::Expired));
            return Ok(());
        }
        let pit = self.pits.get_mut(order.instrument.index());
        if let (Some(stop), Some(pit)) = (order.terms.stop, pit)
            && !pit.last.is_some_and(|last| stop.is_reached(order.side, last))
        {
            pit.waiting.push(Waiting { id, order, stop });
            return Ok(());
        }
        self.begin(id, order, order.size, ts, events)
    }

    /// An order begins to work, so much of it being left: it takes what it may, and rests where it
    /// may.
    fn begin(
        &mut self,
        id: OrderId,
        order: NewOrder,
        left: Size,
        ts: Nanos,
        events: &mut Vec<Event>,
    ) -> Result<(), UnitError> {
        let left = if self.may_trade(&order)? {
            let left = self.sweep(id, &order, left, ts, events)?;
            // What others show is gone as far as it goes: next would be our own.
            if left.is_some_and(Qty::is_positive) {
                self.expire_own(&order, order.limit, ts, events);
            }
            left
        } else {
            Some(Qty::ZERO)
        };
        let Some(pit) = self.pits.get_mut(order.instrument.index()) else {
            return Ok(());
        };
        match (left, order.limit) {
            (None, _) => {}
            (Some(left), Some(limit)) if left.is_positive() && rests(&order) => {
                let ahead = pit.ladder.at(order.side, limit);
                pit.resting.push(Resting { id, order, limit, left, ahead });
            }
            (Some(_), _) => {
                self.clearing.note(ts, id, Deed::Canceled { asked: false });
                events.push(answer(ts, id, OrderUpdate::Canceled));
            }
        }
        Ok(())
    }

    /// Whether an order may trade as it comes: not what must not take and would, and not a part of
    /// what wants all or nothing.
    fn may_trade(&self, order: &NewOrder) -> Result<bool, UnitError> {
        let Some(pit) = self.pits.get(order.instrument.index()) else {
            return Ok(true);
        };
        if order.terms.post_only {
            return Ok(!pit.would_take(order));
        }
        Ok(order.terms.tif != TimeInForce::Fok || self.fills_whole(pit, order)?)
    }

    /// Whether what others show fills an order whole, and the account can pay for that at its worst
    /// price.
    fn fills_whole(&self, pit: &Pit, order: &NewOrder) -> Result<bool, UnitError> {
        let Some(rules) = self.clearing.rules(order.instrument) else {
            return Ok(false);
        };
        let (side, fee) = (against(order.side), rules.taker_fee);
        let (mut taken, mut spent) = (Qty::ZERO, Amount::ZERO);
        for (price, qty) in pit.ladder.levels(side) {
            if order.limit.is_some_and(|limit| !reaches(side, limit, price)) {
                return Ok(false);
            }
            let shown = pit.shown(side, price, qty);
            let wanted = match order.size {
                Size::Base(qty) => qty.minus(taken)?,
                Size::Quote(budget) => rules.qty_for(budget.minus(spent)?, price, fee)?,
            };
            let part = wanted.min(shown);
            taken = taken.plus(part)?;
            if wanted <= shown {
                let paid = self.clearing.affordable(order, taken, price, fee)?;
                return Ok(taken.is_positive() && paid == taken);
            }
            spent = spent.plus(cost(rules, price, part, fee)?)?;
        }
        Ok(false)
    }

    /// Take what the book shows. What is left in base, to rest where it may; `None`: nothing is,
    /// or nothing can be told of it.
    fn sweep(
        &mut self,
        id: OrderId,
        order: &NewOrder,
        left: Size,
        ts: Nanos,
        events: &mut Vec<Event>,
    ) -> Result<Option<Qty>, UnitError> {
        let against = against(order.side);
        let (mut left, mut budget) = match left {
            Size::Base(qty) => (qty, None),
            Size::Quote(budget) => (Qty::ZERO, Some(budget)),
        };
        loop {
            let pit = self.pits.get(order.instrument.index());
            let Some((price, shown)) = pit.and_then(|pit| pit.best(against, order.limit)) else {
                return Ok(Some(left));
            };
            self.expire_own(order, Some(price), ts, events);
            let Some(rules) = self.clearing.rules(order.instrument) else {
                return Ok(Some(left));
            };
            let fee = rules.taker_fee;
            let wanted = match budget {
                Some(budget) => rules.qty_for(budget, price, fee)?,
                None => left,
            };
            let asked = wanted.min(shown);
            let qty = self.clearing.affordable(order, asked, price, fee)?;
            if !qty.is_positive() {
                return Ok(Some(Qty::ZERO));
            }
            let last = qty == wanted;
            let paid = self.fill(id, order, ts, Done { price, qty, fee, last }, events)?;
            if let Some(pit) = self.pits.get_mut(order.instrument.index()) {
                pit.take(against, price, qty);
            }
            if last {
                return Ok(None);
            }
            if qty < asked {
                return Ok(Some(Qty::ZERO));
            }
            left = left.minus(qty).unwrap_or_default().max(Qty::ZERO);
            budget = budget.map(|budget| budget.minus(paid)).transpose()?;
        }
    }

    /// Self-trade prevention: an order that takes down to `price` lets what we have resting there
    /// go, and does not trade with it (Binance's EXPIRE_MAKER).
    fn expire_own(
        &mut self,
        taker: &NewOrder,
        price: Option<Price>,
        ts: Nanos,
        events: &mut Vec<Event>,
    ) {
        let Some(pit) = self.pits.get_mut(taker.instrument.index()) else {
            return;
        };
        let (side, clearing) = (against(taker.side), &mut self.clearing);
        pit.resting.retain(|one| {
            let met = price.is_none_or(|price| reaches(side, price, one.limit));
            let goes = one.order.side == side && met;
            if goes {
                clearing.note(ts, one.id, Deed::Canceled { asked: false });
                events.push(answer(ts, one.id, OrderUpdate::Canceled));
            }
            !goes
        });
    }

    /// One fill: what it cost, fee included.
    fn fill(
        &mut self,
        id: OrderId,
        order: &NewOrder,
        ts: Nanos,
        done: Done,
        events: &mut Vec<Event>,
    ) -> Result<Amount, UnitError> {
        let Done { price, qty, last, .. } = done;
        let (trade, fee) = self.clearing.trade(order, id, ts, done)?;
        events.push(Event::Fill(Fill {
            order: id,
            trade,
            ts,
            price,
            qty,
            fee,
            fee_asset: None,
            last,
        }));
        let rules = self.clearing.rules(order.instrument);
        let notional = rules.map(|rules| rules.notional(price, qty)).transpose()?;
        Ok(notional.unwrap_or_default().plus(fee)?)
    }

    /// A request to cancel arrives.
    pub fn cancel(&mut self, id: OrderId, ts: Nanos, events: &mut Vec<Event>) {
        let mut found = false;
        for pit in &mut self.pits {
            let before = pit.resting.len() + pit.waiting.len();
            pit.resting.retain(|resting| resting.id != id);
            pit.waiting.retain(|waiting| waiting.id != id);
            found |= pit.resting.len() + pit.waiting.len() < before;
        }
        self.clearing.note(
            ts,
            id,
            if found { Deed::Canceled { asked: true } } else { Deed::NotThere },
        );
        let update = if found { OrderUpdate::Canceled } else { OrderUpdate::CancelRejected };
        events.push(answer(ts, id, update));
    }

    /// A request to change an order that works arrives. One that only becomes smaller keeps its
    /// place in the queue; any other is laid anew, and takes what it may.
    pub fn amend(
        &mut self,
        id: OrderId,
        to: Amendment,
        ts: Nanos,
        events: &mut Vec<Event>,
    ) -> Result<(), UnitError> {
        let Some(changed) = self.amended(id, to)? else {
            self.clearing.note(ts, id, Deed::AmendRefused(to));
            events.push(answer(ts, id, OrderUpdate::AmendRejected));
            return Ok(());
        };
        self.clearing.note(ts, id, Deed::Amended(to));
        events.push(answer(ts, id, OrderUpdate::Amended));
        match changed {
            Changed::InPlace => Ok(()),
            Changed::Anew(order, left) => self.begin(id, order, Size::Base(left), ts, events),
        }
    }

    /// An order with its new terms, and what is left of it where it is to begin anew; `None`: it is
    /// not there, or cannot be so.
    fn amended(&mut self, id: OrderId, to: Amendment) -> Result<Option<Changed>, UnitError> {
        let passes = |clearing: &Clearing, order: &NewOrder, last| {
            let rules = clearing.rules(order.instrument);
            filters::refuses(order, rules, last).map(|filter| filter.is_none())
        };
        for pit in &mut self.pits {
            if let Some(waiting) = pit.waiting.iter_mut().find(|waiting| waiting.id == id) {
                let order = waiting.order.amended(to);
                let may =
                    waiting.order.limit.is_some() && passes(&self.clearing, &order, pit.last)?;
                if may {
                    waiting.order = order;
                }
                return Ok(may.then_some(Changed::InPlace));
            }
            let Some(place) = pit.resting.iter().position(|resting| resting.id == id) else {
                continue;
            };
            let Some(resting) = pit.resting.get(place).copied() else {
                continue;
            };
            let Size::Base(whole) = resting.order.size else {
                return Ok(None);
            };
            let (order, left) =
                (resting.order.amended(to), to.qty.minus(whole.minus(resting.left)?)?);
            let taker = order.terms.post_only && pit.would_take(&order);
            if !left.is_positive() || taker || !passes(&self.clearing, &order, pit.last)? {
                return Ok(None);
            }
            if resting.limit == to.limit && left <= resting.left {
                if let Some(slot) = pit.resting.get_mut(place) {
                    (slot.order, slot.left) = (order, left);
                }
                return Ok(Some(Changed::InPlace));
            }
            pit.resting.remove(place);
            return Ok(Some(Changed::Anew(order, left)));
        }
        Ok(None)
    }

    /// An order arrives that the venue will not have, whatever it is.
    pub fn refuse(&mut self, id: OrderId, order: NewOrder, ts: Nanos, events: &mut Vec<Event>) {
        self.clearing.refuse(ts, id, order, Filter::Busy);
        events.push(answer(ts, id, OrderUpdate::Rejected));
    }

    /// No more of a market will come: what rests in it expires.
    pub fn expire(&mut self, instrument: InstrumentId, ts: Nanos, events: &mut Vec<Event>) {
        self.end(instrument, |_| Some(ts), events);
    }

    /// What of a market `ends` expires, at the time that it says.
    fn end(
        &mut self,
        instrument: InstrumentId,
        ends: impl Fn(&NewOrder) -> Option<Nanos>,
        events: &mut Vec<Event>,
    ) {
        let (Some(pit), clearing) = (self.pits.get_mut(instrument.index()), &mut self.clearing)
        else {
            return;
        };
        let mut stays = |id: OrderId, order: &NewOrder| {
            let end = ends(order);
            if let Some(ts) = end {
                clearing.note(ts, id, Deed::Expired);
                events.push(answer(ts, id, OrderUpdate::Expired));
            }
            end.is_none()
        };
        pit.resting.retain(|Resting { id, order, .. }| stays(*id, order));
        pit.waiting.retain(|Waiting { id, order, .. }| stays(*id, order));
    }

    /// The market traded at `price`: orders that waited for that begin to work, one after the
    /// other, and the others' triggers follow.
    fn trigger(
        &mut self,
        tick: &Tick,
        price: Price,
        events: &mut Vec<Event>,
    ) -> Result<(), UnitError> {
        let Some(pit) = self.pits.get_mut(tick.instrument.index()) else {
            return Ok(());
        };
        pit.last = Some(price);
        if pit.waiting.is_empty() {
            return Ok(());
        }
        let met = |one: &Waiting| one.stop.is_reached(one.order.side, price);
        let (mut begun, mut waiting): (Vec<_>, Vec<_>) = pit.waiting.drain(..).partition(met);
        for one in &mut waiting {
            one.stop = one.stop.trailed(one.order.side, price)?;
        }
        pit.waiting = waiting;
        begun.sort_by_key(|one| (one.stop.kind == StopKind::TakeProfit, one.id));
        for Waiting { id, order, .. } in begun {
            self.begin(id, order, order.size, tick.ts, events)?;
        }
        Ok(())
    }

    /// The market changed: what that does to the resting orders, into `events`.
    pub fn on_tick(&mut self, tick: &Tick, events: &mut Vec<Event>) -> Result<(), UnitError> {
        let place = tick.instrument.index();
        self.end(tick.instrument, |order| end_by(order, tick.ts), events);
        let Some(pit) = self.pits.get_mut(place) else {
            return Ok(());
        };
        match tick.kind {
            TickKind::Clear => {
                pit.ladder.clear();
                pit.taken = Default::default();
                Ok(())
            }
            TickKind::Level { side, price, qty } => {
                pit.ladder.set(side, price, qty);
                if let Some(taken) = pit.taken.get_mut(side as usize) {
                    taken.remove(&price);
                }
                for resting in &mut pit.resting {
                    if resting.order.side == side && resting.limit == price {
                        resting.ahead = resting.ahead.min(qty);
                    }
                }
                self.uncross(tick, events)
            }
            TickKind::Trade { aggressor, price, qty } => {
                self.on_trade(tick, aggressor, (price, qty), events)?;
                self.trigger(tick, price, events)
            }
        }
    }

    /// Others quote at or beyond the price of an order of ours: they would have traded with it.
    fn uncross(&mut self, tick: &Tick, events: &mut Vec<Event>) -> Result<(), UnitError> {
        let place = tick.instrument.index();
        for side in Side::ALL {
            let mut after = None;
            // The better price first, then who came first, each as long as it is crossed.
            while let Some(pit) = self.pits.get_mut(place)
                && let Some((next, rank)) = pit.next(side, after)
                && let Some(resting) = pit.resting.get(next).copied()
                && let Some((price, shown)) = pit.best(against(side), Some(resting.limit))
            {
                pit.take(against(side), price, resting.left.min(shown));
                if resting.left <= shown {
                    after = Some(rank);
                }
                self.fill_resting(tick, next, shown, events)?;
            }
        }
        Ok(())
    }

    /// Somebody traded: orders of ours at a better price, or next in the queue, have a part of it.
    fn on_trade(
        &mut self,
        tick: &Tick,
        aggressor: Side,
        (price, mut flow): (Price, Qty),
        events: &mut Vec<Event>,
    ) -> Result<(), UnitError> {
        let place = tick.instrument.index();
        let side = against(aggressor);
        let mut after = None;
        // The better price first, then who came first; each once.
        while let Some((next, rank)) = self.pits.get(place).and_then(|pit| pit.next(side, after)) {
            after = Some(rank);
            let resting = self.pits.get(place).and_then(|pit| pit.resting.get(next)).copied();
            let Some(resting) = resting.filter(|resting| reaches(side, price, resting.limit))
            else {
                return Ok(());
            };
            let at_price = resting.limit == price;
            let before = if at_price { resting.ahead.min(flow) } else { Qty::ZERO };
            let reached = flow.minus(before)?;
            if let Some(slot) = self.pits.get_mut(place).and_then(|pit| pit.resting.get_mut(next)) {
                slot.ahead = slot.ahead.minus(before)?;
            }
            if reached.is_positive() {
                // What is ahead of one of ours is ahead of the next too: only our part is gone.
                flow = flow.minus(resting.left.min(reached))?;
                self.fill_resting(tick, next, reached, events)?;
            }
        }
        Ok(())
    }

    /// Up to `qty` of a resting order is filled at its limit, as a maker.
    fn fill_resting(
        &mut self,
        tick: &Tick,
        place: usize,
        qty: Qty,
        events: &mut Vec<Event>,
    ) -> Result<(), UnitError> {
        let pit = self.pits.get_mut(tick.instrument.index());
        let Some(resting) = pit.and_then(|pit| pit.resting.get_mut(place)) else {
            return Ok(());
        };
        let asked = resting.left.min(qty);
        let (id, order, price) = (resting.id, resting.order, resting.limit);
        let fee = self.clearing.rules(order.instrument).map_or(Rate::ZERO, |r| r.maker_fee);
        let qty = self.clearing.affordable(&order, asked, price, fee)?;
        let left = resting.left.minus(qty)?;
        resting.left = left;
        let over = left.is_zero() || qty < asked;
        if over && let Some(pit) = self.pits.get_mut(tick.instrument.index()) {
            pit.resting.remove(place);
        }
        if qty.is_positive() {
            let done = Done { price, qty, fee, last: left.is_zero() };
            self.fill(id, &order, tick.ts, done, events)?;
        }
        if qty < asked {
            self.clearing.note(tick.ts, id, Deed::Canceled { asked: false });
            events.push(answer(tick.ts, id, OrderUpdate::Canceled));
        }
        Ok(())
    }
}

/// Whether what it cannot take at once may rest.
const fn rests(order: &NewOrder) -> bool {
    matches!(order.terms.tif, TimeInForce::Gtc | TimeInForce::Gtd(_))
}

const fn against(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}

const fn answer(ts: Nanos, order: OrderId, update: OrderUpdate) -> Event {
    Event::Order { ts, order, update }
}
