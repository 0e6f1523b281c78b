//! Signal programs.

use std::collections::BTreeMap;

use bot4_engine::bot::Decides;
use bot4_engine::decision::Decision;
use bot4_engine::decision::exits::ExitsError;
use bot4_engine::decision::quote::{self, Terms};
use bot4_engine::signal::{Node, Program};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::errors::{EngineError, Raise, SignalError};
use crate::target::{Distances, band_of, exits_of, style, wrong_exits};

type RawNode = (String, Vec<usize>, Vec<f64>);

#[pyclass(name = "Program", module = "bot4._engine", frozen)]
pub(crate) struct PyProgram(pub(crate) Program);

#[pymethods]
impl PyProgram {
    #[new]
    fn new(nodes: Vec<RawNode>, outputs: Vec<usize>) -> PyResult<Self> {
        let parse =
            |(name, operands, parameters): &RawNode| Node::parse(name, operands, parameters);
        let nodes: Vec<Node> = nodes.iter().map(parse).collect::<Result<_, _>>().raise()?;
        Program::compile(&nodes, &outputs).raise().map(Self)
    }

    #[getter]
    fn inputs(&self) -> Vec<String> {
        self.0.inputs().iter().map(|input| input.stream.column()).collect()
    }

    #[getter]
    fn operations(&self) -> usize {
        self.0.operations()
    }

    #[getter]
    fn warm_up(&self) -> Vec<u32> {
        self.0.warm_up().to_vec()
    }

    fn columns<'py>(
        &self,
        py: Python<'py>,
        inputs: BTreeMap<String, PyReadonlyArray1<'py, f64>>,
    ) -> PyResult<Vec<Bound<'py, PyArray1<f64>>>> {
        let column = |name: &str| {
            let array = inputs.get(name).ok_or_else(|| missing(name))?;
            array
                .as_slice()
                .map_err(|_| SignalError::new_err(format!("'{name}' is not contiguous")))
        };
        let names = self.inputs();
        let columns: Vec<&[f64]> =
            names.iter().map(|name| column(name)).collect::<PyResult<_>>()?;
        let rows = inputs.values().next().map_or(0, |array| array.len().unwrap_or_default());
        let results = py.detach(|| self.0.columns(&columns, rows)).raise()?;
        Ok(results.into_iter().map(|result| result.into_pyarray(py)).collect())
    }
}

impl PyProgram {
    /// As a target: output 0.
    pub(crate) fn holds(
        &self,
        band: Option<f64>,
        execution: &str,
        distances: Distances,
    ) -> PyResult<Decides> {
        let exits = exits_of(distances)?;
        if exits.is_some() && band.is_some() {
            return Err(wrong_exits(&ExitsError::Band));
        }
        let (band, execution) = (band_of(band)?, style(execution)?);
        let decision = Decision::Target { band, execution, exits };
        Ok(Decides::Program { program: Box::new(self.0.clone()), decision })
    }

    /// As a quote: offsets of bid and ask, size, around.
    pub(crate) fn quotes(&self, levels: u32, requote: f64) -> PyResult<Decides> {
        let (got, wanted) = (self.0.warm_up().len(), quote::OUTPUTS);
        if got != wanted {
            let said = format!("a program that quotes has {wanted} outputs, not {got}");
            return Err(EngineError::new_err(said));
        }
        let decision = Decision::Quote(Terms::new(levels, requote).raise()?);
        Ok(Decides::Program { program: Box::new(self.0.clone()), decision })
    }
}

fn missing(name: &str) -> PyErr {
    SignalError::new_err(format!("input '{name}' is missing"))
}
