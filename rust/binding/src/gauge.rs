//! How long the engine's parts take: the gauges of `bot4-gauge`, in this very build.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bot4_engine::event::Side;
use bot4_engine::units::Nanos;
use bot4_gauge::flow::{Flow, Update};
use bot4_gauge::frames::binance::Depth;
use bot4_gauge::{Frame, GAUGES, Gauge, Reading, Setup, Taken, signal};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::bars::contiguous;
use crate::errors::{EngineError, Raise};
use crate::program::PyProgram;
use crate::recording::PyRecording;

#[pyfunction]
pub(crate) fn gauges(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for gauge in GAUGES {
        let limits = PyDict::new(py);
        for (stat, limit) in gauge.limits {
            limits.set_item(stat.name(), limit)?;
        }
        let entry = PyDict::new(py);
        entry.set_item("key", gauge.key)?;
        entry.set_item("what", gauge.what)?;
        entry.set_item("method", gauge.method)?;
        entry.set_item("captured", gauge.captured)?;
        entry.set_item("outside", matches!(gauge.taken, Taken::Outside))?;
        entry.set_item("unit", gauge.unit.name())?;
        entry.set_item("limits", limits)?;
        list.append(entry)?;
    }
    Ok(list)
}

#[pyfunction]
#[pyo3(signature = (key, seed, quick, recordings, frames, folder=None))]
pub(crate) fn take_gauge<'py>(
    py: Python<'py>,
    key: &str,
    seed: u64,
    quick: bool,
    recordings: Vec<Py<PyRecording>>,
    frames: Vec<(i64, Option<String>, Vec<u8>)>,
    folder: Option<PathBuf>,
) -> PyResult<Bound<'py, PyDict>> {
    let unknown = || EngineError::new_err(format!("no gauge is called {key}"));
    let gauge = Gauge::named(key).ok_or_else(unknown)?;
    let recorded: Vec<_> = recordings.iter().map(|one| one.get().0.clone()).collect();
    let frame =
        |(received, snapshot_of, text)| Frame { received: Nanos::new(received), snapshot_of, text };
    let frames: Vec<_> = frames.into_iter().map(frame).collect();
    let folder = folder.as_deref();
    let setup = Setup { seed, quick, recorded: &recorded, frames: &frames, folder };
    row(py, py.detach(|| gauge.take(&setup)).raise()?)
}

#[pyfunction]
pub(crate) fn read_samples<'py>(
    py: Python<'py>,
    batches: Vec<f64>,
    samples: PyReadonlyArray1<'py, u32>,
    empty: PyReadonlyArray1<'py, u32>,
) -> PyResult<Bound<'py, PyDict>> {
    let (samples, empty) = (samples.as_array(), empty.as_array());
    let (samples, empty) = (contiguous(samples.as_slice())?, contiguous(empty.as_slice())?);
    row(py, Reading::of_samples(batches, samples.to_vec(), empty.to_vec()))
}

fn row(py: Python<'_>, reading: Reading) -> PyResult<Bound<'_, PyDict>> {
    let Reading { timing, timer, batches, source, checksum, notes } = reading;
    let row = PyDict::new(py);
    row.set_item("mean", timing.mean)?;
    row.set_item("p50", timing.p50)?;
    row.set_item("p99", timing.p99)?;
    row.set_item("p999", timing.p999)?;
    row.set_item("max", timing.max)?;
    row.set_item("n", timing.n)?;
    row.set_item("timer_ns", timer.mean_ns)?;
    row.set_item("clock_step_ns", timer.step_ns)?;
    row.set_item("batches", batches)?;
    row.set_item("source", source)?;
    row.set_item("checksum", checksum)?;
    let named = PyDict::new(py);
    for (name, value) in notes {
        named.set_item(name, value)?;
    }
    row.set_item("notes", named)?;
    Ok(row)
}

/// The way in and out again, and nothing between.
#[pyfunction]
pub(crate) fn nothing() {}

#[pyfunction]
pub(crate) fn book_updates(py: Python<'_>, seed: u64, count: usize) -> PyResult<Bound<'_, PyDict>> {
    let flow = py.detach(|| Flow::new(seed, count)).raise()?;
    let out = PyDict::new(py);
    for (name, updates) in [("snapshot", &flow.snapshot), ("updates", &flow.updates)] {
        let columns = PyDict::new(py);
        let asks = updates.iter().map(|told| u8::from(told.side == Side::Sell));
        columns.set_item("side", PyArray1::from_iter(py, asks))?;
        let number = |of: fn(&Update) -> i64| PyArray1::from_iter(py, updates.iter().map(of));
        columns.set_item("tick", number(|told| told.price.mantissa()))?;
        columns.set_item("lots", number(|told| told.qty.mantissa()))?;
        out.set_item(name, columns)?;
    }
    out.set_item("checksum", flow.checksum)?;
    Ok(out)
}

#[pyfunction]
pub(crate) fn depth_frames(
    py: Python<'_>,
    seed: u64,
    count: usize,
    leaning: bool,
) -> PyResult<Bound<'_, PyDict>> {
    let drawn = py.detach(|| match leaning {
        true => Ok(Depth::leaning(seed, count)),
        false => Depth::new(seed, count),
    });
    let depth = drawn.raise()?;
    let out = PyDict::new(py);
    out.set_item("snapshot", PyBytes::new(py, &depth.snapshot))?;
    let frames = depth.frames.iter().map(|frame| PyBytes::new(py, frame));
    out.set_item("frames", PyList::new(py, frames.collect::<Vec<_>>())?)?;
    out.set_item("checksum", depth.checksum)?;
    Ok(out)
}

#[pyfunction]
pub(crate) fn gauge_limits() -> BTreeMap<&'static str, &'static str> {
    bot4_gauge::risk::TIRELESS.into_iter().collect()
}

#[pyfunction]
pub(crate) fn gauge_program() -> PyResult<PyProgram> {
    signal::program().raise().map(PyProgram)
}
