//! The words of a target: its band, how it is carried out, where what it holds is closed.

use bot4_engine::decision::execution::parse;
use bot4_engine::decision::exits::ExitsError;
use bot4_engine::event::{Execution, Exits};
use pyo3::prelude::*;

use crate::errors::EngineError;

/// Stop loss, take profit and trailing stop, as fractions of the entry price.
pub(crate) type Distances = (Option<f64>, Option<f64>, Option<f64>);

/// How a target is carried out, by its words.
pub(crate) fn style(execution: &str) -> PyResult<Execution> {
    parse(execution).map_err(|error| EngineError::new_err(error.to_string()))
}

/// Where a position is closed, if anywhere.
pub(crate) fn exits_of(
    (stop_loss, take_profit, trailing_stop): Distances,
) -> PyResult<Option<Exits>> {
    Exits::new(stop_loss, take_profit, trailing_stop).map_err(|error| wrong_exits(&error))
}

pub(crate) fn wrong_exits(error: &ExitsError) -> PyErr {
    EngineError::new_err(error.to_string())
}

/// A no-trade band, if it is finite and not below zero.
pub(crate) fn band_of(band: Option<f64>) -> PyResult<Option<f64>> {
    match band {
        Some(wrong) if !wrong.is_finite() || wrong < 0.0 => {
            Err(EngineError::new_err(format!("band must be a number of 0 or more, not {wrong}")))
        }
        band => Ok(band),
    }
}
