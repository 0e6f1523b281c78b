//! Orders → JSON bodies of Coinbase's REST calls; `sign` makes the token that goes beside them.
//!
//! Coinbase places under our id, but cancels and edits by its own only.

use crate::event::{NewOrder, OrderId, Side, StopKind, TimeInForce};
use crate::wire::digits::{push_client_id, push_quoted, push_time};
use crate::wire::request::{
    Amend, Market, Request, Terms, Unsendable, Waiting, is_word, side_word,
};

const PLACE: Request = Request { method: "POST", path: "/api/v3/brokerage/orders" };
const CANCEL: Request = Request { method: "POST", path: "/api/v3/brokerage/orders/batch_cancel" };
const EDIT: Request = Request { method: "POST", path: "/api/v3/brokerage/orders/edit" };

/// Write a new order over what is in `body`.
pub fn place(
    market: &Market<'_>,
    id: OrderId,
    order: &NewOrder,
    body: &mut Vec<u8>,
) -> Result<Request, Unsendable> {
    let (terms, waiting) = (market.terms(order)?, market.waiting(order)?);
    if waiting.is_some() && !matches!(order.terms.tif, TimeInForce::Gtc | TimeInForce::Gtd(_)) {
        return Err(Unsendable::Stop);
    }
    if matches!((&terms, order.side), (Terms::Cash { .. }, Side::Sell)) {
        return Err(Unsendable::QuoteSell);
    }
    body.clear();
    body.extend_from_slice(b"{\"client_order_id\":\"");
    push_client_id(body, id);
    body.extend_from_slice(b"\",\"product_id\":");
    push_quoted(body, market.symbol);
    body.extend_from_slice(b",\"side\":\"");
    body.extend_from_slice(side_word(order.side));
    body.extend_from_slice(b"\",\"order_configuration\":{");
    match terms {
        Terms::Limit { price, qty } => {
            body.push(b'"');
            body.extend_from_slice(configuration(order.terms.tif, waiting.is_some()));
            body.extend_from_slice(b"\":{\"base_size\":\"");
            market.push_qty(body, qty);
            body.extend_from_slice(b"\",\"limit_price\":\"");
            market.push_price(body, price);
            body.push(b'"');
            if let TimeInForce::Gtd(until) = order.terms.tif {
                body.extend_from_slice(b",\"end_time\":\"");
                push_time(body, until);
                body.push(b'"');
            }
            match (waiting, order.terms.tif) {
                (Some(waiting), _) => push_trigger(body, market, order.side, waiting),
                (None, TimeInForce::Gtc | TimeInForce::Gtd(_)) => {
                    let rests: &[u8] = if order.terms.post_only { b"true" } else { b"false" };
                    body.extend_from_slice(b",\"post_only\":");
                    body.extend_from_slice(rests);
                }
                (None, TimeInForce::Ioc | TimeInForce::Fok) => {}
            }
            body.extend_from_slice(b"}}}");
        }
        Terms::Market { qty } => {
            body.extend_from_slice(b"\"market_market_ioc\":{\"base_size\":\"");
            market.push_qty(body, qty);
            body.extend_from_slice(b"\"}}}");
        }
        Terms::Cash { amount } => {
            body.extend_from_slice(b"\"market_market_ioc\":{\"quote_size\":\"");
            market.push_cash(body, amount);
            body.extend_from_slice(b"\"}}}");
        }
    }
    Ok(PLACE)
}

/// The venue's word for a limit order that lives so long. Spot has no reduce-only: nothing can be
/// sold beyond what is held there.
const fn configuration(tif: TimeInForce, waits: bool) -> &'static [u8] {
    match (tif, waits) {
        (TimeInForce::Gtd(_), true) => b"stop_limit_stop_limit_gtd",
        (_, true) => b"stop_limit_stop_limit_gtc",
        (TimeInForce::Gtc, false) => b"limit_limit_gtc",
        (TimeInForce::Gtd(_), false) => b"limit_limit_gtd",
        (TimeInForce::Fok, false) => b"limit_limit_fok",
        (TimeInForce::Ioc, false) => b"sor_limit_ioc",
    }
}

/// The trigger, and which way the market has to go to reach it.
fn push_trigger(body: &mut Vec<u8>, market: &Market<'_>, side: Side, waiting: Waiting) {
    let down = match (waiting.kind, side) {
        (StopKind::Stop, Side::Sell) | (StopKind::TakeProfit, Side::Buy) => true,
        (StopKind::Stop, Side::Buy) | (StopKind::TakeProfit, Side::Sell) => false,
    };
    body.extend_from_slice(b",\"stop_price\":\"");
    market.push_price(body, waiting.price);
    body.extend_from_slice(b"\",\"stop_direction\":\"STOP_DIRECTION_STOP_");
    body.extend_from_slice(if down { b"DOWN" } else { b"UP" });
    body.push(b'"');
}

/// Write a cancel of the order that Coinbase calls `venue_id` over what is in `body`.
pub fn cancel(venue_id: &str, body: &mut Vec<u8>) -> Result<Request, Unsendable> {
    if !is_word(venue_id) {
        return Err(Unsendable::VenueId);
    }
    body.clear();
    body.extend_from_slice(b"{\"order_ids\":[\"");
    body.extend_from_slice(venue_id.as_bytes());
    body.extend_from_slice(b"\"]}");
    Ok(CANCEL)
}

/// Write an amend of the order that Coinbase calls `venue_id` over what is in `body`.
pub fn amend(
    market: &Market<'_>,
    venue_id: &str,
    amend: &Amend,
    body: &mut Vec<u8>,
) -> Result<Request, Unsendable> {
    if !is_word(venue_id) {
        return Err(Unsendable::VenueId);
    }
    let (price, qty) = (market.price(amend.price)?, market.qty(amend.qty)?);
    body.clear();
    body.extend_from_slice(b"{\"order_id\":\"");
    body.extend_from_slice(venue_id.as_bytes());
    // Both are sent: what is left out would be taken away.
    body.extend_from_slice(b"\",\"price\":\"");
    market.push_price(body, price);
    body.extend_from_slice(b"\",\"size\":\"");
    market.push_qty(body, qty);
    body.extend_from_slice(b"\"}");
    Ok(EDIT)
}
