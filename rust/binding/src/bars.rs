//! Checked histories.

use std::sync::Arc;

use bot4_engine::history::{Columns, History};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

use crate::errors::{DataError, Raise};

#[pyclass(name = "Bars", module = "bot4._engine", frozen)]
pub(crate) struct PyBars(pub(crate) Arc<History>);

#[pymethods]
impl PyBars {
    #[new]
    #[allow(clippy::too_many_arguments, reason = "one argument a column")]
    fn new(
        py: Python<'_>,
        instrument: &str,
        interval_ns: i64,
        open_ns: PyReadonlyArray1<'_, i64>,
        open: PyReadonlyArray1<'_, f64>,
        high: PyReadonlyArray1<'_, f64>,
        low: PyReadonlyArray1<'_, f64>,
        close: PyReadonlyArray1<'_, f64>,
        volume: PyReadonlyArray1<'_, f64>,
    ) -> PyResult<Self> {
        let (open_ns, open, high) = (open_ns.as_array(), open.as_array(), high.as_array());
        let (low, close, volume) = (low.as_array(), close.as_array(), volume.as_array());
        let columns = Columns {
            open_ns: contiguous(open_ns.as_slice())?,
            open: contiguous(open.as_slice())?,
            high: contiguous(high.as_slice())?,
            low: contiguous(low.as_slice())?,
            close: contiguous(close.as_slice())?,
            volume: contiguous(volume.as_slice())?,
        };
        let history = py.detach(|| History::new(instrument, interval_ns, columns)).raise()?;
        Ok(Self(Arc::new(history)))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    #[getter]
    fn instrument(&self) -> &str {
        self.0.symbol()
    }

    #[getter]
    fn interval_ns(&self) -> i64 {
        self.0.interval_ns()
    }

    #[getter]
    fn gaps(&self) -> u64 {
        self.0.gaps()
    }

    #[getter]
    fn gap_max_ns(&self) -> i64 {
        self.0.gap_max_ns()
    }
}

/// A column as it lies in memory.
pub(crate) fn contiguous<T>(slice: Option<&[T]>) -> PyResult<&[T]> {
    slice.ok_or_else(|| DataError::new_err("a column is not contiguous in memory"))
}
