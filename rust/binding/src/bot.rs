//! The bot between frames and requests: one crossing for each message of a venue.
//!
//! Long because all methods of a class stand in one block.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use bot4_engine::bot::{Bot, Decides, Sleeve};
use bot4_engine::event::{Event, Fill, OrderUpdate, Side, SleeveId, TradeId};
use bot4_engine::gateway::{Arrival, Gateway, GatewayError, Outgoing, OutgoingKind};
use bot4_engine::instrument::{
    Instrument, InstrumentId, amount_as_text, amount_from_text, rate_from_text,
};
use bot4_engine::portfolio::Pocket;
use bot4_engine::reconcile::reconcile;
use bot4_engine::risk::limits::Profile;
use bot4_engine::units::Nanos;
use bot4_engine::wire::{Counts, Heard};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use crate::backtest::{RawLimit, profile_of};
use crate::errors::{EngineError, Raise};
use crate::ledger::by_name;
use crate::measured;
use crate::program::PyProgram;
use crate::reconcile::{PyReconciled, RawReport, asset, order_id};

/// Most messages of venues that wait to be read; older ones go.
const MESSAGES_MAX: usize = 1_000;

/// How far ahead of this machine's clock something may be received. The engine has no clock, and a
/// market may be silent for hours: nothing else can tell such a time from one that is wrong.
const AHEAD_NS_MAX: i64 = 5_000_000_000;

/// What is to be sent to a venue.
#[pyclass(name = "Request", module = "bot4._engine", frozen, get_all)]
pub(crate) struct PyRequest {
    id: String,
    venue: String,
    instrument: String,
    kind: &'static str,
    method: &'static str,
    path: &'static str,
    body: Py<PyBytes>,
    refused: Option<String>,
}

struct Parts {
    profile: Profile,
    epoch: u32,
    instruments: Vec<Instrument>,
    sleeves: Vec<Sleeve>,
}

enum Stage {
    Parts(Box<Parts>),
    Open(Box<Gateway>),
}

#[pyclass(name = "Bot", module = "bot4._engine")]
pub(crate) struct PyBot {
    stage: Stage,
    messages: Vec<String>,
    /// What was to be sent when a call failed.
    left: Option<Py<PyList>>,
    /// Up to here times were looked up, so that the clock is not read for each frame.
    believed_ns: i64,
}

#[pymethods]
impl PyBot {
    #[new]
    #[pyo3(signature = (*, profile="default", limits=None, epoch=1))]
    fn new(
        profile: &str,
        limits: Option<BTreeMap<String, RawLimit>>,
        epoch: u32,
    ) -> PyResult<Self> {
        let profile = profile_of(profile, limits)?;
        let parts = Parts { profile, epoch, instruments: Vec::new(), sleeves: Vec::new() };
        let stage = Stage::Parts(Box::new(parts));
        Ok(Self { stage, messages: Vec::new(), left: None, believed_ns: 0 })
    }

