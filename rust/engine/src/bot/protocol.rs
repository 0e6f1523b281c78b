//! What the bot owes every order: an answer in time, or doubt; questions while there is doubt; an
//! end to it by evidence alone.
//!
//! A request that was not answered in time may live, be filled, or lie on its way. It keeps its
//! exposure, its instrument may only be reduced, and the venue is asked. Behind the fence two
//! questions that find nothing, one of them by its id, prove that it never arrived, or is gone. A
//! new attempt is a new order.

use super::{Bot, BotError, Output};
use crate::ability::Abilities;
use crate::event::{
    Action, Event, Fill, Intent, OrderId, OrderUpdate, Question, SleeveId, TimeInForce,
    Unexplained, Want,
};
use crate::instrument::InstrumentId;
use crate::journal::{Record, StateError};
use crate::order::{ANSWER_WITHIN, Order, OrderError, OrderState};
use crate::units::Nanos;

/// Events that changed nothing, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ignored {
    /// Trades that were booked before.
    pub twice: u64,
    /// What cannot follow from an order's state.
    pub illegal: u64,
    /// Of orders that are not ours, or were let go.
    pub unknown: u64,
    /// Fills of more than was ordered.
    pub overfills: u64,
}

/// What is due of one order.
enum Due {
    Nothing,
    /// It was not answered in time.
    Doubt,
    /// We asked to cancel and heard nothing: once more, as that harms nothing. Or its time is over
    /// and its venue does not see to that.
    Cancel,
    /// Its time is over, and no venue knows of it.
    Expire,
    /// The venue is asked.
    Ask(&'static [Question]),
}

/// What of an order is due at `now`; `ends` is whether its venue ends orders at their time.
fn due(order: &Order, now: Nanos, ends: bool) -> Due {
    let silent = now.mantissa().saturating_sub(order.asked().mantissa());
    let late = silent >= ANSWER_WITHIN.mantissa();
    let since = now.mantissa().saturating_sub(order.sent().mantissa());
    let overdue = since >= ANSWER_WITHIN.mantissa();
    if let TimeInForce::Gtd(until) = order.new_order().terms.tif {
        let grace = if ends { ANSWER_WITHIN.mantissa() } else { 0 };
        let over = now.mantissa() >= until.mantissa().saturating_add(grace);
        let state = order.state();
        if state == OrderState::Initialized && now >= until {
            return Due::Expire;
        }
        let works =
            matches!(state, OrderState::Pending | OrderState::Open | OrderState::PartiallyFilled);
        // Where its venue refused that, not again at every tick.
        if works && over && (late || order.asked() < until) {
            return Due::Cancel;
        }
    }
    match order.state() {
        // However often it was called back meanwhile.
        OrderState::Intended | OrderState::Sent if overdue => Due::Doubt,
        OrderState::PendingCancel if overdue && !order.is_shown() => Due::Doubt,
        OrderState::PendingAmend if late => Due::Doubt,
        OrderState::PendingCancel if late => Due::Cancel,
        // Its venue would not cancel it.
        OrderState::Pending | OrderState::Open | OrderState::PartiallyFilled
            if late && order.is_canceling() =>
        {
            Due::Cancel
        }
        OrderState::Unknown => match order.doubt() {
            Some(doubt) if doubt.is_due(now) => Due::Ask(doubt.questions(now)),
            Some(_) | None => Due::Nothing,
        },
        // Its venue said that more was filled than we were told.
        OrderState::Filled
        | OrderState::Canceled
        | OrderState::Expired
        | OrderState::Rejected
        | OrderState::Denied
        | OrderState::Dead
            if late && !order.is_settled() =>
        {
            Due::Ask(&[Question::Trades])
        }
        OrderState::Initialized
        | OrderState::Intended
        | OrderState::Sent
        | OrderState::Pending
        | OrderState::Open
        | OrderState::PartiallyFilled
        | OrderState::PendingCancel
        | OrderState::PendingAmend
        | OrderState::Filled
        | OrderState::Canceled
        | OrderState::Expired
        | OrderState::Rejected
        | OrderState::Denied
        | OrderState::Dead => Due::Nothing,
    }
}

impl Bot {
    /// What is due of every order at the present time.
    pub(super) fn chase(&mut self, out: &mut Output) -> Result<(), BotError> {
        let ts = self.now;
        let orders = self.state.orders().working();
        let owed: Vec<(OrderId, Due)> = orders
            .map(|order| (order.id(), due(order, ts, self.ends_orders(order))))
            .filter(|(_, due)| !matches!(due, Due::Nothing))
            .collect();
        if owed.is_empty() {
            return Ok(());
        }
        for (order, due) in owed {
            match due {
                Due::Nothing => {}
                Due::Doubt => {
                    self.keep(Record::Update { ts, order, update: OrderUpdate::Unanswered }, out)?;
                }
                Due::Expire => {
                    self.keep(Record::Update { ts, order, update: OrderUpdate::Expired }, out)?;
                }
                Due::Cancel => self.call_back(order, out)?,
                Due::Ask(questions) => {
                    for question in questions {
                        let update = question.asked();
                        self.keep(Record::Update { ts, order, update }, out)?;
                        out.actions.push(Action::Ask { id: order, question: *question });
                    }
                    // What was refused before the order arrived is not refused after.
                    let orders = self.state.orders();
                    if orders.get(order).is_some_and(Order::is_canceling) {
                        self.call_back(order, out)?;
                    }
                }
            }
        }
        self.reserve()
    }

