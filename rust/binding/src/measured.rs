//! What the account may lose, as it is told from outside; and the closes it is measured from.

use std::collections::{BTreeMap, VecDeque};

use bot4_engine::event::{Bar, Measure};
use bot4_engine::instrument::{InstrumentId, rate_from_text, rate_up};
use bot4_engine::units::{Nanos, Rate};
use pyo3::prelude::*;

use crate::errors::{EngineError, Raise};

const SECOND_NS: i64 = 1_000_000_000;

/// A measure from what somebody told.
pub(crate) fn measure(
    (var, cvar): (f64, f64),
    as_of_ns: i64,
    (level, horizon_s): (&str, i64),
) -> PyResult<Measure> {
    let loss = |name: &str, value: f64| -> PyResult<Rate> {
        rate_up(value).map_err(|error| EngineError::new_err(format!("{name} is {value}: {error}")))
    };
    let losses = (loss("var", var)?, loss("cvar", cvar)?);
    let horizon = Nanos::new(horizon_s.saturating_mul(SECOND_NS));
    Measure::new(Nanos::new(as_of_ns), (rate_from_text(level).raise()?, horizon), losses).raise()
}

/// Of each instrument the last close of every step of time, so many of them.
#[derive(Default)]
pub(crate) struct Closes {
    step_ns: i64,
    kept_max: usize,
    kept: BTreeMap<InstrumentId, VecDeque<(i64, f64)>>,
}

impl Closes {
    pub(crate) fn new(step_ns: i64, kept_max: usize) -> PyResult<Self> {
        if step_ns <= 0 || kept_max == 0 {
            return Err(EngineError::new_err("step_ns and kept_max must be above 0"));
        }
        Ok(Self { step_ns, kept_max, kept: BTreeMap::new() })
    }

    /// A bar closed; nothing is kept unless it was asked for.
    pub(crate) fn hear(&mut self, bar: &Bar) {
        if self.kept_max == 0 {
            return;
        }
        let close_ns = bar.close_ns.mantissa();
        // Up to the end of the step that the bar closes in: a step's own end belongs to it.
        let over = close_ns.rem_euclid(self.step_ns);
        let left = if over == 0 { 0 } else { self.step_ns - over };
        let until = close_ns.saturating_add(left);
        let kept = self.kept.entry(bar.instrument).or_default();
        match kept.back_mut() {
            Some(last) if last.0 == until => last.1 = bar.close,
            Some(_) | None => {
                if kept.len() == self.kept_max {
                    kept.pop_front();
                }
                kept.push_back((until, bar.close));
            }
        }
    }

    pub(crate) fn of(&self, id: InstrumentId) -> Vec<(i64, f64)> {
        self.kept.get(&id).map(|kept| kept.iter().copied().collect()).unwrap_or_default()
    }
}