    #[pyo3(signature = (
        instrument, *, price, tick, lot, notional_min="0", notional_max=None, qty_max=None,
        taker_fee="0", maker_fee="0", base=None, quote=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "one keyword a fact of an instrument")]
    fn add_instrument(
        &mut self,
        instrument: &str,
        price: &str,
        tick: &str,
        lot: &str,
        notional_min: &str,
        notional_max: Option<&str>,
        qty_max: Option<&str>,
        taker_fee: &str,
        maker_fee: &str,
        base: Option<&str>,
        quote: Option<&str>,
    ) -> PyResult<()> {
        let parts = self.parts()?;
        let about: f64 = price
            .parse()
            .map_err(|_| EngineError::new_err(format!("price '{price}' is not a number")))?;
        if parts.instruments.iter().any(|known| known.symbol == instrument) {
            return Err(EngineError::new_err(format!("'{instrument}' was added before")));
        }
        let listed = Instrument::listed(instrument, about, tick, lot);
        let listed = listed
            .and_then(|listed| listed.at_least(notional_min))
            .and_then(|listed| listed.at_most(notional_max, qty_max))
            .raise()?;
        let fees = (rate_from_text(taker_fee).raise()?, rate_from_text(maker_fee).raise()?);
        let base = base.map_or(Ok(listed.base), asset)?;
        let quote = quote.map_or(Ok(listed.quote), asset)?;
        parts.instruments.push(listed.with_fees(fees.0, fees.1).trading(base, quote).raise()?);
        Ok(())
    }

    #[pyo3(signature = (
        strategy, instrument, allocation, program, band=None, *, execution="cross", stop_loss=None,
        take_profit=None, trailing_stop=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "one keyword a part of a target")]
    fn add_program(
        &mut self,
        strategy: &str,
        instrument: &str,
        allocation: &str,
        program: &PyProgram,
        band: Option<f64>,
        execution: &str,
        stop_loss: Option<f64>,
        take_profit: Option<f64>,
        trailing_stop: Option<f64>,
    ) -> PyResult<()> {
        self.seat(
            strategy,
            instrument,
            allocation,
            program.holds(band, execution, (stop_loss, take_profit, trailing_stop))?,
        )
    }

    #[pyo3(signature = (strategy, instrument, allocation, program, *, levels=1, requote=0.0))]
    fn add_quote(
        &mut self,
        strategy: &str,
        instrument: &str,
        allocation: &str,
        program: &PyProgram,
        levels: u32,
        requote: f64,
    ) -> PyResult<()> {
        self.seat(strategy, instrument, allocation, program.quotes(levels, requote)?)
    }

    fn open(&mut self, cash: &str, ts_ns: i64) -> PyResult<()> {
        let amount = amount_from_text(cash).raise()?;
        if !amount.is_positive() {
            return Err(EngineError::new_err("cash must be above 0"));
        }
        let parts = self.parts()?;
        let (instruments, sleeves) = (parts.instruments.clone(), parts.sleeves.clone());
        let bot = Bot::new(instruments, sleeves, parts.profile.clone(), parts.epoch);
        let mut gateway = Gateway::new(bot).raise()?;
        let deposit = Event::Deposit { ts: Nanos::new(ts_ns), amount };
        gateway.on_event(&deposit, &mut |_| {}).raise()?;
        self.stage = Stage::Open(Box::new(gateway));
        Ok(())
    }

    fn on_frame<'py>(
        &mut self,
        py: Python<'py>,
        venue: &str,
        frame: &Bound<'py, PyAny>,
        received_ns: i64,
    ) -> PyResult<Bound<'py, PyList>> {
        if let Ok(bytes) = frame.cast::<PyBytes>() {
            return self.take_in(py, venue, Arrival::Frame(bytes.as_bytes()), received_ns);
        }
        if let Ok(text) = frame.cast::<PyString>() {
            return self.take_in(py, venue, Arrival::Frame(text.to_str()?.as_bytes()), received_ns);
        }
        let copied = PyBuffer::<u8>::get(frame)?.to_vec(py)?;
        self.take_in(py, venue, Arrival::Frame(&copied), received_ns)
    }

    fn on_snapshot<'py>(
        &mut self,
        py: Python<'py>,
        venue: &str,
        symbol: &str,
        body: &[u8],
        received_ns: i64,
    ) -> PyResult<Bound<'py, PyList>> {
        self.take_in(py, venue, Arrival::Snapshot { symbol, body }, received_ns)
    }

    fn on_connect<'py>(
        &mut self,
        py: Python<'py>,
        venue: &str,
        received_ns: i64,
    ) -> PyResult<Bound<'py, PyList>> {
        self.take_in(py, venue, Arrival::Connected, received_ns)
    }

    fn on_time<'py>(&mut self, py: Python<'py>, now_ns: i64) -> PyResult<Bound<'py, PyList>> {
        self.believe(now_ns)?;
        self.send(py, |gateway, sent| {
            gateway.on_time(Nanos::new(now_ns), &mut |outgoing| sent.push(outgoing))
        })
    }

    #[pyo3(signature = (id, update, ts_ns, venue_id=None))]
    fn on_order<'py>(
        &mut self,
        py: Python<'py>,
        id: &str,
        update: &str,
        ts_ns: i64,
        venue_id: Option<&str>,
    ) -> PyResult<Bound<'py, PyList>> {
        let order = order_id(id)?;
        let known = OrderUpdate::ALL.into_iter().find(|known| known.name() == update);
        let update = known.ok_or_else(|| {
            let all: Vec<_> = OrderUpdate::ALL.into_iter().map(OrderUpdate::name).collect();
            EngineError::new_err(format!("'{update}' is no answer; one of {}", all.join(", ")))
        })?;
        let event = Event::Order { ts: Nanos::new(ts_ns), order, update };
        self.send(py, |gateway, sent| {
            let mut send = |outgoing: &Outgoing<'_>| sent.push(outgoing);
            let heard = gateway.on_event(&event, &mut send);
            let named = venue_id.map_or(Ok(()), |name| gateway.name_order(order, name, &mut send));
            heard.and(named)
        })
    }

    #[pyo3(signature = (id, *, trade, price, qty, fee, ts_ns, last, fee_asset=None))]
    #[allow(clippy::too_many_arguments, reason = "one keyword a field of a fill")]
    fn on_fill<'py>(
        &mut self,
        py: Python<'py>,
        id: &str,
        trade: &str,
        price: &str,
        qty: &str,
        fee: &str,
        ts_ns: i64,
        last: bool,
        fee_asset: Option<&str>,
    ) -> PyResult<Bound<'py, PyList>> {
        let order = order_id(id)?;
        let fee_asset = fee_asset.map(asset).transpose()?;
        let state = self.gateway()?.bot().state();
        let rules = state
            .orders()
            .get(order)
            .and_then(|order| state.instrument(order.new_order().instrument));
        let rules = rules.ok_or_else(|| EngineError::new_err(format!("no order '{id}'")))?;
        let (price, qty) =
            (rules.price_from_text(price).raise()?, rules.qty_from_text(qty).raise()?);
        let fee = amount_from_text(fee).raise()?;
        let (trade, ts) = (TradeId::from_text(trade), Nanos::new(ts_ns));
        let fill = Fill { order, trade, ts, price, qty, fee, fee_asset, last };
        self.send(py, |gateway, sent| {
            gateway.on_event(&Event::Fill(fill), &mut |outgoing| sent.push(outgoing))
        })
    }

    #[pyo3(signature = (asset, worth, ts_ns))]
    fn on_rate<'py>(
        &mut self,
        py: Python<'py>,
        asset: &str,
        worth: &str,
        ts_ns: i64,
    ) -> PyResult<Bound<'py, PyList>> {
        let (asset, worth) = (crate::reconcile::asset(asset)?, amount_from_text(worth).raise()?);
        if !worth.is_positive() {
            return Err(EngineError::new_err("worth must be above 0"));
        }
        self.believe(ts_ns)?;
        let rate = Event::Rate { ts: Nanos::new(ts_ns), asset, worth };
        self.send(py, |gateway, sent| gateway.on_event(&rate, &mut |outgoing| sent.push(outgoing)))
    }

    #[pyo3(signature = (instrument, tradable, ts_ns))]
    fn on_status<'py>(
        &mut self,
        py: Python<'py>,
        instrument: &str,
        tradable: bool,
        ts_ns: i64,
    ) -> PyResult<Bound<'py, PyList>> {
        let instrument = self.id_of(instrument)?;
        self.believe(ts_ns)?;
        let status = Event::Status { ts: Nanos::new(ts_ns), instrument, tradable };
        self.send(py, |gateway, sent| {
            gateway.on_event(&status, &mut |outgoing| sent.push(outgoing))
        })
    }

    #[pyo3(signature = (var, cvar, ts_ns, *, as_of_ns=None, level="0.99", horizon_s=86_400))]
    #[allow(clippy::too_many_arguments, reason = "one keyword a part of a measure")]
    fn on_measured<'py>(
        &mut self,
        py: Python<'py>,
        var: f64,
        cvar: f64,
        ts_ns: i64,
        as_of_ns: Option<i64>,
        level: &str,
        horizon_s: i64,
    ) -> PyResult<Bound<'py, PyList>> {
        let as_of_ns = as_of_ns.unwrap_or(ts_ns);
        let measure = measured::measure((var, cvar), as_of_ns, (level, horizon_s))?;
        self.believe(ts_ns)?;
        let measured = Event::Measured { ts: Nanos::new(ts_ns), measure };
        self.send(py, |gateway, sent| {
            gateway.on_event(&measured, &mut |outgoing| sent.push(outgoing))
        })
    }

    fn balances(&mut self) -> PyResult<BTreeMap<(String, String), String>> {
        let state = self.gateway()?.bot().state();
        let ours = |pocket: &Pocket| amount_as_text(pocket.ours());
        Ok(by_name(state.portfolio(), state.instruments(), ours))
    }

    /// Where the bot refuses an event of it, the next report finds what is left.
    fn reconcile(&mut self, py: Python<'_>, report: RawReport) -> PyResult<PyReconciled> {
        let report = report.parse(self.gateway()?.bot().state())?;
        self.believe(report.ts.mantissa())?;
        let told = reconcile(self.gateway()?.bot().state(), &report).raise()?;
        let requests = self.send(py, |gateway, sent| {
            let mut send = |outgoing: &Outgoing<'_>| sent.push(outgoing);
            told.events.iter().try_for_each(|event| gateway.on_event(event, &mut send))
        })?;
        Ok(PyReconciled::new(requests.unbind(), told, self.gateway()?.bot().state()))
    }

    fn take_records<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.gateway()?.take_records()))
    }

    fn take_resync(&mut self) -> PyResult<Vec<String>> {
        let gateway = self.gateway()?;
        let asked = gateway.take_resync();
        let rules = asked.into_iter().filter_map(|id| gateway.bot().state().instrument(id));
        Ok(rules.map(|rules| rules.symbol.clone()).collect())
    }

    fn take_messages(&mut self) -> Vec<String> {
        core::mem::take(&mut self.messages)
    }

    #[getter]
    fn equity(&mut self) -> PyResult<String> {
        Ok(amount_as_text(self.gateway()?.bot().account().equity))
    }

    #[pyo3(signature = (instrument, strategy=None))]
    fn position(&mut self, instrument: &str, strategy: Option<&str>) -> PyResult<String> {
        let id = self.id_of(instrument)?;
        let bot = self.gateway()?.bot();
        let rules = bot.state().instrument(id);
        let qty = if let Some(name) = strategy {
            let mut sleeves = (0..).map(SleeveId).zip(bot.sleeves());
            let sleeve = sleeves.find(|(_, one)| one.instrument == id && one.strategy == name);
            let (sleeve, _) = sleeve.ok_or_else(|| {
                EngineError::new_err(format!("'{instrument}' has no strategy '{name}'"))
            })?;
            bot.holding(sleeve).qty
        } else {
            bot.state().portfolio().position(id).qty
        };
        Ok(rules.map(|rules| rules.qty_as_text(qty)).unwrap_or_default())
    }

    #[pyo3(signature = (instrument, now_ns, levels=10))]
    fn book<'py>(
        &mut self,
        py: Python<'py>,
        instrument: &str,
        now_ns: i64,
        levels: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        let id = self.id_of(instrument)?;
        let bot = self.gateway()?.bot();
        let out = PyDict::new(py);
        let (Some(book), Some(rules)) = (bot.book(id), bot.state().instrument(id)) else {
            return Ok(out);
        };
        let age_max = bot.profile().price_age_max;
        out.set_item("integrity", book.integrity(Nanos::new(now_ns), age_max).name())?;
        for (name, side) in [("bids", Side::Buy), ("asks", Side::Sell)] {
            let told = book.ladder().levels(side).take(levels);
            let told =
                told.map(|(price, qty)| (rules.price_as_text(price), rules.qty_as_text(qty)));
            out.set_item(name, told.collect::<Vec<_>>())?;
        }
        Ok(out)
    }

    fn counts<'py>(&mut self, py: Python<'py>, venue: &str) -> PyResult<Bound<'py, PyDict>> {
        let gateway = self.gateway()?;
        let found = gateway.decoders().find(|(name, _)| *name == venue);
        let (_, decoder) = found.ok_or_else(|| GatewayError::Venue(venue.to_owned())).raise()?;
        counts(py, decoder.counts())
    }
}

