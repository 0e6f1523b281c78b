//! How the paper venue misbehaves, from names and numbers.

use std::collections::BTreeMap;

use bot4_engine::instrument::rate_from_text;
use bot4_engine::session::{Fault, Faults};
use pyo3::prelude::*;

use crate::errors::{EngineError, Raise};

/// A seed, and the names of faults with their probabilities as decimal text.
pub(crate) type Named = (u64, BTreeMap<String, String>);

/// Without a name the venue behaves.
pub(crate) fn faults_of(named: Option<Named>) -> PyResult<Option<Faults>> {
    let Some((seed, named)) = named.filter(|(_, named)| !named.is_empty()) else {
        return Ok(None);
    };
    let rates = named.iter().map(|(name, text)| Ok((name.as_str(), rate_from_text(text).raise()?)));
    let rates = rates.collect::<PyResult<Vec<_>>>()?;
    let faults = Faults::new(seed, rates);
    faults.map(Some).map_err(|error| EngineError::new_err(error.to_string()))
}

/// Every way in which a simulated venue can misbehave.
#[pyfunction]
pub(crate) fn fault_names() -> Vec<&'static str> {
    Fault::ALL.map(Fault::name).to_vec()
}