    /// Whether the venue of an order ends it at its time.
    fn ends_orders(&self, order: &Order) -> bool {
        let rules = self.state.instrument(order.new_order().instrument);
        rules.is_some_and(|rules| Abilities::of(rules.venue()).gtd)
    }

    /// Something was said of an order.
    pub(super) fn on_order(
        &mut self,
        ts: Nanos,
        order: OrderId,
        update: OrderUpdate,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let was_there = self.is_at_venue(order);
        let kept = self.keep(Record::Update { ts, order, update }, out);
        self.count(kept)?;
        self.ask_or_doubt(order, update, out)?;
        if !was_there && matches!(update, OrderUpdate::Received | OrderUpdate::Acked) {
            self.call_back_arrived(order, out)?;
        }
        let dead = self.conclude(order, out)?;
        self.reserve()?;
        // What waited for it, or wanted it, goes on as a new attempt.
        self.replacing = dead.then_some(order);
        let went_on = match self.state.released() {
            Some(_) => self.go_on(out),
            None if dead => self.attempt_again(order, out),
            None => Ok(()),
        };
        self.replacing = None;
        went_on
    }

    /// Whether an order is known to work at its venue.
    fn is_at_venue(&self, id: OrderId) -> bool {
        matches!(
            self.state.orders().get(id).map(Order::state),
            Some(
                OrderState::Pending
                    | OrderState::Open
                    | OrderState::PartiallyFilled
                    | OrderState::PendingCancel
                    | OrderState::PendingAmend
            )
        )
    }

    /// An order that was called back before its venue had it, or while nobody knew, has come: what
    /// was refused then is asked for again.
    fn call_back_arrived(&mut self, id: OrderId, out: &mut Output) -> Result<(), BotError> {
        let canceling = self.state.orders().get(id).is_some_and(Order::is_canceling);
        if canceling && self.is_at_venue(id) { self.call_back(id, out) } else { Ok(()) }
    }

    /// Ask for the end of an order. One that is held ends at once: no venue knows it.
    pub(super) fn call_back(&mut self, id: OrderId, out: &mut Output) -> Result<(), BotError> {
        let ts = self.now;
        if self.state.orders().get(id).is_some_and(Order::is_held) {
            return self.keep(Record::Update { ts, order: id, update: OrderUpdate::Canceled }, out);
        }
        self.keep(Record::Update { ts, order: id, update: OrderUpdate::CancelSent }, out)?;
        out.actions.push(Action::Cancel { id });
        Ok(())
    }

    /// A venue that will not cancel an order may have it no more: it is asked. One that has never
    /// heard of an order which we take to work there leaves it in doubt.
    fn ask_or_doubt(
        &mut self,
        id: OrderId,
        update: OrderUpdate,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let works = self.is_at_venue(id);
        if works && update == OrderUpdate::CancelRejected {
            let update = OrderUpdate::AskedById;
            self.keep(Record::Update { ts: self.now, order: id, update }, out)?;
            out.actions.push(Action::Ask { id, question: Question::ById });
        }
        if works && update == OrderUpdate::NotFoundById {
            let update = OrderUpdate::Unanswered;
            self.keep(Record::Update { ts: self.now, order: id, update }, out)?;
        }
        Ok(())
    }

    /// A target whose order never arrived is wanted anew, under a new id.
    fn attempt_again(&mut self, dead: OrderId, out: &mut Output) -> Result<(), BotError> {
        let Some(order) = self.state.orders().get(dead) else {
            return Ok(());
        };
        let sleeve = order.new_order().sleeve;
        let (Some(_), Some(intent)) = (self.state.target(sleeve), self.state.carried(sleeve))
        else {
            return Ok(());
        };
        if self.is_held_back(sleeve) || self.state.is_trading(sleeve) {
            return Ok(());
        }
        self.want(&intent, out)
    }

