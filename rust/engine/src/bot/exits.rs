//! What waits to close a position, laid behind it as it grows and called back when it is gone.
//!
//! An exit is never amended here: what is too much of it the venue cuts, as it may only reduce. A
//! new target calls all of them back first, as anything that works, and they are laid again behind
//! what comes of it. They stay through a pause, a halt, a freeze and a stop.

use super::{Bot, BotError, Decides, Output, lies};
use crate::decision::Decision;
use crate::event::{Event, Exits, Fill, OrderId, OrderUpdate, Side, Size, SleeveId, Want};
use crate::instrument::InstrumentId;
use crate::journal::Record;
use crate::order::Order;
use crate::risk::{self, Exit};
use crate::units::{Overflow, Qty};

impl Bot {
    /// What closes a sleeve's position, where anything does.
    pub(super) fn exits_of(&self, sleeve: SleeveId) -> Option<Exits> {
        match &self.sleeves.get(sleeve.index())?.decides {
            Decides::Program { decision: Decision::Target { exits, .. }, .. } => *exits,
            Decides::Program { decision: Decision::Quote(_), .. } => None,
            Decides::Outside => self.state.exits(sleeve),
        }
    }

    /// Whether anything of a sleeve works that a cancel of all calls back.
    pub(super) fn has_to_cancel(&self, sleeve: SleeveId) -> bool {
        match self.exits_of(sleeve) {
            Some(_) => self.state.is_trading(sleeve),
            None => self.state.is_working(sleeve),
        }
    }

    /// Lay behind every position what its sleeve wants there, and call back what lies behind none.
    /// A refusal is written down where a fill was the cause, and tried again with the time.
    pub(super) fn cover(&mut self, event: &Event, out: &mut Output) -> Result<(), BotError> {
        let due = if let Event::Order { order, update, .. } = *event {
            // One that its venue will not have, or will not let go, is tried again with the time:
            // at once it would be refused for ever.
            let of_exit = self.state.orders().get(order).is_some_and(Order::is_exit);
            update == OrderUpdate::Canceled || (!of_exit && update == OrderUpdate::Expired)
        } else if let Event::Intent(intent) = event {
            matches!(intent.want, Want::Exits(_))
        } else {
            matches!(event, Event::Fill(_) | Event::Time(_))
        };
        if !due || self.quiet {
            return Ok(());
        }
        for place in 0..self.sleeves.len() {
            let sleeve = SleeveId(u32::try_from(place).map_err(|_| Overflow)?);
            if let Some(exits) = self.exits_of(sleeve) {
                self.cover_one(sleeve, exits, event, out)?;
            }
        }
        Ok(())
    }

    /// Where the account may not be short: what was to be sold of a position that is gone, as the
    /// exit of another sleeve closed it, is called back, the newest first.
    pub(super) fn call_back_uncovered(
        &mut self,
        id: InstrumentId,
        out: &mut Output,
    ) -> Result<(), BotError> {
        // While it is quiet the venue has seen already what was done about it.
        if self.profile.shorting || self.quiet {
            return Ok(());
        }
        let mut beyond = self.state.exposure(id).position.max(Qty::ZERO).negated()?;
        let mut plain = Vec::new();
        for order in self.state.orders().working() {
            let new = order.new_order();
            if new.instrument == id && !new.terms.reduce_only {
                let sells = order.at_risk()?.sell;
                beyond = beyond.plus(sells)?;
                plain.push((order.id(), sells, lies(order)));
            }
        }
        for (order, sells, lies) in plain.into_iter().rev() {
            if !beyond.is_positive() {
                return Ok(());
            }
            if sells.is_positive() {
                beyond = beyond.minus(sells)?;
                if lies {
                    self.call_back(order, out)?;
                }
            }
        }
        Ok(())
    }

    fn cover_one(
        &mut self,
        sleeve: SleeveId,
        exits: Exits,
        event: &Event,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let waits = self.state.is_waiting(sleeve) || self.state.is_flattening();
        let Some(id) = self.sleeves.get(sleeve.index()).map(|seat| seat.instrument) else {
            return Ok(());
        };
        let position = self.covered(sleeve)?;
        let long = position.qty.is_positive();
        let closing = if long { Side::Sell } else { Side::Buy };
        let flat = self.is_dust(id, position.qty);
        let astray = |order: &Order| order.is_exit() && (flat || order.new_order().side != closing);
        self.cancel_where(sleeve, astray, out)?;
        self.end_lone(sleeve, out)?;
        if flat || waits {
            return Ok(());
        }
        let open = self.uncovered(sleeve, closing, position.qty, |_| true)?;
        if !open.is_positive() {
            return Ok(());
        }
        let open = if long { open } else { open.negated()? };
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        // A fill is news of the market; a mark may be of before it.
        let fill = self.fill_of(event, id);
        let mark = self.mark_of(id).map(|mark| mark.price);
        let (filled, seen) = (fill.is_some(), fill.map(|fill| fill.price).or(mark));
        let stops: Vec<_> = exits.stops(rules, position.qty, position.cost, seen)?.collect();
        let mut counted = false;
        for stop in stops {
            let exit = Exit { sleeve, open, stop, twin: counted };
            let view = self.view(sleeve, self.state.breakers())?;
            match risk::assess_exit(&exit, &view) {
                Ok(approved) => {
                    let judged = self.judge(&approved, &view);
                    self.place(approved, judged, out)?;
                    counted = true;
                }
                Err(refusal) if filled => {
                    self.keep(Record::Refused { ts: self.now, sleeve, refusal }, out)?;
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// The fill that an event is, if it is of an instrument.
    fn fill_of(&self, event: &Event, id: InstrumentId) -> Option<Fill> {
        let Event::Fill(fill) = event else {
            return None;
        };
        let order = self.state.orders().get(fill.order)?;
        (order.new_order().instrument == id).then_some(*fill)
    }

    /// How much of a position nothing that works on its closing side closes yet, of the orders that
    /// are `counted`.
    pub(super) fn uncovered(
        &self,
        sleeve: SleeveId,
        closing: Side,
        held: Qty,
        counted: impl Fn(OrderId) -> bool,
    ) -> Result<Qty, BotError> {
        let held = held.magnitude()?;
        let mut open = held;
        for order in self.state.orders().working() {
            let new = order.new_order();
            let counts = counted(order.id()) && !order.is_spare();
            if new.sleeve != sleeve || new.side != closing || !counts {
                continue;
            }
            let left = match new.size {
                // What is over may still tell of what it filled.
                _ if order.state().is_terminal() => order.owed()?,
                Size::Base(qty) => qty.minus(order.filled())?,
                Size::Quote(_) => held,
            };
            open = open.minus(left)?;
        }
        Ok(open.max(Qty::ZERO))
    }
}
