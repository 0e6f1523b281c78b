//! One order: what was ordered, what is known of it, and what it may still do at worst.

use serde::{Deserialize, Serialize};

use super::doubt::{Doubt, not_found};
use super::state::{Move, OrderState, Trigger};
use crate::event::{Amendment, Fill, NewOrder, OrderId, OrderUpdate, Side, Size};
use crate::units::{Amount, Nanos, Overflow, Price, Qty};

/// What is wrong with an event about an order. It changes nothing.
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

/// One order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    id: OrderId,
    new: NewOrder,
    state: OrderState,
    filled: Qty,
    spent: Amount,
    /// The most that its venue has said is filled of it.
    told: Qty,
    /// When it left, or was written down as long as it has not.
    sent: Nanos,
    /// When its venue was last asked for something: to cancel it, to amend it, what became of it.
    asked: Nanos,
    /// When its venue last said something of it; before that: when it was written down.
    heard: Nanos,
    /// Its venue has shown that it has it.
    shown: bool,
    /// We asked for its end, and want it until it comes: a venue that refuses is asked again.
    canceling: bool,
    /// What we asked to amend it to, as long as it is unclear whether it is: even when it is over,
    /// as fills that are on their way may be of either size.
    amending: Option<Amendment>,
    doubt: Option<Doubt>,
}

/// What an order may still do, at worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AtRisk {
    /// Quote that it may still spend.
    pub buy: Amount,
    /// Base that it may still sell.
    pub sell: Qty,
}

impl AtRisk {
    /// Both together.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        Ok(Self { buy: self.buy.plus(other.buy)?, sell: self.sell.plus(other.sell)? })
    }

    /// This without the other.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        Ok(Self { buy: self.buy.minus(other.buy)?, sell: self.sell.minus(other.sell)? })
    }
}

impl Order {
    /// An order that was written down at `ts`; an error is one that cannot be.
    pub fn new(id: OrderId, new: NewOrder, ts: Nanos) -> Result<Self, OrderError> {
        let sized = match (new.side, new.size) {
            (_, Size::Base(qty)) => qty.is_positive(),
            (Side::Buy, Size::Quote(budget)) => budget.is_positive(),
            (Side::Sell, Size::Quote(_)) => false,
        };
        let priced = new.limit.is_none_or(Price::is_positive);
        let stop = new.terms.stop;
        let triggered =
            stop.is_none_or(|stop| stop.trigger.is_positive() && !stop.trail.is_negative());
        let rests = !new.terms.post_only || new.limit.is_some();
        let held = !new.terms.held || stop.is_some();
        let twin = !new.terms.twin || (stop.is_some() && new.terms.reduce_only);
        if !(sized && priced && triggered && rests && held && twin) || new.reserve.is_negative() {
            return Err(OrderError::Illegal);
        }
        let state = if new.terms.held { OrderState::Initialized } else { OrderState::Intended };
        Ok(Self::written(id, new, state, ts))
    }

    const fn written(id: OrderId, new: NewOrder, state: OrderState, ts: Nanos) -> Self {
        Self {
            id,
            new,
            state,
            filled: Qty::ZERO,
            spent: Amount::ZERO,
            told: Qty::ZERO,
            sent: ts,
            asked: ts,
            heard: ts,
            shown: false,
            canceling: false,
            amending: None,
            doubt: None,
        }
    }

