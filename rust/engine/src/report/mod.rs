//! Records and equity → the numbers of a run. Floats are allowed here; nothing reads them back.
//!
//! Returns are taken from one UTC day that has a bar to the next, and annualised by how many such
//! days a year really had, to the nearest whole number: 365 for markets that never close, 252 or
//! 52 for series that are thinner. A year is 365 days.

mod metrics;
mod tally;
mod trades;

use crate::event::{Bar, Cross, Fill, OrderUpdate, Side, SleeveId};
use crate::exposure::Account;
use crate::instrument::{Instrument, InstrumentId, amount_as_f64};
use crate::journal::{Record, State};
use crate::order::Order;
use crate::risk::Refusal;
use crate::units::{Amount, Nanos, Overflow};

pub use metrics::Metrics;
pub use tally::Tally;
pub use trades::Trade;
use trades::{Part, TradeBook};

/// A fill with what it was part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Execution {
    /// Whose.
    pub sleeve: SleeveId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// The fill.
    pub fill: Fill,
    /// Quote units, above zero, fee left out.
    pub notional: Amount,
    /// Fee in quote units; what it was worth where it was paid in something else.
    pub fee: Amount,
}

/// Equity over time: one row a moment of decision.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    /// When, nanoseconds UTC.
    pub ts: Vec<i64>,
    /// Equity in the reporting currency.
    pub equity: Vec<f64>,
    /// Cash in it.
    pub cash: Vec<f64>,
}

/// Collects what a run did.
#[derive(Debug, Default)]
pub struct Report {
    initial: f64,
    first_ns: Option<Nanos>,
    curve: Curve,
    /// Cash as last seen, and as a float.
    cash: (Amount, f64),
    bars: u64,
    moments_invested: u64,
    tally: Tally,
    executions: Vec<Execution>,
    trades: TradeBook,
    fees: Amount,
    traded: Amount,
    cancels_sent: u64,
    cancels_rejected: u64,
    canceled: u64,
}

impl Report {
    /// Nothing yet; `instruments` will be traded, and about `moments` moments of decision come.
    #[must_use]
    pub fn new(instruments: usize, moments: usize) -> Self {
        Self {
            curve: Curve {
                ts: Vec::with_capacity(moments),
                equity: Vec::with_capacity(moments),
                cash: Vec::with_capacity(moments),
            },
            trades: TradeBook::new(instruments),
            ..Self::default()
        }
    }

