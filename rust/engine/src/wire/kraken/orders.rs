//! Orders → frames of Kraken's private WebSocket v2, without the session's token.
//!
//! The token is spliced in by [`with_token`] when the frame is sent: it never lies in a journal.
//! `req_id` is the order's sequence, because a refusal names nothing else.

use crate::event::{NewOrder, OrderId, OrderTerms, Side, StopKind, TimeInForce};
use crate::wire::digits::{push_client_id, push_number, push_quoted, push_time};
use crate::wire::request::{Amend, Market, Request, Terms, Unsendable, Waiting, is_word};

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
    let (terms, waiting) = (market.terms(order)?, market.waiting(order)?);
    if order.terms.tif == TimeInForce::Fok {
        return Err(Unsendable::Fok);
    }
    if waiting.is_some() && matches!(terms, Terms::Cash { .. }) {
        return Err(Unsendable::Stop);
    }
    if matches!((&terms, order.side), (Terms::Cash { .. }, Side::Sell)) {
        return Err(Unsendable::QuoteSell);
    }
    begin(body, b"add_order", id);
    push_kind(body, waiting, matches!(terms, Terms::Limit { .. }));
    match terms {
        Terms::Limit { price, qty } => {
            push_time_in_force(body, &order.terms);
            push_limit(body, market, price, qty);
        }
        Terms::Market { qty } => {
            body.extend_from_slice(b"\"order_qty\":");
            market.push_qty(body, qty);
        }
        Terms::Cash { amount } => {
            body.extend_from_slice(b"\"cash_order_qty\":");
            market.push_cash(body, amount);
        }
    }
    if let Some(waiting) = waiting {
        body.extend_from_slice(b",\"triggers\":{\"reference\":\"last\",\"price\":");
        market.push_price(body, waiting.price);
        // A distance is told in quote.
        let of: &[u8] = if waiting.trails { b"quote" } else { b"static" };
        body.extend_from_slice(b",\"price_type\":\"");
        body.extend_from_slice(of);
        body.extend_from_slice(b"\"}");
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

/// The venue's word for the kind of order. Spot has no reduce-only: nothing can be sold beyond what
/// is held there.
fn push_kind(body: &mut Vec<u8>, waiting: Option<Waiting>, limited: bool) {
    body.extend_from_slice(b"\"order_type\":\"");
    body.extend_from_slice(match (waiting, limited) {
        (None, true) => b"limit",
        (None, false) => b"market",
        (Some(Waiting { trails: true, .. }), _) => b"trailing-stop",
        (Some(Waiting { kind: StopKind::Stop, .. }), false) => b"stop-loss",
        (Some(Waiting { kind: StopKind::Stop, .. }), true) => b"stop-loss-limit",
        (Some(Waiting { kind: StopKind::TakeProfit, .. }), false) => b"take-profit",
        (Some(Waiting { kind: StopKind::TakeProfit, .. }), true) => b"take-profit-limit",
    });
    body.extend_from_slice(b"\",");
}

fn push_time_in_force(body: &mut Vec<u8>, terms: &OrderTerms) {
    body.extend_from_slice(b"\"time_in_force\":\"");
    match terms.tif {
        TimeInForce::Gtc => body.extend_from_slice(b"gtc"),
        TimeInForce::Ioc | TimeInForce::Fok => body.extend_from_slice(b"ioc"),
        TimeInForce::Gtd(until) => {
            body.extend_from_slice(b"gtd\",\"expire_time\":\"");
            push_time(body, until);
        }
    }
    body.extend_from_slice(b"\",");
    if terms.post_only {
        body.extend_from_slice(b"\"post_only\":true,");
    }
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
