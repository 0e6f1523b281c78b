//! What the engine offers: operations, risk profiles, limits.

use bot4_engine::risk::check::CHECKS;
use bot4_engine::risk::limits::{LIMITS, Limit, LimitValue, Profile};
use bot4_engine::signal::{Gives, OPERATIONS};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::backtest::RawLimit;
use crate::errors::Raise;

#[pyfunction]
pub(crate) fn operations(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for operation in OPERATIONS {
        let parameters = PyList::empty(py);
        for parameter in operation.parameters {
            let entry = PyDict::new(py);
            entry.set_item("name", parameter.name)?;
            entry.set_item("min", f64::from(parameter.min))?;
            entry.set_item("max", f64::from(parameter.max))?;
            parameters.append(entry)?;
        }
        let operands: Vec<&str> = operation.operands.iter().map(|(name, _)| *name).collect();
        let gives = match operation.gives {
            Gives::Condition => "condition",
            Gives::Number | Gives::Either => "number",
        };
        let entry = PyDict::new(py);
        entry.set_item("name", operation.name)?;
        entry.set_item("operands", operands)?;
        entry.set_item("parameters", parameters)?;
        entry.set_item("gives", gives)?;
        entry.set_item("summary", operation.summary)?;
        list.append(entry)?;
    }
    Ok(list)
}

#[pyfunction]
pub(crate) fn risk_profiles(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let profiles = PyDict::new(py);
    for name in Profile::NAMES {
        let limits = PyDict::new(py);
        for (limit, value) in Profile::named(name).raise()?.values() {
            match value {
                LimitValue::Number(text) => limits.set_item(limit, text)?,
                LimitValue::Switch(on) => limits.set_item(limit, on)?,
            }
        }
        profiles.set_item(name, limits)?;
    }
    Ok(profiles)
}

#[pyfunction]
pub(crate) fn risk_limits(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let limits = PyDict::new(py);
    for limit in LIMITS {
        let known = PyDict::new(py);
        known.set_item("meaning", limit.meaning)?;
        known.set_item("allowed", limit.allowed())?;
        known.set_item("safe", limit.safe.in_words())?;
        limits.set_item(limit.name, known)?;
    }
    Ok(limits)
}

#[pyfunction]
pub(crate) fn risk_needs_reason(profile: &str, limit: &str, value: RawLimit) -> PyResult<bool> {
    let limit = Limit::named(limit).raise()?;
    let known = Profile::named(profile).raise()?.values();
    let old = known.into_iter().find(|(name, _)| *name == limit.name).map(|(_, value)| value);
    old.map_or(Ok(true), |old| limit.is_loose(&old, &value.into())).raise()
}

#[pyfunction]
pub(crate) fn risk_checks(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for check in CHECKS {
        let entry = PyDict::new(py);
        entry.set_item("code", check.code)?;
        entry.set_item("what", check.what)?;
        entry.set_item("where", check.made.name())?;
        entry.set_item("always", check.always)?;
        let refusals: Vec<&str> = check.refusals.iter().map(|refusal| refusal.name()).collect();
        entry.set_item("refusals", refusals)?;
        entry.set_item("limits", check.limits.to_vec())?;
        list.append(entry)?;
    }
    Ok(list)
}
