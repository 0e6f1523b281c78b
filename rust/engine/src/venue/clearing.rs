//! The simulated venue's side of the account: cash, positions, and its own record of what it did.
//!
//! Nothing of ours is read here, so that ours can be checked against it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::blotter::Blotter;
use super::deed::{Act, Deed, Done};
use super::filters::{self, Filter};
use crate::event::{Event, NewOrder, OrderId, Question, Side, TradeId};
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
    /// What is known of its orders, where a record is kept.
    blotter: Blotter,
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
            blotter: Blotter::default(),
        }
    }

    /// Keep a record and a blotter from here on; somebody has to ask for the record by
    /// [`Clearing::take_record`].
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

    /// What it knows of its orders, if a record is kept.
    #[must_use]
    pub fn blotter(&self) -> &Blotter {
        &self.blotter
    }

    /// Answer a question about an order; without a record there is no answer.
    pub(super) fn answer(
        &self,
        id: OrderId,
        question: Question,
        ts: Nanos,
        events: &mut Vec<Event>,
    ) {
        if self.recording {
            self.blotter.answer(id, question, ts, events);
        }
    }

    /// An order came, the market being at `last`: whether it is new, and may work.
    pub(super) fn accept(
        &mut self,
        ts: Nanos,
        id: OrderId,
        order: NewOrder,
        last: Option<Price>,
    ) -> Result<bool, Overflow> {
        if let Some(filter) = filters::refuses(&order, self.rules(order.instrument), last)? {
            self.refuse(ts, id, order, filter);
            return Ok(false);
        }
        let new = self.is_new(id);
        self.note(ts, id, if new { Deed::Accepted(order) } else { Deed::Repeated });
        Ok(new)
    }

    /// An order came that the venue will not have.
    pub(super) fn refuse(&mut self, ts: Nanos, id: OrderId, order: NewOrder, filter: Filter) {
        let deed = if self.is_new(id) { Deed::Refused { order, filter } } else { Deed::Repeated };
        self.note(ts, id, deed);
    }

    fn is_new(&mut self, id: OrderId) -> bool {
        let new = match self.highest {
            Some(highest) if id <= highest => self.skipped.remove(&id.sequence()),
            highest => {
                let first = id.sequence().saturating_sub(SKIPPED_MAX);
                let next = highest.map_or(0, |highest| highest.sequence().saturating_add(1));
                self.skipped.extend(first.max(next)..id.sequence());
                while self.skipped.first().is_some_and(|skipped| *skipped < first) {
                    self.skipped.pop_first();
                }
                true
            }
        };
        self.highest = self.highest.max(Some(id));
        new
    }

    pub(super) fn note(&mut self, ts: Nanos, order: OrderId, deed: Deed) {
        self.acts += 1;
        if self.recording {
            let act = Act { number: self.acts, ts, order, deed };
            self.last = Some(act);
            self.recorded.push(act);
            self.blotter.on_deed(ts, order, &deed, TradeId::new(u128::from(self.acts)));
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
        done: Done,
    ) -> Result<(TradeId, Amount), UnitError> {
        let place = order.instrument.index();
        let (Some(rules), Some(position)) =
            (self.instruments.get(place), self.positions.get_mut(place))
        else {
            return Err(UnitError::NotAnInstrument(String::new()));
        };
        let Done { price, qty, fee, last } = done;
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
        self.note(ts, id, Deed::Filled { price, qty, fee, last });
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
