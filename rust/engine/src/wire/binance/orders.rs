//! Orders → parameters of Binance's REST calls, percent-encoded; `sign` adds time and signature.
//!
//! Binance can only shrink an order in its place. Any other amend cancels and places anew, under a
//! new id, and only where nothing is filled yet: `cancelRestrictions` makes the venue refuse it
//! when a fill comes first, because the replacement would then buy what was bought already.

use crate::event::{NewOrder, OrderId, Side, StopKind, TimeInForce};
use crate::units::{Price, Qty};
use crate::wire::digits::{push_client_id, push_percent_encoded};
use crate::wire::request::{Amend, Market, Request, Terms, Unsendable, Waiting, side_word};

const PLACE: Request = Request { method: "POST", path: "/api/v3/order" };
const CANCEL: Request = Request { method: "DELETE", path: "/api/v3/order" };
const SHRINK: Request = Request { method: "PUT", path: "/api/v3/order/amend/keepPriority" };
const REPLACE: Request = Request { method: "POST", path: "/api/v3/order/cancelReplace" };

/// An order that works, as it stands at the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Working {
    /// Which way.
    pub side: Side,
    /// Its limit.
    pub price: Price,
    /// Its whole size.
    pub qty: Qty,
    /// How much of it is filled, as far as we know.
    pub filled: Qty,
}

/// Write a new order over what is in `body`.
pub fn place(
    market: &Market<'_>,
    id: OrderId,
    order: &NewOrder,
    body: &mut Vec<u8>,
) -> Result<Request, Unsendable> {
    let (terms, waiting) = (market.terms(order)?, market.waiting(order)?);
    if order.terms.post_only && waiting.is_some() {
        return Err(Unsendable::Stop);
    }
    let kind = kind_of(&terms, order, waiting)?;
    body.clear();
    push_symbol(body, market);
    push_side(body, order.side);
    body.extend_from_slice(b"&type=");
    body.extend_from_slice(kind);
    push_terms(body, market, order, &terms);
    if let Some(waiting) = waiting {
        body.extend_from_slice(b"&stopPrice=");
        market.push_price(body, waiting.price);
    }
    body.extend_from_slice(b"&newClientOrderId=");
    push_client_id(body, id);
    Ok(PLACE)
}

/// Write a cancel over what is in `body`.
pub fn cancel(market: &Market<'_>, id: OrderId, body: &mut Vec<u8>) -> Result<Request, Unsendable> {
    market.named()?;
    body.clear();
    push_symbol(body, market);
    body.extend_from_slice(b"&origClientOrderId=");
    push_client_id(body, id);
    Ok(CANCEL)
}

/// Write an amend over what is in `body`. Where the order is replaced, the new one is `next`.
pub fn amend(
    market: &Market<'_>,
    working: &Working,
    amend: &Amend,
    next: OrderId,
    body: &mut Vec<u8>,
) -> Result<Request, Unsendable> {
    market.named()?;
    let (price, qty) = (market.price(amend.price)?, market.qty(amend.qty)?);
    if amend.price == working.price && amend.qty == working.qty {
        return Err(Unsendable::Unchanged);
    }
    let shrinks = amend.price == working.price && amend.qty < working.qty;
    if !shrinks && !working.filled.is_zero() {
        return Err(Unsendable::PartlyFilled);
    }
    body.clear();
    push_symbol(body, market);
    if shrinks {
        body.extend_from_slice(b"&origClientOrderId=");
        push_client_id(body, amend.id);
        // Without it Binance would give the order a name of its own.
        body.extend_from_slice(b"&newClientOrderId=");
        push_client_id(body, amend.id);
        body.extend_from_slice(b"&newQty=");
        market.push_qty(body, qty);
        return Ok(SHRINK);
    }
    push_side(body, working.side);
    body.extend_from_slice(b"&type=LIMIT&timeInForce=GTC&quantity=");
    market.push_qty(body, qty);
    body.extend_from_slice(b"&price=");
    market.push_price(body, price);
    body.extend_from_slice(b"&cancelReplaceMode=STOP_ON_FAILURE&cancelRestrictions=ONLY_NEW");
    body.extend_from_slice(b"&cancelOrigClientOrderId=");
    push_client_id(body, amend.id);
    body.extend_from_slice(b"&newClientOrderId=");
    push_client_id(body, next);
    Ok(REPLACE)
}

fn push_symbol(body: &mut Vec<u8>, market: &Market<'_>) {
    body.extend_from_slice(b"symbol=");
    push_percent_encoded(body, market.symbol.as_bytes());
}

fn push_side(body: &mut Vec<u8>, side: Side) {
    body.extend_from_slice(b"&side=");
    body.extend_from_slice(side_word(side));
}

/// The venue's word for the kind of order. Spot has no reduce-only: nothing can be sold beyond what
/// is held there.
fn kind_of(
    terms: &Terms,
    order: &NewOrder,
    waiting: Option<Waiting>,
) -> Result<&'static [u8], Unsendable> {
    let limited = matches!(terms, Terms::Limit { .. });
    Ok(match (waiting, limited) {
        // It would be a market order sized in quote that waits.
        (Some(_), _) if matches!(terms, Terms::Cash { .. }) => return Err(Unsendable::Stop),
        (Some(waiting), limited) => stop_word(waiting.kind, limited),
        (None, true) if order.terms.post_only => b"LIMIT_MAKER",
        (None, true) => b"LIMIT",
        (None, false) => b"MARKET",
    })
}

const fn stop_word(kind: StopKind, limited: bool) -> &'static [u8] {
    match (kind, limited) {
        (StopKind::Stop, false) => b"STOP_LOSS",
        (StopKind::Stop, true) => b"STOP_LOSS_LIMIT",
        (StopKind::TakeProfit, false) => b"TAKE_PROFIT",
        (StopKind::TakeProfit, true) => b"TAKE_PROFIT_LIMIT",
    }
}

/// Time in force, size and price. It ends no order at a time: the engine cancels that one.
fn push_terms(body: &mut Vec<u8>, market: &Market<'_>, order: &NewOrder, terms: &Terms) {
    match *terms {
        Terms::Limit { price, qty } => {
            if !order.terms.post_only {
                body.extend_from_slice(b"&timeInForce=");
                body.extend_from_slice(match order.terms.tif {
                    TimeInForce::Gtc | TimeInForce::Gtd(_) => b"GTC",
                    TimeInForce::Ioc => b"IOC",
                    TimeInForce::Fok => b"FOK",
                });
            }
            body.extend_from_slice(b"&quantity=");
            market.push_qty(body, qty);
            body.extend_from_slice(b"&price=");
            market.push_price(body, price);
        }
        Terms::Market { qty } => {
            body.extend_from_slice(b"&quantity=");
            market.push_qty(body, qty);
        }
        Terms::Cash { amount } => {
            body.extend_from_slice(b"&quoteOrderQty=");
            market.push_cash(body, amount);
        }
    }
}
