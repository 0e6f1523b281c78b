//! The Python face of the engine: it converts and decides nothing.
//!
//! Every function is a signature, a conversion, one call and the mapping of its error. What each
//! means is documented in `python/bot4/_engine/`.

mod backtest;
mod bars;
mod bot;
mod called;
mod catalogue;
mod context;
mod errors;
mod faults;
mod feed;
mod gauge;
mod journal_file;
mod ledger;
mod measured;
mod met;
mod program;
mod reconcile;
mod recording;
mod records;
mod report;
mod run;
mod status;
mod target;
mod uses;
mod working;

use pyo3::prelude::*;

#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    errors::register(module)?;
    module.add_class::<program::PyProgram>()?;
    module.add_class::<bars::PyBars>()?;
    module.add_class::<context::PyBar>()?;
    module.add_class::<context::PyHistory>()?;
    module.add_class::<context::PyContext>()?;
    module.add_class::<working::PyWorkingOrder>()?;
    module.add_class::<backtest::PyBacktest>()?;
    module.add_class::<recording::PyRecording>()?;
    module.add_class::<feed::PyFeed>()?;
    module.add_class::<run::PyRun>()?;
    module.add_class::<journal_file::PyJournalFile>()?;
    module.add_class::<ledger::PyLedger>()?;
    module.add_class::<bot::PyBot>()?;
    module.add_class::<bot::PyRequest>()?;
    module.add_class::<reconcile::PyReconciled>()?;
    module.add("RECORDED", recording::codes(module.py())?)?;
    module.add_function(wrap_pyfunction!(catalogue::operations, module)?)?;
    module.add_function(wrap_pyfunction!(catalogue::risk_profiles, module)?)?;
    module.add_function(wrap_pyfunction!(catalogue::risk_limits, module)?)?;
    module.add_function(wrap_pyfunction!(catalogue::risk_checks, module)?)?;
    module.add_function(wrap_pyfunction!(catalogue::risk_needs_reason, module)?)?;
    module.add_function(wrap_pyfunction!(faults::fault_names, module)?)?;
    module.add_function(wrap_pyfunction!(backtest::replay_journal, module)?)?;
    module.add_function(wrap_pyfunction!(gauge::gauges, module)?)?;
    module.add_function(wrap_pyfunction!(gauge::take_gauge, module)?)?;
    module.add_function(wrap_pyfunction!(gauge::read_samples, module)?)?;
    module.add_function(wrap_pyfunction!(gauge::nothing, module)?)?;
    module.add_function(wrap_pyfunction!(gauge::book_updates, module)?)?;
    module.add_function(wrap_pyfunction!(gauge::depth_frames, module)?)?;
    module.add_function(wrap_pyfunction!(gauge::gauge_program, module)?)?;
    module.add_function(wrap_pyfunction!(gauge::gauge_limits, module)?)?;
    Ok(())
}
