//! Orders that wait: when the market has come to a trigger, and where one that trails is now.

use crate::event::{Side, Stop, StopKind};
use crate::units::{Overflow, Price};

/// Whether a market at `price` is where an order of `side` begins to work.
pub(super) fn reached(side: Side, stop: Stop, price: Price) -> bool {
    match (stop.kind, side) {
        (StopKind::Stop, Side::Sell) | (StopKind::TakeProfit, Side::Buy) => price <= stop.trigger,
        (StopKind::Stop, Side::Buy) | (StopKind::TakeProfit, Side::Sell) => price >= stop.trigger,
    }
}

/// The same after the market was at `price`: a trigger that trails never goes back.
pub(super) fn trailed(side: Side, stop: Stop, price: Price) -> Result<Stop, Overflow> {
    if !stop.trail.is_positive() {
        return Ok(stop);
    }
    let trigger = match side {
        Side::Sell => stop.trigger.max(price.minus(stop.trail)?),
        Side::Buy => stop.trigger.min(price.plus(stop.trail)?),
    };
    Ok(Stop { trigger, ..stop })
}
