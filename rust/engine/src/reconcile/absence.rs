//! Orders of ours that a venue does not list → doubt, and behind its fence evidence.
//!
//! The bot draws the conclusion itself, from two questions that found nothing, the order's own
//! among them.

use super::{Case, Difference};
use crate::event::{OrderId, OrderUpdate, Question};
use crate::order::{Doubt, Order, OrderState};
use crate::units::Qty;

impl Case<'_> {
    pub(super) fn absences(&mut self) {
        let venue = self.report.venue.as_str();
        let here = |order: &&Order| {
            let rules = self.before.instrument(order.new_order().instrument);
            rules.is_some_and(|rules| rules.venue() == venue)
        };
        let ids: Vec<_> = self.after.orders().working().filter(here).map(Order::id).collect();
        for id in ids {
            self.owed(id);
            if !self.listed.contains_key(&id) {
                self.absent(id);
            }
        }
    }

    /// More of an order was said to be filled than its trades came to, and here they are not
    /// either.
    fn owed(&mut self, id: OrderId) {
        let (Some(before), Some(order)) = (self.before.orders().get(id), self.order(id)) else {
            return;
        };
        let owes = |order: &Order| order.owed().ok().filter(|owed: &Qty| owed.is_positive());
        let (Some(_), Some(owed)) = (owes(before), owes(&order)) else {
            return;
        };
        if self.is_quiet(id) && self.has_trades_of(&order) {
            self.differ_of(id, Difference::Owed(id, owed));
        }
    }

    fn absent(&mut self, id: OrderId) {
        let Some(order) = self.order(id) else {
            return;
        };
        let by_id = self.report.absent.contains(&id);
        match order.state() {
            OrderState::Unknown => {
                if let Some(doubt) = order.doubt() {
                    self.evidence(&order, &doubt, by_id);
                }
            }
            // It was there, or we have asked for its end: now nothing of it is sure. One that is on
            // its way is doubted by the bot where it is not answered in time.
            OrderState::Pending
            | OrderState::Open
            | OrderState::PartiallyFilled
            | OrderState::PendingCancel
            | OrderState::PendingAmend => {
                let gone = by_id || self.report.orders.is_some();
                let still = self.is_quiet(id) && self.is_listed_by_now(order.heard());
                if gone && still && order.sent() < self.report.asked_ts {
                    self.say(id, OrderUpdate::Unanswered, self.report.ts);
                }
            }
            OrderState::Initialized
            | OrderState::Intended
            | OrderState::Sent
            | OrderState::Filled
            | OrderState::Canceled
            | OrderState::Expired
            | OrderState::Rejected
            | OrderState::Denied
            | OrderState::Dead => {}
        }
    }

    /// What finding nothing says of an order in doubt.
    fn evidence(&mut self, order: &Order, doubt: &Doubt, by_id: bool) {
        let asked = self.report.asked_ts;
        let owes = order.owed().map_or(true, Qty::is_positive);
        if asked < doubt.fence() || owes {
            return;
        }
        let trades = self.has_trades_of(order);
        for (question, update, found_nothing) in [
            (Question::ById, OrderUpdate::NotFoundById, by_id),
            (Question::Open, OrderUpdate::NotFoundOpen, self.report.orders.is_some()),
            (Question::Trades, OrderUpdate::NotFoundTrades, trades),
        ] {
            if found_nothing && !doubt.found_nothing(question) {
                self.say(order.id(), update, asked);
            }
        }
    }
}
