//! A run: the market told event by event, everything journaled. Long because it is one class, with
//! every question that a run answers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bot4_desk::{Desk, Market, Opened, Setup};
use bot4_engine::bot::{Bot, Decides};
use bot4_engine::event::{self, BreakerState, Note, Reason, SleeveId, Transition};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_from_text, rate_from_text};
use bot4_engine::order::Order;
use bot4_engine::risk::supervisor::Outcome;
use bot4_engine::run::{Command, RunSettings};
use bot4_engine::units::Nanos;
use bot4_journal::Durability;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::backtest::{Callee, RawLimit, profile_of};
use crate::bars::PyBars;
use crate::called::{Callees, Raised};
use crate::context::Past;
use crate::errors::{EngineError, Raise};
use crate::faults::{Named, faults_of};
use crate::measured::{self, Closes};
use crate::met::Met;
use crate::program::PyProgram;
use crate::recording::PyRecording;
use crate::records::{self, Names};
use crate::status;

enum Stage {
    Setup(Box<Setup>),
    Open(Box<Desk>),
    Closed,
}

#[pyclass(name = "Run", module = "bot4._engine")]
pub(crate) struct PyRun {
    stage: Stage,
    callees: Callees,
    met: Met,
}

#[pymethods]
impl PyRun {
    #[new]
    #[pyo3(signature = (
        *, cash, taker_fee, maker_fee, slippage, latency_ns, bar_interval_ns, profile, limits=None,
        faults=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "one keyword a setting")]
    fn new(
        cash: &str,
        taker_fee: &str,
        maker_fee: &str,
        slippage: &str,
        latency_ns: i64,
        bar_interval_ns: i64,
        profile: &str,
        limits: Option<BTreeMap<String, RawLimit>>,
        faults: Option<Named>,
    ) -> PyResult<Self> {
        if latency_ns < 0 || bar_interval_ns <= 0 {
            let text = "latency_ns must be 0 or more, and bar_interval_ns above 0";
            return Err(EngineError::new_err(text));
        }
        let settings = RunSettings {
            cash: amount_from_text(cash).raise()?,
            slippage: rate_from_text(slippage).raise()?,
            latency: Nanos::new(latency_ns),
            bar_interval: Nanos::new(bar_interval_ns),
            has_book: true,
            profile: profile_of(profile, limits)?,
            faults: faults_of(faults)?,
        };
        let (taker, maker) =
            (rate_from_text(taker_fee).raise()?, rate_from_text(maker_fee).raise()?);
        let setup = Setup::new(settings, taker, maker);
        Ok(Self {
            stage: Stage::Setup(Box::new(setup)),
            callees: Callees::default(),
            met: Met::default(),
        })
    }

    #[pyo3(signature = (
        instrument, price, tick, lot, seed, start_ns, notional_min="0", *, notional_max=None,
        qty_max=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "one a fact of a market")]
    fn add_simulated(
        &mut self,
        instrument: &str,
        price: &str,
        tick: &str,
        lot: &str,
        seed: u64,
        start_ns: i64,
        notional_min: &str,
        notional_max: Option<&str>,
        qty_max: Option<&str>,
    ) -> PyResult<()> {
        let about: f64 = price
            .parse()
            .map_err(|_| EngineError::new_err(format!("price '{price}' is not a number")))?;
        let start = Nanos::new(start_ns);
        let rules = Instrument::listed(instrument, about, tick, lot)
            .and_then(|rules| rules.at_least(notional_min))
            .and_then(|rules| rules.at_most(notional_max, qty_max))
            .raise()?;
        self.setup()?.add_simulated(rules, about, seed, start).raise()
    }

    fn add_recording(&mut self, recording: PyRef<'_, PyRecording>) -> PyResult<()> {
        self.setup()?.add(Market::Recorded(recording.0.clone())).raise()
    }

    fn add_bars(&mut self, bars: PyRef<'_, PyBars>) -> PyResult<()> {
        self.setup()?.add(Market::Bars(Arc::clone(&bars.0))).raise()
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
        let decides = program.holds(band, execution, (stop_loss, take_profit, trailing_stop))?;
        let allocation = rate_from_text(allocation).raise()?;
        self.setup()?.seat(strategy, instrument, allocation, decides).raise().map(|_| ())
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
        let allocation = rate_from_text(allocation).raise()?;
        self.setup()?.seat(strategy, instrument, allocation, decides).raise().map(|_| ())
    }

    fn add_class(
        &mut self,
        strategy: &str,
        instrument: &str,
        allocation: &str,
        instance: Py<PyAny>,
    ) -> PyResult<()> {
        let setup = self.setup()?;
        let allocation = rate_from_text(allocation).raise()?;
        let seated = setup.seat(strategy, instrument, allocation, Decides::Outside);
        let (sleeve, id) = seated.raise()?;
        let past = match setup.history(id) {
            Some(history) => Past::History(Arc::clone(history)),
            None => Past::Made(Arc::from(instrument), Arc::default()),
        };
        let symbol = Arc::from(instrument);
        let callee = Callee { sleeve, instrument: id, symbol, instance };
        self.callees.add(callee, past);
        Ok(())
    }

    fn keep_closes(&mut self, step_ns: i64, kept_max: usize) -> PyResult<()> {
        self.setup()?;
        self.callees.closes = Closes::new(step_ns, kept_max)?;
        Ok(())
    }

    fn closes(&self) -> PyResult<BTreeMap<String, Vec<(i64, f64)>>> {
        let state = self.bot()?.state();
        let ids = (0..).map(InstrumentId).zip(state.instruments());
        Ok(ids.map(|(id, rules)| (rules.symbol.clone(), self.callees.closes.of(id))).collect())
    }

    #[pyo3(signature = (var, cvar, as_of_ns, *, level="0.99", horizon_s=86_400))]
    fn measured(
        &mut self,
        py: Python<'_>,
        var: f64,
        cvar: f64,
        as_of_ns: i64,
        level: &str,
        horizon_s: i64,
    ) -> PyResult<()> {
        let measure = measured::measure((var, cvar), as_of_ns, (level, horizon_s))?;
        let session = self.desk()?.run().session();
        // What cannot follow is refused before the run is told: it goes on.
        measure.check(session.clock(), session.bot().state().measure().as_ref()).raise()?;
        self.command(py, Command::Measured(measure))
    }

    #[pyo3(signature = (folder, *, durability, clock_s))]
    fn open<'py>(
        &mut self,
        py: Python<'py>,
        folder: PathBuf,
        durability: &str,
        clock_s: u64,
    ) -> PyResult<Bound<'py, PyDict>> {
        let durability = match durability {
            "each" => Durability::Each,
            "block" => Durability::Block,
            other => {
                let text = format!("durability is '{other}'; allowed: each, block");
                return Err(EngineError::new_err(text));
            }
        };
        let setup = self.setup()?;
        let (run, header) = setup.build().raise()?;
        let callees = &mut self.callees;
        let opened = py.detach(|| Desk::open(run, &header, &folder, durability, clock_s, callees));
        let (mut desk, opened) = opened.raise()?;
        let found = told_of(py, &desk, &opened)?;
        self.callees.start(py, desk.run().session().bot())?;
        for closed in self.callees.begun_anew(desk.run().session().bot()) {
            desk.command(Command::Breaker(closed), &mut self.callees).raise()?;
        }
        self.stage = Stage::Open(Box::new(desk));
        Ok(found)
    }

    fn advance(&mut self, py: Python<'_>, until_ns: i64, events_max: u64) -> PyResult<u64> {
        let Self { stage, callees, .. } = self;
        let Stage::Open(desk) = stage else {
            return Err(not_open());
        };
        let until = Nanos::new(until_ns);
        py.detach(|| desk.advance(until, events_max, callees)).raise()
    }

    fn raised(&mut self) -> Vec<Raised> {
        core::mem::take(&mut self.callees.raised)
    }

    #[getter]
    fn nothing_is_left(&self) -> PyResult<bool> {
        Ok(self.callees.nothing_is_left(self.bot()?))
    }

    #[getter]
    fn next_ns(&self) -> PyResult<Option<i64>> {
        Ok(self.desk()?.run().next_ns().map(Nanos::mantissa))
    }

    #[getter]
    fn now_ns(&self) -> i64 {
        self.desk().map_or(0, |desk| desk.run().session().clock().mantissa())
    }

    #[getter]
    fn running(&self) -> &str {
        &self.callees.running
    }

    #[getter]
    fn idle(&self) -> PyResult<bool> {
        let session = self.desk()?.run().session();
        // What waits to close stays behind what is held.
        let mut working = session.bot().state().orders().working();
        Ok(working.all(Order::is_exit) && session.in_flight() == 0)
    }

    #[getter]
    fn flat(&self) -> PyResult<bool> {
        let bot = self.desk()?.run().session().bot();
        let ids = (0..).map(InstrumentId).take(bot.state().instruments().len());
        let mut seats = (0..).map(SleeveId).zip(bot.sleeves());
        Ok(ids.into_iter().all(|id| bot.is_flat(id))
            && seats.all(|(id, seat)| bot.is_dust(seat.instrument, bot.holding(id).qty)))
    }

    fn pause(&mut self, py: Python<'_>, strategy: &str) -> PyResult<()> {
        for sleeve in self.sleeves_of(strategy)? {
            self.command(py, Command::Pause(sleeve))?;
        }
        Ok(())
    }

    #[pyo3(signature = (strategy=None))]
    fn resume(&mut self, py: Python<'_>, strategy: Option<&str>) -> PyResult<()> {
        let sleeves = match strategy {
            Some(strategy) => self.sleeves_of(strategy)?,
            None => {
                self.command(py, Command::ResumeTrading)?;
                let bot = self.desk()?.run().session().bot();
                let all = (0..).map(SleeveId).take(bot.sleeves().len());
                all.filter(|sleeve| bot.state().is_paused(*sleeve)).collect()
            }
        };
        for sleeve in sleeves {
            self.command(py, Command::Resume(sleeve))?;
        }
        Ok(())
    }

    fn flatten(&mut self, py: Python<'_>) -> PyResult<()> {
        self.command(py, Command::Flatten)
    }

    fn halt(&mut self, py: Python<'_>) -> PyResult<()> {
        self.command(py, Command::Halt)
    }

    fn stop(&mut self, py: Python<'_>, flatten: bool) -> PyResult<()> {
        self.command(py, Command::Stop { flatten })
    }

    fn breaker(&mut self, py: Python<'_>, name: &str, state: &str) -> PyResult<()> {
        let (state, reason) =
            (named(&BreakerState::ALL.map(|s| (s.name(), s)), state)?, Reason::Operator);
        for part in self.bot()?.parts_named(name).raise()? {
            let new = Transition::new(Nanos::ZERO, part, state, reason);
            self.command(py, Command::Breaker(new))?;
        }
        Ok(())
    }

    fn report(&mut self, py: Python<'_>, name: &str, outcome: &str) -> PyResult<&'static str> {
        let outcome = named(&Outcome::ALL.map(|one| (one.name(), one)), outcome)?;
        let mut state = BreakerState::Closed;
        for part in self.bot()?.parts_named(name).raise()? {
            self.command(py, Command::Report(part, outcome))?;
            state = self.bot()?.state().board().state(part);
        }
        Ok(state.name())
    }

    #[pyo3(signature = (stage, *, by="operator", note=""))]
    fn kill(&mut self, py: Python<'_>, stage: &str, by: &str, note: &str) -> PyResult<()> {
        let stage = named(&event::Stage::ALL.map(|stage| (stage.name(), stage)), stage)?;
        let sources = [Reason::Operator, Reason::Signal, Reason::File];
        let by = named(&sources.map(|by| (by.name(), by)), by)?;
        let note = Note::new(note).raise()?;
        self.command(py, Command::Breaker(Transition::kill(Nanos::ZERO, stage, by, note)))
    }

    fn rearm(&mut self, py: Python<'_>, name: &str, reason: &str) -> PyResult<Vec<String>> {
        if reason.trim().is_empty() {
            return Err(EngineError::new_err("a re-arming needs a reason: it is written down"));
        }
        let note = Note::new(reason.trim()).raise()?;
        let parts = self.bot()?.open_named(name).raise()?;
        for part in &parts {
            self.command(py, Command::Breaker(Transition::rearm(Nanos::ZERO, *part, note)))?;
        }
        let bot = self.bot()?;
        Ok(parts.into_iter().map(|part| bot.part_name(part)).collect())
    }

    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        status::status(py, self.desk()?)
    }

    fn latencies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        status::latencies(py, self.desk()?)
    }

    fn hashes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let run = self.desk()?.run();
        let out = PyDict::new(py);
        out.set_item("engine_hash", run.engine_hash())?;
        out.set_item("ledger_hash", run.session().bot().state().ledger_hash())?;
        Ok(out)
    }

    fn records<'py>(
        &mut self,
        py: Python<'py>,
        after: u64,
        entries_max: usize,
    ) -> PyResult<Bound<'py, PyList>> {
        let Stage::Open(desk) = &self.stage else {
            return Err(not_open());
        };
        let entries = py.detach(|| desk.records(after, entries_max)).raise()?;
        let orders = desk.run().session().bot().state().orders();
        let working = |id| orders.get(id).map(|order| (*order.new_order(), order.state()));
        records::rows(py, &status::names(desk.run()), &entries, &mut self.met, &working)
    }

    fn snapshot(&mut self, py: Python<'_>) -> PyResult<usize> {
        let Stage::Open(desk) = &mut self.stage else {
            return Err(not_open());
        };
        py.detach(|| desk.snapshot()).raise()
    }

    fn close(&mut self, py: Python<'_>) -> PyResult<()> {
        match core::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Open(desk) => py.detach(|| desk.close()).raise().map(|_| ()),
            Stage::Setup(_) | Stage::Closed => Ok(()),
        }
    }
}

