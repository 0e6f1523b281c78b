//! Orders that the engine holds, once their trigger is reached: what may be sent of them now, and
//! down to where. The view they are checked on is without them.

use super::sizing::Asked;
use super::{
    Approved, Assessment, Exit, Refusal, View, admit, assess_exit, believable, collared_at,
    size_up, terms,
};
use crate::event::{Amendment, NewOrder, OrderTerms, Side, Size, Stop};
use crate::exposure::Mark;
use crate::units::{Price, Qty};

/// What is sent of a held order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// What it becomes before it leaves.
    pub to: Amendment,
    /// The limit that made it smaller.
    pub clipped: Option<Refusal>,
}

/// Check an order that waited for its trigger as one that is asked for now.
pub fn assess_held(order: &NewOrder, view: &View<'_>) -> Result<Release, Refusal> {
    let mark = believable(view)?;
    let asked = Asked { side: order.side, size: order.size };
    let (asked, cut) = terms::reduced(asked, &order.terms, view)?;
    let admitted = admit(asked, view)?;
    let limit = order.limit.map(|limit| within(limit, order.side, view, mark)).transpose()?;
    let Assessment { approved, clipped } = size_up(order.sleeve, admitted, limit, (view, mark))?;
    let sized = NewOrder { terms: order.terms, ..approved.0 };
    Ok(Release { to: sent(&sized, view, mark)?, clipped: clipped.or(cut) })
}

/// Check an exit that waited: it closes no more than the `open` that nothing else closes.
pub fn assess_held_exit(order: &NewOrder, open: Qty, view: &View<'_>) -> Result<Release, Refusal> {
    let Size::Base(qty) = order.size else {
        return Err(Refusal::Terms);
    };
    let qty = qty.min(open);
    if !qty.is_positive() {
        return Err(Refusal::ReduceOnly);
    }
    let mark = believable(view)?;
    let stop = order.terms.stop.ok_or(Refusal::Terms)?;
    let stop = Stop { trigger: mark.price, trail: Price::ZERO, ..stop };
    let open = if order.side == Side::Sell { qty } else { qty.negated()? };
    let Approved(exit) =
        assess_exit(&Exit { sleeve: order.sleeve, open, stop, twin: false }, view)?;
    let sized = NewOrder { limit: order.limit, terms: order.terms, ..exit };
    Ok(Release { to: sent(&sized, view, mark)?, clipped: None })
}

/// As it is sent: with a worst price where the collar around the mark ends, or its own if that is
/// better.
fn sent(order: &NewOrder, view: &View<'_>, mark: Mark) -> Result<Amendment, Refusal> {
    let began = |stop| Stop { trigger: mark.price, trail: Price::ZERO, ..stop };
    let terms = OrderTerms { stop: order.terms.stop.map(began), held: false, ..order.terms };
    let open = Approved(NewOrder { limit: None, terms, ..*order });
    let Approved(sent) = open.protected(view.instrument, mark, (view.profile, view.account))?;
    let (Some(worst), Size::Base(qty)) = (sent.limit, sent.size) else {
        return Err(Refusal::Terms);
    };
    let limit = match (order.limit, order.side) {
        (None, _) => worst,
        (Some(limit), Side::Buy) => limit.min(worst),
        (Some(limit), Side::Sell) => limit.max(worst),
    };
    Ok(Amendment { limit, qty, reserve: sent.reserve })
}

/// A limit price, or where the collar ends if it is beyond that.
fn within(limit: Price, side: Side, view: &View<'_>, mark: Mark) -> Result<Price, Refusal> {
    let worst = collared_at(view.instrument, side, mark, view.profile.collar)?;
    Ok(match side {
        Side::Buy => limit.min(view.instrument.tick_below(worst)?),
        Side::Sell => limit.max(view.instrument.tick_above(worst)?),
    })
}
