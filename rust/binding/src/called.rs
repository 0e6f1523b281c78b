//! The class strategies of a run: asked at each bar, one after the other. What one of them raises
//! latches its own breaker and is told once; the others go on.

use std::sync::Arc;

use bot4_desk::Outside;
use bot4_engine::bot::Bot;
use bot4_engine::event::{
    Bar, BreakerState, Component, Event, Note, Part, Reason, Stage, Transition,
};
use bot4_engine::history::Row;
use bot4_engine::session::KeepError;
use pyo3::prelude::*;

use crate::backtest::{Callee, called, snapshot};
use crate::context::{Past, PyBar};
use crate::errors::EngineError;
use crate::measured::Closes;

/// How many bars that were made a class strategy may look back on, at least.
const MADE_KEPT: usize = 10_000;

/// A class strategy and the bars it may look back on.
struct Called {
    callee: Callee,
    past: Past,
    told: usize,
    started: bool,
}

/// What a strategy raised: its name, the time of the market, the exception.
pub(crate) type Raised = (String, i64, Py<PyAny>);

/// The class strategies of a run.
#[derive(Default)]
pub(crate) struct Callees {
    called: Vec<Called>,
    pub(crate) closes: Closes,
    /// Which is called, or was last.
    pub(crate) running: String,
    /// What they raised, until it is told.
    pub(crate) raised: Vec<Raised>,
}

impl Outside for Callees {
    fn ask(&mut self, bot: &Bot, bars: &[Bar], told: &mut Vec<Event>) -> Result<(), KeepError> {
        let Self { called, closes, running, raised } = self;
        for bar in bars {
            closes.hear(bar);
        }
        if called.is_empty() {
            return Ok(());
        }
        Python::attach(|py| {
            for one in called {
                let id = one.callee.instrument;
                let Some(bar) = bars.iter().find(|bar| bar.instrument == id) else {
                    continue;
                };
                one.hear(bar);
                if one.has_raised(bot) {
                    continue;
                }
                *running = self::called(bot, &one.callee);
                if let Err(error) = one.call(py, bot, bar, told) {
                    told.push(Event::Breaker(one.latch(py, bot, &error)));
                    let exception = error.into_value(py).into_any();
                    raised.push((running.clone(), bot.now().mantissa(), exception));
                }
            }
        });
        Ok(())
    }
}

impl Callees {
    pub(crate) fn add(&mut self, callee: Callee, past: Past) {
        self.called.push(Called { callee, past, told: 0, started: false });
    }

    /// Before its first bar each is told of the start, once.
    pub(crate) fn start(&mut self, py: Python<'_>, bot: &Bot) -> PyResult<()> {
        for called in &mut self.called {
            self.running = self::called(bot, &called.callee);
            called.start(py, bot)?;
        }
        Ok(())
    }

    /// The breakers of those that raised before this start: what is called now is a new instance.
    pub(crate) fn begun_anew(&self, bot: &Bot) -> Vec<Transition> {
        let raised = self.called.iter().filter(|called| called.has_raised(bot));
        let note = Note::new("the program started anew").unwrap_or_default();
        raised.map(|called| Transition::rearm(bot.now(), called.part(), note)).collect()
    }

    /// Whether all there is are classes that raised, and nothing is held or works.
    pub(crate) fn nothing_is_left(&self, bot: &Bot) -> bool {
        let alone = self.called.len() == bot.sleeves().len();
        let flat = bot.sleeves().iter().all(|sleeve| bot.is_flat(sleeve.instrument));
        let rests = bot.state().orders().working_len() == 0;
        alone && flat && rests && self.called.iter().all(|called| called.has_raised(bot))
    }
}

impl Called {
    fn part(&self) -> Part {
        Part::sleeve(Component::Strategy, self.callee.sleeve)
    }

    fn has_raised(&self, bot: &Bot) -> bool {
        let standing = bot.state().board().standing(self.part());
        standing.is_some_and(|standing| {
            standing.state == BreakerState::Latched && standing.reason == Reason::Raised
        })
    }

