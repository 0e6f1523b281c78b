//! Backtests, and the journals they leave.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bot4_engine::backtest::{Backtest, BacktestError, Settings};
use bot4_engine::bot::{Bot, Decides, Sleeve};
use bot4_engine::event::SleeveId;
use bot4_engine::history::History;
use bot4_engine::instrument::{InstrumentId, amount_as_f64, amount_from_text, rate_from_text};
use bot4_engine::journal::{self, Record, State};
use bot4_engine::risk::limits::{LimitValue, Profile};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::bars::PyBars;
use crate::context::{Past, PyBar, PyContext};
use crate::errors::{EngineError, Raise};
use crate::program::PyProgram;
use crate::report;
use crate::working::PyWorkingOrder;

/// A limit's value as Python gives it.
#[derive(FromPyObject)]
pub(crate) enum RawLimit {
    Switch(bool),
    Number(String),
}

impl From<RawLimit> for LimitValue {
    fn from(raw: RawLimit) -> Self {
        match raw {
            RawLimit::Switch(on) => Self::Switch(on),
            RawLimit::Number(text) => Self::Number(text),
        }
    }
}

/// A class strategy's instance on its sleeve.
pub(crate) struct Callee {
    pub(crate) sleeve: SleeveId,
    pub(crate) instrument: InstrumentId,
    pub(crate) symbol: Arc<str>,
    pub(crate) instance: Py<PyAny>,
}

enum Stage {
    /// Strategies may still be added.
    Setup { histories: Vec<Arc<History>>, sleeves: Vec<Sleeve> },
    /// It runs.
    Running(Box<Backtest>),
}

#[pyclass(name = "Backtest", module = "bot4._engine")]
pub(crate) struct PyBacktest {
    stage: Stage,
    settings: Settings,
    callees: Vec<Callee>,
    bars: usize,
    elapsed_s: f64,
    now_ns: i64,
    running: String,
}

#[pymethods]
impl PyBacktest {
    #[new]
    #[pyo3(signature = (
        bars, *, cash, fee_rate, slippage_rate, profile, limits=None, journal=false
    ))]
    fn new(
        bars: Vec<PyRef<'_, PyBars>>,
        cash: &str,
        fee_rate: &str,
        slippage_rate: &str,
        profile: &str,
        limits: Option<BTreeMap<String, RawLimit>>,
        journal: bool,
    ) -> PyResult<Self> {
        let profile = profile_of(profile, limits)?;
        let settings = Settings {
            cash: amount_from_text(cash).raise()?,
            fee: rate_from_text(fee_rate).raise()?,
            slippage: rate_from_text(slippage_rate).raise()?,
            profile,
            journal,
        };
        let histories: Vec<_> = bars.iter().map(|bars| Arc::clone(&bars.0)).collect();
        Ok(Self {
            bars: histories.iter().map(|history| history.len()).sum(),
            stage: Stage::Setup { histories, sleeves: Vec::new() },
            settings,
            callees: Vec::new(),
            elapsed_s: 0.0,
            now_ns: 0,
            running: String::new(),
        })
    }

    #[pyo3(signature = (
        strategy, instrument, allocation, program, band=None, *, execution="cross", stop_loss=None,
        take_profit=None, trailing_stop=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "one keyword a part of a target")]
    fn add_program(
        &mut self,
        strategy: &str,
        instrument: &str,
        allocation: &str,
        program: &PyProgram,
        band: Option<f64>,
        execution: &str,
        stop_loss: Option<f64>,
        take_profit: Option<f64>,
        trailing_stop: Option<f64>,
    ) -> PyResult<()> {
        self.add(
            strategy,
            instrument,
            allocation,
            program.holds(band, execution, (stop_loss, take_profit, trailing_stop))?,
        )
        .map(|_| ())
    }

    #[pyo3(signature = (strategy, instrument, allocation, program, *, levels=1, requote=0.0))]
    fn add_quote(
        &mut self,
        strategy: &str,
        instrument: &str,
        allocation: &str,
        program: &PyProgram,
        levels: u32,
        requote: f64,
    ) -> PyResult<()> {
        let decides = program.quotes(levels, requote)?;
        self.add(strategy, instrument, allocation, decides).map(|_| ())
    }

    fn add_class(
        &mut self,
        strategy: &str,
        instrument: &str,
        allocation: &str,
        instance: Py<PyAny>,
    ) -> PyResult<()> {
        let symbol = Arc::from(instrument);
        let (sleeve, instrument) = self.add(strategy, instrument, allocation, Decides::Outside)?;
        self.callees.push(Callee { sleeve, instrument, symbol, instance });
        Ok(())
    }

    fn run(&mut self, py: Python<'_>, bars_max: usize) -> PyResult<u64> {
        self.start(py)?;
        let Stage::Running(run) = &mut self.stage else {
            return Err(not_run());
        };
        let goal = run.report().bars().saturating_add(bars_max as u64);
        let began = Instant::now();
        let outcome = if self.callees.is_empty() {
            py.detach(|| {
                while run.report().bars() < goal {
                    if run.advance()?.is_none() {
                        break;
                    }
                }
                Ok::<(), BacktestError>(())
            })
            .raise()
        } else {
            call_along(py, run, &self.callees, goal, &mut self.running)
        };
        self.elapsed_s += began.elapsed().as_secs_f64();
        self.now_ns = run.bot().now().mantissa();
        outcome?;
        if run.report().bars() == self.bars as u64 {
            run.retire().raise()?;
        }
        Ok(run.report().bars())
    }

    #[getter]
    fn bars(&self) -> usize {
        self.bars
    }

    #[getter]
    fn now_ns(&self) -> i64 {
        self.now_ns
    }

    #[getter]
    fn running(&self) -> &str {
        &self.running
    }

    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        report::summary(py, self.done()?, self.elapsed_s)
    }

    fn refusals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        for (refusal, count) in self.done()?.report().refusals() {
            out.set_item(refusal.name(), count)?;
        }
        Ok(out)
    }

    fn clips<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        for (limit, count) in self.done()?.report().clips() {
            out.set_item(limit.name(), count)?;
        }
        Ok(out)
    }

    fn equity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        report::equity(py, self.done()?)
    }

    fn trades<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        report::trades(py, self.done()?)
    }

    fn fills<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        report::fills(py, self.done()?)
    }

    fn journal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.done()?.journal()))
    }
}