    /// A record was kept; `state` is after it.
    pub fn on_record(&mut self, record: &Record, state: &State) -> Result<(), Overflow> {
        self.tally.on_record(record, state);
        match *record {
            Record::Deposit { ts: _, amount } => self.initial += amount_as_f64(amount),
            Record::Fill(fill) => self.on_fill(&fill, state)?,
            Record::Crossed { ts, cross } => self.on_cross(ts, &cross, state)?,
            // An exit ends with its position: nobody wanted more of it.
            Record::Update { order, .. }
                if state.orders().get(order).is_some_and(Order::is_exit) => {}
            // Of what was held no venue knew.
            Record::Update { order, update: OrderUpdate::Canceled, .. }
                if state.orders().get(order).is_some_and(|order| !order.is_shown()) => {}
            Record::Update { update, .. } => match update {
                OrderUpdate::CancelSent => self.cancels_sent += 1,
                OrderUpdate::CancelRejected => self.cancels_rejected += 1,
                OrderUpdate::Canceled => self.canceled += 1,
                OrderUpdate::Released
                | OrderUpdate::Denied
                | OrderUpdate::Sent
                | OrderUpdate::Received
                | OrderUpdate::Acked
                | OrderUpdate::Rejected
                | OrderUpdate::Amended
                | OrderUpdate::AmendRejected
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
            },
            Record::Booked { entry: _, worth } => self.initial += amount_as_f64(worth),
            Record::Rate { .. }
            | Record::Intent { .. }
            | Record::Placed { .. }
            | Record::Amend { .. }
            | Record::CumQty { .. }
            | Record::Refused { .. }
            | Record::Clipped { .. }
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
        Ok(())
    }

    fn on_fill(&mut self, fill: &Fill, state: &State) -> Result<(), Overflow> {
        let Some(order) = state.orders().get(fill.order).map(|order| *order.new_order()) else {
            return Ok(());
        };
        let Some(rules) = state.instrument(order.instrument) else {
            return Ok(());
        };
        let notional = rules.notional(fill.price, fill.qty)?;
        let execution = Execution {
            sleeve: order.sleeve,
            instrument: order.instrument,
            side: order.side,
            fill: *fill,
            notional,
            fee: fee_in_quote(fill, rules, state)?,
        };
        self.executions.push(execution);
        self.fees = self.fees.plus(execution.fee)?;
        self.traded = self.traded.plus(notional)?;
        self.trades.on_part(Part::of(&execution))
    }

    /// Two sleeves traded with each other: a part of a trade of each, and nobody's fill.
    fn on_cross(&mut self, ts: Nanos, cross: &Cross, state: &State) -> Result<(), Overflow> {
        let Some(rules) = state.instrument(cross.instrument) else {
            return Ok(());
        };
        let Cross { instrument, seller, buyer, price, qty } = *cross;
        let (notional, fee) = (rules.notional(price, qty)?, Amount::ZERO);
        for (side, sleeve) in [(Side::Sell, seller), (Side::Buy, buyer)] {
            if let Some(sleeve) = sleeve {
                self.trades.on_part(Part { sleeve, instrument, side, ts, qty, notional, fee })?;
            }
        }
        Ok(())
    }

    /// A bar was told.
    pub fn on_bar(&mut self, bar: &Bar) {
        self.bars += 1;
        self.first_ns.get_or_insert(bar.open_ns);
        self.trades.on_bar(bar.instrument, bar.close_ns);
    }

    /// A moment of decision, before it: the account as valued.
    pub fn on_moment(&mut self, ts: Nanos, account: &Account) {
        // A wide integer becomes a float slowly; cash seldom changes, and is all equity when flat.
        if self.cash.0 != account.cash {
            self.cash = (account.cash, amount_as_f64(account.cash));
        }
        let flat = account.equity == account.cash;
        let equity = if flat { self.cash.1 } else { amount_as_f64(account.equity) };
        self.curve.ts.push(ts.mantissa());
        self.curve.equity.push(equity);
        self.curve.cash.push(self.cash.1);
        self.moments_invested += u64::from(!account.gross.is_zero());
    }

    /// Equity over time.
    #[must_use]
    pub fn curve(&self) -> &Curve {
        &self.curve
    }

    /// Every fill.
    #[must_use]
    pub fn executions(&self) -> &[Execution] {
        &self.executions
    }

    /// Round trips, closed ones first in the order of closing, then the open ones.
    #[must_use]
    pub fn trades(&self) -> Vec<Trade> {
        self.trades.all()
    }

    /// How often risk refused, by reason, reasons that never came left out.
    pub fn refusals(&self) -> impl Iterator<Item = (Refusal, u64)> + '_ {
        self.tally.refusals()
    }

    /// How often a limit clipped an order, by limit.
    pub fn clips(&self) -> impl Iterator<Item = (Refusal, u64)> + '_ {
        self.tally.clips()
    }

    /// Orders that the venue ended without being asked: more than the account could pay for.
    #[must_use]
    pub fn canceled_by_venue(&self) -> u64 {
        self.canceled.saturating_sub(self.cancels_sent - self.cancels_rejected)
    }

    /// How often sleeves traded with each other.
    #[must_use]
    pub fn crosses(&self) -> u64 {
        self.tally.crosses()
    }

    /// What they traded with each other, in quote units.
    #[must_use]
    pub fn crossed(&self) -> Amount {
        self.tally.crossed()
    }

    /// How many orders were placed.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.tally.orders()
    }

    /// How many bars were told.
    #[must_use]
    pub fn bars(&self) -> u64 {
        self.bars
    }

    /// When the first bar began.
    #[must_use]
    pub fn first_ns(&self) -> Option<Nanos> {
        self.first_ns
    }
}

/// What a fill's fee comes to in quote units; one in an asset without a known worth to nothing.
fn fee_in_quote(fill: &Fill, rules: &Instrument, state: &State) -> Result<Amount, Overflow> {
    match fill.fee_asset {
        Some(asset) if asset == rules.base => {
            rules.notional(fill.price, rules.qty_covering(fill.fee)?)
        }
        Some(asset) if asset != rules.quote => {
            // A rate is told in the reporting currency.
            let told = state.rate(asset).filter(|_| rules.quote == state.portfolio().currency());
            fill.fee.valued(told.unwrap_or_default())
        }
        Some(_) | None => Ok(fill.fee),
    }
}
