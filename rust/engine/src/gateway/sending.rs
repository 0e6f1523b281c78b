//! What the bot wants done → requests: each action is encoded for its venue. What a venue cannot be
//! told is answered at once, or waits until it can.

use super::{Gateway, GatewayError};
use crate::bot::BotError;
use crate::event::{
    Action, Amendment, Event, NewOrder, OrderId, OrderUpdate, Question, Transition,
};
use crate::instrument::Instrument;
use crate::order::{ORDERS_KEPT, Order, OrderState};
use crate::wire::request::{Amend, Market, Request, Unsendable};
use crate::wire::{binance, coinbase, kraken};

/// Most times that the bot answers to what cannot be sent, before the next arrival.
const ROUNDS_MAX: usize = 64;
/// Decimal places that venues take in an amount of quote.
const QUOTE_DECIMALS: u32 = 8;

/// What is to be sent, in the order it was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// Whose it is.
    pub id: OrderId,
    /// Of what, as `venue:SYMBOL`.
    pub symbol: &'a str,
    /// To which venue.
    pub venue: &'a str,
    /// What it asks for.
    pub kind: OutgoingKind,
    /// Where it goes, or why the venue cannot be told so.
    pub request: Result<Request, Unsendable>,
    /// The body, without time, signature and token.
    pub body: &'a [u8],
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutgoingKind {
    /// A new order.
    Place,
    /// That an order ends.
    Cancel,
    /// That an order is changed.
    Amend,
    /// What became of an order.
    Ask(Question),
}