impl PyBot {
    fn parts(&mut self) -> PyResult<&mut Parts> {
        match &mut self.stage {
            Stage::Parts(parts) => Ok(parts),
            Stage::Open(_) => Err(EngineError::new_err("the bot is open already")),
        }
    }

    fn seat(
        &mut self,
        strategy: &str,
        instrument: &str,
        allocation: &str,
        decides: Decides,
    ) -> PyResult<()> {
        let parts = self.parts()?;
        let place = parts.instruments.iter().position(|known| known.symbol == instrument);
        let id = place.and_then(|place| u32::try_from(place).ok()).map(InstrumentId);
        let id = id.ok_or_else(|| {
            EngineError::new_err(format!("'{instrument}' is no instrument here: add it first"))
        })?;
        let same = |other: &Sleeve| other.instrument == id && other.strategy == strategy;
        if parts.sleeves.iter().any(same) {
            let text = format!("'{instrument}' has a strategy '{strategy}': give it another name");
            return Err(EngineError::new_err(text));
        }
        parts.sleeves.push(Sleeve {
            strategy: strategy.to_owned(),
            instrument: id,
            allocation: rate_from_text(allocation).raise()?,
            decides,
        });
        Ok(())
    }

    fn gateway(&mut self) -> PyResult<&mut Gateway> {
        match &mut self.stage {
            Stage::Open(gateway) => Ok(gateway),
            Stage::Parts(_) => Err(EngineError::new_err("the bot is not open: call open() first")),
        }
    }

