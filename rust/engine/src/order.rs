//! [`Approved`] → an order and its whole life: one closed table of states and triggers.

use serde::{Deserialize, Serialize};

use crate::event::{Action, Fill, NewOrder, OrderId, OrderUpdate, Side, Size};
use crate::exposure::Exposure;
use crate::instrument::InstrumentId;
use crate::risk::Approved;
use crate::units::{Amount, Overflow, Price, Qty};

/// Where an order is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderState {
    /// Written down and on its way; the venue has not answered.
    Pending,
    /// At the venue.
    Open,
    /// At the venue, partly done.
    PartiallyFilled,
    /// We asked to cancel.
    PendingCancel,
    /// The answer is unclear. It keeps its exposure until the venue gives evidence.
    Unknown,
    /// Done.
    Filled,
    /// Canceled, perhaps partly filled.
    Canceled,
    /// Its time ran out, perhaps partly filled.
    Expired,
    /// The venue refused it.
    Rejected,
    /// It never arrived at the venue, proven.
    Dead,
}

/// What moves an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// An answer of the venue, or our own request.
    Update(OrderUpdate),
    /// A fill that leaves something.
    PartFill,
    /// The fill that leaves nothing.
    LastFill,
}

/// What a trigger does in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// On to this state.
    To(OrderState),
    /// Nothing: it says what is already so.
    Stay,
    /// Booked although the order was over, and counted.
    LateFill,
    /// It cannot be: counted as an error, nothing changes.
    Illegal,
}

impl OrderState {
    /// Every state, in the order of a life.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Open,
        Self::PartiallyFilled,
        Self::PendingCancel,
        Self::Unknown,
        Self::Filled,
        Self::Canceled,
        Self::Expired,
        Self::Rejected,
        Self::Dead,
    ];

    /// Whether its life is over.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Pending
            | Self::Open
            | Self::PartiallyFilled
            | Self::PendingCancel
            | Self::Unknown => false,
            Self::Filled | Self::Canceled | Self::Expired | Self::Rejected | Self::Dead => true,
        }
    }

    /// The table: what `trigger` does here.
    #[must_use]
    pub const fn on(self, trigger: Trigger) -> Move {
        use OrderState as S;
        use OrderUpdate as U;
        if self.is_terminal() {
            return match trigger {
                Trigger::PartFill | Trigger::LastFill => Move::LateFill,
                // Answers that crossed on the way, or came twice.
                Trigger::Update(
                    U::Acked
                    | U::Canceled
                    | U::CancelRejected
                    | U::Expired
                    | U::NeverArrived
                    | U::Unanswered,
                ) => Move::Stay,
                Trigger::Update(U::Rejected) if matches!(self, S::Rejected) => Move::Stay,
                Trigger::Update(U::Rejected | U::CancelSent) => Move::Illegal,
            };
        }
        match (trigger, self) {
            (Trigger::LastFill, _) => Move::To(S::Filled),
            (Trigger::PartFill, S::PendingCancel) => Move::Stay,
            (Trigger::PartFill, _) => Move::To(S::PartiallyFilled),
            (Trigger::Update(U::Acked), S::Pending | S::Unknown) => Move::To(S::Open),
            (Trigger::Update(U::Acked), _) => Move::Stay,
            (Trigger::Update(U::Rejected), S::Pending | S::PendingCancel | S::Unknown) => {
                Move::To(S::Rejected)
            }
            (Trigger::Update(U::Rejected), _) => Move::Illegal,
            (Trigger::Update(U::CancelSent), _) => Move::To(S::PendingCancel),
            (Trigger::Update(U::Canceled), _) => Move::To(S::Canceled),
            (Trigger::Update(U::CancelRejected), S::PendingCancel) => Move::To(S::Open),
            (Trigger::Update(U::CancelRejected), S::Pending) => Move::Illegal,
            (Trigger::Update(U::CancelRejected), _) => Move::Stay,
            (Trigger::Update(U::Expired), _) => Move::To(S::Expired),
            (Trigger::Update(U::Unanswered), _) => Move::To(S::Unknown),
            (Trigger::Update(U::NeverArrived), S::PendingCancel | S::Unknown) => Move::To(S::Dead),
            (Trigger::Update(U::NeverArrived), _) => Move::Illegal,
        }
    }
}

