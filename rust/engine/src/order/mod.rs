//! [`Approved`] → an order and its whole life: one closed table of states and triggers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event::{Action, Amendment, Fill, NewOrder, OrderId, OrderTerms, OrderUpdate, TradeId};
use crate::exposure::Exposure;
use crate::instrument::InstrumentId;
use crate::risk::Approved;
use crate::units::{Amount, Nanos, Overflow, Qty};

mod doubt;
mod life;
mod state;

pub use doubt::{ANSWER_WITHIN, Doubt, Fence, NOT_FOUND_MIN};
pub use life::{AtRisk, Order, OrderError};
pub use state::{Move, OrderState, Trigger, table};

/// Orders whose life is over are kept until there are twice as many; then the older half goes.
pub const ORDERS_KEPT: usize = 1_024;

/// Most orders in a row that a journal may have lost while they were held here.
const LOST_MAX: u32 = 1_024;

/// What a fill did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// It was booked.
    Booked,
    /// It was booked although the order was over and no venue had announced it.
    Late,
    /// The same trade was booked before: nothing changed.
    Twice,
}

/// The orders of the run: all that work, and the last [`ORDERS_KEPT`] at least.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    epoch: u32,
    /// How long a request that left may still be taken in.
    fence: Nanos,
    /// The sequence of the first that is kept.
    first: u32,
    all: Vec<Order>,
    /// Those of which something may still come.
    working: Vec<u32>,
    /// Of each instrument, what its orders may still do at worst.
    at_risk: Vec<AtRisk>,
    /// The trades of orders that are kept.
    trades: BTreeSet<(u32, TradeId)>,
}

impl Orders {
    /// No orders yet; ids will carry `epoch`.
    #[must_use]
    pub fn new(epoch: u32) -> Self {
        Self { epoch, fence: Fence::default().span(), ..Self::default() }
    }

    /// The program started anew: ids carry `epoch` from now on, sequences go on.
    pub fn on_start(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    /// Use up an approval: the id the order will have, and the action that sends it.
    ///
    /// Nothing is stored until the record of it comes back through [`Orders::on_placed`]: what is
    /// sent was first written down.
    pub fn place(&self, approved: Approved) -> Result<Action, Overflow> {
        let id = OrderId::new(self.epoch, self.next_sequence()?);
        Ok(Action::Place { id, order: approved.into_order() })
    }

    /// The action that sends an order that was written down, while its life is not over and no
    /// trigger holds it.
    #[must_use]
    pub fn send(&self, id: OrderId) -> Option<Action> {
        let sendable = |order: &&Order| {
            !order.state().is_terminal() && order.state() != OrderState::Initialized
        };
        let order = *self.get(id).filter(sendable)?.new_order();
        // What we watched ourselves has come: the venue need not wait for it.
        let stop = order.terms.stop.filter(|_| !order.terms.held);
        let twin = order.terms.twin && !order.terms.held;
        let terms = OrderTerms { stop, held: false, twin, ..order.terms };
        Some(Action::Place { id, order: NewOrder { terms, ..order } })
    }

    /// An order was written down at `ts`.
    pub fn on_placed(&mut self, id: OrderId, new: NewOrder, ts: Nanos) -> Result<(), OrderError> {
        let (first, sequence) = (self.next_sequence()?, id.sequence());
        // Those between were held here when the journal lost them: no venue has heard of them.
        if sequence < first || sequence - first > LOST_MAX {
            return Err(OrderError::Illegal);
        }
        let order = Order::new(id, new, ts)?;
        let risked = self.at_risk(new.instrument).plus(order.at_risk()?)?;
        self.retire();
        let lost = (first..sequence).map(|lost| OrderId::new(id.epoch(), lost));
        self.all.extend(lost.map(|lost| Order::never_sent(lost, new, ts)));
        self.all.push(order);
        self.working.push(sequence);
        self.risk(new.instrument, risked);
        Ok(())
    }

    /// Something was said of an order at `ts`.
    pub fn on_update(
        &mut self,
        id: OrderId,
        update: OrderUpdate,
        ts: Nanos,
    ) -> Result<(), OrderError> {
        let fence = self.fence;
        self.change(id, |order| order.on_update(update, ts, fence))
    }

    /// Whether what is said of an order at `ts` cannot follow, or is of none that is kept.
    #[must_use]
    pub fn refuses(&self, id: OrderId, update: OrderUpdate, ts: Nanos) -> bool {
        let order = self.get(id).copied();
        order.is_none_or(|mut order| order.on_update(update, ts, self.fence).is_err())
    }

    /// The same of how much of it is said to be filled in all.
    #[must_use]
    pub fn refuses_told(&self, id: OrderId, qty: Qty, ts: Nanos) -> bool {
        let order = self.get(id).copied();
        order.is_none_or(|mut order| order.on_told(qty, ts).is_err())
    }

    /// We ask to amend an order.
    pub fn on_amend_sent(
        &mut self,
        id: OrderId,
        to: Amendment,
        ts: Nanos,
    ) -> Result<(), OrderError> {
        self.change(id, |order| order.on_amend_sent(to, ts))
    }

    /// A venue said at `ts` how much of an order is filled in all.
    pub fn on_told(&mut self, id: OrderId, qty: Qty, ts: Nanos) -> Result<(), OrderError> {
        self.change(id, |order| order.on_told(qty, ts))
    }

    /// Whether a fill can be of its order; `spent` is notional and fee. Changes nothing.
    pub fn check_fill(&self, fill: &Fill, spent: Amount) -> Result<(), OrderError> {
        self.get(fill.order).ok_or(OrderError::NoSuchOrder)?.check_fill(fill, spent)
    }

    /// Whether this trade of an order was booked before.
    #[must_use]
    pub fn has_trade(&self, id: OrderId, trade: TradeId) -> bool {
        self.trades.contains(&(id.sequence(), trade)) && self.get(id).is_some()
    }

    /// A venue filled; `spent` is what of it was paid in quote.
    pub fn on_fill(&mut self, fill: &Fill, spent: Amount) -> Result<Filled, OrderError> {
        if self.has_trade(fill.order, fill.trade) {
            return Ok(Filled::Twice);
        }
        let late = self.change(fill.order, |order| order.on_fill(fill, spent))?;
        self.trades.insert((fill.order.sequence(), fill.trade));
        Ok(if late { Filled::Late } else { Filled::Booked })
    }

    /// Change one order whole, or not at all; what it may still do changes with it.
    fn change<T>(
        &mut self,
        id: OrderId,
        change: impl FnOnce(&mut Order) -> Result<T, OrderError>,
    ) -> Result<T, OrderError> {
        let before = *self.get(id).ok_or(OrderError::NoSuchOrder)?;
        let mut after = before;
        let said = change(&mut after)?;
        let instrument = before.new_order().instrument;
        let risked = self.at_risk(instrument).minus(before.at_risk()?)?.plus(after.at_risk()?)?;
        if let Some(order) = self.get_mut(id) {
            *order = after;
        }
        self.risk(instrument, risked);
        let sequence = id.sequence();
        match (before.is_settled(), after.is_settled()) {
            (false, true) => self.working.retain(|working| *working != sequence),
            // Its venue announced fills of an order that was over.
            (true, false) => {
                let place = self.working.partition_point(|working| *working < sequence);
                self.working.insert(place, sequence);
            }
            (true, true) | (false, false) => {}
        }
        Ok(said)
    }

    /// Let go of the older half where there are too many of which nothing can come any more.
    fn retire(&mut self) {
        if self.all.len() < 2 * ORDERS_KEPT {
            return;
        }
        let over = self.all.iter().take_while(|order| order.is_settled()).count();
        let gone = over.min(self.all.len() - ORDERS_KEPT);
        if let Some(first) = u32::try_from(gone).ok().and_then(|n| self.first.checked_add(n)) {
            self.all.drain(..gone);
            self.first = first;
            self.trades = self.trades.split_off(&(first, TradeId::new(0)));
        }
    }

    fn next_sequence(&self) -> Result<u32, Overflow> {
        let kept = u32::try_from(self.all.len()).map_err(|_| Overflow)?;
        self.first.checked_add(kept).ok_or(Overflow)
    }

    /// The order of that id, while it is kept.
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.of_sequence(id.sequence()).filter(|order| order.id() == id)
    }

