//! What records of orders, their fills, and crosses of sleeves change.

use super::{Record, State, StateError};
use crate::event::{Amendment, Cross, Fill, NewOrder, OrderId, OrderUpdate, SleeveId};
use crate::instrument::{Instrument, InstrumentId};
use crate::order::{Filled, Order, OrderError, OrderState};
use crate::portfolio::Trade;
use crate::units::{Amount, Nanos, Overflow, Qty};

impl State {
    pub(super) fn on_placed(
        &mut self,
        record: &Record,
        (id, ts): (OrderId, Nanos),
        order: &NewOrder,
    ) -> Result<(), StateError> {
        if order.instrument.index() >= self.instruments.len() {
            return Err(StateError::Unknown);
        }
        self.orders.on_placed(id, *order, ts)?;
        self.refresh(order.instrument);
        self.note_placed(order);
        if !order.terms.held {
            self.conducts.on_message(self.board.venue(order.instrument), ts);
        }
        self.conducts.on_placed(id, order, ts);
        self.note_usable(order.sleeve, ts);
        self.chain.link(record);
        Ok(())
    }

    pub(super) fn on_amend(
        &mut self,
        id: OrderId,
        to: Amendment,
        ts: Nanos,
    ) -> Result<(), StateError> {
        self.orders.on_amend_sent(id, to, ts)?;
        self.refresh_of(id);
        if let Some(order) = self.orders.get(id).filter(|order| !order.is_held()) {
            let venue = self.board.venue(order.new_order().instrument);
            self.conducts.on_message(venue, ts);
        }
        Ok(())
    }

    pub(super) fn on_told(&mut self, id: OrderId, qty: Qty, ts: Nanos) -> Result<(), StateError> {
        self.orders.on_told(id, qty, ts)?;
        self.refresh_of(id);
        Ok(())
    }

    pub(super) fn on_update(
        &mut self,
        id: OrderId,
        update: OrderUpdate,
        ts: Nanos,
    ) -> Result<(), StateError> {
        // A cancel that is asked for once more calls nothing back that was not called back before.
        let called_back = self.orders.get(id).is_some_and(Order::is_canceling);
        let again = update == OrderUpdate::CancelSent && called_back;
        let answered = self.answered(id, update, ts);
        self.orders.on_update(id, update, ts)?;
        self.note_outcome(answered, ts);
        let Some(order) = self.orders.get(id) else {
            return Ok(());
        };
        let (lives, order, done) =
            (!order.state().is_terminal(), *order.new_order(), order.filled());
        self.refresh(order.instrument);
        // What is held is called back here, and told its venue when it is released.
        if let OrderUpdate::CancelSent | OrderUpdate::Released = update {
            self.conducts.on_message(self.board.venue(order.instrument), ts);
        }
        self.conducts.on_update((id, &order), update, !lives && done.is_zero(), ts);
        if lives && !again {
            self.note_cancel(order.sleeve, update);
        }
        if !lives {
            self.note_over(id, &order, called_back);
        }
        self.release(order.sleeve);
        Ok(())
    }

    /// Whether a fill cannot be of its order; changes nothing.
    #[must_use]
    pub fn refuses_fill(&self, fill: &Fill) -> bool {
        let spent = |order: &Order| {
            let rules = self.instruments.get(order.new_order().instrument.index())?;
            spent_on(fill, rules).ok()
        };
        let order = self.orders.get(fill.order);
        order.is_none_or(|order| {
            spent(order).is_none_or(|spent| order.check_fill(fill, spent).is_err())
        })
    }

    pub(super) fn on_fill(&mut self, record: &Record, fill: &Fill) -> Result<(), StateError> {
        let filled = self.orders.get(fill.order).ok_or(OrderError::NoSuchOrder)?;
        let (order, exits) = (*filled.new_order(), filled.is_exit());
        let first = filled.filled().is_zero();
        let rules = self.instruments.get(order.instrument.index()).ok_or(StateError::Unknown)?;
        let spent = spent_on(fill, rules)?;
        if self.orders.has_trade(fill.order, fill.trade) {
            return Ok(());
        }
        // Asked first, so that an order that refuses the fill leaves the ledger whole.
        self.orders.check_fill(fill, spent)?;
        let trade = Trade::of_fill(fill, order.instrument, order.side, order.sleeve);
        let before = self.portfolio.share(order.sleeve).realised;
        self.portfolio.on_trade(rules, &trade)?;
        let realised = self.portfolio.share(order.sleeve).realised.minus(before)?;
        let answered = self.answered(fill.order, OrderUpdate::Acked, fill.ts);
        let filled = self.orders.on_fill(fill, spent)?;
        self.note_outcome(answered, fill.ts);
        self.conducts.on_fill(&order, fill, (first, realised));
        // Not what its venue calls the last: that may overtake the others.
        let done = self.orders.get(fill.order).is_some_and(|o| o.state() == OrderState::Filled);
        match filled {
            Filled::Late => self.late_fills += 1,
            Filled::Booked if done => self.note_filled(order.sleeve),
            Filled::Booked | Filled::Twice => {}
        }
        if exits && let Some(carrying) = self.carrying.get_mut(order.sleeve.index()) {
            // What closed is not bought back.
            *carrying = None;
        }
        self.refresh(order.instrument);
        self.release(order.sleeve);
        self.chain.link(record);
        Ok(())
    }

    /// Sleeves traded with each other: nothing of the account or its exposure changes.
    pub(super) fn on_cross(&mut self, record: &Record, cross: &Cross) -> Result<(), StateError> {
        let known = |id: SleeveId| id.index() < self.targets.len();
        let rules = self.instruments.get(cross.instrument.index()).ok_or(StateError::Unknown)?;
        if !cross.seller.into_iter().chain(cross.buyer).all(known) {
            return Err(StateError::Unknown);
        }
        if !cross.is_possible() {
            return Err(StateError::Cross);
        }
        self.portfolio.on_cross(rules, cross)?;
        self.chain.link(record);
        Ok(())
    }

    pub(super) fn refresh(&mut self, id: InstrumentId) {
        let position = self.portfolio.position(id).qty;
        let exposure = self.orders.exposure(id, position);
        if let Some(slot) = self.exposures.get_mut(id.index()) {
            *slot = exposure;
        }
    }

    fn refresh_of(&mut self, id: OrderId) {
        if let Some(instrument) = self.orders.get(id).map(|order| order.new_order().instrument) {
            self.refresh(instrument);
        }
    }
}

/// What a fill took in quote: its notional, and the fee where it was paid in that.
fn spent_on(fill: &Fill, rules: &Instrument) -> Result<Amount, Overflow> {
    let notional = rules.notional(fill.price, fill.qty)?;
    let in_quote = fill.fee_asset.is_none_or(|asset| asset == rules.quote);
    if in_quote { notional.plus(fill.fee) } else { Ok(notional) }
}