    /// One that a journal lost while it was held here: no venue has heard of it, and nothing of it
    /// is known but that it is over. It looks as the next one does.
    pub(super) const fn never_sent(id: OrderId, next: NewOrder, ts: Nanos) -> Self {
        Self::written(id, next, OrderState::Denied, ts)
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> OrderId {
        self.id
    }

    /// What was ordered, as far as it was not amended.
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

    /// Quote units that its fills came to, fees in quote included.
    #[must_use]
    pub const fn spent(&self) -> Amount {
        self.spent
    }

    /// When it left; when it was written down, as long as it has not.
    #[must_use]
    pub const fn sent(&self) -> Nanos {
        self.sent
    }

    /// When its venue was last asked for something; before that: when it was written down.
    #[must_use]
    pub const fn asked(&self) -> Nanos {
        self.asked
    }

    /// When its venue last said something of it; before that: when it was written down.
    #[must_use]
    pub const fn heard(&self) -> Nanos {
        self.heard
    }

    /// Whether its venue has shown that it has it.
    #[must_use]
    pub const fn is_shown(&self) -> bool {
        self.shown
    }

    /// Whether we asked for its end: until that comes we go on asking.
    #[must_use]
    pub const fn is_canceling(&self) -> bool {
        self.canceling
    }

    /// What we asked to amend it to, as long as it lives and that is unclear.
    #[must_use]
    pub const fn amending(&self) -> Option<Amendment> {
        if self.state.is_terminal() { None } else { self.amending }
    }

    /// What is known of its unknown fate, while it is unknown.
    #[must_use]
    pub const fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }

    /// Base that its venue has said is filled, and whose fills have not been told.
    pub fn owed(&self) -> Result<Qty, Overflow> {
        Ok(self.told.minus(self.filled)?.max(Qty::ZERO))
    }