    fn start(&mut self, py: Python<'_>, bot: &Bot) -> PyResult<()> {
        if !self.started {
            let context = snapshot(bot, &self.callee, self.past.clone(), self.told);
            let context = Py::new(py, context)?;
            self.callee.instance.call_method1(py, "on_start", (&context,))?;
            context.borrow_mut(py).close(None)?;
            self.started = true;
        }
        Ok(())
    }

    fn call(
        &mut self,
        py: Python<'_>,
        bot: &Bot,
        bar: &Bar,
        told: &mut Vec<Event>,
    ) -> PyResult<()> {
        // The last event that was kept may go on live while the journal is opened.
        self.start(py, bot)?;
        let context = snapshot(bot, &self.callee, self.past.clone(), self.told);
        let context = Py::new(py, context)?;
        let bar = Py::new(py, PyBar { bar: *bar, symbol: Arc::clone(&self.callee.symbol) })?;
        let on_bar = pyo3::intern!(py, "on_bar");
        self.callee.instance.call_method1(py, on_bar, (&context, bar))?;
        let in_use = |_| EngineError::new_err("ctx is in use by another thread");
        let rules = bot.state().instrument(self.callee.instrument);
        let wants = context.try_borrow_mut(py).map_err(in_use)?.close(rules)?;
        told.extend(wants.into_iter().map(Event::Intent));
        Ok(())
    }

    /// It is asked no more, and what works of it is called back, but for its exits.
    fn latch(&self, py: Python<'_>, bot: &Bot, error: &PyErr) -> Transition {
        let said = error.value(py).str().map(|said| said.to_string()).unwrap_or_default();
        let kind = error.get_type(py).name().map(|name| name.to_string()).unwrap_or_default();
        let place = self.place(py, error).map(|place| format!("{place}: ")).unwrap_or_default();
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        let words = format!("{place}{kind}{said}");
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let fits = words.char_indices().map(|(at, char)| at + char.len_utf8());
        let len = fits.take_while(|len| *len <= Note::BYTES_MAX).last().unwrap_or_default();
        let note = words.get(..len).and_then(|words| Note::new(words).ok()).unwrap_or_default();
        let latch = Transition::latch(bot.now(), self.part(), Reason::Raised);
        Transition { stage: Stage::Cancel, note, ..latch }
    }

    /// The innermost line of the strategy's own file, as far as the exception tells.
    fn place(&self, py: Python<'_>, error: &PyErr) -> Option<String> {
        let code = self.callee.instance.getattr(py, "on_bar").and_then(|on_bar| {
            on_bar.getattr(py, "__func__").and_then(|call| call.getattr(py, "__code__"))
        });
        let own: String = code.ok()?.getattr(py, "co_filename").ok()?.extract(py).ok()?;
        let mut place = None;
        let mut next = error.traceback(py).map(Bound::into_any);
        while let Some(at) = next.filter(|at| !at.is_none()) {
            let code = at.getattr("tb_frame").and_then(|frame| frame.getattr("f_code")).ok()?;
            let file: String = code.getattr("co_filename").ok()?.extract().ok()?;
            if file == own {
                place = at.getattr("tb_lineno").ok()?.extract::<u32>().ok();
            }
            next = at.getattr("tb_next").ok();
        }
        let name = own.rsplit(['/', '\\']).next()?;
        place.map(|line| format!("{name}, line {line}"))
    }

    fn hear(&mut self, bar: &Bar) {
        match &mut self.past {
            Past::History(history) => {
                let closes = |row: &Row| row.open_ns + history.interval_ns();
                let close_ns = bar.close_ns.mantissa();
                self.told = history.rows().partition_point(|row| closes(row) <= close_ns);
            }
            Past::Made(_, rows) => {
                let rows = Arc::make_mut(rows);
                if rows.len() >= 2 * MADE_KEPT {
                    rows.drain(..MADE_KEPT);
                }
                rows.push(Row {
                    open_ns: bar.open_ns.mantissa(),
                    open: bar.open,
                    high: bar.high,
                    low: bar.low,
                    close: bar.close,
                    volume: bar.volume,
                });
                self.told = rows.len();
            }
        }
    }
}