impl PyRun {
    fn bot(&self) -> PyResult<&Bot> {
        Ok(self.desk()?.run().session().bot())
    }

    fn setup(&mut self) -> PyResult<&mut Setup> {
        match &mut self.stage {
            Stage::Setup(setup) => Ok(setup),
            Stage::Open(_) | Stage::Closed => {
                Err(EngineError::new_err("the run is open: add to it before open()"))
            }
        }
    }

    fn desk(&self) -> PyResult<&Desk> {
        match &self.stage {
            Stage::Open(desk) => Ok(desk),
            Stage::Setup(_) | Stage::Closed => Err(not_open()),
        }
    }

    fn command(&mut self, py: Python<'_>, command: Command) -> PyResult<()> {
        let Self { stage, callees, .. } = self;
        let Stage::Open(desk) = stage else {
            return Err(not_open());
        };
        py.detach(|| desk.command(command, callees)).raise()
    }

    fn sleeves_of(&self, strategy: &str) -> PyResult<Vec<SleeveId>> {
        let sleeves = (0..).map(SleeveId).zip(self.desk()?.run().session().bot().sleeves());
        let found = sleeves.filter(|(_, sleeve)| sleeve.strategy == strategy);
        let found: Vec<_> = found.map(|(id, _)| id).collect();
        if found.is_empty() {
            return Err(EngineError::new_err(format!("no strategy '{strategy}' runs here")));
        }
        Ok(found)
    }
}

