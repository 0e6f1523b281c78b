//! The triggers that venues do not watch: what the engine holds is sent once its market is there.
//!
//! The market is where somebody traded last, as venues trigger by it. Where nobody did for as long
//! as a price may be old, it is the touch, on the side that the order would trade against; where
//! only bars are told, their close. A book that cannot be believed triggers nothing. What trails
//! follows here and is no record: a run that goes on is told its market again.
//!
//! Beside a stop a venue without reduce-only takes no profit: one of the two would sell what the
//! other has sold. The profit is held, and once it is reached the stop is called back; only when
//! the venue has confirmed that, the profit leaves for what is held then.

use serde::{Deserialize, Serialize};

use super::{Bot, BotError, Output};
use crate::book::{Integrity, Touch};
use crate::event::{
    Amendment, Bar, Event, NewOrder, OrderId, OrderUpdate, Quote, Side, Size, SleeveId, Stop,
    TickKind,
};
use crate::exposure::{Account, Exposure, Group};
use crate::instrument::InstrumentId;
use crate::journal::Record;
use crate::order::{Order, OrderState};
use crate::risk::{self, Refusal, Release, View};
use crate::units::{Nanos, Overflow, Price, Qty};

/// An order that is held, and where its market was since.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Watched {
    id: OrderId,
    instrument: InstrumentId,
    side: Side,
    /// Its trigger as far as it has followed.
    stop: Stop,
    /// When somebody traded last.
    traded: Option<Nanos>,
    /// The market is at its trigger.
    reached: bool,
    /// The stop beside it is on its way out, and it was reached since.
    called: bool,
}

/// Where a market was seen.
#[derive(Clone, Copy)]
enum Seen {
    Nowhere,
    Trade(Price),
    Touch(Touch),
    Close(Price),
}

impl Watched {
    const fn new(id: OrderId, order: &NewOrder, stop: Stop, since: Nanos) -> Self {
        Self {
            id,
            instrument: order.instrument,
            side: order.side,
            stop,
            // A touch speaks where nobody has traded for a while, from here on counted.
            traded: Some(since),
            reached: false,
            called: false,
        }
    }

    /// Whether an order was laid right before it: the stop beside a profit.
    fn is_beside(&self, id: OrderId) -> bool {
        beside(self.id) == Some(id)
    }

    /// The market was seen at `now`.
    fn see(&mut self, seen: Seen, now: Nanos, age_max: Nanos) -> Result<(), Overflow> {
        let price = match (seen, self.side) {
            (Seen::Nowhere, _) => {
                self.reached = false;
                return Ok(());
            }
            (Seen::Trade(price), _) => {
                self.traded = Some(now);
                price
            }
            (Seen::Touch(touch), side) => {
                let age = self.traded.map(|traded| now.minus(traded)).transpose()?;
                if age.is_some_and(|age| age <= age_max) {
                    return Ok(());
                }
                if side == Side::Sell { touch.bid } else { touch.ask }
            }
            (Seen::Close(price), _) => price,
        };
        self.stop = self.stop.trailed(self.side, price)?;
        self.reached = self.stop.is_reached(self.side, price);
        Ok(())
    }
}

/// The order that was laid right before another.
fn beside(id: OrderId) -> Option<OrderId> {
    Some(OrderId::new(id.epoch(), id.sequence().checked_sub(1)?))
}

impl Bot {
    /// A record was applied: what is held from now on, and what no more.
    pub(super) fn note_held(&mut self, record: &Record) {
        if let Record::Placed { ts, id, order, .. } = record
            && let (true, Some(stop)) = (order.terms.held, order.terms.stop)
        {
            self.held.push(Watched::new(*id, order, stop, *ts));
        }
        if self.held.is_empty() {
            return;
        }
        if let Record::Update { order, update, .. } = *record {
            let orders = self.state.orders();
            for profit in self.held.iter_mut().filter(|held| held.is_beside(order)) {
                if update == OrderUpdate::CancelSent {
                    profit.called |= profit.reached;
                } else if let OrderUpdate::CancelRejected | OrderUpdate::Unanswered = update {
                    // It goes later than was meant: the market says anew whether it is reached.
                    profit.called = false;
                }
            }
            self.held.retain(|held| orders.get(held.id).is_some_and(Order::is_held));
        }
    }