    fn of_sequence(&self, sequence: u32) -> Option<&Order> {
        let place = sequence.checked_sub(self.first)?;
        self.all.get(usize::try_from(place).ok()?)
    }

    /// What ids carry since the last start.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Every order that is kept, in the order of placing.
    #[must_use]
    pub fn all(&self) -> &[Order] {
        &self.all
    }

    /// The orders of which something may still come, oldest first.
    pub fn working(&self) -> impl Iterator<Item = &Order> {
        self.working.iter().filter_map(|sequence| self.of_sequence(*sequence))
    }

    /// How many orders work.
    #[must_use]
    pub fn working_len(&self) -> usize {
        self.working.len()
    }

    /// Whether the fate of an order of an instrument is unknown.
    #[must_use]
    pub fn is_doubtful(&self, instrument: InstrumentId) -> bool {
        let mut working = self.working();
        working.any(|order| {
            order.new_order().instrument == instrument && order.state() == OrderState::Unknown
        })
    }

    /// What the orders of an instrument may still do, at worst.
    #[must_use]
    pub fn at_risk(&self, instrument: InstrumentId) -> AtRisk {
        self.at_risk.get(instrument.index()).copied().unwrap_or_default()
    }

    /// What is working in an instrument, at its worst, around what is held.
    #[must_use]
    pub fn exposure(&self, instrument: InstrumentId, position: Qty) -> Exposure {
        let AtRisk { buy, sell } = self.at_risk(instrument);
        Exposure { position, working_buy: buy, working_sell: sell }
    }

    fn risk(&mut self, instrument: InstrumentId, at_risk: AtRisk) {
        let place = instrument.index();
        if place >= self.at_risk.len() {
            self.at_risk.resize(place + 1, AtRisk::default());
        }
        if let Some(slot) = self.at_risk.get_mut(place) {
            *slot = at_risk;
        }
    }

    fn get_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        let place = id.sequence().checked_sub(self.first)?;
        let order = self.all.get_mut(usize::try_from(place).ok()?);
        order.filter(|order| order.id() == id)
    }
}