/// What goes by a name.
fn named<T: Copy>(known: &[(&str, T)], name: &str) -> PyResult<T> {
    let found = known.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        EngineError::new_err(format!("'{name}' is none of {}", known.join(", ")))
    })
}

fn told_of<'py>(py: Python<'py>, desk: &Desk, opened: &Opened) -> PyResult<Bound<'py, PyDict>> {
    let run = desk.run();
    let names: Names<'_> = status::names(run);
    let out = PyDict::new(py);
    out.set_item("resumed", opened.resumed)?;
    out.set_item("epoch", opened.epoch)?;
    out.set_item("events", run.session().event())?;
    out.set_item("entries", desk.entries().0)?;
    out.set_item("orders", run.tally().orders())?;
    out.set_item("fills", run.tally().fills().iter().sum::<u64>())?;
    out.set_item("snapshot", opened.snapshot)?;
    out.set_item("adopted", opened.found.adopted)?;
    out.set_item("elapsed_s", opened.elapsed_s)?;
    let cold: Vec<_> = opened.found.cold.iter().map(|sleeve| names.strategy(*sleeve)).collect();
    out.set_item("cold", cold)?;
    out.set_item("remarks", opened.remarks.clone())?;
    Ok(out)
}

fn not_open() -> PyErr {
    EngineError::new_err("the run is not open: call open() first")
}
