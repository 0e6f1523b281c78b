//! What sleeves of one instrument may trade with each other before the rest goes to the venue.
//!
//! A cross changes nothing that the account holds, so no limit binds it; what the account may not
//! lose by it is a way to hold less. Where only reducing is allowed, a sleeve crosses no more than
//! what closes its own share: what would open is refused, so that what closes reaches the venue.

use super::sizing::Asked;
use super::{Refusal, View, believable, permit};
use crate::event::{Execution, Side, Size, TradingState, Want};
use crate::units::{Price, Qty};

/// What a sleeve would trade with another one at the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Which way.
    pub side: Side,
    /// How much base, in whole lots and above zero.
    pub qty: Qty,
    /// Whether no lot more is wanted.
    pub whole: bool,
}

/// How much of what is wanted may be had from another sleeve; `None`: nothing, or what is wanted is
/// not to be had at once.
pub fn offered(want: &Want, view: &View<'_>) -> Result<Option<Offer>, Refusal> {
    let Want::Target { execution: Execution::Cross, .. } = want else {
        return Ok(None);
    };
    let price = crossing_price(view)?;
    let Some(Asked { side, size }) = Asked::of(want, view, price)? else {
        return Ok(None);
    };
    let qty = match size {
        Size::Base(qty) => qty,
        Size::Quote(budget) => view.instrument.qty_worth(budget, price)?,
    };
    let closing = match side {
        Side::Sell => view.holding,
        Side::Buy => view.holding.negated()?,
    };
    let most = if permit(view, false).is_ok() { qty } else { qty.min(closing) };
    let (whole, qty) = (most == qty, view.instrument.lots_down(most));
    Ok(qty.is_positive().then_some(Offer { side, qty, whole }))
}

/// The mark, where sleeves may trade with each other at it.
pub fn crossing_price(view: &View<'_>) -> Result<Price, Refusal> {
    if view.trading_state == TradingState::Halted {
        return Err(Refusal::Halted);
    }
    if view.frozen {
        return Err(Refusal::Frozen);
    }
    believable(view).map(|mark| mark.price)
}
