//! The lives of orders, followed while records are read: what is said of an order names it only.

use std::collections::BTreeMap;

use bot4_desk::Kept;
use bot4_engine::event::{NewOrder, OrderId};
use bot4_engine::journal::Record;
use bot4_engine::order::{Order, OrderError, OrderState};
use bot4_engine::units::{Amount, Nanos};

/// The orders that were met while reading, so that what becomes of them can be told whole.
#[derive(Default)]
pub(crate) struct Met(BTreeMap<OrderId, Order>);

/// How many orders are remembered while reading, those that still work not counted.
const MET_MAX: usize = 4_096;

impl Met {
    /// Orders and what becomes of them, of which nothing is told.
    pub(crate) fn meet(&mut self, entries: &[Kept]) {
        for record in entries.iter().flat_map(|entry| &entry.records) {
            self.on_record(record);
        }
        self.forget();
    }

    /// One record more.
    pub(crate) fn on_record(&mut self, record: &Record) {
        match *record {
            Record::Placed { ts, id, order, .. } => {
                if let Ok(order) = Order::new(id, order, ts) {
                    self.0.insert(id, order);
                }
            }
            Record::Update { ts, order, update } => {
                self.change(order, |order| order.on_update(update, ts, Nanos::ZERO));
            }
            Record::Amend { ts, order, to } => {
                self.change(order, |order| order.on_amend_sent(to, ts));
            }
            Record::CumQty { ts, order, qty } => {
                self.change(order, |order| order.on_told(qty, ts));
            }
            // What it cost is the ledger's: here only the life counts.
            Record::Fill(fill) => {
                self.change(fill.order, |order| order.on_fill(&fill, Amount::ZERO).map(|_| ()))
            }
            Record::Deposit { .. }
            | Record::Booked { .. }
            | Record::Rate { .. }
            | Record::Intent { .. }
            | Record::Refused { .. }
            | Record::Clipped { .. }
            | Record::Crossed { .. }
            | Record::Breaker(_)
            | Record::Control { .. }
            | Record::Equity { .. }
            | Record::Pause { .. }
            | Record::Start { .. }
            | Record::Stop { .. }
            | Record::Flatten { .. }
            | Record::Freeze { .. }
            | Record::Status { .. }
            | Record::Measured { .. } => {}
        }
    }

    /// What was kept was possible when it was.
    fn change(&mut self, id: OrderId, change: impl Fn(&mut Order) -> Result<(), OrderError>) {
        if let Some(order) = self.0.get_mut(&id) {
            let mut after = *order;
            if change(&mut after).is_ok() {
                *order = after;
            }
        }
    }

    /// Let the oldest go whose life is over.
    pub(crate) fn forget(&mut self) {
        let over = self.0.values().filter(|order| order.state().is_terminal()).count();
        if over > 2 * MET_MAX {
            let mut gone = over - MET_MAX;
            self.0.retain(|_, order| {
                let goes = gone > 0 && order.state().is_terminal();
                gone -= usize::from(goes);
                !goes
            });
        }
    }

    /// An order as it is now, and its state.
    pub(crate) fn get(&self, id: OrderId) -> Option<(NewOrder, OrderState)> {
        self.0.get(&id).map(|order| (*order.new_order(), order.state()))
    }
}
