//! Where a position is closed by orders that wait: at a loss, at a profit, behind the best price.

use crate::event::{Exits, Side, Stop, StopKind};
use crate::instrument::{Instrument, UnitError, rate_down};
use crate::units::{Amount, Overflow, Price, Qty, Rate, Rounding};

/// Distances that no exit can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExitsError {
    /// It is no fraction that can be.
    #[error("{name} must be a fraction of the entry price above 0{below}, not {got}")]
    Fraction {
        /// Which.
        name: &'static str,
        /// Its upper limit, where it has one.
        below: &'static str,
        /// What it was.
        got: String,
    },
    /// Both kinds of stop.
    #[error("give stop_loss or trailing_stop, not both: one stop closes the position")]
    TwoStops,
    /// They would work against each other.
    #[error("a band would buy back what an exit sold: give exits or a band, not both")]
    Band,
}

impl Exits {
    /// From a strategy's numbers; `None`: there are none.
    pub fn new(
        stop_loss: Option<f64>,
        take_profit: Option<f64>,
        trailing_stop: Option<f64>,
    ) -> Result<Option<Self>, ExitsError> {
        if stop_loss.is_some() && trailing_stop.is_some() {
            return Err(ExitsError::TwoStops);
        }
        let loss = fraction("stop_loss", stop_loss, true)?;
        let trail = fraction("trailing_stop", trailing_stop, true)?;
        let take_profit = fraction("take_profit", take_profit, false)?;
        let (stop_loss, trails) = (loss.or(trail), trail.is_some());
        let some = stop_loss.is_some() || take_profit.is_some();
        Ok(some.then_some(Self { stop_loss, trails, take_profit }))
    }

    /// What waits to close `qty` that cost so much, the order that is counted first; a stop that
    /// trails lies behind the better of the entry and of what the market was `seen` at. A profit at
    /// no price that can be, a short's of all and more, is out of reach and left out.
    pub fn stops(
        &self,
        rules: &Instrument,
        qty: Qty,
        cost: Amount,
        seen: Option<Price>,
    ) -> Result<impl Iterator<Item = Stop>, Overflow> {
        let entry = rules.price_of(cost, qty)?;
        let side = if qty.is_positive() { Side::Sell } else { Side::Buy };
        let best = match (side, seen.filter(|_| self.trails)) {
            (_, None) => entry,
            (Side::Sell, Some(seen)) => entry.max(seen),
            (Side::Buy, Some(seen)) => entry.min(seen),
        };
        let at = |from: Price, rate: Rate, gains: bool| -> Result<Price, Overflow> {
            let up = gains == (side == Side::Sell);
            let price = rules.moved(from, if up { rate } else { rate.negated()? })?;
            match side {
                Side::Sell => rules.tick_above(price),
                Side::Buy => rules.tick_below(price),
            }
        };
        let loss = self.stop_loss.map(|rate| -> Result<Stop, Overflow> {
            let far = Amount::new(best.mantissa().into()).times(rate, Rounding::Nearest)?;
            let far = i64::try_from(far.mantissa()).map_err(|_| Overflow)?;
            let trail = if self.trails { rules.tick_above(Price::new(far))? } else { Price::ZERO };
            Ok(Stop { kind: StopKind::Stop, trigger: at(best, rate, false)?, trail })
        });
        let profit = self.take_profit.and_then(|rate| at(entry, rate, true).ok());
        let (kind, trail) = (StopKind::TakeProfit, Price::ZERO);
        let profit = profit.map(|trigger| Stop { kind, trigger, trail });
        let stops = [loss.transpose()?, profit];
        Ok(stops.into_iter().flatten().filter(|stop| stop.trigger.is_positive()))
    }
}

fn fraction(
    name: &'static str,
    value: Option<f64>,
    bounded: bool,
) -> Result<Option<Rate>, ExitsError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let below = if bounded { " and below 1" } else { "" };
    let wrong = |_: UnitError| ExitsError::Fraction { name, below, got: value.to_string() };
    let rate = rate_down(value).map_err(wrong)?;
    if !rate.is_positive() || (bounded && rate >= Rate::ONE) {
        return Err(wrong(UnitError::NotFinite));
    }
    Ok(Some(rate))
}
