//! A venue's report as Python gives it, and what came of it in words.

use std::collections::BTreeMap;

use bot4_engine::event::{OrderId, Side, TradeId};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_as_text, amount_from_text};
use bot4_engine::journal::State;
use bot4_engine::reconcile::{
    Difference, Holding, Reconciled, ReportedBalance, ReportedFill, ReportedFills, ReportedOrder,
    ReportedPosition, ReportedState, VenueReport,
};
use bot4_engine::units::Nanos;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::errors::{EngineError, Raise};

/// The name of the reporting currency among balances.
const CASH: &str = "cash";

/// What came of a report.
#[pyclass(name = "Reconciled", module = "bot4._engine", frozen, get_all)]
pub(crate) struct PyReconciled {
    requests: Py<PyList>,
    events: usize,
    unexplained: Vec<(String, &'static str, String)>,
    foreign_orders: Vec<String>,
    foreign_fills: Vec<(String, &'static str, String, String)>,
}

#[derive(FromPyObject)]
struct RawOrder {
    name: String,
    instrument: String,
    side: String,
    state: String,
    filled: String,
    limit: Option<String>,
    size: Option<String>,
}

#[derive(FromPyObject)]
struct RawFill {
    order: String,
    instrument: String,
    side: String,
    trade: String,
    price: String,
    qty: String,
    fee: String,
    ts_ns: i64,
}

/// The fields of `bot4.venue_report.VenueReport`.
#[derive(FromPyObject)]
pub(crate) struct RawReport {
    venue: String,
    asked_ns: i64,
    ts_ns: i64,
    orders: Option<Vec<RawOrder>>,
    by_id: Vec<RawOrder>,
    absent: Vec<String>,
    fills: Option<Vec<RawFill>>,
    fills_since_ns: i64,
    balances: Option<BTreeMap<String, String>>,
    positions: Option<BTreeMap<String, String>>,
}

fn listed<'a>(state: &'a State, symbol: &str) -> PyResult<(InstrumentId, &'a Instrument)> {
    let found = (0..).zip(state.instruments()).find(|(_, rules)| rules.symbol == symbol);
    let found = found.map(|(id, rules)| (InstrumentId(id), rules));
    found.ok_or_else(|| EngineError::new_err(format!("'{symbol}' is no instrument here")))
}

/// The id that a client's text is.
pub(crate) fn order_id(text: &str) -> PyResult<OrderId> {
    let id = OrderId::from_client_text(text);
    id.ok_or_else(|| EngineError::new_err(format!("'{text}' is no order id of ours")))
}

fn side_of(word: &str) -> PyResult<Side> {
    let side = Side::ALL.into_iter().find(|side| side.name() == word);
    side.ok_or_else(|| EngineError::new_err(format!("'{word}' is no side: buy or sell")))
}

impl RawOrder {
    fn parse(self, state: &State) -> PyResult<ReportedOrder> {
        let (instrument, rules) = listed(state, &self.instrument)?;
        let known = ReportedState::ALL.into_iter().find(|known| known.name() == self.state);
        let known = known.ok_or_else(|| {
            let all: Vec<_> = ReportedState::ALL.into_iter().map(ReportedState::name).collect();
            let text = format!("'{}' is no state of an order: {}", self.state, all.join(", "));
            EngineError::new_err(text)
        })?;
        let limit = self.limit.map(|text| rules.price_from_text(&text)).transpose();
        let qty = self.size.map(|text| rules.qty_from_text(&text)).transpose();
        Ok(ReportedOrder {
            name: self.name,
            state: known,
            cum: rules.qty_from_text(&self.filled).raise()?,
            instrument,
            side: side_of(&self.side)?,
            limit: limit.raise()?,
            qty: qty.raise()?,
        })
    }
}

impl RawFill {
    fn parse(self, state: &State) -> PyResult<ReportedFill> {
        let (instrument, rules) = listed(state, &self.instrument)?;
        Ok(ReportedFill {
            ts: Nanos::new(self.ts_ns),
            instrument,
            trade: TradeId::from_text(&self.trade),
            order: self.order,
            side: side_of(&self.side)?,
            price: rules.price_from_text(&self.price).raise()?,
            qty: rules.qty_from_text(&self.qty).raise()?,
            fee: amount_from_text(&self.fee).raise()?,
        })
    }
}

impl RawReport {
    pub(crate) fn parse(self, state: &State) -> PyResult<VenueReport> {
        let orders = |all: Vec<RawOrder>| -> PyResult<Vec<_>> {
            all.into_iter().map(|order| order.parse(state)).collect()
        };
        let fills = |all: Vec<RawFill>| -> PyResult<ReportedFills> {
            let all: PyResult<_> = all.into_iter().map(|fill| fill.parse(state)).collect();
            Ok(ReportedFills { since: Nanos::new(self.fills_since_ns), all: all? })
        };
        let absent = self.absent.iter().map(|name| order_id(name));
        let balances = |all: BTreeMap<String, String>| -> PyResult<Vec<_>> {
            let parse = |(name, total): (String, String)| {
                let base = || listed(state, &name).map(|(id, _)| Holding::Base(id));
                let of = if name == CASH { Holding::Cash } else { base()? };
                Ok(ReportedBalance { of, total: amount_from_text(&total).raise()? })
            };
            all.into_iter().map(parse).collect()
        };
        let positions = |all: BTreeMap<String, String>| -> PyResult<Vec<_>> {
            let parse = |(name, qty): (String, String)| {
                let (instrument, rules) = listed(state, &name)?;
                Ok(ReportedPosition { instrument, qty: rules.qty_from_text(&qty).raise()? })
            };
            all.into_iter().map(parse).collect()
        };
        Ok(VenueReport {
            venue: self.venue,
            asked_ts: Nanos::new(self.asked_ns),
            ts: Nanos::new(self.ts_ns),
            orders: self.orders.map(orders).transpose()?,
            by_id: orders(self.by_id)?,
            absent: absent.collect::<PyResult<_>>()?,
            fills: self.fills.map(fills).transpose()?,
            balances: self.balances.map(balances).transpose()?,
            positions: self.positions.map(positions).transpose()?,
        })
    }
}

impl PyReconciled {
    /// What was found, in words.
    pub(crate) fn new(requests: Py<PyList>, told: Reconciled, state: &State) -> Self {
        let (events, findings) = (told.events.len(), told.findings);
        let named =
            |id: InstrumentId| state.instrument(id).map(|rules| (rules.symbol.clone(), rules));
        let unexplained = findings.unexplained.iter().filter_map(|(id, difference)| {
            let (symbol, rules) = named(*id)?;
            Some((symbol, difference.why().name(), in_words(difference, rules)))
        });
        let foreign = findings.foreign.iter().filter_map(|fill| {
            let (symbol, rules) = named(fill.instrument)?;
            let (price, qty) = (rules.price_as_text(fill.price), rules.qty_as_text(fill.qty));
            Some((symbol, fill.side.name(), qty, price))
        });
        let (unexplained, foreign_fills) = (unexplained.collect(), foreign.collect());
        let foreign_orders = findings.foreign_orders.into_iter().map(|order| order.name).collect();
        Self { requests, events, unexplained, foreign_orders, foreign_fills }
    }
}

fn in_words(difference: &Difference, rules: &Instrument) -> String {
    match difference {
        Difference::Unrecorded(id) => {
            format!("order {} has a name of ours and was never placed", id.client_text())
        }
        Difference::Returned(id) => format!("order {} was over and works", id.client_text()),
        Difference::Order(id) => format!("order {} is not as we have it", id.client_text()),
        Difference::Fill(id, _) => {
            format!("order {} has a fill that it cannot have", id.client_text())
        }
        Difference::Overfilled(id) => {
            format!("order {} is filled beyond its size", id.client_text())
        }
        Difference::Unfilled(id) => {
            format!("order {} ended with less filled than was booked", id.client_text())
        }
        Difference::Owed(id, qty) => {
            let qty = rules.qty_as_text(*qty);
            format!("order {} has {qty} filled of which no trade is listed", id.client_text())
        }
        Difference::Position { ours, theirs } => {
            let (ours, theirs) = (rules.qty_as_text(*ours), rules.qty_as_text(*theirs));
            format!("position {theirs}, ours {ours}")
        }
        Difference::Balance { of, ours, theirs } => {
            let of = match of {
                Holding::Cash => CASH,
                Holding::Base(_) => rules.name(),
            };
            format!("balance of {of} {}, ours {}", amount_as_text(*theirs), amount_as_text(*ours))
        }
    }
}
