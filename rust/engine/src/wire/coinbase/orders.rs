//! Orders → JSON bodies of Coinbase's REST calls; `sign` makes the token that goes beside them.
//!
//! Coinbase places under our id, but cancels and edits by its own only.

use crate::event::{NewOrder, OrderId, Side};
use crate::wire::digits::{push_client_id, push_quoted};
use crate::wire::request::{Amend, Market, Request, Terms, Unsendable, is_word, side_word};

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
    let terms = market.terms(order)?;
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
            body.extend_from_slice(b"\"limit_limit_gtc\":{\"base_size\":\"");
            market.push_qty(body, qty);
            body.extend_from_slice(b"\",\"limit_price\":\"");
            market.push_price(body, price);
            body.extend_from_slice(b"\",\"post_only\":false}}}");
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