/// One order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    id: OrderId,
    new: NewOrder,
    state: OrderState,
    filled: Qty,
    spent: Amount,
}

impl Order {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> OrderId {
        self.id
    }

    /// What was ordered.
    #[must_use]
    pub const fn new_order(&self) -> &NewOrder {
        &self.new
    }

    /// Where it is in its life.
    #[must_use]
    pub const fn state(&self) -> OrderState {
        self.state
    }

    /// Base units done.
    #[must_use]
    pub const fn filled(&self) -> Qty {
        self.filled
    }
}

/// What is wrong with an event about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// No order of that id.
    #[error("an event names an order that was never placed")]
    NoSuchOrder,
    /// The table does not allow it.
    #[error("an event that cannot follow from the order's state")]
    Illegal,
    /// More was filled than ordered, or a fill of nothing.
    #[error("a fill larger than what was left of its order, or not above zero")]
    Overfill,
    /// A size that does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// Orders whose life is over are kept until there are twice as many; then the older half goes.
pub const ORDERS_KEPT: usize = 1_024;

/// The orders of the run: all that work, and the last [`ORDERS_KEPT`] at least.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    epoch: u32,
    /// The sequence of the first that is kept.
    first: u32,
    all: Vec<Order>,
    working: Vec<u32>,
}

impl Orders {
    /// No orders yet; ids will carry `epoch`.
    #[must_use]
    pub const fn new(epoch: u32) -> Self {
        Self { epoch, first: 0, all: Vec::new(), working: Vec::new() }
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

    /// The action that sends an order that was written down, while its life is not over.
    #[must_use]
    pub fn send(&self, id: OrderId) -> Option<Action> {
        let order = self.get(id).filter(|order| !order.state.is_terminal())?;
        Some(Action::Place { id, order: order.new })
    }

    /// An order was written down.
    pub fn on_placed(&mut self, id: OrderId, new: NewOrder) -> Result<(), OrderError> {
        let sequence = self.next_sequence()?;
        let sized = match (new.side, new.size) {
            (_, Size::Base(qty)) => qty.is_positive(),
            (Side::Buy, Size::Quote(budget)) => budget.is_positive(),
            (Side::Sell, Size::Quote(_)) => false,
        };
        let priced = new.limit.is_none_or(Price::is_positive);
        let next = id.sequence() == sequence;
        if !next || !sized || !priced || new.reserve.is_negative() {
            return Err(OrderError::Illegal);
        }
        let order =
            Order { id, new, state: OrderState::Pending, filled: Qty::ZERO, spent: Amount::ZERO };
        self.retire();
        self.all.push(order);
        self.working.push(sequence);
        Ok(())
    }

    /// A venue answered.
    pub fn on_update(&mut self, id: OrderId, update: OrderUpdate) -> Result<(), OrderError> {
        self.apply(id, Trigger::Update(update)).map(|_| ())
    }

    /// Whether a fill can be of its order; `spent` is notional and fee. Changes nothing.
    pub fn check_fill(&self, fill: &Fill, spent: Amount) -> Result<(), OrderError> {
        let order = self.get(fill.order).ok_or(OrderError::NoSuchOrder)?;
        let too_much = match order.new.size {
            Size::Base(qty) => order.filled.plus(fill.qty)? > qty,
            Size::Quote(budget) => order.spent.plus(spent)? > budget,
        };
        if too_much || spent.is_negative() || !fill.qty.is_positive() || !fill.price.is_positive() {
            return Err(OrderError::Overfill);
        }
        Ok(())
    }

    /// A venue filled. Whether the fill came after the end of its order.
    pub fn on_fill(&mut self, fill: &Fill, spent: Amount) -> Result<bool, OrderError> {
        self.check_fill(fill, spent)?;
        let trigger = if fill.last { Trigger::LastFill } else { Trigger::PartFill };
        let order = self.get_mut(fill.order).ok_or(OrderError::NoSuchOrder)?;
        order.filled = order.filled.plus(fill.qty)?;
        order.spent = order.spent.plus(spent)?;
        Ok(self.apply(fill.order, trigger)? == Move::LateFill)
    }

    /// Let go of the older half where there are too many whose life is over.
    fn retire(&mut self) {
        if self.all.len() < 2 * ORDERS_KEPT {
            return;
        }
        let over = self.all.iter().take_while(|order| order.state.is_terminal()).count();
        let gone = over.min(self.all.len() - ORDERS_KEPT);
        if let Some(first) = u32::try_from(gone).ok().and_then(|n| self.first.checked_add(n)) {
            self.all.drain(..gone);
            self.first = first;
        }
    }

    fn next_sequence(&self) -> Result<u32, Overflow> {
        let kept = u32::try_from(self.all.len()).map_err(|_| Overflow)?;
        self.first.checked_add(kept).ok_or(Overflow)
    }

    /// The order of that id, while it is kept.
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.of_sequence(id.sequence()).filter(|order| order.id == id)
    }