    /// A market changed in which something is held. Kept out of line, so that the others' way stays
    /// short.
    #[cold]
    pub(super) fn follow(&mut self, event: &Event) -> Result<(), BotError> {
        let (id, seen) = if let Event::Tick(tick) = event {
            let seen = match tick.kind {
                TickKind::Trade { price, .. } => Some(Seen::Trade(price)),
                // Before its message ends a book may look crossed.
                TickKind::Level { .. } | TickKind::Clear => tick.last.then_some(Seen::Nowhere),
            };
            (tick.instrument, seen)
        } else if let Event::Quote(Quote { instrument, .. })
        | Event::Bar(Bar { instrument, .. })
        | Event::Gap { instrument, .. } = event
        {
            (*instrument, Some(Seen::Nowhere))
        } else {
            return Ok(());
        };
        let (Some(seen), Some(book)) = (seen, self.book(id)) else {
            return Ok(());
        };
        let (now, age_max) = (self.now, self.profile.price_age_max);
        let live = book.integrity(now, age_max) == Integrity::Live;
        let seen = match (seen, book.touch(), book.mark()) {
            (Seen::Trade(price), _, Some(_)) if live => Seen::Trade(price),
            (Seen::Trade(_), _, _) => Seen::Nowhere,
            (_, Some(touch), _) if live => Seen::Touch(touch),
            (_, None, Some(mark)) if !book.is_told() => Seen::Close(mark.price),
            (_, _, _) => Seen::Nowhere,
        };
        for held in self.held.iter_mut().filter(|held| held.instrument == id) {
            held.see(seen, now, age_max)?;
            let orders = self.state.orders();
            let spare = orders.get(held.id).is_some_and(Order::is_spare);
            let stop = beside(held.id).and_then(|stop| orders.get(stop)).filter(|_| spare);
            match stop.filter(|stop| stop.is_canceling()).map(Order::state) {
                None | Some(OrderState::Unknown) => {}
                Some(OrderState::PendingCancel) => held.called |= held.reached,
                // Its venue would not let it go yet: the market may go back meanwhile.
                Some(_) => held.called = held.reached,
            }
        }
        Ok(())
    }

    /// Send what is held and whose market is there. What may not be sent now, or of whose market
    /// the price is too old, stays as long as it closes; what opens has missed its moment.
    #[cold]
    pub(super) fn spring(&mut self, out: &mut Output) -> Result<(), BotError> {
        if self.quiet {
            return Ok(());
        }
        let mut next = 0;
        loop {
            let due = |held: &&Watched| held.reached && held.id.sequence() >= next;
            let Some(held) = self.held.iter().find(due).copied() else {
                return Ok(());
            };
            next = held.id.sequence().checked_add(1).ok_or(Overflow)?;
            if self.state.orders().get(held.id).is_some_and(Order::is_spare) {
                self.spring_profit(&held, out)?;
            } else {
                self.spring_one(held.id, out)?;
            }
        }
    }

    fn spring_one(&mut self, id: OrderId, out: &mut Output) -> Result<(), BotError> {
        let Some((sleeve, closes)) = self.held_order(id) else {
            return Ok(());
        };
        let refusal = match self.assess_release(id, None)? {
            Ok(release) => {
                self.release_held(id, &release, out)?;
                return self.end_lone(sleeve, out);
            }
            Err(refusal) => refusal,
        };
        let blind = matches!(refusal, Refusal::NoPrice | Refusal::StalePrice);
        if blind || (closes && refusal != Refusal::ReduceOnly) {
            return Ok(());
        }
        let (ts, update) = (self.now, OrderUpdate::Denied);
        if !closes {
            self.keep(Record::Refused { ts, sleeve, refusal }, out)?;
        }
        self.keep(Record::Update { ts, order: id, update }, out)?;
        self.end_lone(sleeve, out)?;
        self.reserve()?;
        self.go_on(out)
    }

    /// A profit beside a stop is reached: the stop goes first.
    fn spring_profit(&mut self, held: &Watched, out: &mut Output) -> Result<(), BotError> {
        let Some(stop) = self.stop_beside(held.id) else {
            return Ok(());
        };
        let (stop, state, asked) = (stop.id(), stop.state(), stop.is_canceling());
        if state.is_terminal() || state == OrderState::Unknown || asked {
            return Ok(());
        }
        let Ok(release) = self.assess_release(held.id, Some(stop))? else {
            return Ok(());
        };
        self.call_back(stop, out)?;
        // A stop that was held here is gone by that, and no venue has to confirm it.
        if self.stop_beside(held.id).is_some_and(|stop| stop.state().is_terminal()) {
            return self.release_held(held.id, &release, out);
        }
        Ok(())
    }

    /// A stop was called back for the profit beside it, and its venue confirmed that.
    pub(super) fn release_called(
        &mut self,
        event: &Event,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let Event::Order { order, update: OrderUpdate::Canceled, .. } = *event else {
            return Ok(());
        };
        let called = |held: &&Watched| held.called && held.is_beside(order);
        let Some(id) = self.held.iter().find(called).map(|held| held.id) else {
            return Ok(());
        };
        if self.quiet {
            return Ok(());
        }
        match self.assess_release(id, None)? {
            Ok(release) => self.release_held(id, &release, out),
            // Both are laid anew.
            Err(_) => self.call_back(id, out),
        }
    }

    /// Call back the profits of a sleeve whose stop is over.
    pub(super) fn end_lone(&mut self, sleeve: SleeveId, out: &mut Output) -> Result<(), BotError> {
        let mut next = 0;
        loop {
            let lone =
                |held: &&Watched| {
                    held.id.sequence() >= next
                        && self.state.orders().get(held.id).is_some_and(|order| {
                            order.is_spare() && order.new_order().sleeve == sleeve
                        })
                        && self.stop_beside(held.id).is_none_or(|stop| {
                            let left = stop.new_order().terms.held && !stop.is_held();
                            left || stop.state().is_terminal()
                        })
                };
            let Some(id) = self.held.iter().find(lone).map(|held| held.id) else {
                return Ok(());
            };
            next = id.sequence().checked_add(1).ok_or(Overflow)?;
            self.call_back(id, out)?;
        }
    }

