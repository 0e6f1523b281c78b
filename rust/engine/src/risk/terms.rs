//! The terms of an order that a strategy asks for: which can be, and what one that may only reduce
//! may be of.

use super::sizing::Asked;
use super::{Approved, Refusal, View};
use crate::ability::Abilities;
use crate::event::{NewOrder, OrderTerms, Size, Stop, StopKind, TimeInForce, Want};
use crate::exposure::Mark;
use crate::instrument::Instrument;
use crate::units::Nanos;

impl Approved {
    /// The same on other terms.
    pub(super) fn on(self, terms: OrderTerms) -> Self {
        Self(NewOrder { terms, ..self.0 })
    }
}

/// Whether an order can have these terms at `now`.
pub(super) fn check(terms: &OrderTerms, limited: bool, now: Nanos) -> Result<(), Refusal> {
    let at_once = matches!(terms.tif, TimeInForce::Ioc | TimeInForce::Fok);
    let over = matches!(terms.tif, TimeInForce::Gtd(until) if until <= now);
    // Nothing of a market order is left to end.
    let ends = matches!(terms.tif, TimeInForce::Gtd(_)) && !limited;
    let lies = terms.post_only && (at_once || !limited);
    let waits = terms.stop.is_none_or(|stop| {
        let usable = stop.trigger.is_positive() && !stop.trail.is_negative();
        // No limit follows a trigger that trails, and no profit is taken behind the best price.
        let trails = stop.trail.is_positive();
        let fits = !trails || (stop.kind == StopKind::Stop && !limited);
        usable && fits && !terms.post_only && !at_once
    });
    if over || ends || lies || !waits || terms.held { Err(Refusal::Terms) } else { Ok(()) }
}

/// The price that an order which waits for a trigger is sized and checked at: its trigger, which
/// the market must not have come to yet.
pub(super) fn at_trigger(mark: Mark, want: &Want) -> Result<Mark, Refusal> {
    let Want::Trade { side, terms: OrderTerms { stop: Some(stop), .. }, .. } = *want else {
        return Ok(mark);
    };
    if stop.is_reached(side, mark.price) {
        return Err(Refusal::Terms);
    }
    Ok(Mark { price: stop.trigger, ..mark })
}

/// Whether a venue lets an order wait so; else the engine holds it. What does not trail gets a
/// limit, if it has none yet: see [`Approved::protected`].
pub(super) fn can_wait(stop: &Stop, rules: &Instrument) -> bool {
    let trails = stop.trail.is_positive();
    Abilities::of(rules.venue()).can_wait(!trails, trails)
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
