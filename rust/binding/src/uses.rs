//! The limits of a run and how much of each is in use, in dictionaries.

use bot4_engine::instrument::rate_as_text;
use bot4_engine::risk::limits::LimitValue;
use bot4_engine::risk::uses::{FULL, Use, is_off};
use bot4_engine::run::Run;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::records::measured;

pub(crate) fn risk<'py>(py: Python<'py>, run: &Run) -> PyResult<Bound<'py, PyDict>> {
    let bot = run.session().bot();
    let uses = bot.uses();
    let limits = PyList::empty(py);
    for (name, value) in bot.profile().values() {
        let row = PyDict::new(py);
        row.set_item("limit", name)?;
        match value {
            LimitValue::Number(text) => row.set_item("value", text)?,
            LimitValue::Switch(on) => row.set_item("value", on)?,
        }
        let gauged = uses.iter().find(|one| one.gauge.limit == name);
        let (state, used) = match gauged.map(|one| one.used) {
            None if is_off(name, bot.profile()) => ("off", None),
            None => ("order", None),
            Some(Use::Off) => ("off", None),
            Some(Use::Unknown) => ("unknown", None),
            Some(Use::Part(part)) => ("used", Some(f64::from(part) / f64::from(FULL))),
        };
        let of = gauged.and_then(|one| bot.reach_name(one.gauge.reach, one.sleeve));
        row.set_item("state", state)?;
        row.set_item("use", used)?;
        row.set_item("of", of)?;
        limits.append(row)?;
    }
    let out = PyDict::new(py);
    out.set_item("profile", &bot.profile().name)?;
    out.set_item("scale", rate_as_text(bot.state().monitor().scale()))?;
    let measure = bot.state().measure().map(|measure| {
        let row = PyDict::new(py);
        measured(&row, &measure).map(|()| row)
    });
    out.set_item("measure", measure.transpose()?)?;
    out.set_item("limits", limits)?;
    Ok(out)
}