    /// What risk lets be sent of a held order, as if it, and the stop beside it, were not there.
    fn assess_release(
        &self,
        id: OrderId,
        stop: Option<OrderId>,
    ) -> Result<Result<Release, Refusal>, BotError> {
        let order = self.state.orders().get(id).ok_or(BotError::Unknown)?;
        let new = *order.new_order();
        let (exposure, account) = self.without(order)?;
        let view = self.view(new.sleeve, self.state.breakers())?;
        let (all, group) = (self.less(view.all, order)?, self.less(view.group, order)?);
        let view = View { exposure: &exposure, account: &account, all, group, ..view };
        if !order.is_exit() {
            return Ok(risk::assess_held(&new, &view));
        }
        let held = self.covered(new.sleeve)?.qty;
        let closing = if held.is_positive() { Side::Sell } else { Side::Buy };
        let open = if closing == new.side {
            self.uncovered(new.sleeve, closing, held, |id| id != order.id() && Some(id) != stop)?
        } else {
            Qty::ZERO
        };
        Ok(risk::assess_held_exit(&new, open, &view))
    }

    /// Exposure and account without what an order may still do.
    fn without(&self, order: &Order) -> Result<(Exposure, Account), BotError> {
        let (own, id) = (order.at_risk()?, order.new_order().instrument);
        let with = self.state.exposure(id);
        let working_sell = with.working_sell.minus(own.sell)?;
        let working_buy = with.working_buy.minus(own.buy)?;
        let account = *self.account_of(id);
        let reserved = account.reserved.minus(own.buy)?;
        // What it would sell short is counted once, with itself.
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        let beyond = |sells: Qty| -> Result<Qty, Overflow> {
            Ok(sells.minus(with.position.max(Qty::ZERO))?.max(Qty::ZERO))
        };
        let short = beyond(with.working_sell)?.minus(beyond(working_sell)?)?;
        let working_short = match (account.working_short, self.mark_of(id)) {
            (Some(all), Some(mark)) => Some(all.minus(rules.notional(mark.price, short)?)?),
            (all, _) => all,
        };
        let exposure = Exposure { working_buy, working_sell, ..with };
        Ok((exposure, Account { reserved, working_short, ..account }))
    }

    /// A group without what an order may still do.
    fn less(&self, group: Group, order: &Order) -> Result<Group, BotError> {
        let (own, id) = (order.at_risk()?, order.new_order().instrument);
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        let selling = match (group.selling, self.mark_of(id)) {
            (Some(all), Some(mark)) => Some(all.minus(rules.notional(mark.price, own.sell)?)?),
            (all, _) => all,
        };
        Ok(Group { buying: group.buying.minus(own.buy)?, selling, ..group })
    }

    /// It is written down as it leaves, then sent.
    fn release_held(
        &mut self,
        id: OrderId,
        release: &Release,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let (ts, Release { to, clipped }) = (self.now, *release);
        let Some((sleeve, _)) = self.held_order(id) else {
            return Ok(());
        };
        if let Some(limit) = clipped {
            self.keep(Record::Clipped { ts, sleeve, limit }, out)?;
        }
        self.keep(Record::Amend { ts, order: id, to }, out)?;
        self.keep(Record::Update { ts, order: id, update: OrderUpdate::Released }, out)?;
        out.actions.extend(self.state.orders().send(id));
        self.reserve()
    }

    /// A venue proved that it has an order of ours that the journal lost, or whose release it did.
    pub(super) fn adopt(
        &mut self,
        ts: Nanos,
        id: OrderId,
        order: NewOrder,
        out: &mut Output,
    ) -> Result<(), BotError> {
        if self.held_order(id).is_none() {
            self.keep(Record::Placed { ts, id, order, judged: None }, out)?;
        } else if let (Some(limit), Size::Base(qty)) = (order.limit, order.size) {
            let to = Amendment { limit, qty, reserve: order.reserve };
            self.keep(Record::Amend { ts, order: id, to }, out)?;
            self.keep(Record::Update { ts, order: id, update: OrderUpdate::Released }, out)?;
        }
        self.reserve()
    }

    /// Whose a held order is, and whether it waits to close.
    fn held_order(&self, id: OrderId) -> Option<(SleeveId, bool)> {
        let order = self.state.orders().get(id).filter(|order| order.is_held())?;
        Some((order.new_order().sleeve, order.is_exit()))
    }

    /// The stop that a profit was laid beside.
    fn stop_beside(&self, profit: OrderId) -> Option<&Order> {
        let sleeve = self.state.orders().get(profit)?.new_order().sleeve;
        let stop = self.state.orders().get(beside(profit)?)?;
        let pair = stop.is_exit() && !stop.new_order().terms.twin;
        (pair && stop.new_order().sleeve == sleeve).then_some(stop)
    }
}
