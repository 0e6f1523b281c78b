//! Orders of ours that a venue does not list → doubt, and behind its fence evidence.
//!
//! The bot draws the conclusion itself, from two questions that found nothing.

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

    /// More of an order was said to be filled than its trades came to, and here they are not either.
    fn owed(&mut self, id: OrderId) {
        let (Some(before), Some(order)) = (self.before.orders().get(id), self.order(id)) else {
            return;
        };
        let owes = |order: &Order| order.owed().ok().filter(|owed: &Qty| owed.is_positive());
        let (Some(_), Some(owed)) = (owes(before), owes(&order)) else {
            return;
        };
        if self.is_quiet(id) && self.has_trades_of(&order) && !self.filled.contains(&id) {
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
            // It was there: now nothing of it is sure. One that was never shown may be on its way,
            // and what is not answered in time is doubted by the bot.
            OrderState::Pending
            | OrderState::Open
            | OrderState::PartiallyFilled
            | OrderState::PendingCancel
            | OrderState::PendingAmend => {
                let gone = by_id || self.report.orders.is_some();
                let still = self.is_quiet(id) && order.sent() < self.report.asked_ts;
                if gone && still && order.is_shown() && !self.filled.contains(&id) {
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
        if asked < doubt.fence() || self.filled.contains(&order.id()) || owes {
            return;
        }
        // An order that rested may have been filled just before the lists were asked for, and its
        // trade not be listed yet: that there is none counts only some time after it was not open.
        let open_before = doubt.found_nothing(Question::Open);
        let later = open_before && self.is_listed_by_now(doubt.nothing_at());
        let trades = self.has_trades_of(order) && (!order.is_shown() || later);
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
