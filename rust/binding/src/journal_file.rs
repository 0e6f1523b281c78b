//! A journal on disk, read.

use std::path::PathBuf;

use bot4_desk::Reader;
use bot4_engine::instrument::{InstrumentId, amount_as_text};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::errors::{EngineError, Raise};
use crate::met::Met;
use crate::records::{self, Names};

/// How many entries are read at once to find the orders placed before those asked for.
const ENTRIES_AT_ONCE: usize = 4_096;

#[pyclass(name = "JournalFile", module = "bot4._engine")]
pub(crate) struct PyJournalFile {
    reader: Option<Reader>,
    met: Met,
    /// Up to which entry `met` has met the orders.
    met_to: u64,
}

#[pymethods]
impl PyJournalFile {
    #[new]
    fn new(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let reader = py.detach(|| Reader::open(&folder)).raise()?;
        Ok(Self { reader: Some(reader), met: Met::default(), met_to: 0 })
    }

    fn records<'py>(
        &mut self,
        py: Python<'py>,
        after: u64,
        entries_max: usize,
    ) -> PyResult<Bound<'py, PyList>> {
        let Self { reader, met, met_to } = self;
        let reader = reader.as_ref().ok_or_else(closed)?;
        while *met_to < after {
            let before = reader.records(*met_to, ENTRIES_AT_ONCE).raise()?;
            let Some(last) = before.last() else {
                break;
            };
            *met_to = last.entry;
            met.meet(&before);
        }
        let entries = py.detach(|| reader.records(after, entries_max)).raise()?;
        *met_to = entries.last().map_or(*met_to, |last| (*met_to).max(last.entry));
        let header = reader.header();
        let sleeves = header.sleeves.iter();
        let names = Names {
            instruments: &header.instruments,
            sleeves: sleeves.map(|(name, id, _)| (name.as_str(), InstrumentId(*id))).collect(),
        };
        records::rows(py, &names, &entries, met, &|_| None)
    }

    fn replay<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let reader = self.reader.as_ref().ok_or_else(closed)?;
        let replayed = py.detach(|| reader.replay()).raise()?;
        let out = PyDict::new(py);
        out.set_item("records", replayed.records)?;
        out.set_item("entries", replayed.entries)?;
        out.set_item("orders", replayed.orders)?;
        out.set_item("fills", replayed.fills)?;
        out.set_item("epochs", replayed.epochs)?;
        out.set_item("events", replayed.events)?;
        out.set_item("first_ns", replayed.span.map(|(first, _)| first.mantissa()))?;
        out.set_item("last_ns", replayed.span.map(|(_, last)| last.mantissa()))?;
        out.set_item("equity", replayed.equity.map(|(_, equity)| amount_as_text(equity)))?;
        out.set_item("ledger_hash", replayed.ledger_hash)?;
        out.set_item("engine_hash", replayed.engine_hash)?;
        out.set_item("checked", replayed.checked)?;
        Ok(out)
    }

    fn close(&mut self) -> PyResult<()> {
        self.reader.take().map_or(Ok(()), Reader::close).raise()
    }
}

fn closed() -> PyErr {
    EngineError::new_err("the journal is closed: open it again")
}
