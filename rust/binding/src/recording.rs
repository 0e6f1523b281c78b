//! Checked recordings.

use bot4_engine::market::{CODES, Recorded, RecordedColumns};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::bars::contiguous;
use crate::errors::Raise;

#[pyclass(name = "Recording", module = "bot4._engine", frozen)]
pub(crate) struct PyRecording(pub(crate) Recorded);

#[pymethods]
impl PyRecording {
    #[new]
    #[pyo3(signature = (instrument, tick, lot, ts, kind, price, qty, last=None))]
    #[allow(clippy::too_many_arguments, reason = "one argument a column")]
    fn new(
        py: Python<'_>,
        instrument: &str,
        tick: &str,
        lot: &str,
        ts: PyReadonlyArray1<'_, i64>,
        kind: PyReadonlyArray1<'_, u8>,
        price: PyReadonlyArray1<'_, f64>,
        qty: PyReadonlyArray1<'_, f64>,
        last: Option<PyReadonlyArray1<'_, bool>>,
    ) -> PyResult<Self> {
        let (ts, kind) = (ts.as_array(), kind.as_array());
        let (price, qty) = (price.as_array(), qty.as_array());
        let last = last.as_ref().map(|last| last.as_array());
        let ends = last.as_ref().map(|last| contiguous(last.as_slice())).transpose()?;
        let columns = RecordedColumns {
            ts: contiguous(ts.as_slice())?,
            kind: contiguous(kind.as_slice())?,
            price: contiguous(price.as_slice())?,
            qty: contiguous(qty.as_slice())?,
            last: ends,
        };
        py.detach(|| Recorded::new(instrument, tick, lot, columns)).raise().map(Self)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    #[getter]
    fn instrument(&self) -> &str {
        &self.0.rules().symbol
    }

    #[getter]
    fn has_book(&self) -> bool {
        self.0.has_book()
    }
}

/// The codes of a recording, by name.
pub(crate) fn codes(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let codes = PyDict::new(py);
    for (code, name) in CODES.into_iter().enumerate() {
        codes.set_item(name, code)?;
    }
    Ok(codes)
}
