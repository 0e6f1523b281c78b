//! What a class strategy is given: a bar, a snapshot, and a list for what it asks.

use std::sync::Arc;

use bot4_engine::decision::exits::ExitsError;
use bot4_engine::event::{
    Bar, Exits, Intent, OrderId, OrderTerms, Side, SleeveId, Stop, StopKind, TimeInForce, Want,
};
use bot4_engine::history::{History, Row};
use bot4_engine::instrument::{Instrument, UnitError};
use bot4_engine::units::{Nanos, Price};
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

use crate::errors::{EngineError, Raise};
use crate::reconcile::order_id;
use crate::target::{band_of, exits_of, style, wrong_exits};
use crate::working::PyWorkingOrder;

/// The bars a class strategy may look back on: a whole history, or those made so far.
#[derive(Clone)]
pub(crate) enum Past {
    /// A history, of which some bars were told.
    History(Arc<History>),
    /// The bars of an instrument that were made so far.
    Made(Arc<str>, Arc<Vec<Row>>),
}

impl Past {
    fn symbol(&self) -> &str {
        match self {
            Self::History(history) => history.symbol(),
            Self::Made(symbol, _) => symbol,
        }
    }

    fn rows(&self) -> &[Row] {
        match self {
            Self::History(history) => history.rows(),
            Self::Made(_, rows) => rows,
        }
    }
}

#[pyclass(name = "Bar", module = "bot4._engine", frozen)]
pub(crate) struct PyBar {
    pub(crate) bar: Bar,
    /// The symbol alone: a bar that is kept must not keep the past.
    pub(crate) symbol: Arc<str>,
}

#[pymethods]
impl PyBar {
    #[getter]
    fn instrument(&self) -> &str {
        &self.symbol
    }
    #[getter]
    fn open_ns(&self) -> i64 {
        self.bar.open_ns.mantissa()
    }
    #[getter]
    fn close_ns(&self) -> i64 {
        self.bar.close_ns.mantissa()
    }
    #[getter]
    fn open(&self) -> f64 {
        self.bar.open
    }
    #[getter]
    fn high(&self) -> f64 {
        self.bar.high
    }
    #[getter]
    fn low(&self) -> f64 {
        self.bar.low
    }
    #[getter]
    fn close(&self) -> f64 {
        self.bar.close
    }
    #[getter]
    fn volume(&self) -> f64 {
        self.bar.volume
    }
}

#[pyclass(name = "History", module = "bot4._engine", frozen)]
pub(crate) struct PyHistory {
    past: Past,
    from: usize,
    to: usize,
}

impl PyHistory {
    fn copy<'py, T: numpy::Element>(
        &self,
        py: Python<'py>,
        column: impl Fn(&Row) -> T,
    ) -> Bound<'py, PyArray1<T>> {
        let rows = self.past.rows().get(self.from..self.to).unwrap_or_default();
        rows.iter().map(column).collect::<Vec<T>>().into_pyarray(py)
    }
}

#[pymethods]
impl PyHistory {
    fn __len__(&self) -> usize {
        self.to - self.from
    }
    #[getter]
    fn open_ns<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        self.copy(py, |row| row.open_ns)
    }
    #[getter]
    fn open<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.copy(py, |row| row.open)
    }
    #[getter]
    fn high<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.copy(py, |row| row.high)
    }
    #[getter]
    fn low<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.copy(py, |row| row.low)
    }
    #[getter]
    fn close<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.copy(py, |row| row.close)
    }
    #[getter]
    fn volume<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.copy(py, |row| row.volume)
    }
}

/// A frozen snapshot and the intents asked for while it is valid.
#[pyclass(name = "Context", module = "bot4._engine")]
pub(crate) struct PyContext {
    pub(crate) sleeve: SleeveId,
    pub(crate) past: Past,
    /// Bars told so far.
    pub(crate) told: usize,
    #[pyo3(get)]
    pub(crate) now_ns: i64,
    #[pyo3(get)]
    pub(crate) position: f64,
    #[pyo3(get)]
    pub(crate) entry_price: Option<f64>,
    #[pyo3(get)]
    pub(crate) cash: f64,
    #[pyo3(get)]
    pub(crate) equity: f64,
    /// What of the strategy's own works, oldest first.
    pub(crate) working: Vec<PyWorkingOrder>,
    /// What closes what it holds, as far as it was asked for by now.
    pub(crate) exits: Option<Exits>,
    /// `None` once the call it was made for is over.
    pub(crate) wants: Option<Vec<Asked>>,
}

/// What was asked for: prices that wait become units when it is told, by the instrument's scale.
pub(crate) struct Asked {
    want: Want,
    waits: Option<Waits>,
}

/// What an order waits for, in quote units.
#[derive(Clone, Copy)]
struct Waits {
    kind: StopKind,
    trigger: f64,
    trail: f64,
}