    fn id_of(&mut self, instrument: &str) -> PyResult<InstrumentId> {
        let known = self.gateway()?.bot().state().instruments();
        let place = known.iter().position(|known| known.symbol == instrument);
        let id = place.and_then(|place| u32::try_from(place).ok()).map(InstrumentId);
        id.ok_or_else(|| EngineError::new_err(format!("'{instrument}' is no instrument here")))
    }

    #[inline]
    fn take_in<'py>(
        &mut self,
        py: Python<'py>,
        venue: &str,
        arrival: Arrival<'_>,
        received_ns: i64,
    ) -> PyResult<Bound<'py, PyList>> {
        self.believe(received_ns)?;
        let mut told = None;
        let requests = self.send(py, |gateway, sent| {
            let mut send = |outgoing: &Outgoing<'_>| sent.push(outgoing);
            match gateway.on_arrival(venue, arrival, Nanos::new(received_ns), &mut send)? {
                Heard::Market | Heard::Nothing | Heard::Unknown | Heard::Resync(_) => {}
                Heard::Status(status) => told = Some(format!("{venue}: {}", status.name())),
                Heard::Refused(refused) => {
                    told = Some(format!("{venue} refuses: {}", refused.message));
                }
            }
            Ok(())
        });
        if let Some(message) = told {
            self.tell(message);
        }
        requests
    }

    /// Nobody receives in the future: a time far ahead would hold trading back until it is reached.
    #[inline]
    fn believe(&mut self, received_ns: i64) -> PyResult<()> {
        if received_ns <= self.believed_ns { Ok(()) } else { self.look_up(received_ns) }
    }

    #[cold]
    fn look_up(&mut self, received_ns: i64) -> PyResult<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ns = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
        self.believed_ns = now_ns.saturating_add(AHEAD_NS_MAX);
        if received_ns <= self.believed_ns {
            return Ok(());
        }
        Err(EngineError::new_err(format!(
            "{received_ns} ns is {} s ahead of this machine's clock, at most {} s are believed: \
             give nanoseconds since 1970 UTC, and set the clock",
            received_ns.saturating_sub(now_ns) / 1_000_000_000,
            AHEAD_NS_MAX / 1_000_000_000,
        )))
    }

    /// What is to be sent of what the gateway does. Where that fails it waits for the next call:
    /// it is written down as sent.
    #[inline]
    fn send<'py>(
        &mut self,
        py: Python<'py>,
        act: impl FnOnce(&mut Gateway, &mut Sent<'py>) -> Result<(), GatewayError>,
    ) -> PyResult<Bound<'py, PyList>> {
        let left = self.left.take().map(|left| left.into_bound(py));
        let requests = left.unwrap_or_else(|| PyList::empty(py));
        let mut sent = Sent { requests, failed: None };
        let acted = act(self.gateway()?, &mut sent).raise();
        let Sent { requests, failed } = sent;
        match acted.and(failed.map_or(Ok(()), Err)) {
            Ok(()) => Ok(requests),
            Err(error) => {
                self.left = Some(requests.unbind());
                Err(error)
            }
        }
    }

    fn tell(&mut self, message: String) {
        if self.messages.len() == MESSAGES_MAX {
            self.messages.remove(0);
        }
        self.messages.push(message);
    }
}

