//! The simulated venue's side of the account: cash, positions, and its own record of what it did.
//!
//! Nothing of ours is read here, so that ours can be checked against it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event::{NewOrder, OrderId, Side, TradeId};
use crate::instrument::{Instrument, InstrumentId, UnitError};
use crate::units::{Amount, Nanos, Overflow, Price, Qty, Rate, Rounding};

/// What the venue lends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lending {
    /// Whether it lends cash.
    pub borrowing: bool,
    /// Whether it lends base to sell.
    pub shorting: bool,
}

/// What the venue did, as it saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Counted from 1.
    pub number: u64,
    /// When.
    pub ts: Nanos,
    /// With which order.
    pub order: OrderId,
    /// What.
    pub deed: Deed,
}

/// What a venue can do with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// It came, and is new.
    Accepted(NewOrder),
    /// It came, and its id was used before: not traded again.
    Repeated,
    /// Canceled.
    Canceled {
        /// By the one who placed it; the venue itself cancels what cannot be traded.
        asked: bool,
    },
    /// A request to cancel what is not there.
    NotThere,
    /// Its market ended.
    Expired,
    /// Traded.
    Filled {
        /// At what price.
        price: Price,
        /// How much base.
        qty: Qty,
        /// Fee in quote units, on top.
        fee: Amount,
    },
}

/// How far below the highest an id may be that has not come.
const SKIPPED_MAX: u32 = 65_536;

/// One account at a simulated venue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Clearing {
    lending: Lending,
    instruments: Vec<Instrument>,
    cash: Amount,
    positions: Vec<Qty>,
    /// The highest id that came: ids rise, so what is not above it came before, unless it was
    /// `skipped`.
    highest: Option<OrderId>,
    /// The sequences below it that have not come: their owner held them. The latest are kept.
    skipped: BTreeSet<u32>,
    acts: u64,
    last: Option<Act>,
    recording: bool,
    /// What was done since it was last asked.
    recorded: Vec<Act>,
}

impl Clearing {
    /// An empty account.
    #[must_use]
    pub fn new(lending: Lending, instruments: Vec<Instrument>) -> Self {
        Self {
            lending,
            positions: vec![Qty::ZERO; instruments.len()],
            instruments,
            cash: Amount::ZERO,
            highest: None,
            skipped: BTreeSet::new(),
            acts: 0,
            last: None,
            recording: false,
            recorded: Vec::new(),
        }
    }

    /// Keep a record from here on; somebody has to ask for it by [`Clearing::take_record`].
    pub fn record(&mut self) {
        self.recording = true;
    }

    /// What was done since it was last asked, if a record is kept.
    pub fn take_record(&mut self, into: &mut Vec<Act>) {
        into.append(&mut self.recorded);
    }

    /// How much it has done in all.
    #[must_use]
    pub fn acts(&self) -> u64 {
        self.acts
    }

    /// The last thing it did, if a record is kept.
    #[must_use]
    pub fn last(&self) -> Option<Act> {
        self.last
    }

    /// Money comes in.
    pub fn deposit(&mut self, amount: Amount) -> Result<(), Overflow> {
        self.cash = self.cash.plus(amount)?;
        Ok(())
    }

    /// Its cash.
    #[must_use]
    pub fn cash(&self) -> Amount {
        self.cash
    }

    /// Every position.
    #[must_use]
    pub fn positions(&self) -> &[Qty] {
        &self.positions
    }

    pub(super) fn rules(&self, id: InstrumentId) -> Option<&Instrument> {
        self.instruments.get(id.index())
    }

    /// An order came: whether it is new.
    pub(super) fn accept(&mut self, ts: Nanos, id: OrderId, order: NewOrder) -> bool {
        let new = match self.highest {
            Some(highest) if id <= highest => self.skipped.remove(&id.sequence()),
            Some(highest) => {
                let first = id.sequence().saturating_sub(SKIPPED_MAX);
                let between = first.max(highest.sequence().saturating_add(1))..id.sequence();
                self.skipped.extend(between);
                while self.skipped.first().is_some_and(|skipped| *skipped < first) {
                    self.skipped.pop_first();
                }
                true
            }
            None => true,
        };
        self.highest = self.highest.max(Some(id));
        self.note(ts, id, if new { Deed::Accepted(order) } else { Deed::Repeated });
        new
    }

    pub(super) fn note(&mut self, ts: Nanos, order: OrderId, deed: Deed) {
        self.acts += 1;
        if self.recording {
            let act = Act { number: self.acts, ts, order, deed };
            self.last = Some(act);
            self.recorded.push(act);
        }
    }

    /// How much of the position an order could close.
    fn closable(&self, order: &NewOrder) -> Result<Qty, Overflow> {
        let held = self.positions.get(order.instrument.index()).copied().unwrap_or_default();
        let against = match order.side {
            Side::Sell => held,
            Side::Buy => held.negated()?,
        };
        Ok(against.max(Qty::ZERO))
    }

    /// How much of `wanted` the account can pay for, or has to give; of an order that may only
    /// reduce no more than there is to close.
    pub(super) fn affordable(
        &self,
        order: &NewOrder,
        wanted: Qty,
        price: Price,
        fee: Rate,
    ) -> Result<Qty, UnitError> {
        let place = order.instrument.index();
        let (Some(rules), Some(position)) =
            (self.instruments.get(place), self.positions.get(place))
        else {
            return Ok(Qty::ZERO);
        };
        let cash = self.cash.max(Amount::ZERO);
        let wanted =
            if order.terms.reduce_only { wanted.min(self.closable(order)?) } else { wanted };
        Ok(match order.side {
            Side::Buy if !self.lending.borrowing && cost(rules, price, wanted, fee)? > cash => {
                rules.qty_for(cash, price, fee)?
            }
            Side::Sell if !self.lending.shorting => wanted.min((*position).max(Qty::ZERO)),
            Side::Buy | Side::Sell => wanted,
        })
    }

    /// Trade: the venue's name for it, and the fee it cost.
    pub(super) fn trade(
        &mut self,
        order: &NewOrder,
        id: OrderId,
        ts: Nanos,
        done: (Price, Qty),
        fee: Rate,
    ) -> Result<(TradeId, Amount), UnitError> {
        let place = order.instrument.index();
        let (Some(rules), Some(position)) =
            (self.instruments.get(place), self.positions.get_mut(place))
        else {
            return Err(UnitError::NotAnInstrument(String::new()));
        };
        let (price, qty) = done;
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
        self.note(ts, id, Deed::Filled { price, qty, fee });
        Ok((TradeId::new(u128::from(self.acts)), fee))
    }
}

pub(super) fn cost(
    rules: &Instrument,
    price: Price,
    qty: Qty,
    fee: Rate,
) -> Result<Amount, Overflow> {
    let notional = rules.notional(price, qty)?;
    notional.plus(notional.times(fee, Rounding::Up)?)
}