impl Waits {
    /// From the words of a call: at most one trigger, and a distance only beside a stop.
    fn of(stop: Option<f64>, profit: Option<f64>, trail: Option<f64>) -> PyResult<Option<Self>> {
        let (kind, trigger) = match (stop, profit) {
            (None, None) if trail.is_none() => return Ok(None),
            (Some(trigger), None) => (StopKind::Stop, trigger),
            (None, Some(trigger)) if trail.is_none() => (StopKind::TakeProfit, trigger),
            (Some(_), Some(_)) => {
                let text = "an order waits for a stop or for a take_profit, not for both";
                return Err(EngineError::new_err(text));
            }
            (None, _) => {
                return Err(EngineError::new_err("trail wants a stop, which is where it begins"));
            }
        };
        for (name, value) in [("stop", stop), ("take_profit", profit), ("trail", trail)] {
            if let Some(wrong) = value.filter(|value| !value.is_finite() || *value <= 0.0) {
                let text = format!("{name} must be a number above zero, not {wrong}");
                return Err(EngineError::new_err(text));
            }
        }
        Ok(Some(Self { kind, trigger, trail: trail.unwrap_or(0.0) }))
    }

    /// On the tick: a sell's up, a buy's down.
    fn stop(self, side: Side, rules: &Instrument) -> Result<Stop, UnitError> {
        let trigger = match side {
            Side::Sell => rules.tick_up(self.trigger)?,
            Side::Buy => rules.tick_down(self.trigger)?,
        };
        let trail = if self.trail > 0.0 { rules.tick_up(self.trail)? } else { Price::ZERO };
        Ok(Stop { kind: self.kind, trigger, trail })
    }
}

/// An order by its snapshot, or by its id.
#[derive(FromPyObject)]
enum Named<'py> {
    Order(PyRef<'py, PyWorkingOrder>),
    Id(String),
}

impl Named<'_> {
    fn id(&self) -> PyResult<OrderId> {
        match self {
            Self::Order(order) => Ok(order.order),
            Self::Id(text) => order_id(text),
        }
    }
}

impl PyContext {
    fn ask(&mut self, want: Want) -> PyResult<()> {
        self.ask_for(Asked { want, waits: None })
    }

    fn ask_for(&mut self, asked: Asked) -> PyResult<()> {
        let wants = self.wants.as_mut().ok_or_else(|| {
            EngineError::new_err("this ctx is of an earlier bar: use the one the call was given")
        })?;
        wants.push(asked);
        Ok(())
    }

    fn trade(
        &mut self,
        side: Side,
        qty: f64,
        limit: Option<f64>,
        (terms, waits): (OrderTerms, Option<Waits>),
    ) -> PyResult<()> {
        let qty = size(qty)?;
        self.ask_for(Asked { want: Want::Trade { side, qty, limit, terms }, waits })
    }

    /// The last of a call counts, beside any target.
    fn close_at(&mut self, exits: Option<Exits>, band: Option<f64>) -> PyResult<()> {
        let banded = |asked: &Asked| matches!(asked.want, Want::Target { band: Some(_), .. });
        let earlier = self.wants.iter().flatten().any(banded);
        if exits.is_some() && (band.is_some() || earlier) {
            return Err(wrong_exits(&ExitsError::Band));
        }
        if let Some(wants) = &mut self.wants {
            wants.retain(|asked| !matches!(asked.want, Want::Exits(_)));
        }
        self.ask(Want::Exits(exits))?;
        self.exits = exits;
        Ok(())
    }

    /// End its life; what was asked for, of this instrument.
    pub(crate) fn close(&mut self, rules: Option<&Instrument>) -> PyResult<Vec<Intent>> {
        let (mut wants, sleeve) = (self.wants.take().unwrap_or_default(), self.sleeve);
        // A target calls back what lies, so nothing new is laid before it.
        if wants.iter().any(|asked| matches!(asked.want, Want::Target { .. })) {
            wants.sort_by_key(|asked| matches!(asked.want, Want::Exits(_)));
        }
        let intent = |Asked { want, waits }| -> PyResult<Intent> {
            let (Want::Trade { side, qty, limit, terms }, Some(waits), Some(rules)) =
                (want, waits, rules)
            else {
                return Ok(Intent { sleeve, want });
            };
            let stop = Some(waits.stop(side, rules).raise()?);
            let want = Want::Trade { side, qty, limit, terms: OrderTerms { stop, ..terms } };
            Ok(Intent { sleeve, want })
        };
        wants.into_iter().map(intent).collect()
    }
}

#[pymethods]
impl PyContext {
    #[getter]
    fn instrument(&self) -> &str {
        self.past.symbol()
    }

    fn history(&self, n: i64) -> PyResult<PyHistory> {
        let n = usize::try_from(n)
            .map_err(|_| EngineError::new_err(format!("history: n must be 0 or more, not {n}")))?;
        let from = self.told.saturating_sub(n);
        Ok(PyHistory { past: self.past.clone(), from, to: self.told })
    }

