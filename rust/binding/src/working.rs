//! An order of a class strategy that works, as it is told: a frozen snapshot.

use bot4_engine::event::{OrderId, Size};
use bot4_engine::instrument::Instrument;
use bot4_engine::order::Order;
use pyo3::prelude::*;

#[pyclass(name = "WorkingOrder", module = "bot4._engine", frozen)]
#[derive(Debug, Clone)]
pub(crate) struct PyWorkingOrder {
    pub(crate) order: OrderId,
    #[pyo3(get)]
    side: &'static str,
    #[pyo3(get)]
    qty: Option<f64>,
    #[pyo3(get)]
    filled: f64,
    #[pyo3(get)]
    limit: Option<f64>,
    #[pyo3(get)]
    stop: Option<f64>,
    #[pyo3(get)]
    state: &'static str,
}

impl PyWorkingOrder {
    pub(crate) fn of(order: &Order, rules: &Instrument) -> Self {
        let new = order.new_order();
        let qty = match new.size {
            Size::Base(qty) => Some(rules.qty_as_f64(qty)),
            Size::Quote(_) => None,
        };
        Self {
            order: order.id(),
            side: new.side.name(),
            qty,
            filled: rules.qty_as_f64(order.filled()),
            limit: new.limit.map(|limit| rules.price_as_f64(limit)),
            stop: new.terms.stop.map(|stop| rules.price_as_f64(stop.trigger)),
            state: order.state().name(),
        }
    }
}

#[pymethods]
impl PyWorkingOrder {
    #[getter]
    fn id(&self) -> String {
        self.order.client_text()
    }

    fn __repr__(&self) -> String {
        let Self { side, filled, state, .. } = self;
        let qty = self.qty.map_or("what it pays for".to_owned(), |qty| qty.to_string());
        let at = self.limit.map_or(String::new(), |limit| format!(" at {limit}"));
        format!("WorkingOrder({} {side} {qty}{at}, {filled} filled, {state})", self.id())
    }
}
