//! Orders that a venue lists → how much of each is filled, and where each is in its life.

use super::{Case, Difference, ReportedOrder, ReportedState, Whose};
use crate::event::{Event, OrderId, OrderUpdate, Size};
use crate::journal::Record;
use crate::order::{Order, OrderState};
use crate::units::{Price, Qty};

impl Case<'_> {
    /// Which of the orders that are listed are ours.
    pub(super) fn orders_are_ours(&mut self) {
        let mut all: Vec<_> = self.report.listed().collect();
        // The furthest that an order is said to be comes last, and counts.
        all.sort();
        for (place, order) in all.iter().enumerate() {
            if all.get(place + 1).is_some_and(|next| next.name == order.name) {
                continue;
            }
            match self.whose(&order.name) {
                Whose::Ours(id) => {
                    self.listed.insert(id, *order);
                }
                Whose::LetGo => {}
                Whose::Unrecorded(id) => {
                    self.differ(order.instrument, Difference::Unrecorded(id));
                    self.told.findings.foreign_orders.push((*order).clone());
                }
                Whose::Foreign => self.told.findings.foreign_orders.push((*order).clone()),
            }
        }
    }

    /// How much of each is filled, and where it is.
    pub(super) fn listed_orders(&mut self) {
        let listed: Vec<_> = self.listed.iter().map(|(id, order)| (*id, *order)).collect();
        for (id, listed) in &listed {
            self.filled_in_all(*id, listed);
        }
        for (id, listed) in listed {
            if !self.contradicted.contains(&id) {
                self.place_in_life(id, listed);
            }
        }
    }

    fn filled_in_all(&mut self, id: OrderId, listed: &ReportedOrder) {
        let Some(order) = self.order(id) else {
            return;
        };
        let new = order.new_order();
        if (new.instrument, new.side) != (listed.instrument, listed.side) {
            self.contradicted.insert(id);
            self.differ_of(id, Difference::Order(id));
            return;
        }
        let known = order.owed().and_then(|owed| order.filled().plus(owed));
        if known.is_ok_and(|known| listed.cum > known) {
            let (ts, qty) = (self.report.ts, listed.cum);
            let event = Event::CumQty { ts, order: id, qty };
            if !self.tell(event, &Record::CumQty { ts, order: id, qty }) {
                self.differ_of(id, Difference::Overfilled(id));
            }
        } else if listed.cum < order.filled() && is_over(listed.state) && self.is_quiet(id) {
            self.differ_of(id, Difference::Unfilled(id));
        }
    }

    fn place_in_life(&mut self, id: OrderId, listed: &ReportedOrder) {
        let Some(order) = self.order(id) else {
            return;
        };
        let ts = self.report.ts;
        if order.state().is_terminal() {
            // Its trades were asked for later, and may have ended it in between.
            let before = self.before.orders().get(id);
            let was_over = before.is_some_and(|before| before.state().is_terminal());
            if was_over && !is_over(listed.state) && self.is_quiet(id) {
                self.differ_of(id, Difference::Returned(id));
            }
            return;
        }
        match listed.state {
            ReportedState::Pending if self.is_news(&order, false) => {
                self.say(id, OrderUpdate::Received, ts);
            }
            ReportedState::Pending => {}
            ReportedState::Open => self.works(&order, listed),
            ReportedState::Filled => self.is_done(&order, listed),
            ReportedState::Canceled => self.say(id, OrderUpdate::Canceled, ts),
            ReportedState::Expired => self.say(id, OrderUpdate::Expired, ts),
            // What was taken in and is refused after all is over just so.
            ReportedState::Rejected if order.is_shown() => self.say(id, OrderUpdate::Canceled, ts),
            ReportedState::Rejected => self.say(id, OrderUpdate::Rejected, ts),
        }
    }

    /// Whether that an order is at its venue is news. A doubt that began after the questions is
    /// not ended by their answers.
    fn is_news(&self, order: &Order, works: bool) -> bool {
        match order.state() {
            OrderState::Initialized | OrderState::Intended | OrderState::Sent => true,
            OrderState::Pending => works,
            OrderState::Unknown => {
                order.doubt().is_none_or(|doubt| doubt.since() <= self.report.asked_ts)
            }
            OrderState::Open
            | OrderState::PartiallyFilled
            | OrderState::PendingCancel
            | OrderState::PendingAmend
            | OrderState::Filled
            | OrderState::Canceled
            | OrderState::Expired
            | OrderState::Rejected
            | OrderState::Denied
            | OrderState::Dead => false,
        }
    }

    fn works(&mut self, order: &Order, listed: &ReportedOrder) {
        let id = order.id();
        if order.amending().is_some() {
            if !self.amended(order, listed) {
                return;
            }
        } else if !has_terms_of(listed, order) && self.is_quiet(id) {
            self.differ_of(id, Difference::Order(id));
        }
        if self.is_news(order, true) {
            self.say(id, OrderUpdate::Acked, self.report.ts);
        }
    }

    fn is_done(&mut self, order: &Order, listed: &ReportedOrder) {
        let (id, ts) = (order.id(), self.report.ts);
        // Some of its trades are still to come.
        if order.filled() < listed.cum {
            return;
        }
        if order.amending().is_some() {
            self.amended(order, listed);
        }
        let Some(order) = self.order(id).filter(|order| !order.state().is_terminal()) else {
            return;
        };
        match order.new_order().size {
            // Its venue spends no more, and told us of every trade before it said so.
            Size::Quote(_) if order.filled().is_positive() => {
                self.say(id, OrderUpdate::Canceled, ts);
            }
            Size::Base(_) | Size::Quote(_) if self.is_quiet(id) => {
                self.differ_of(id, Difference::Order(id));
            }
            Size::Base(_) | Size::Quote(_) => {}
        }
    }

    /// An order that we asked to amend is listed: whether its terms say what became of that. Its
    /// old ones do so only where the request can no longer be on its way, or the order is over.
    fn amended(&mut self, order: &Order, listed: &ReportedOrder) -> bool {
        let (id, ts) = (order.id(), self.report.ts);
        let Some(to) = order.amending() else {
            return true;
        };
        let is_new = has_terms(listed, Some(to.limit), Size::Base(to.qty));
        let is_old = has_terms_of(listed, order);
        let asked = self.report.asked_ts;
        let passed = order.doubt().is_some_and(|doubt| doubt.fence() <= asked);
        match (is_new, is_old) {
            (true, false) => self.say(id, OrderUpdate::Amended, ts),
            (false, true) if passed || is_over(listed.state) => {
                self.say(id, OrderUpdate::AmendRejected, ts);
            }
            (false, true) | (true, true) => return false,
            (false, false) => {
                if self.is_quiet(id) {
                    self.differ_of(id, Difference::Order(id));
                }
                return false;
            }
        }
        true
    }
}

/// Whether a state is an end.
const fn is_over(state: ReportedState) -> bool {
    match state {
        ReportedState::Pending | ReportedState::Open => false,
        ReportedState::Filled
        | ReportedState::Canceled
        | ReportedState::Expired
        | ReportedState::Rejected => true,
    }
}

fn has_terms_of(listed: &ReportedOrder, order: &Order) -> bool {
    has_terms(listed, order.new_order().limit, order.new_order().size)
}

/// Whether an order is listed with this limit and size, as far as it is listed with any. A market
/// order has no limit of ours to compare.
fn has_terms(listed: &ReportedOrder, limit: Option<Price>, size: Size) -> bool {
    let same_limit = limit.is_none() || listed.limit.is_none_or(|told| Some(told) == limit);
    let same_size = match size {
        Size::Base(qty) => listed.qty.is_none_or(|told: Qty| told == qty),
        Size::Quote(_) => true,
    };
    same_limit && same_size
}