    #[pyo3(signature = (
        fraction, band=None, execution="cross", *, stop_loss=None, take_profit=None,
        trailing_stop=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "one keyword a part of a target")]
    fn target(
        &mut self,
        fraction: f64,
        band: Option<f64>,
        execution: &str,
        stop_loss: Option<f64>,
        take_profit: Option<f64>,
        trailing_stop: Option<f64>,
    ) -> PyResult<()> {
        let (band, execution) = (band_of(band)?, style(execution)?);
        let exits = exits_of((stop_loss, take_profit, trailing_stop))?;
        // A target says what to hold in all, so the last of a call is the one that counts.
        if let Some(wants) = &mut self.wants {
            wants.retain(|asked| !matches!(asked.want, Want::Target { .. }));
        }
        if exits.is_some() {
            self.close_at(exits, band)?;
        }
        if band.is_some() && self.exits.is_some() {
            return Err(wrong_exits(&ExitsError::Band));
        }
        self.ask(Want::Target { fraction, band, execution })
    }

    #[pyo3(signature = (
        qty, limit=None, *, tif="gtc", expires_ns=None, post_only=false, reduce_only=false,
        stop=None, take_profit=None, trail=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "one keyword a term")]
    fn buy(
        &mut self,
        qty: f64,
        limit: Option<f64>,
        tif: &str,
        expires_ns: Option<i64>,
        post_only: bool,
        reduce_only: bool,
        stop: Option<f64>,
        take_profit: Option<f64>,
        trail: Option<f64>,
    ) -> PyResult<()> {
        let terms = OrderTerms {
            tif: in_force(tif, expires_ns)?,
            post_only,
            reduce_only,
            ..OrderTerms::default()
        };
        let waits = Waits::of(stop, take_profit, trail)?;
        self.trade(Side::Buy, qty, limit, (terms, waits))
    }

    #[pyo3(signature = (
        qty, limit=None, *, tif="gtc", expires_ns=None, post_only=false, reduce_only=false,
        stop=None, take_profit=None, trail=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "one keyword a term")]
    fn sell(
        &mut self,
        qty: f64,
        limit: Option<f64>,
        tif: &str,
        expires_ns: Option<i64>,
        post_only: bool,
        reduce_only: bool,
        stop: Option<f64>,
        take_profit: Option<f64>,
        trail: Option<f64>,
    ) -> PyResult<()> {
        let terms = OrderTerms {
            tif: in_force(tif, expires_ns)?,
            post_only,
            reduce_only,
            ..OrderTerms::default()
        };
        let waits = Waits::of(stop, take_profit, trail)?;
        self.trade(Side::Sell, qty, limit, (terms, waits))
    }

    #[getter]
    fn working(&self) -> usize {
        self.working.len()
    }

    #[getter]
    fn orders(&self) -> Vec<PyWorkingOrder> {
        self.working.clone()
    }

    #[pyo3(signature = (order=None))]
    fn cancel(&mut self, order: Option<Named<'_>>) -> PyResult<()> {
        let want = match order {
            None => Want::CancelAll,
            Some(order) => Want::Cancel { order: order.id()? },
        };
        self.ask(want)
    }

    #[pyo3(signature = (order, *, qty=None, limit=None))]
    fn amend(&mut self, order: Named<'_>, qty: Option<f64>, limit: Option<f64>) -> PyResult<()> {
        if qty.is_none() && limit.is_none() {
            let text = "amend: give a qty, a limit, or both";
            return Err(EngineError::new_err(text));
        }
        for (name, value) in [("qty", qty), ("limit", limit)] {
            if let Some(wrong) = value.filter(|value| !value.is_finite() || *value <= 0.0) {
                let text = format!("amend: {name} must be a number above zero, not {wrong}");
                return Err(EngineError::new_err(text));
            }
        }
        self.ask(Want::Amend { order: order.id()?, qty, limit })
    }

    #[pyo3(signature = (*, stop_loss=None, take_profit=None, trailing_stop=None))]
    fn exits(
        &mut self,
        stop_loss: Option<f64>,
        take_profit: Option<f64>,
        trailing_stop: Option<f64>,
    ) -> PyResult<()> {
        let exits = exits_of((stop_loss, take_profit, trailing_stop))?;
        self.close_at(exits, None)
    }
}

/// How long an order may work, by its word or its end.
fn in_force(tif: &str, expires_ns: Option<i64>) -> PyResult<TimeInForce> {
    match (tif, expires_ns) {
        ("gtc", None) => Ok(TimeInForce::Gtc),
        ("gtc", Some(end)) => Ok(TimeInForce::Gtd(Nanos::new(end))),
        ("ioc", None) => Ok(TimeInForce::Ioc),
        ("fok", None) => Ok(TimeInForce::Fok),
        ("ioc" | "fok", Some(_)) => {
            Err(EngineError::new_err(format!("an order that is {tif} has no expires_ns")))
        }
        _ => Err(EngineError::new_err(format!("tif must be gtc, ioc or fok, not '{tif}'"))),
    }
}

/// A size, if it is finite and above zero.
fn size(qty: f64) -> PyResult<f64> {
    if qty.is_finite() && qty > 0.0 {
        return Ok(qty);
    }
    Err(EngineError::new_err(format!("qty must be a number above zero, not {qty}")))
}
