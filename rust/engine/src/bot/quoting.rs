//! From a quote to its orders: those that lie elsewhere are called back, those that are missing are
//! placed, and nothing is placed while anything is on its way out.

use super::supervising::tried;
use super::{Bot, BotError, Decides, Output, Sleeve, lies};
use crate::book::{Integrity, Touch};
use crate::decision::Decision;
use crate::decision::quote::{self, Offer, Sides};
use crate::event::{Intent, NewOrder, Side, SleeveId, TradingState, TwoSided, Want};
use crate::instrument::InstrumentId;
use crate::journal::Record;
use crate::order::Order;
use crate::risk::breaker::Breakers;
use crate::risk::{self, Assessment, Quoted};
use crate::units::{Overflow, Price};

impl Bot {
    /// The quote that is wanted now, where that is anything new.
    pub(super) fn quote_due(
        &self,
        sleeve: SleeveId,
        breakers: Breakers,
    ) -> Result<Option<TwoSided>, BotError> {
        let Sleeve { instrument: id, decides, .. } =
            self.sleeves.get(sleeve.index()).ok_or(BotError::Unknown)?;
        let Decides::Program { program, decision: Decision::Quote(terms) } = decides else {
            return Ok(None);
        };
        let (id, offer) = (*id, Offer::of(|output| program.output(output)));
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        let wanted = offer.wanted(terms, self.touch_of(id), self.sides(sleeve, breakers), rules);
        let (last, anew) = self.state.quote(sleeve);
        let nothing = wanted.bid.is_none() && wanted.ask.is_none();
        if last.is_none() && nothing && !self.has_orders(sleeve) {
            return Ok(None);
        }
        Ok(offer.due(terms, (last, anew), wanted, rules))
    }

    /// Where only reducing is allowed, only the side that closes is quoted.
    fn sides(&self, sleeve: SleeveId, breakers: Breakers) -> Sides {
        let position = self.holding(sleeve).qty;
        let id = self.sleeves.get(sleeve.index()).map(|seat| seat.instrument);
        // What lies is not called back because another order is on its way: risk sees to that.
        let closed = id.is_some_and(|id| tried(self.word(sleeve, id, breakers)).all_closed());
        match self.state.trading_state() {
            TradingState::Halted => Sides { bid: false, ask: false },
            TradingState::Active if closed => Sides { bid: true, ask: true },
            TradingState::Active | TradingState::Reducing => {
                Sides { bid: position.is_negative(), ask: position.is_positive() }
            }
        }
    }

    /// The touch to quote at: one that is too old is none.
    pub(super) fn touch_of(&self, id: InstrumentId) -> Option<Touch> {
        let book = self.book(id)?;
        let live = book.integrity(self.now, self.profile.price_age_max) == Integrity::Live;
        book.touch().filter(|_| live)
    }

    /// Call back what is quoted on books that fell silent: no change of them would do it. Their
    /// next change quotes again.
    pub(super) fn call_back_silent(
        &mut self,
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<(), BotError> {
        for place in 0..self.sleeves.len() {
            let sleeve = SleeveId(u32::try_from(place).map_err(|_| Overflow)?);
            let id = self.sleeves.get(place).ok_or(BotError::Unknown)?.instrument;
            if self.touch_of(id).is_none()
                && self.has_orders(sleeve)
                && let Some(quote) = self.quote_due(sleeve, breakers)?
            {
                let want = Want::Quote(quote);
                self.on_intent(&Intent { sleeve, want }, breakers, out)?;
            }
        }
        Ok(())
    }

    /// Have the orders of a quote working and no others. All of them are new where it is `resized`.
    pub(super) fn lay(
        &mut self,
        sleeve: SleeveId,
        quote: &TwoSided,
        resized: bool,
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let id = self.sleeves.get(sleeve.index()).ok_or(BotError::Unknown)?.instrument;
        let tick = self.state.instrument(id).ok_or(BotError::Unknown)?.tick;
        let touch = self.touch_of(id);
        // The market went on since it was wanted: still nothing crosses it.
        let quoted = |side| {
            let quoted = quote::side_of(quote, side).zip(touch);
            quoted.and_then(|(quoted, touch)| quote::clear_of(touch, side, quoted, tick))
        };
        let prices = |side| {
            let levels = move |quoted| quote::levels(side, quoted, quote.levels, tick);
            quoted(side).into_iter().flat_map(levels)
        };
        let unwanted = |order: &Order| {
            let NewOrder { side, limit, .. } = *order.new_order();
            resized || !prices(side).any(|price| limit == Some(price))
        };
        self.cancel_where(sleeve, unwanted, out)?;
        self.cancel_twins(sleeve, out)?;
        if self.state.is_canceling(sleeve) {
            return Ok(());
        }
        for side in Side::ALL {
            for price in prices(side) {
                if self.has_order(sleeve, side, price) {
                    continue;
                }
                let order = Quoted { sleeve, side, price, size: quote.size };
                // What stands against one stands against those behind it.
                if !self.place_quoted(&order, breakers, out)? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Of two orders at one price the later goes: a venue may bring back what had been placed anew.
    fn cancel_twins(&mut self, sleeve: SleeveId, out: &mut Output) -> Result<(), BotError> {
        let mut twins = Vec::new();
        for order in self.state.orders().working().filter(|order| lies(order)) {
            let NewOrder { sleeve: whose, side, limit, .. } = *order.new_order();
            let older = self.state.orders().working().take_while(|older| older.id() != order.id());
            let mut same = older.filter(|older| lies(older)).map(|older| older.new_order());
            if whose == sleeve
                && same.any(|new| (new.sleeve, new.side, new.limit) == (sleeve, side, limit))
            {
                twins.push(order.id());
            }
        }
        self.cancel_where(sleeve, |order| twins.contains(&order.id()), out)
    }

    /// Whether anything works for a sleeve that is not being canceled.
    fn has_orders(&self, sleeve: SleeveId) -> bool {
        let mut working = self.state.orders().working();
        working.any(|order| lies(order) && order.new_order().sleeve == sleeve)
    }

    fn has_order(&self, sleeve: SleeveId, side: Side, price: Price) -> bool {
        self.state.orders().working().any(|order| {
            let new = order.new_order();
            lies(order) && (new.sleeve, new.side, new.limit) == (sleeve, side, Some(price))
        })
    }

    /// Whether risk let it through.
    fn place_quoted(
        &mut self,
        order: &Quoted,
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<bool, BotError> {
        let (ts, sleeve) = (self.now, order.sleeve);
        let view = self.view(sleeve, breakers)?;
        match risk::assess_quoted(order, &view) {
            Err(refusal) => self.refuse(sleeve, refusal, out).map(|()| false),
            Ok(Assessment { approved, clipped }) => {
                let judged = self.judge(&approved, &view);
                if let Some(limit) = clipped {
                    self.keep(Record::Clipped { ts, sleeve, limit }, out)?;
                }
                self.place(approved, judged, out).map(|()| true)
            }
        }
    }
}
