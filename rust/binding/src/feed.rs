//! A venue's frames, made into books and recordings.

use bot4_engine::event::Side;
use bot4_engine::instrument::Instrument;
use bot4_engine::market::{Captured, CapturedMarket};
use bot4_engine::units::{Nanos, Price, Qty};
use bot4_engine::wire::{Heard, WireError};
use numpy::IntoPyArray;
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::bot::counts;
use crate::errors::{EngineError, Raise};

#[pyclass(name = "Feed", module = "bot4._engine")]
pub(crate) struct PyFeed(Captured);

#[pymethods]
impl PyFeed {
    #[new]
    fn new(venue: &str) -> PyResult<Self> {
        Captured::of(venue).map(Self).ok_or_else(|| {
            EngineError::new_err(format!(
                "frames of '{venue}' cannot be read: the venues are binance, kraken and coinbase"
            ))
        })
    }

    #[pyo3(signature = (symbol, price_scale, qty_scale, price_decimals=None, qty_decimals=None))]
    fn add(
        &mut self,
        symbol: &str,
        price_scale: u32,
        qty_scale: u32,
        price_decimals: Option<u32>,
        qty_decimals: Option<u32>,
    ) -> PyResult<()> {
        let written = (price_decimals, qty_decimals);
        self.0.list(symbol, (price_scale, qty_scale), written).raise()
    }

    fn on_frame(&mut self, frame: &Bound<'_, PyAny>, received_ns: i64) -> PyResult<String> {
        let received = Nanos::new(received_ns);
        let heard = read(frame, |frame| self.0.on_frame(frame, received))?;
        self.say(heard)
    }

    fn on_snapshot(
        &mut self,
        symbol: &str,
        body: &Bound<'_, PyAny>,
        received_ns: i64,
    ) -> PyResult<String> {
        let received = Nanos::new(received_ns);
        let heard = read(body, |body| self.0.on_snapshot(symbol, body, received))?;
        self.say(heard)
    }

    fn on_connect(&mut self, received_ns: i64) {
        self.0.on_connect(Nanos::new(received_ns));
    }

    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counts(py, self.0.counts())
    }

    fn integrity(&self, symbol: &str) -> PyResult<&'static str> {
        let found = self.0.integrity(symbol).map(|integrity| integrity.name());
        found.ok_or_else(|| unlisted(symbol))
    }

    #[pyo3(signature = (symbol, levels=None))]
    fn book<'py>(
        &self,
        py: Python<'py>,
        symbol: &str,
        levels: Option<usize>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let market = self.market(symbol)?;
        let (book, rules, out) = (market.book(), market.rules(), PyDict::new(py));
        for (name, side) in [("bids", Side::Buy), ("asks", Side::Sell)] {
            let told = book.ladder().levels(side).take(levels.unwrap_or(usize::MAX));
            out.set_item(name, told.map(|level| text(rules, level)).collect::<Vec<_>>())?;
        }
        let touch = book.touch().map(|touch| {
            let (bid, ask) = ((touch.bid, touch.bid_qty), (touch.ask, touch.ask_qty));
            (text(rules, bid), text(rules, ask))
        });
        out.set_item("touch", touch)?;
        Ok(out)
    }

    fn rows<'py>(&self, py: Python<'py>, symbol: &str) -> PyResult<Bound<'py, PyDict>> {
        let (columns, out) = (self.market(symbol)?.columns(), PyDict::new(py));
        out.set_item("ts", columns.ts.clone().into_pyarray(py))?;
        out.set_item("kind", columns.kind.clone().into_pyarray(py))?;
        out.set_item("price", columns.price.clone().into_pyarray(py))?;
        out.set_item("qty", columns.qty.clone().into_pyarray(py))?;
        out.set_item("last", columns.last.clone().into_pyarray(py))?;
        Ok(out)
    }
}

impl PyFeed {
    fn market(&self, symbol: &str) -> PyResult<&CapturedMarket> {
        self.0.market(symbol).ok_or_else(|| unlisted(symbol))
    }

    fn say(&self, heard: Heard) -> PyResult<String> {
        Ok(match heard {
            Heard::Market => "market".to_owned(),
            Heard::Nothing => "nothing".to_owned(),
            Heard::Unknown => "unknown".to_owned(),
            Heard::Resync(id) => format!("resync {}", self.0.symbol(id)),
            Heard::Status(status) => format!("status {}", status.name()),
            Heard::Refused(refused) => match refused.code {
                Some(code) => format!("refused {code} {}", refused.message),
                None => format!("refused {}", refused.message),
            },
        })
    }
}

/// The bytes of a message, copied only where they are neither `bytes` nor `str`.
fn read(
    frame: &Bound<'_, PyAny>,
    hear: impl FnOnce(&[u8]) -> Result<Heard, WireError>,
) -> PyResult<Heard> {
    if let Ok(bytes) = frame.cast::<PyBytes>() {
        return hear(bytes.as_bytes()).raise();
    }
    if let Ok(text) = frame.cast::<PyString>() {
        return hear(text.to_str()?.as_bytes()).raise();
    }
    hear(&PyBuffer::<u8>::get(frame)?.to_vec(frame.py())?).raise()
}

fn text(rules: &Instrument, (price, qty): (Price, Qty)) -> (String, String) {
    (rules.price_as_text(price), rules.qty_as_text(qty))
}

fn unlisted(symbol: &str) -> PyErr {
    EngineError::new_err(format!("'{symbol}' is not listened for: add it first"))
}
