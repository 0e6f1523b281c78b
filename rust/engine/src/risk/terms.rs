//! The terms of an order that a strategy asks for: which can be, and what one that may only reduce
//! may be of.

use super::sizing::Asked;
use super::{Approved, Refusal, View};
use crate::event::{NewOrder, OrderTerms, Size, TimeInForce};
use crate::units::Nanos;

impl Approved {
    /// The same on other terms.
    pub(super) fn on(self, terms: OrderTerms) -> Self {
        Self(NewOrder { terms, ..self.0 })
    }
}

/// Whether an order can have these terms at `now`. What waits for a trigger is none of a trade.
pub(super) fn check(terms: &OrderTerms, limited: bool, now: Nanos) -> Result<(), Refusal> {
    let at_once = matches!(terms.tif, TimeInForce::Ioc | TimeInForce::Fok);
    let over = matches!(terms.tif, TimeInForce::Gtd(until) if until <= now);
    // Nothing of a market order is left to end.
    let ends = matches!(terms.tif, TimeInForce::Gtd(_)) && !limited;
    let lies = terms.post_only && (at_once || !limited);
    let waits = terms.stop.is_some() || terms.held;
    if over || ends || lies || waits { Err(Refusal::Terms) } else { Ok(()) }
}

/// What of an order that may only reduce does, all that works counted; and whether that is less
/// than was asked for. Where nothing does, it is refused: no venue is trusted to see to it.
pub(super) fn reduced(
    asked: Asked,
    terms: &OrderTerms,
    view: &View<'_>,
) -> Result<(Asked, Option<Refusal>), Refusal> {
    if !terms.reduce_only {
        return Ok((asked, None));
    }
    let closing = asked.closing(view)?.ok_or(Refusal::ReduceOnly)?;
    let all = matches!((asked.size, closing.size), (Size::Base(a), Size::Base(b)) if a == b);
    Ok((closing, (!all).then_some(Refusal::ReduceOnly)))
}