impl Gateway {
    /// What came of it: records wait to be kept, breakers trip at once, orders are encoded. What
    /// cannot be sent is answered at once, and the bot may have more to say to that.
    pub(super) fn carry(
        &mut self,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<(), GatewayError> {
        for _ in 0..ROUNDS_MAX {
            if self.output.is_empty() {
                break;
            }
            if let Err(reason) = self.carry_once(send) {
                return Err(self.stop_halfway(reason, send));
            }
        }
        Ok(())
    }

    /// One round of it. Every action is carried out, whatever becomes of the others.
    pub(super) fn carry_once(
        &mut self,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<(), BotError> {
        let mut output = core::mem::take(&mut self.output);
        self.records.append(&mut output.records);
        let mut done = Ok(());
        for action in output.actions.drain(..) {
            let answer = match action {
                Action::Place { id, order } => self.place(id, &order, send),
                Action::Cancel { id } => self.cancel(id, send),
                Action::Amend { id, to } => self.amend(id, &to, send),
                Action::Ask { id, question } => self.ask(id, question, send),
                Action::Trip(trip) => {
                    Some(Event::Breaker(Transition { ts: self.bot.now(), ..trip }))
                }
            };
            if let Some(event) = answer {
                let told = self.bot.on(&event, &mut self.output);
                done = done.and(told);
            }
        }
        if self.output.is_empty() {
            // The room is kept.
            self.output = output;
        }
        done
    }

    /// Encode an order. What cannot be said to its venue is refused, so that it holds nothing back.
    fn place(
        &mut self,
        id: OrderId,
        order: &NewOrder,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Option<Event> {
        let rules = self.bot.state().instrument(order.instrument)?;
        let market = market(rules);
        let (venue, body) = (rules.venue(), &mut self.body);
        let request = match venue {
            "binance" => binance::orders::place(&market, id, order, body),
            "kraken" => kraken::orders::place(&market, id, order, body),
            _ => coinbase::orders::place(&market, id, order, body),
        };
        let (symbol, kind) = (rules.symbol.as_str(), OutgoingKind::Place);
        send(&Outgoing { id, symbol, venue, kind, request, body });
        request.err().map(|_| self.answer(id, OrderUpdate::Denied))
    }

    /// Encode a cancel, if it is still wanted. Where its venue's name is not known yet, it waits
    /// for that; where it can never be said, the order goes on.
    fn cancel(&mut self, id: OrderId, send: &mut impl FnMut(&Outgoing<'_>)) -> Option<Event> {
        self.unsent.remove(&id);
        let state = self.bot.state();
        let order = state.orders().get(id).filter(|order| is_canceling(order))?;
        let rules = state.instrument(order.new_order().instrument)?;
        let (venue, body) = (rules.venue(), &mut self.body);
        let request = match venue {
            "binance" => binance::orders::cancel(&market(rules), id, body),
            "kraken" => Ok(kraken::orders::cancel(id, body)),
            _ => {
                let venue_id = self.venue_ids.get(&id).map_or("", String::as_str);
                coinbase::orders::cancel(venue_id, body)
            }
        };
        let (symbol, kind) = (rules.symbol.as_str(), OutgoingKind::Cancel);
        send(&Outgoing { id, symbol, venue, kind, request, body });
        match request {
            Ok(_) => None,
            Err(Unsendable::VenueId) => {
                let orders = self.bot.state().orders();
                self.unsent.retain(|id| orders.get(*id).is_some_and(is_canceling));
                self.unsent.insert(id);
                None
            }
            Err(_) => Some(self.answer(id, OrderUpdate::CancelRejected)),
        }
    }

    /// Encode an amendment, if it is still wanted. One that cannot be said is refused.
    fn amend(
        &mut self,
        id: OrderId,
        to: &Amendment,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Option<Event> {
        let state = self.bot.state();
        let order = state.orders().get(id).filter(|order| order.amending() == Some(*to))?;
        let rules = state.instrument(order.new_order().instrument)?;
        let (venue, body) = (rules.venue(), &mut self.body);
        let amend = Amend { id, price: to.limit, qty: to.qty };
        let request = match venue {
            // It only replaces, under another id: what fills meanwhile would be bought twice.
            "binance" => Err(Unsendable::OnlyReplaced),
            "kraken" => kraken::orders::amend(&market(rules), &amend, body),
            _ => {
                let venue_id = self.venue_ids.get(&id).map_or("", String::as_str);
                coinbase::orders::amend(&market(rules), venue_id, &amend, body)
            }
        };
        let (symbol, kind) = (rules.symbol.as_str(), OutgoingKind::Amend);
        send(&Outgoing { id, symbol, venue, kind, request, body });
        request.err().map(|_| self.answer(id, OrderUpdate::AmendRejected))
    }

    /// A question goes out in the words of whoever asks: venues answer them over other ways.
    fn ask(
        &mut self,
        id: OrderId,
        question: Question,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Option<Event> {
        let state = self.bot.state();
        let order = state.orders().get(id)?.new_order();
        let rules = state.instrument(order.instrument)?;
        let (symbol, venue) = (rules.symbol.as_str(), rules.venue());
        let (kind, request) = (OutgoingKind::Ask(question), Ok(Request::QUESTION));
        send(&Outgoing { id, symbol, venue, kind, request, body: &[] });
        None
    }

    fn answer(&self, order: OrderId, update: OrderUpdate) -> Event {
        Event::Order { ts: self.bot.now(), order, update }
    }

    /// What a venue calls an order: Coinbase wants to hear that name when it is canceled. A cancel
    /// that waited for it is sent.
    pub fn name_order(
        &mut self,
        id: OrderId,
        venue_id: &str,
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<(), GatewayError> {
        self.venue_ids.insert(id, venue_id.to_owned());
        // Orders that the bot let go of need no name any more.
        let orders = self.bot.state().orders();
        if self.venue_ids.len() > 2 * ORDERS_KEPT {
            self.venue_ids.retain(|id, _| orders.get(*id).is_some());
        }
        if self.unsent.contains(&id) { self.send_cancels(&[id], send) } else { Ok(()) }
    }

    /// Send the cancels that were written down and that a venue has maybe not heard: after a
    /// restart. A venue that hears one twice refuses the second.
    pub fn send_again(&mut self, send: &mut impl FnMut(&Outgoing<'_>)) -> Result<(), GatewayError> {
        let ids: Vec<OrderId> = self.unsent.iter().copied().collect();
        self.send_cancels(&ids, send)
    }

    fn send_cancels(
        &mut self,
        ids: &[OrderId],
        send: &mut impl FnMut(&Outgoing<'_>),
    ) -> Result<(), GatewayError> {
        self.output.actions.extend(ids.iter().map(|id| Action::Cancel { id: *id }));
        self.carry(send)
    }
}

/// Whether an order may still be canceled as a record says. One that is known to work is not: its
/// venue would not.
fn is_canceling(order: &Order) -> bool {
    order.is_canceling() || order.state() == OrderState::Unknown
}

fn market(rules: &Instrument) -> Market<'_> {
    Market { symbol: rules.name(), instrument: rules, quote_decimals: QUOTE_DECIMALS }
}
