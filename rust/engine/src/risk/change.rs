//! Another price or size for an order that works: what it adds is checked as an order would be, and
//! refused where it does not fit; what it takes away is not held back.

use super::sizing::{self, Room};
use super::{Refusal, View, believable, collared, on_tick};
use crate::ability::Abilities;
use crate::event::{Amendment, NewOrder, Side, Size, TradingState};
use crate::units::{Amount, Price, Qty};

/// An order that works, and what it is to be.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The order as it is.
    pub order: &'a NewOrder,
    /// How much of it is done.
    pub filled: Qty,
    /// What that came to in quote.
    pub spent: Amount,
    /// Its whole size from now on, in base units, what is done included; `None`: as it is.
    pub qty: Option<f64>,
    /// Its limit from now on, in quote units; `None`: as it is.
    pub limit: Option<f64>,
}

/// A change that passed every check. It is used up by asking for it.
#[derive(Debug, PartialEq, Eq)]
pub struct ApprovedChange(Amendment);

impl ApprovedChange {
    /// What was approved; the approval is used up.
    #[must_use]
    pub fn into_amendment(self) -> Amendment {
        self.0
    }
}

/// Check a change. `Ok(None)`: the order is so already.
pub fn assess_change(
    change: &Change<'_>,
    view: &View<'_>,
) -> Result<Option<ApprovedChange>, Refusal> {
    let Change { order, filled, spent, .. } = *change;
    let rules = view.instrument;
    let (Some(old_limit), Size::Base(old)) = (order.limit, order.size) else {
        return Err(Refusal::NotAmendable);
    };
    if !Abilities::of(rules.venue()).amend {
        return Err(Refusal::NotAmendable);
    }
    let side = order.side;
    let limit = change.limit.map_or(Ok(old_limit), |price| on_tick(price, side, view))?;
    let qty = change.qty.map_or(Ok(old), |qty| rules.qty_down(qty).map_err(Refusal::from))?;
    if (limit, qty) == (old_limit, old) {
        return Ok(None);
    }
    let (left, before) = (qty.minus(filled)?, old.minus(filled)?);
    if !left.is_positive() {
        return Err(Refusal::NotUsable);
    }
    if view.trading_state == TradingState::Halted {
        return Err(Refusal::Halted);
    }
    if view.frozen {
        return Err(Refusal::Frozen);
    }
    let mark = believable(view)?;
    let limit = collared(limit, side, view, mark)?;
    // At worst: a buy costs its limit, a sell below the market fetches the market's price.
    let price = |limit: Price| if side == Side::Buy { limit } else { limit.max(mark.price) };
    let worth = rules.notional(price(limit), left)?;
    if worth < rules.notional_min && !order.terms.reduce_only {
        return Err(Refusal::BelowMinimum);
    }
    let cost = sizing::with_fee(worth, rules.taker_fee)?;
    let was = rules.notional(price(old_limit), before)?;
    let harder = match side {
        Side::Buy => limit > old_limit,
        Side::Sell => limit < old_limit,
    };
    if left > before || harder {
        let reduces = order.terms.reduce_only && left <= before;
        super::permit(view, reduces)?;
        if !reduces && super::meets_own(side, Some(limit), view) {
            return Err(Refusal::SelfTrade);
        }
        let room = Room::of(side, view, mark.price)?;
        let takes = super::takes(Some(limit), side, view);
        let room = if takes { room.in_depth(side, view)? } else { room };
        let more = worth.minus(was)?;
        if !reduces && more > room.notional {
            return Err(room.notional_limit);
        }
        // Step by step it becomes no larger than one order may be.
        if !reduces && worth > Room::of_one(side, view, mark.price)? {
            return Err(Refusal::OrderLimit);
        }
        let more = sizing::with_fee(more.max(Amount::ZERO), rules.taker_fee)?;
        if room.cash.is_some_and(|cash| more > cash) {
            return Err(Refusal::FreeCash);
        }
        let added = left.minus(before)?;
        if room.held.is_some_and(|held| added > held) {
            return Err(Refusal::Shorting);
        }
    }
    let reserve = if side == Side::Buy { spent.plus(cost)? } else { Amount::ZERO };
    Ok(Some(ApprovedChange(Amendment { limit, qty, reserve })))
}