    /// Whether nothing can come of it any more, as far as its venue has said.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.state.is_terminal() && self.told <= self.filled
    }

    /// The largest size that it may have, where it is sized in base.
    fn qty_max(&self) -> Option<Qty> {
        match (self.new.size, self.amending) {
            (Size::Base(qty), Some(to)) => Some(qty.max(to.qty)),
            (Size::Base(qty), None) => Some(qty),
            (Size::Quote(_), _) => None,
        }
    }

    /// What it may still do at worst.
    pub fn at_risk(&self) -> Result<AtRisk, Overflow> {
        if self.is_settled() {
            return Ok(AtRisk::default());
        }
        let over = self.state.is_terminal();
        if self.is_spare() {
            return Ok(AtRisk::default());
        }
        match (self.new.side, self.qty_max()) {
            (Side::Buy, _) => {
                let reserve = self.amending.map_or(self.new.reserve, |to| to.reserve);
                let left = reserve.max(self.new.reserve).minus(self.spent)?;
                Ok(AtRisk { buy: left.max(Amount::ZERO), ..AtRisk::default() })
            }
            (Side::Sell, _) if over => Ok(AtRisk { sell: self.owed()?, ..AtRisk::default() }),
            (Side::Sell, Some(qty)) => {
                Ok(AtRisk { sell: qty.minus(self.filled)?, ..AtRisk::default() })
            }
            // Never placed: what it would sell cannot be told before it does.
            (Side::Sell, None) => Ok(AtRisk::default()),
        }
    }

    /// Whether another that is counted closes the same. One that is held here is the only one once
    /// it is released.
    #[must_use]
    pub fn is_spare(&self) -> bool {
        let released = self.new.terms.held && !self.is_held();
        self.new.terms.twin && !released && !self.state.is_terminal()
    }

    /// Whether it waits here for its trigger.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.state == OrderState::Initialized
    }

    /// Base that it may still buy at worst; `None` where it is sized in quote.
    pub fn buying(&self) -> Result<Option<Qty>, Overflow> {
        let counts = self.new.side == Side::Buy && !self.is_settled();
        if !counts || self.is_spare() {
            return Ok(Some(Qty::ZERO));
        }
        if self.state.is_terminal() {
            return self.owed().map(Some);
        }
        self.qty_max().map(|qty| qty.minus(self.filled)).transpose()
    }

    /// Whether a fill at this price is one that it allows; while an amend is unclear, before it or
    /// after.
    #[must_use]
    pub fn allows(&self, price: Price) -> bool {
        let amended = self.amending.map(|to| to.limit);
        let within = |limit: Price| match self.new.side {
            Side::Buy => price <= limit,
            Side::Sell => price >= limit,
        };
        self.new.limit.is_none_or(within) || amended.is_some_and(within)
    }

    /// Whether it waits to close a position: it is nothing that a target is on its way by.
    #[must_use]
    pub const fn is_exit(&self) -> bool {
        self.new.terms.reduce_only && self.new.terms.stop.is_some()
    }

    /// Something was said of it at `ts`; of [`OrderUpdate::NotFoundById`] and its like: the
    /// question was asked then. `fence` is how long a request may be on its way.
    pub fn on_update(
        &mut self,
        update: OrderUpdate,
        ts: Nanos,
        fence: Nanos,
    ) -> Result<(), OrderError> {
        let moved = self.state.on(Trigger::Update(update));
        if moved == Move::Illegal || self.is_refuted(update) {
            return Err(OrderError::Illegal);
        }
        if update.question().is_some() {
            self.asked = ts;
        }
        if update.is_of_venue() {
            self.heard = self.heard.max(ts);
        }
        if self.state.is_terminal() {
            return Ok(());
        }
        match update {
            OrderUpdate::Released => (self.sent, self.asked, self.heard) = (ts, ts, ts),
            OrderUpdate::Sent if !self.shown => match &mut self.doubt {
                None => self.sent = ts,
                Some(doubt) => doubt.on_sent(ts, fence),
            },
            OrderUpdate::Received | OrderUpdate::Acked => self.shown = true,
            OrderUpdate::CancelSent => (self.canceling, self.asked) = (true, ts),
            // Of an amend that is over already it says nothing.
            OrderUpdate::Amended if self.amending.is_none() && self.doubt.is_some() => {
                return Ok(());
            }
            OrderUpdate::Amended => {
                self.shown = true;
                self.amend()?;
            }
            OrderUpdate::AmendRejected => self.amending = None,
            OrderUpdate::Unanswered if self.doubt.is_none() => {
                let left = if self.state == OrderState::Sent { self.sent } else { ts };
                self.doubt = Some(Doubt::new(ts, left, fence));
            }
            OrderUpdate::Sent
            | OrderUpdate::Denied
            | OrderUpdate::Rejected
            | OrderUpdate::Canceled
            | OrderUpdate::CancelRejected
            | OrderUpdate::Expired
            | OrderUpdate::Unanswered
            | OrderUpdate::NotFoundById
            | OrderUpdate::NotFoundOpen
            | OrderUpdate::NotFoundTrades
            | OrderUpdate::NeverArrived
            | OrderUpdate::Gone
            | OrderUpdate::AskedById
            | OrderUpdate::AskedOpen
            | OrderUpdate::AskedTrades => {}
        }
        if let (Some(_), Some(doubt)) = (update.question(), &mut self.doubt) {
            doubt.on_asked(ts);
        }
        if let (Some(question), Some(doubt)) = (not_found(update), &mut self.doubt) {
            doubt.on_not_found(question, ts);
        }
        if self.state == OrderState::Unknown
            && self.amending.is_some()
            && matches!(update, OrderUpdate::Received | OrderUpdate::Acked)
        {
            // That it is there says nothing of the amend: its doubt goes on.
            return Ok(());
        }
        self.go(moved);
        if self.filled_whole() {
            self.go(Move::To(OrderState::Filled));
        }
        Ok(())
    }

    /// Whether what is known speaks against it.
    fn is_refuted(&self, update: OrderUpdate) -> bool {
        let proven = self.doubt.is_some_and(|doubt| doubt.is_proven_absent());
        if self.state.is_terminal() {
            return false;
        }
        if matches!(update, OrderUpdate::Rejected | OrderUpdate::Denied) {
            // Who filled it has had it.
            return self.filled.is_positive() || self.told.is_positive();
        }
        let unknown = self.state == OrderState::Unknown;
        let never = update == OrderUpdate::NeverArrived && (self.shown || !proven);
        let gone = update == OrderUpdate::Gone && (!self.shown || !proven);
        unknown && (never || gone)
    }

    /// We ask the venue to amend it. One that is held is amended at once, and may get its limit so.
    pub fn on_amend_sent(&mut self, to: Amendment, ts: Nanos) -> Result<(), OrderError> {
        let limit = (self.new.limit.is_some() || self.is_held()) && to.limit.is_positive();
        let sized = matches!(self.new.size, Size::Base(_)) && to.qty > self.filled;
        let moved = self.state.on(Trigger::AmendSent);
        let busy = self.amending.is_some() || self.canceling;
        if moved == Move::Illegal || !limit || !sized || busy || to.reserve.is_negative() {
            return Err(OrderError::Illegal);
        }
        (self.amending, self.asked) = (Some(to), ts);
        if self.is_held() {
            return self.amend();
        }
        self.go(moved);
        Ok(())
    }

    /// Its venue said at `ts` how much of it is filled in all. What is less than was told before is
    /// old.
    pub fn on_told(&mut self, qty: Qty, ts: Nanos) -> Result<(), OrderError> {
        let too_much = self.qty_max().is_some_and(|most| qty > most);
        if qty.is_negative() || too_much || self.state == OrderState::Initialized {
            return Err(OrderError::Overfill);
        }
        (self.told, self.heard) = (self.told.max(qty), self.heard.max(ts));
        self.shown |= qty.is_positive();
        Ok(())
    }

    /// Whether a fill can be of it; `spent` is notional and fee. Changes nothing.
    pub fn check_fill(&self, fill: &Fill, spent: Amount) -> Result<(), OrderError> {
        if self.state == OrderState::Initialized {
            return Err(OrderError::Illegal);
        }
        let filled = self.filled.plus(fill.qty)?;
        let too_much = match self.new.size {
            Size::Base(_) => self.qty_max().is_some_and(|most| filled > most),
            Size::Quote(budget) => self.spent.plus(spent)? > budget,
        };
        if too_much || spent.is_negative() || !fill.qty.is_positive() || !fill.price.is_positive() {
            return Err(OrderError::Overfill);
        }
        Ok(())
    }

    /// A venue filled. Whether the fill came after the end of the order, unannounced.
    pub fn on_fill(&mut self, fill: &Fill, spent: Amount) -> Result<bool, OrderError> {
        self.check_fill(fill, spent)?;
        let (filled, spent) = (self.filled.plus(fill.qty)?, self.spent.plus(spent)?);
        let announced = filled <= self.told;
        (self.filled, self.spent, self.shown) = (filled, spent, true);
        self.heard = self.heard.max(fill.ts);
        // Of what is sized in base the sum decides: fills may come in any order. While an amend is
        // unclear, what its venue calls the last of one size may be part of the other.
        let last = self.qty_max().map_or(fill.last, |most| filled >= most);
        let moved = self.state.on(if last { Trigger::LastFill } else { Trigger::PartFill });
        self.go(moved);
        Ok(matches!(moved, Move::Late(_)) && !announced)
    }

    fn filled_whole(&self) -> bool {
        self.amending.is_none() && self.qty_max().is_some_and(|qty| self.filled >= qty)
    }

    fn amend(&mut self) -> Result<(), OrderError> {
        if let Some(to) = self.amending.take() {
            self.new = self.new.amended(to);
        }
        Ok(())
    }

    fn go(&mut self, moved: Move) {
        let at_venue = || {
            if self.amending.is_some() {
                OrderState::PendingAmend
            } else if self.filled.is_positive() {
                OrderState::PartiallyFilled
            } else {
                OrderState::Open
            }
        };
        let next = match moved {
            Move::Stay | Move::Illegal => return,
            Move::To(OrderState::Open | OrderState::PartiallyFilled) => at_venue(),
            Move::To(state) | Move::Late(state) => state,
            Move::Back if self.shown => at_venue(),
            Move::Back => OrderState::Sent,
        };
        let held = self.is_held();
        self.state = next;
        if next.is_terminal() {
            let refused =
                matches!(next, OrderState::Rejected | OrderState::Denied | OrderState::Dead);
            let never_there = refused || held;
            (self.shown, self.canceling) = (!never_there || self.filled.is_positive(), false);
            self.doubt = None;
        } else if next != OrderState::Unknown {
            self.doubt = None;
        }
    }
}
