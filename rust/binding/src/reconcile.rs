//! A venue's report as Python gives it, and what came of it in words.

use std::collections::BTreeMap;

use bot4_engine::asset::Asset;
use bot4_engine::event::{Booking, Entry, OrderId, Side, TradeId};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_as_text, amount_from_text, venues};
use bot4_engine::journal::State;
use bot4_engine::reconcile::{
    Difference, Reconciled, ReportedBalance, ReportedFill, ReportedFills, ReportedOrder,
    ReportedPosition, ReportedState, VenueReport,
};
use bot4_engine::units::{Amount, Nanos};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::errors::{EngineError, Raise};

/// What came of a report.
#[pyclass(name = "Reconciled", module = "bot4._engine", frozen, get_all)]
pub(crate) struct PyReconciled {
    requests: Py<PyList>,
    events: usize,
    unexplained: Vec<(String, &'static str, String)>,
    foreign_orders: Vec<String>,
    foreign_fills: Vec<(String, &'static str, String, String)>,
    other_balances: Vec<String>,
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
    fee_asset: Option<String>,
    ts_ns: i64,
}

/// A transfer of an asset, or funding of an instrument.
#[derive(FromPyObject)]
struct RawEntry {
    name: String,
    asset: Option<String>,
    instrument: Option<String>,
    amount: String,
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
    entries: Vec<RawEntry>,
    balances: Option<BTreeMap<String, String>>,
    positions: Option<BTreeMap<String, String>>,
}

fn listed<'a>(state: &'a State, symbol: &str) -> PyResult<(InstrumentId, &'a Instrument)> {
    let found = (0..).zip(state.instruments()).find(|(_, rules)| rules.symbol == symbol);
    let found = found.map(|(id, rules)| (InstrumentId(id), rules));
    found.ok_or_else(|| EngineError::new_err(format!("'{symbol}' is no instrument here")))
}

/// The asset of a name.
pub(crate) fn asset(name: &str) -> PyResult<Asset> {
    Asset::named(name).ok_or_else(|| {
        let text = format!("'{name}' is no asset: write 1 to {} bytes", Asset::LEN_MAX);
        EngineError::new_err(text)
    })
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
            fee_asset: self.fee_asset.as_deref().map(asset).transpose()?,
        })
    }
}

impl RawEntry {
    fn parse(self, state: &State, venue: &str) -> PyResult<Entry> {
        let numbered = venues(state.instruments());
        let mut named = state.instruments().iter().zip(numbered);
        let here = named.find(|(rules, _)| rules.venue() == venue).map(|(_, number)| number);
        let here = here.ok_or_else(|| {
            EngineError::new_err(format!("no instrument of the bot is of '{venue}'"))
        })?;
        let amount = amount_from_text(&self.amount).raise()?;
        let booking = match (self.asset, self.instrument) {
            (Some(name), None) => Booking::Transfer { asset: asset(&name)?, amount },
            (None, Some(symbol)) => {
                Booking::Funding { instrument: listed(state, &symbol)?.0, amount }
            }
            (Some(_), Some(_)) | (None, None) => {
                let text = format!(
                    "entry '{}' must name an asset (a transfer) or an instrument (funding)",
                    self.name
                );
                return Err(EngineError::new_err(text));
            }
        };
        let name = TradeId::from_text(&self.name);
        Ok(Entry { ts: Nanos::new(self.ts_ns), venue: here, name, booking })
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
                // By its instrument, or by its own name.
                let base = listed(state, &name).map(|(_, rules)| rules.base);
                let asset = base.or_else(|_| asset(&name))?;
                Ok(ReportedBalance { asset, total: amount_from_text(&total).raise()? })
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
        let booked = self.entries.into_iter().map(|entry| entry.parse(state, &self.venue));
        let booked = booked.collect::<PyResult<_>>()?;
        Ok(VenueReport {
            booked,
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
        let foreign = findings.booked.iter().filter_map(|entry| match entry.booking {
            Booking::Trade { instrument, side, price, qty, .. } => {
                let (symbol, rules) = named(instrument)?;
                let (price, qty) = (rules.price_as_text(price), rules.qty_as_text(qty));
                Some((symbol, side.name(), qty, price))
            }
            Booking::Transfer { .. } | Booking::Funding { .. } => None,
        });
        let (unexplained, foreign_fills) = (unexplained.collect(), foreign.collect());
        let foreign_orders = findings.foreign_orders.into_iter().map(|order| order.name).collect();
        let other = findings.other_balances.iter();
        let other_balances = other.map(|one| differing(one.asset, one.ours, one.theirs)).collect();
        Self { requests, events, unexplained, foreign_orders, foreign_fills, other_balances }
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
        Difference::Balance { asset, ours, theirs } => differing(*asset, *ours, *theirs),
    }
}

fn differing(asset: Asset, ours: Amount, theirs: Amount) -> String {
    format!("balance of {asset} {}, ours {}", amount_as_text(theirs), amount_as_text(ours))
}
