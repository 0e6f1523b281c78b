//! No order leaves without a worst price: what takes gets a limit where the collar ends, what only
//! makes gets its place. The approval stays the same, or becomes smaller.

use super::limits::Profile;
use super::{Approved, Refusal, collared_at, sizing};
use crate::ability::Abilities;
use crate::event::{NewOrder, OrderTerms, Side, Size, SleeveId, TimeInForce};
use crate::exposure::{Account, Lately, Mark};
use crate::instrument::{Instrument, InstrumentId};
use crate::units::{Amount, Nanos, Overflow, Price};

impl Approved {
    /// Whose.
    #[must_use]
    pub const fn sleeve(&self) -> SleeveId {
        self.0.sleeve
    }

    /// Whether the very same was placed just now and may still be done, or was. What only makes
    /// cannot be meant twice at a price, and what closes is bound by what is held.
    #[must_use]
    pub fn is_duplicate(&self, lately: [Option<Lately>; 2], now: Nanos, window: Nanos) -> bool {
        let NewOrder { side, size, limit, terms, .. } = self.0;
        let same = |one: Lately| {
            let passed = now.mantissa().saturating_sub(one.ts.mantissa());
            (one.side, one.size, one.limit) == (side, size, limit) && passed < window.mantissa()
        };
        !terms.post_only && !terms.reduce_only && lately.into_iter().flatten().any(same)
    }

    /// Of which instrument.
    #[must_use]
    pub const fn instrument(&self) -> InstrumentId {
        self.0.instrument
    }

    /// Which way.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.0.side
    }

    /// A market order as one that trades at once down to where the collar ends, and no further; the
    /// rest is canceled. What has a limit already is as it was. It reserves what it may cost there,
    /// or all that is free where nobody lends more; one that is held here reserves so much and gets
    /// its limit when it is released. Where the venue sizes only market orders in
    /// quote, it buys what the mark says its budget is worth, as far as that can be paid for.
    pub fn protected(
        self,
        rules: &Instrument,
        mark: Mark,
        (profile, account): (&Profile, &Account),
    ) -> Result<Self, Overflow> {
        let order = self.0;
        // A venue lets no limit follow a trigger that trails.
        let trails = order.terms.stop.is_some_and(|stop| stop.trail.is_positive());
        if order.limit.is_some() || trails {
            return Ok(self);
        }
        let mark = order.terms.stop.map_or(mark, |stop| Mark { price: stop.trigger, ..mark });
        let worst = collared_at(rules, order.side, mark, profile.collar)?;
        // The tick of a cheap coin may be wider than the collar: the next one can always be had.
        let limit = on_tick(worst, order.side, rules)?;
        let limit = match order.side {
            Side::Buy => limit.max(on_tick(mark.price, Side::Sell, rules)?),
            Side::Sell => limit.min(on_tick(mark.price, Side::Buy, rules)?),
        };
        // A history may trade below its tick; no venue does, and none would be told so.
        let limit = if limit.is_positive() { limit } else { worst.max(Price::new(1)) };
        let free = account.cash.minus(account.reserved)?;
        let size = match order.size {
            Size::Quote(budget) if !Abilities::of(rules.venue()).quote_limit => {
                let wanted = rules.qty_for(budget, mark.price, rules.taker_fee);
                // At its worst price too it is paid for.
                let paid = rules.qty_for(free.max(Amount::ZERO), limit, rules.taker_fee);
                let qty = if profile.borrowing {
                    wanted
                } else {
                    wanted.and_then(|qty| Ok(qty.min(paid?)))
                };
                // What no size can say stays what it was: the venue cannot be told it.
                qty.ok().filter(|qty| qty.is_positive()).map_or(order.size, Size::Base)
            }
            size @ (Size::Base(_) | Size::Quote(_)) => size,
        };
        let reserve = match (order.side, size) {
            (Side::Buy, Size::Base(qty)) => {
                let cost = sizing::with_fee(rules.notional(limit, qty)?, rules.taker_fee)?;
                let most = if profile.borrowing { cost } else { cost.min(free) };
                most.max(order.reserve)
            }
            (Side::Buy, Size::Quote(_)) | (Side::Sell, _) => order.reserve,
        };
        let tif = match order.terms.tif {
            // What is left of it once it began goes on closing.
            tif if order.terms.stop.is_some() => tif,
            TimeInForce::Fok => TimeInForce::Fok,
            TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Gtd(_) => TimeInForce::Ioc,
        };
        let terms = OrderTerms { tif, ..order.terms };
        // One that is held gets its limit around the price that it is released at.
        let limit = (!order.terms.held).then_some(limit);
        Ok(Self(NewOrder { size, limit, reserve, terms, ..order }))
    }

    /// A market order as one that lies at `price`, on the tick behind it, and never takes. What was
    /// to be spent buys so much base, fee included, as venues let nothing else lie.
    pub fn resting(self, rules: &Instrument, price: Price) -> Result<Self, Refusal> {
        let order = self.0;
        if order.limit.is_some() {
            return Ok(self);
        }
        let limit = on_tick(price, order.side, rules)?;
        if !limit.is_positive() {
            return Err(Refusal::NotUsable);
        }
        let size = match order.size {
            Size::Base(qty) => Size::Base(qty),
            Size::Quote(budget) => Size::Base(rules.qty_for(budget, limit, rules.taker_fee)?),
        };
        if matches!(size, Size::Base(qty) if !qty.is_positive()) {
            return Err(Refusal::BelowMinimum);
        }
        let terms = OrderTerms { post_only: true, ..order.terms };
        Ok(Self(NewOrder { limit: Some(limit), size, terms, ..order }))
    }
}

/// A price on the tick, not worse than it was: lower for a buy, higher for a sell.
fn on_tick(price: Price, side: Side, rules: &Instrument) -> Result<Price, Overflow> {
    match side {
        Side::Buy => rules.tick_below(price),
        Side::Sell => rules.tick_above(price),
    }
}
