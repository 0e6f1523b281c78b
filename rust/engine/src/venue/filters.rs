//! What a venue asks of every order before it takes it in: its filters, by its own count.

use serde::{Deserialize, Serialize};

use crate::event::{NewOrder, Side, Size, TimeInForce};
use crate::instrument::Instrument;
use crate::units::{Overflow, Price};

/// Why a venue will not have an order, or an amend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filter {
    /// A limit or trigger that is off the tick, or not above zero.
    Tick,
    /// A size that is off the lot, or not above zero.
    Lot,
    /// It is worth less than the least that may be ordered.
    Least,
    /// It is larger, or worth more, than the most that may be ordered.
    Most,
    /// The venue does not trade this.
    Unknown,
    /// The venue had too much to do.
    Busy,
}

/// The filter that an order does not pass, where the market is at `last`.
pub(super) fn refuses(
    order: &NewOrder,
    rules: Option<&Instrument>,
    last: Option<Price>,
) -> Result<Option<Filter>, Overflow> {
    let Some(rules) = rules else {
        return Ok(Some(Filter::Unknown));
    };
    let stop = order.terms.stop.map(|stop| stop.trigger);
    for price in [order.limit, stop].into_iter().flatten() {
        // A history may trade below its tick; what is taken to be one is no filter there.
        let off = price >= rules.tick && rules.tick_below(price)? != price;
        if off || !price.is_positive() {
            return Ok(Some(Filter::Tick));
        }
    }
    let worth = match order.size {
        Size::Base(qty) if !qty.is_positive() || rules.lots_down(qty) != qty => {
            return Ok(Some(Filter::Lot));
        }
        Size::Base(qty) => match stop.or_else(|| market(order, last)) {
            Some(price) => Some(rules.notional(price, qty)?),
            None => None,
        },
        Size::Quote(budget) if !budget.is_positive() => return Ok(Some(Filter::Lot)),
        Size::Quote(budget) => Some(budget),
    };
    // Where nobody knows a price yet, nobody can say that it is too small.
    let small = worth.is_some_and(|worth| worth < rules.notional_min);
    let large = worth.is_some_and(|worth| worth > rules.notional_max)
        || matches!(order.size, Size::Base(qty) if qty > rules.qty_max);
    Ok(match (small, large) {
        (true, _) => Some(Filter::Least),
        (false, true) => Some(Filter::Most),
        (false, false) => None,
    })
}

/// The price that an order which waits for nothing is judged at; `None` where nobody knows it yet.
/// The limit of one that takes at once is the worst that it takes, not what it is worth; and a sell
/// below the market fetches the market's price.
fn market(order: &NewOrder, last: Option<Price>) -> Option<Price> {
    match (order.terms.tif, order.side) {
        (TimeInForce::Ioc | TimeInForce::Fok, _) => last,
        (TimeInForce::Gtc | TimeInForce::Gtd(_), Side::Buy) => order.limit.or(last),
        (TimeInForce::Gtc | TimeInForce::Gtd(_), Side::Sell) => order.limit.max(last),
    }
}