/// What is to be sent, gathered.
struct Sent<'py> {
    requests: Bound<'py, PyList>,
    failed: Option<PyErr>,
}

impl<'py> Sent<'py> {
    fn push(&mut self, outgoing: &Outgoing<'_>) {
        if let Err(error) = self.try_push(outgoing) {
            self.failed.get_or_insert(error);
        }
    }

    fn try_push(&self, outgoing: &Outgoing<'_>) -> PyResult<()> {
        let py = self.requests.py();
        let (method, path, refused) = match &outgoing.request {
            Ok(request) => (request.method, request.path, None),
            Err(unsendable) => ("", "", Some(unsendable.to_string())),
        };
        let body = if refused.is_none() { outgoing.body } else { &[] };
        self.requests.append(PyRequest {
            id: outgoing.id.client_text(),
            venue: outgoing.venue.to_owned(),
            instrument: outgoing.symbol.to_owned(),
            kind: match outgoing.kind {
                OutgoingKind::Place => "place",
                OutgoingKind::Cancel => "cancel",
                OutgoingKind::Amend => "amend",
                OutgoingKind::Ask(question) => question.name(),
            },
            method,
            path,
            body: PyBytes::new(py, body).unbind(),
            refused,
        })
    }
}

/// What a decoder has seen, by name.
pub(crate) fn counts<'py>(py: Python<'py>, counts: &Counts) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    for (name, count) in [
        ("frames", counts.frames),
        ("unknown", counts.unknown),
        ("malformed", counts.malformed),
        ("unsupported", counts.unsupported),
        ("gaps", counts.gaps),
        ("checksums_failed", counts.checksums_failed),
        ("late", counts.late),
        ("unlisted", counts.unlisted),
    ] {
        out.set_item(name, count)?;
    }
    Ok(out)
}
