//! Orders → frames of Kraken's private WebSocket v2, without the session's token.
//!
//! The token is spliced in by [`with_token`] when the frame is sent: it never lies in a journal.
//! `req_id` is the order's sequence, because a refusal names nothing else.

use crate::event::{NewOrder, OrderId, Side};
use crate::wire::digits::{push_client_id, push_number, push_quoted};
use crate::wire::request::{Amend, Market, Request, Terms, Unsendable, is_word};

const FRAME: Request = Request { method: Request::FRAME, path: "/v2" };
/// What every frame ends with, and where the token goes: inside the parameters, which stand last.
const END: &[u8] = b"}}";

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
    begin(body, b"add_order", id);
    match terms {
        Terms::Limit { price, qty } => {
            body.extend_from_slice(b"\"order_type\":\"limit\",\"time_in_force\":\"gtc\",");
            push_limit(body, market, price, qty);
        }
        Terms::Market { qty } => {
            body.extend_from_slice(b"\"order_type\":\"market\",\"order_qty\":");
            market.push_qty(body, qty);
        }
        Terms::Cash { amount } => {
            body.extend_from_slice(b"\"order_type\":\"market\",\"cash_order_qty\":");
            market.push_cash(body, amount);
        }
    }
    body.extend_from_slice(b",\"side\":\"");
    body.extend_from_slice(order.side.name().as_bytes());
    body.extend_from_slice(b"\",\"symbol\":");
    push_quoted(body, market.symbol);
    body.extend_from_slice(b",\"cl_ord_id\":\"");
    push_client_id(body, id);
    body.extend_from_slice(b"\"}}");
    Ok(FRAME)
}

/// Write a cancel over what is in `body`.
pub fn cancel(id: OrderId, body: &mut Vec<u8>) -> Request {
    begin(body, b"cancel_order", id);
    body.extend_from_slice(b"\"cl_ord_id\":[\"");
    push_client_id(body, id);
    body.extend_from_slice(b"\"]}}");
    FRAME
}

/// Write an amend over what is in `body`. The order keeps its id, and its place where it can.
pub fn amend(
    market: &Market<'_>,
    amend: &Amend,
    body: &mut Vec<u8>,
) -> Result<Request, Unsendable> {
    let (price, qty) = (market.price(amend.price)?, market.qty(amend.qty)?);
    begin(body, b"amend_order", amend.id);
    body.extend_from_slice(b"\"cl_ord_id\":\"");
    push_client_id(body, amend.id);
    body.extend_from_slice(b"\",");
    push_limit(body, market, price, qty);
    body.extend_from_slice(END);
    Ok(FRAME)
}

/// Write the frame with the session's token in it over what is in `out`.
pub fn with_token(frame: &[u8], token: &str, out: &mut Vec<u8>) -> Result<(), Unsendable> {
    let open = frame.strip_suffix(END).ok_or(Unsendable::Frame)?;
    if !is_word(token) {
        return Err(Unsendable::Token);
    }
    out.clear();
    out.extend_from_slice(open);
    out.extend_from_slice(b",\"token\":\"");
    out.extend_from_slice(token.as_bytes());
    out.extend_from_slice(b"\"}}");
    Ok(())
}

fn begin(body: &mut Vec<u8>, method: &[u8], id: OrderId) {
    body.clear();
    body.extend_from_slice(b"{\"method\":\"");
    body.extend_from_slice(method);
    body.extend_from_slice(b"\",\"req_id\":");
    push_number(body, u64::from(id.sequence()));
    body.extend_from_slice(b",\"params\":{");
}

fn push_limit(body: &mut Vec<u8>, market: &Market<'_>, price: u64, qty: u64) {
    body.extend_from_slice(b"\"order_qty\":");
    market.push_qty(body, qty);
    body.extend_from_slice(b",\"limit_price\":");
    market.push_price(body, price);
}