    fn of_sequence(&self, sequence: u32) -> Option<&Order> {
        let place = sequence.checked_sub(self.first)?;
        self.all.get(usize::try_from(place).ok()?)
    }

    /// Every order that is kept, in the order of placing.
    #[must_use]
    pub fn all(&self) -> &[Order] {
        &self.all
    }

    /// The orders whose life is not over, oldest first.
    pub fn working(&self) -> impl Iterator<Item = &Order> {
        self.working.iter().filter_map(|sequence| self.of_sequence(*sequence))
    }

    /// How many orders work.
    #[must_use]
    pub fn working_len(&self) -> usize {
        self.working.len()
    }

    /// What is working in an instrument, at its worst, around what is held.
    pub fn exposure(&self, instrument: InstrumentId, position: Qty) -> Result<Exposure, Overflow> {
        let mut exposure = Exposure { position, ..Exposure::default() };
        for order in self.working().filter(|order| order.new.instrument == instrument) {
            match (order.new.side, order.new.size) {
                (Side::Buy, _) => {
                    let left = order.new.reserve.minus(order.spent)?.max(Amount::ZERO);
                    exposure.working_buy = exposure.working_buy.plus(left)?;
                }
                (Side::Sell, Size::Base(qty)) => {
                    let left = qty.minus(order.filled)?;
                    exposure.working_sell = exposure.working_sell.plus(left)?;
                }
                // Never placed: what it would sell cannot be told before it does.
                (Side::Sell, Size::Quote(_)) => {}
            }
        }
        Ok(exposure)
    }

    /// Undo the last [`Orders::on_placed`].
    pub(crate) fn withdraw(&mut self) {
        self.all.pop();
        self.working.pop();
    }

    fn apply(&mut self, id: OrderId, trigger: Trigger) -> Result<Move, OrderError> {
        let order = self.get_mut(id).ok_or(OrderError::NoSuchOrder)?;
        let moved = order.state.on(trigger);
        match moved {
            Move::Illegal => return Err(OrderError::Illegal),
            Move::Stay | Move::LateFill => {}
            // Who filled it has had it.
            Move::To(OrderState::Rejected | OrderState::Dead) if order.filled.is_positive() => {
                return Err(OrderError::Illegal);
            }
            Move::To(state) => {
                let part_filled = state == OrderState::Open && order.filled.is_positive();
                order.state = if part_filled { OrderState::PartiallyFilled } else { state };
                if state.is_terminal() {
                    self.working.retain(|working| *working != id.sequence());
                }
            }
        }
        Ok(moved)
    }

    fn get_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        let place = id.sequence().checked_sub(self.first)?;
        let order = self.all.get_mut(usize::try_from(place).ok()?);
        order.filter(|order| order.id == id)
    }
}