    /// Where the evidence is whole, the doubt ends. Whether it never arrived.
    fn conclude(&mut self, id: OrderId, out: &mut Output) -> Result<bool, BotError> {
        let Some(order) = self.state.orders().get(id) else {
            return Ok(false);
        };
        let proven = order.doubt().is_some_and(|doubt| doubt.is_proven_absent());
        if order.state() != OrderState::Unknown || !proven {
            return Ok(false);
        }
        let shown = order.is_shown();
        let update = if shown { OrderUpdate::Gone } else { OrderUpdate::NeverArrived };
        self.keep(Record::Update { ts: self.now, order: id, update }, out)?;
        Ok(!shown)
    }

    /// A venue filled. The same trade twice is counted and not written down. A fill that its order
    /// cannot have freezes the instrument.
    pub(super) fn on_fill(&mut self, fill: &Fill, out: &mut Output) -> Result<(), BotError> {
        if self.state.orders().has_trade(fill.order, fill.trade) {
            self.ignored.twice += 1;
            return Ok(());
        }
        let kept = self.keep(Record::Fill(*fill), out);
        if let Err(error) = self.count(kept) {
            let order = self.state.orders().get(fill.order);
            if let Some(instrument) = order.map(|order| order.new_order().instrument) {
                self.freeze(self.now, instrument, Some(Unexplained::Fill), out)?;
            }
            return Err(error);
        }
        self.value()?;
        self.reserve()?;
        let order = self.state.orders().get(fill.order);
        if let Some(instrument) = order.map(|order| order.new_order().instrument) {
            // The money is gone as told; who trades at such a price is not to be traded with.
            if order.is_some_and(|order| !order.allows(fill.price)) {
                self.freeze(self.now, instrument, Some(Unexplained::Price), out)?;
            }
            self.call_back_uncovered(instrument, out)?;
        }
        self.go_on(out)
    }

    /// Nothing of an instrument is ordered any more, and what works is called back; or it may be
    /// ordered again.
    pub(super) fn freeze(
        &mut self,
        ts: Nanos,
        instrument: InstrumentId,
        why: Option<Unexplained>,
        out: &mut Output,
    ) -> Result<(), BotError> {
        if self.state.frozen(instrument) == why {
            return Ok(());
        }
        self.keep(Record::Freeze { ts, instrument, why }, out)?;
        if why.is_none() {
            return Ok(());
        }
        let here = |sleeve: &SleeveId| {
            self.sleeves.get(sleeve.index()).is_some_and(|seat| seat.instrument == instrument)
        };
        let seats = (0..).map(SleeveId).take(self.sleeves.len()).filter(here);
        let working: Vec<_> = seats.filter(|sleeve| self.has_to_cancel(*sleeve)).collect();
        for sleeve in working {
            self.want(&Intent { sleeve, want: Want::CancelAll }, out)?;
        }
        Ok(())
    }

    /// The program started anew and cannot know what left: orders that no venue has shown are in
    /// doubt from now on. For drivers whose sending did not go on with them.
    pub fn doubt_unshown(&mut self, ts: Nanos, out: &mut Output) -> Result<(), BotError> {
        let sent = |order: &&Order| {
            matches!(order.state(), OrderState::Intended | OrderState::Sent) && !order.is_shown()
        };
        let ids: Vec<_> = self.state.orders().working().filter(sent).map(Order::id).collect();
        for order in ids {
            self.on(&Event::Order { ts, order, update: OrderUpdate::Unanswered }, out)?;
        }
        Ok(())
    }

    /// Whether an event of an order would change nothing: it was booked before, or cannot follow.
    #[must_use]
    pub fn ignores(&self, event: &Event) -> bool {
        let orders = self.state.orders();
        if let Event::Fill(fill) = event {
            return orders.has_trade(fill.order, fill.trade) || self.state.refuses_fill(fill);
        }
        if let Event::Order { ts, order, update } = *event {
            return orders.refuses(order, update, ts);
        }
        if let Event::CumQty { ts, order, qty } = *event {
            return orders.refuses_told(order, qty, ts);
        }
        false
    }

    /// Events of orders that changed nothing, since this bot was made.
    #[must_use]
    pub fn ignored(&self) -> Ignored {
        self.ignored
    }

    /// An event that could not be is counted; it changed nothing.
    pub(super) fn count(&mut self, kept: Result<(), BotError>) -> Result<(), BotError> {
        if let Err(BotError::State(StateError::Order(error))) = &kept {
            match error {
                OrderError::NoSuchOrder => self.ignored.unknown += 1,
                OrderError::Illegal => self.ignored.illegal += 1,
                OrderError::Overfill => self.ignored.overfills += 1,
                OrderError::Overflow(_) => {}
            }
        }
        kept
    }
}
