//! Fill → position, cash, profit: an exact double-entry ledger. Every posting has two legs of one
//! asset, so the legs of every event sum to zero.

use serde::{Deserialize, Serialize};

use crate::event::Side;
use crate::instrument::{Instrument, InstrumentId};
use crate::units::{Amount, Overflow, Price, Qty, Rounding, mul_div};

/// Whose balance in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Party {
    /// What is ours.
    Ours = 0,
    /// What others gave or got in trades.
    Market = 1,
    /// What the venue kept as fees.
    Fees = 2,
    /// What came from and went outside.
    Outside = 3,
}

/// Balances of one asset, at 10⁻¹⁸.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Balances([Amount; 4]);

impl Party {
    /// Every party, in the order of the ledger's hash.
    pub const ALL: [Self; 4] = [Self::Ours, Self::Market, Self::Fees, Self::Outside];
}

impl Balances {
    /// One party's balance.
    #[must_use]
    pub fn of(&self, party: Party) -> Amount {
        self.0.get(party as usize).copied().unwrap_or_default()
    }

    /// All parties together: zero, always.
    pub fn sum(&self) -> Result<Amount, Overflow> {
        self.0.iter().try_fold(Amount::ZERO, |sum, amount| sum.plus(*amount))
    }

    fn post(&mut self, from: Party, to: Party, amount: Amount) -> Result<(), Overflow> {
        let (giver, taker) = (self.of(from).minus(amount)?, self.of(to).plus(amount)?);
        for (party, balance) in [(from, giver), (to, taker)] {
            if let Some(slot) = self.0.get_mut(party as usize) {
                *slot = balance;
            }
        }
        Ok(())
    }
}

/// What is held of one instrument, at average cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Base units, signed.
    pub qty: Qty,
    /// What they cost, signed like `qty`, fees left out.
    pub cost: Amount,
    /// Profit of what was closed, fees left out.
    pub realised: Amount,
}

impl Position {
    /// A trade of `qty` for `notional`, both above zero.
    fn trade(&self, side: Side, qty: Qty, notional: Amount) -> Result<Self, Overflow> {
        let (qty, notional) = match side {
            Side::Buy => (qty, notional),
            Side::Sell => (qty.negated()?, notional.negated()?),
        };
        let opens = self.qty.is_zero() || self.qty.is_positive() == qty.is_positive();
        if opens {
            let (qty, cost) = (self.qty.plus(qty)?, self.cost.plus(notional)?);
            return Ok(Self { qty, cost, realised: self.realised });
        }
        let left = self.qty.plus(qty)?;
        let flips = !left.is_zero() && left.is_positive() != self.qty.is_positive();
        let part = |whole: Amount, of: Qty, all: Qty| {
            let (of, all) = (i128::from(of.mantissa()), i128::from(all.mantissa()));
            mul_div(whole.mantissa(), of, all, Rounding::Nearest).map(Amount::new)
        };
        if flips {
            // The part of the notional that closes realises; the rest opens the other way.
            let closing = part(notional, self.qty.negated()?, qty)?;
            let realised = self.realised.minus(self.cost.plus(closing)?)?;
            return Ok(Self { qty: left, cost: notional.minus(closing)?, realised });
        }
        let cost = part(self.cost, left, self.qty)?;
        let released = self.cost.minus(cost)?;
        let realised = self.realised.minus(released.plus(notional)?)?;
        Ok(Self { qty: left, cost, realised })
    }
}

/// The ledger and the positions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Portfolio {
    cash: Balances,
    base: Vec<Balances>,
    positions: Vec<Position>,
}

impl Portfolio {
    /// Nothing held in `instruments` instruments.
    #[must_use]
    pub fn new(instruments: usize) -> Self {
        Self {
            cash: Balances::default(),
            base: vec![Balances::default(); instruments],
            positions: vec![Position::default(); instruments],
        }
    }

    /// Money came in, or went out below zero.
    pub fn on_deposit(&mut self, amount: Amount) -> Result<(), Overflow> {
        self.cash.post(Party::Outside, Party::Ours, amount)
    }

    /// A fill is booked whole or, where it does not fit, not at all.
    pub fn on_fill(
        &mut self,
        id: InstrumentId,
        rules: &Instrument,
        side: Side,
        price: Price,
        qty: Qty,
        fee: Amount,
    ) -> Result<(), Overflow> {
        let notional = rules.notional(price, qty)?;
        let place = id.index();
        let (Some(base), Some(position)) =
            (self.base.get_mut(place), self.positions.get_mut(place))
        else {
            return Err(Overflow);
        };
        let (mut cash, mut goods) = (self.cash, *base);
        let amount = rules.base_amount(qty)?;
        match side {
            Side::Buy => {
                cash.post(Party::Ours, Party::Market, notional)?;
                goods.post(Party::Market, Party::Ours, amount)?;
            }
            Side::Sell => {
                cash.post(Party::Market, Party::Ours, notional)?;
                goods.post(Party::Ours, Party::Market, amount)?;
            }
        }
        cash.post(Party::Ours, Party::Fees, fee)?;
        let moved = position.trade(side, qty, notional)?;
        (self.cash, *base, *position) = (cash, goods, moved);
        Ok(())
    }

    /// The reporting currency's balances.
    #[must_use]
    pub fn cash(&self) -> &Balances {
        &self.cash
    }

    /// Each instrument's base balances.
    #[must_use]
    pub fn base(&self) -> &[Balances] {
        &self.base
    }

    /// Each instrument's position.
    #[must_use]
    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// One instrument's position.
    #[must_use]
    pub fn position(&self, id: InstrumentId) -> Position {
        self.positions.get(id.index()).copied().unwrap_or_default()
    }
}