impl PyBacktest {
    fn add(
        &mut self,
        strategy: &str,
        symbol: &str,
        allocation: &str,
        decides: Decides,
    ) -> PyResult<(SleeveId, InstrumentId)> {
        let allocation = rate_from_text(allocation).raise()?;
        let Stage::Setup { histories, sleeves } = &mut self.stage else {
            return Err(EngineError::new_err("the run has begun: add strategies before run()"));
        };
        let place = histories.iter().position(|history| history.symbol() == symbol);
        let place = place.and_then(|place| u32::try_from(place).ok());
        let instrument =
            InstrumentId(place.ok_or_else(|| {
                EngineError::new_err(format!("there is no history for '{symbol}'"))
            })?);
        let sleeve = SleeveId(u32::try_from(sleeves.len()).unwrap_or(u32::MAX));
        let strategy = strategy.to_owned();
        sleeves.push(Sleeve { strategy, instrument, allocation, decides });
        Ok((sleeve, instrument))
    }

    /// From setup to running, once; class strategies hear of it.
    fn start(&mut self, py: Python<'_>) -> PyResult<()> {
        let Stage::Setup { histories, sleeves } = &self.stage else {
            return Ok(());
        };
        if sleeves.is_empty() {
            return Err(EngineError::new_err("no strategy was added"));
        }
        let mut run = Backtest::new(histories.clone(), sleeves.clone(), &self.settings).raise()?;
        for callee in &self.callees {
            self.running = name_of(&run, callee);
            let context = Py::new(py, context(&run, callee)?)?;
            callee.instance.call_method1(py, "on_start", (&context,))?;
            tell(py, &mut run, &context)?;
        }
        self.stage = Stage::Running(Box::new(run));
        Ok(())
    }

    fn done(&self) -> PyResult<&Backtest> {
        match &self.stage {
            Stage::Running(run) => Ok(run),
            Stage::Setup { .. } => Err(not_run()),
        }
    }
}

/// A named profile with single limits replaced.
pub(crate) fn profile_of(
    profile: &str,
    limits: Option<BTreeMap<String, RawLimit>>,
) -> PyResult<Profile> {
    let mut profile = Profile::named(profile).raise()?;
    for (limit, value) in limits.unwrap_or_default() {
        profile = profile.with(&limit, &value.into()).raise()?;
    }
    Ok(profile)
}

