//! A simulated venue over bars.
//!
//! A market order fills at the open of the next bar, moved against us by the slippage. A limit
//! order fills only when a later bar trades through it: at its limit, or at the open where the bar
//! opens beyond it. The bar that decided never fills. Sizes are not limited by volume.

use crate::event::{Bar, Event, Fill, NewOrder, OrderId, OrderUpdate, Side, Size};
use crate::instrument::{Instrument, UnitError};
use crate::order::answer;
use crate::units::{Amount, Nanos, Overflow, Price, Qty, Rate, Rounding};

/// How the simulated venue treats an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaperRules {
    /// How far a market order fills beyond the open, as a fraction of it.
    pub slippage: Rate,
    /// Whether it lends cash.
    pub borrowing: bool,
    /// Whether it lends base to sell.
    pub shorting: bool,
}

#[derive(Debug, Clone, Copy)]
struct Resting {
    id: OrderId,
    order: NewOrder,
}

/// A simulated venue with one account.
#[derive(Debug)]
pub struct Paper {
    rules: PaperRules,
    instruments: Vec<Instrument>,
    cash: Amount,
    positions: Vec<Qty>,
    resting: Vec<Resting>,
}

impl Paper {
    /// An empty account.
    #[must_use]
    pub fn new(rules: PaperRules, instruments: Vec<Instrument>) -> Self {
        let positions = vec![Qty::ZERO; instruments.len()];
        Self { rules, instruments, cash: Amount::ZERO, positions, resting: Vec::new() }
    }

    /// Money comes in.
    pub fn deposit(&mut self, amount: Amount) -> Result<(), Overflow> {
        self.cash = self.cash.plus(amount)?;
        Ok(())
    }

    /// The venue's own record of the cash.
    #[must_use]
    pub fn cash(&self) -> Amount {
        self.cash
    }

    /// The venue's own record of every position.
    #[must_use]
    pub fn positions(&self) -> &[Qty] {
        &self.positions
    }

    /// An order arrives.
    pub fn place(&mut self, id: OrderId, order: NewOrder, ts: Nanos) -> Event {
        self.resting.push(Resting { id, order });
        answer(ts, id, OrderUpdate::Acked)
    }

    /// A request to cancel arrives.
    pub fn cancel(&mut self, id: OrderId, ts: Nanos) -> Event {
        let before = self.resting.len();
        self.resting.retain(|resting| resting.id != id);
        let found = self.resting.len() < before;
        let update = if found { OrderUpdate::Canceled } else { OrderUpdate::CancelRejected };
        answer(ts, id, update)
    }

    /// Whether no order rests.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.resting.is_empty()
    }

    /// A bar trades: what it does to the resting orders, into `events`.
    pub fn on_bar(&mut self, bar: &Bar, events: &mut Vec<Event>) -> Result<(), UnitError> {
        let mut place = 0;
        while let Some(resting) = self.resting.get(place).copied() {
            if resting.order.instrument != bar.instrument {
                place += 1;
                continue;
            }
            let Some((price, ts, fee)) = self.price_of(&resting.order, bar)? else {
                place += 1;
                continue;
            };
            self.resting.remove(place);
            let event = self.execute(&resting, price, ts, fee)?;
            events.push(event);
            if let Event::Fill(Fill { last: false, .. }) = event {
                events.push(answer(ts, resting.id, OrderUpdate::Canceled));
            }
        }
        Ok(())
    }

    /// At what price, when and for what fee an order fills in this bar, if it does.
    fn price_of(
        &self,
        order: &NewOrder,
        bar: &Bar,
    ) -> Result<Option<(Price, Nanos, Rate)>, UnitError> {
        let Some(rules) = self.instruments.get(order.instrument.index()) else {
            return Ok(None);
        };
        let open = rules.price(bar.open)?;
        let Some(limit) = order.limit else {
            let against = match order.side {
                Side::Buy => self.rules.slippage,
                Side::Sell => self.rules.slippage.negated()?,
            };
            let price = rules.moved(open, against)?;
            return Ok(Some((price, bar.open_ns, rules.taker_fee)));
        };
        let (beyond_at_open, through) = match order.side {
            Side::Buy => (open < limit, rules.price(bar.low)? < limit),
            Side::Sell => (open > limit, rules.price(bar.high)? > limit),
        };
        Ok(if beyond_at_open {
            Some((open, bar.open_ns, rules.maker_fee))
        } else if through {
            Some((limit, bar.close_ns, rules.maker_fee))
        } else {
            None
        })
    }

    /// Fill as much as the account can pay for; nothing at all is a cancel.
    fn execute(
        &mut self,
        resting: &Resting,
        price: Price,
        ts: Nanos,
        fee: Rate,
    ) -> Result<Event, UnitError> {
        let order = &resting.order;
        let place = order.instrument.index();
        let (Some(rules), Some(position)) =
            (self.instruments.get(place), self.positions.get_mut(place))
        else {
            return Ok(answer(ts, resting.id, OrderUpdate::Rejected));
        };
        let cash = self.cash.max(Amount::ZERO);
        let affordable = |budget: Amount| rules.qty_for(budget, price, fee);
        let wanted = match order.size {
            Size::Base(qty) => qty,
            Size::Quote(budget) => affordable(budget)?,
        };
        let qty = match order.side {
            Side::Buy if !self.rules.borrowing => wanted.min(affordable(cash)?),
            Side::Sell if !self.rules.shorting => wanted.min((*position).max(Qty::ZERO)),
            Side::Buy | Side::Sell => wanted,
        };
        if !qty.is_positive() || !price.is_positive() {
            return Ok(answer(ts, resting.id, OrderUpdate::Canceled));
        }
        let notional = rules.notional(price, qty)?;
        let fee = notional.times(fee, Rounding::Up)?;
        match order.side {
            Side::Buy => {
                self.cash = self.cash.minus(notional)?.minus(fee)?;
                *position = position.plus(qty)?;
            }
            Side::Sell => {
                self.cash = self.cash.plus(notional)?.minus(fee)?;
                *position = position.minus(qty)?;
            }
        }
        Ok(Event::Fill(Fill { order: resting.id, ts, price, qty, fee, last: qty == wanted }))
    }
}
