//! Orders that wait to close a position. Nothing but a halt, a freeze or a missing number keeps one
//! from being laid.

use super::terms::can_wait;
use super::{Approved, Refusal, View, believable, sizing};
use crate::ability::Abilities;
use crate::event::{NewOrder, OrderTerms, Side, Size, SleeveId, Stop, TradingState};
use crate::units::{Amount, Qty};

/// What is to be laid behind a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Whose.
    pub sleeve: SleeveId,
    /// How much of the position nothing that works closes yet, signed like it.
    pub open: Qty,
    /// What it waits for.
    pub stop: Stop,
    /// Another one that is counted closes the same.
    pub twin: bool,
}

/// Check an exit.
pub fn assess_exit(exit: &Exit, view: &View<'_>) -> Result<Approved, Refusal> {
    if view.trading_state == TradingState::Halted {
        return Err(Refusal::Halted);
    }
    if view.frozen {
        return Err(Refusal::Frozen);
    }
    let mark = believable(view)?;
    let Exit { sleeve, open, stop, twin } = *exit;
    let held = view.exposure.position;
    let same = held.is_positive() == open.is_positive();
    if !same || open.magnitude()? > held.magnitude()? {
        return Err(Refusal::ReduceOnly);
    }
    let rules = view.instrument;
    // Beside a stop a profit waits at the venue only where that lets one of them fill.
    let alone = twin && !Abilities::of(rules.venue()).reduce_only;
    let held = !can_wait(&stop, rules) || alone;
    if rules.is_dust(open, mark.price)? {
        return Err(Refusal::BelowMinimum);
    }
    let qty = rules.lots_down(open.magnitude()?);
    let side = if open.is_positive() { Side::Sell } else { Side::Buy };
    let reserve = match side {
        Side::Sell => Amount::ZERO,
        Side::Buy => sizing::with_fee(rules.notional(stop.trigger, qty)?, rules.taker_fee)?,
    };
    let waits = OrderTerms { stop: Some(stop), held, twin, ..OrderTerms::default() };
    let terms = OrderTerms { reduce_only: true, ..waits };
    Ok(Approved(NewOrder {
        sleeve,
        instrument: view.id,
        side,
        size: Size::Base(qty),
        limit: None,
        reserve,
        terms,
        replaces: None,
    }))
}