/// Advance moment by moment; after each, ask the class strategies that the engine names.
fn call_along(
    py: Python<'_>,
    run: &mut Backtest,
    callees: &[Callee],
    goal: u64,
    running: &mut String,
) -> PyResult<()> {
    let on_bar = pyo3::intern!(py, "on_bar");
    let mut called: Option<SleeveId> = None;
    let mut asked = Vec::with_capacity(callees.len());
    while run.report().bars() < goal && run.advance().raise()?.is_some() {
        asked.extend(run.outside());
        for sleeve in asked.drain(..) {
            let Some(callee) = callees.iter().find(|callee| callee.sleeve == sleeve) else {
                continue;
            };
            if called != Some(sleeve) {
                *running = name_of(run, callee);
                called = Some(sleeve);
            }
            let context = Py::new(py, context(run, callee)?)?;
            let bar = Py::new(py, last_bar(run, callee)?)?;
            callee.instance.call_method1(py, on_bar, (&context, bar))?;
            tell(py, run, &context)?;
        }
    }
    Ok(())
}

/// What was asked for through a context, to the engine; its life ends.
fn tell(py: Python<'_>, run: &mut Backtest, context: &Py<PyContext>) -> PyResult<()> {
    let in_use = |_| EngineError::new_err("ctx is in use by another thread of the strategy");
    let mut context = context.try_borrow_mut(py).map_err(in_use)?;
    let seat = run.bot().sleeves().get(context.sleeve.index()).map(|sleeve| sleeve.instrument);
    let intents = context.close(seat.and_then(|id| run.bot().state().instrument(id)))?;
    intents.into_iter().try_for_each(|intent| run.ask(intent).raise())
}

fn last_bar(run: &Backtest, callee: &Callee) -> PyResult<PyBar> {
    let (history, told) = run.told(callee.instrument).ok_or_else(not_run)?;
    let bar = told.checked_sub(1).and_then(|row| history.bar(callee.instrument, row));
    Ok(PyBar { bar: bar.ok_or_else(not_run)?, symbol: Arc::clone(&callee.symbol) })
}

/// What a callee may know now.
fn context(run: &Backtest, callee: &Callee) -> PyResult<PyContext> {
    let (history, told) = run.told(callee.instrument).ok_or_else(not_run)?;
    Ok(snapshot(run.bot(), callee, Past::History(Arc::clone(history)), told))
}

/// The account as a callee may know it now.
pub(crate) fn snapshot(bot: &Bot, callee: &Callee, past: Past, told: usize) -> PyContext {
    let state = bot.state();
    let position = bot.holding(callee.sleeve);
    let rules = state.instrument(callee.instrument);
    let qty = rules.map_or(0.0, |rules| rules.qty_as_f64(position.qty));
    let mine = state.orders().working().filter(|one| one.new_order().sleeve == callee.sleeve);
    let working =
        mine.filter_map(|one| rules.map(|rules| PyWorkingOrder::of(one, rules))).collect();
    PyContext {
        sleeve: callee.sleeve,
        past,
        told,
        now_ns: bot.now().mantissa(),
        position: qty,
        entry_price: (qty != 0.0).then(|| amount_as_f64(position.cost) / qty),
        cash: amount_as_f64(bot.account().cash),
        equity: amount_as_f64(bot.account().equity),
        working,
        exits: state.exits(callee.sleeve),
        wants: Some(Vec::new()),
    }
}

fn name_of(run: &Backtest, callee: &Callee) -> String {
    called(run.bot(), callee)
}

/// `strategy on instrument` of a callee.
pub(crate) fn called(bot: &Bot, callee: &Callee) -> String {
    let strategy = bot.sleeves().get(callee.sleeve.index());
    let strategy = strategy.map_or("", |sleeve| sleeve.strategy.as_str());
    let symbol = bot.state().instrument(callee.instrument);
    format!("{strategy} on {}", symbol.map_or("", |instrument| instrument.symbol.as_str()))
}

fn not_run() -> PyErr {
    EngineError::new_err("the backtest has not run yet: call run() first")
}

#[pyfunction]
pub(crate) fn replay_journal<'py>(py: Python<'py>, encoded: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    let (instruments, sleeves, records) = journal::decode(encoded).raise()?;
    let sleeves = usize::try_from(sleeves).unwrap_or(usize::MAX);
    let state = State::new(instruments, sleeves, 0).fold(&records).raise()?;
    let count = |of: fn(&Record) -> bool| records.iter().filter(|record| of(record)).count();
    let out = PyDict::new(py);
    out.set_item("records", records.len())?;
    out.set_item("orders", count(|record| matches!(record, Record::Placed { .. })))?;
    out.set_item("fills", count(|record| matches!(record, Record::Fill(_))))?;
    out.set_item("ledger_hash", state.ledger_hash())?;
    Ok(out)
}
