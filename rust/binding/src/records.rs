//! Records as dictionaries; money as decimal text. Long because every record has its words here.

use bot4_desk::Kept;
use bot4_engine::asset::Asset;
use bot4_engine::bot::part_name;
use bot4_engine::decision::execution;
use bot4_engine::decision::quote::level;
use bot4_engine::event::{
    Booking, Cross, Entry, Execution, Exits, Fill, Measure, NewOrder, OrderId, OrderTerms,
    OrderUpdate, Part, QuoteSide, Side, Size, SleeveId, TimeInForce, Transition, TwoSided,
    Unexplained, Want,
};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_as_text, rate_as_text};
use bot4_engine::journal::Record;
use bot4_engine::order::OrderState;
use bot4_engine::portfolio::Trade;
use bot4_engine::units::{Amount, Nanos, Price};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PyList, PyString};

use crate::met::Met;

/// Who traded what: the names behind a journal's numbers.
pub(crate) struct Names<'a> {
    pub(crate) instruments: &'a [Instrument],
    /// Strategy and instrument of each sleeve.
    pub(crate) sleeves: Vec<(&'a str, InstrumentId)>,
}

/// An order as it was placed, which its fills and updates do not say again.
pub(crate) type Placed<'a> = &'a dyn Fn(OrderId) -> Option<NewOrder>;
/// An order that was placed before what is read, and its state.
pub(crate) type Elsewhere<'a> = &'a dyn Fn(OrderId) -> Option<(NewOrder, OrderState)>;

impl Names<'_> {
    fn rules(&self, id: InstrumentId) -> Option<&Instrument> {
        self.instruments.get(id.index())
    }

    pub(crate) fn symbol(&self, id: InstrumentId) -> &str {
        self.rules(id).map_or("", |rules| rules.symbol.as_str())
    }

    pub(crate) fn strategy(&self, sleeve: SleeveId) -> &str {
        self.sleeves.get(sleeve.index()).map_or("", |(strategy, _)| strategy)
    }

    fn instrument_of(&self, sleeve: SleeveId) -> &str {
        self.sleeves.get(sleeve.index()).map_or("", |(_, id)| self.symbol(*id))
    }

    fn name(&self, row: &Bound<'_, PyDict>, sleeve: SleeveId) -> PyResult<()> {
        row.set_item("strategy", self.strategy(sleeve))?;
        row.set_item("instrument", self.instrument_of(sleeve))
    }

    /// A record as a dictionary, `entry`, `place` and `event` left out.
    pub(crate) fn row<'py>(
        &self,
        py: Python<'py>,
        record: &Record,
        placed: Placed<'_>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let row = PyDict::new(py);
        row.set_item("kind", kind(record))?;
        row.set_item("ts", record.ts().mantissa())?;
        match *record {
            Record::Deposit { amount, .. } => row.set_item("amount", amount_as_text(amount))?,
            Record::Booked { entry, worth } => self.booked(&row, &entry, worth)?,
            Record::Rate { asset, worth, .. } => {
                row.set_item("asset", asset.name())?;
                row.set_item("worth", amount_as_text(worth))?;
            }
            Record::Intent { intent, .. } => {
                self.name(&row, intent.sleeve)?;
                let rules =
                    self.sleeves.get(intent.sleeve.index()).and_then(|(_, id)| self.rules(*id));
                row.set_item("want", want(&intent.want, rules))?;
            }
            Record::Refused { sleeve, refusal, .. }
            | Record::Clipped { sleeve, limit: refusal, .. } => {
                self.name(&row, sleeve)?;
                row.set_item("reason", refusal.name())?;
            }
            Record::Crossed { cross, .. } => self.crossed(&row, &cross)?,
            Record::Placed { id, order, judged, .. } => {
                self.order(&row, id, &order)?;
                self.terms(&row, &order)?;
                row.set_item("reduces", judged.map(|judged| judged.reduces))?;
                let uses = judged.map(|judged| judged.uses().into_py_dict(py));
                row.set_item("uses", uses.transpose()?)?;
            }
            Record::Update { order: id, update, .. } => {
                row.set_item("id", id.client_text())?;
                row.set_item("update", update.name())?;
                if let Some(order) = placed(id) {
                    self.name(&row, order.sleeve)?;
                    // One that was held gets its limit as it leaves.
                    if let OrderUpdate::Amended | OrderUpdate::Released = update {
                        self.sized(&row, &order)?;
                        row.set_item("reserve", amount_as_text(order.reserve))?;
                    }
                }
            }
            Record::Amend { order: id, to, .. } => {
                row.set_item("id", id.client_text())?;
                if let Some(order) = placed(id) {
                    let (limit, size) = (Some(to.limit), Size::Base(to.qty));
                    self.name(&row, order.sleeve)?;
                    self.sized(&row, &NewOrder { limit, size, ..order })?;
                    row.set_item("reserve", amount_as_text(to.reserve))?;
                }
            }
            Record::CumQty { order: id, qty, .. } => {
                row.set_item("id", id.client_text())?;
                if let Some(order) = placed(id) {
                    let rules = self.rules(order.instrument);
                    self.name(&row, order.sleeve)?;
                    row.set_item("qty", rules.map(|rules| rules.qty_as_text(qty)))?;
                }
            }
            Record::Fill(fill) => self.fill(&row, &fill, placed(fill.order))?,
            Record::Breaker(new) => self.breaker(&row, &new)?,
            Record::Control { state, .. } => row.set_item("state", state.name())?,
            Record::Equity { cash, equity, .. } => {
                row.set_item("cash", amount_as_text(cash))?;
                row.set_item("equity", amount_as_text(equity))?;
            }
            Record::Pause { sleeve, paused, .. } => {
                self.name(&row, sleeve)?;
                row.set_item("paused", paused)?;
            }
            Record::Start { epoch, .. } => row.set_item("epoch", epoch)?,
            Record::Stop { flatten, .. } => row.set_item("flatten", flatten)?,
            Record::Flatten { .. } => {}
            Record::Freeze { instrument, why, .. } => {
                row.set_item("instrument", self.symbol(instrument))?;
                row.set_item("why", why.map(Unexplained::name))?;
            }
            Record::Status { instrument, tradable, .. } => {
                row.set_item("instrument", self.symbol(instrument))?;
                row.set_item("tradable", tradable)?;
            }
            Record::Measured { measure, .. } => measured(&row, &measure)?,
        }
        Ok(row)
    }

    pub(crate) fn order(
        &self,
        row: &Bound<'_, PyDict>,
        id: OrderId,
        order: &NewOrder,
    ) -> PyResult<()> {
        row.set_item("id", id.client_text())?;
        self.name(row, order.sleeve)?;
        row.set_item("side", order.side.name())?;
        self.sized(row, order)
    }

    /// What an amend may change of an order.
    fn sized(&self, row: &Bound<'_, PyDict>, order: &NewOrder) -> PyResult<()> {
        let rules = self.rules(order.instrument);
        let (base, quote) = match order.size {
            Size::Base(qty) => (rules.map(|rules| rules.qty_as_text(qty)), None),
            Size::Quote(amount) => (None, Some(amount_as_text(amount))),
        };
        row.set_item("size_base", base)?;
        row.set_item("size_quote", quote)?;
        row.set_item("limit", self.price(order, order.limit))
    }

    /// What a part is called.
    pub(crate) fn part(&self, part: Part) -> String {
        part_name(part, self.instruments, &self.sleeves)
    }

    fn breaker(&self, row: &Bound<'_, PyDict>, new: &Transition) -> PyResult<()> {
        row.set_item("component", self.part(new.part))?;
        row.set_item("state", new.state.name())?;
        row.set_item("stage", new.stage.name())?;
        row.set_item("reason", new.reason.name())?;
        row.set_item("until_ns", new.until.map(Nanos::mantissa))?;
        row.set_item("note", new.note.as_str())
    }

    /// How an order is to be treated, and which it replaces.
    fn terms(&self, row: &Bound<'_, PyDict>, order: &NewOrder) -> PyResult<()> {
        let OrderTerms { tif, post_only, reduce_only, stop, held, twin: _ } = order.terms;
        let expires = match tif {
            TimeInForce::Gtd(until) => Some(until.mantissa()),
            TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => None,
        };
        row.set_item("tif", tif_name(tif))?;
        row.set_item("expires_ns", expires)?;
        row.set_item("post_only", post_only)?;
        row.set_item("reduce_only", reduce_only)?;
        row.set_item("stop", stop.map(|stop| stop.kind.name()))?;
        row.set_item("stop_price", self.price(order, stop.map(|stop| stop.trigger)))?;
        row.set_item("trail", self.price(order, stop.map(|stop| stop.trail)))?;
        row.set_item("held", held)?;
        row.set_item("reserve", amount_as_text(order.reserve))?;
        row.set_item("replaces", order.replaces.map(OrderId::client_text))
    }

    fn price(&self, order: &NewOrder, price: Option<Price>) -> Option<String> {
        let rules = self.rules(order.instrument)?;
        price.map(|price| rules.price_as_text(price))
    }

    fn fill(&self, row: &Bound<'_, PyDict>, fill: &Fill, order: Option<NewOrder>) -> PyResult<()> {
        row.set_item("id", fill.order.client_text())?;
        row.set_item("trade", fill.trade.number().to_string())?;
        row.set_item("last", fill.last)?;
        let Some(order) = order else {
            return Ok(());
        };
        self.name(row, order.sleeve)?;
        self.traded(row, &Trade::of_fill(fill, order.instrument, order.side, order.sleeve))
    }

    /// A trade in its instrument's words. What of the base went as fee is `shed` from the position.
    fn traded(&self, row: &Bound<'_, PyDict>, trade: &Trade) -> PyResult<()> {
        row.set_item("side", trade.side.name())?;
        row.set_item("fee", amount_as_text(trade.fee))?;
        let Some(rules) = self.rules(trade.instrument) else {
            return Ok(());
        };
        row.set_item("price", rules.price_as_text(trade.price))?;
        row.set_item("qty", rules.qty_as_text(trade.qty))?;
        let notional = rules.notional(trade.price, trade.qty).ok();
        row.set_item("notional", notional.map(amount_as_text))?;
        let paid_in = trade.fee_asset.unwrap_or(rules.quote);
        row.set_item("quote", rules.quote.name())?;
        row.set_item("fee_asset", paid_in.name())?;
        let in_base = paid_in == rules.base && paid_in != rules.quote && trade.fee.is_positive();
        let shed = in_base.then(|| rules.qty_covering(trade.fee).ok()).flatten();
        row.set_item("shed", shed.map(|qty| rules.qty_as_text(qty)))
    }

    /// What sleeves traded with each other; `None`: what belongs to no strategy.
    fn crossed(&self, row: &Bound<'_, PyDict>, cross: &Cross) -> PyResult<()> {
        row.set_item("instrument", self.symbol(cross.instrument))?;
        row.set_item("seller", cross.seller.map(|sleeve| self.strategy(sleeve)))?;
        row.set_item("buyer", cross.buyer.map(|sleeve| self.strategy(sleeve)))?;
        let Some(rules) = self.rules(cross.instrument) else {
            return Ok(());
        };
        row.set_item("price", rules.price_as_text(cross.price))?;
        row.set_item("qty", rules.qty_as_text(cross.qty))?;
        let notional = rules.notional(cross.price, cross.qty).ok();
        row.set_item("notional", notional.map(amount_as_text))
    }

    fn crossed_in_words(&self, cross: &Cross) -> String {
        let text =
            |rules: &Instrument| (rules.qty_as_text(cross.qty), rules.price_as_text(cross.price));
        let (qty, price) = self.rules(cross.instrument).map(text).unwrap_or_default();
        let name = |sleeve: Option<SleeveId>| sleeve.map_or("nobody", |id| self.strategy(id));
        format!("{qty} at {price} from {} to {}", name(cross.seller), name(cross.buyer))
    }

    /// What happened to the account without an order of ours.
    fn booked(&self, row: &Bound<'_, PyDict>, entry: &Entry, worth: Amount) -> PyResult<()> {
        row.set_item("name", entry.name.number().to_string())?;
        match entry.booking {
            Booking::Transfer { asset, amount } => {
                row.set_item("asset", asset.name())?;
                row.set_item("amount", amount_as_text(amount))?;
                row.set_item("worth", amount_as_text(worth))
            }
            Booking::Funding { instrument, amount } => {
                let quote = self.rules(instrument).map_or(Asset::CASH, |rules| rules.quote);
                row.set_item("instrument", self.symbol(instrument))?;
                row.set_item("asset", quote.name())?;
                row.set_item("amount", amount_as_text(amount))
            }
            Booking::Trade { instrument, side, price, qty, fee, fee_asset } => {
                let sleeve = None;
                row.set_item("instrument", self.symbol(instrument))?;
                let trade = Trade { instrument, side, price, qty, fee, fee_asset, sleeve };
                self.traded(row, &trade)
            }
        }
    }

    /// A record in words, for a screen.
    pub(crate) fn words(&self, record: &Record, placed: Placed<'_>) -> String {
        match *record {
            Record::Placed { order, .. } => {
                let size = match (order.size, self.rules(order.instrument)) {
                    (Size::Base(qty), Some(rules)) => rules.qty_as_text(qty),
                    (Size::Base(_), None) => String::new(),
                    (Size::Quote(amount), _) => format!("for {}", cents(&amount_as_text(amount))),
                };
                let rules = self.rules(order.instrument);
                let limit = order.limit.zip(rules);
                let limit = limit.map(|(limit, rules)| rules.price_as_text(limit));
                let held = if order.terms.held { ", held here" } else { "" };
                let way = match (order.terms.stop, order.terms.tif, limit) {
                    (Some(_), _, _) => format!("{held}{}", treated(&order.terms, rules)),
                    (None, _, None) => String::new(),
                    (None, TimeInForce::Ioc, Some(worst)) => {
                        format!(" at market, {worst} at worst")
                    }
                    (None, _, Some(limit)) => format!(" at {limit}"),
                };
                format!("{} {size}{way}", order.side.name())
            }
            Record::Fill(fill) => {
                let order = placed(fill.order);
                let rules = order.and_then(|order| self.rules(order.instrument));
                let side = order.map_or("", |order| order.side.name());
                let text = rules
                    .map(|rules| (rules.qty_as_text(fill.qty), rules.price_as_text(fill.price)));
                let (qty, price) = text.unwrap_or_default();
                format!("{side} {qty} at {price}, fee {}", cents(&amount_as_text(fill.fee)))
            }
            Record::Refused { refusal, .. } => refusal.name().replace('_', " "),
            Record::Clipped { limit, .. } => limit.name().replace('_', " "),
            Record::Crossed { cross, .. } => self.crossed_in_words(&cross),
            Record::Update { update, .. } => update.name().replace('_', " "),
            Record::Breaker(new) => {
                let (name, note) = (self.part(new.part), new.note.as_str());
                let said = if note.is_empty() { String::new() } else { format!(": {note}") };
                format!("{name} {}, {}{said}", new.state.name(), new.reason.name())
            }
            Record::Control { state, .. } => state.name().to_owned(),
            Record::Pause { paused, .. } => if paused { "paused" } else { "resumed" }.to_owned(),
            Record::Stop { flatten: true, .. } => "stop, close every position".to_owned(),
            Record::Stop { flatten: false, .. } => "stop".to_owned(),
            Record::Flatten { .. } => "flatten".to_owned(),
            Record::Freeze { why: Some(why), .. } => format!("frozen: {} unexplained", why.name()),
            Record::Freeze { why: None, .. } => "frozen no more".to_owned(),
            Record::Status { tradable: true, .. } => "traded again".to_owned(),
            Record::Status { tradable: false, .. } => "not traded by its venue".to_owned(),
            Record::Amend { .. }
            | Record::CumQty { .. }
            | Record::Deposit { .. }
            | Record::Booked { .. }
            | Record::Rate { .. }
            | Record::Intent { .. }
            | Record::Equity { .. }
            | Record::Measured { .. }
            | Record::Start { .. } => String::new(),
        }
    }
}

/// What the account may lose, when it was measured last, as fractions in decimal text.
pub(crate) fn measured(row: &Bound<'_, PyDict>, measure: &Measure) -> PyResult<()> {
    row.set_item("as_of", measure.as_of().mantissa())?;
    row.set_item("level", rate_as_text(measure.level()))?;
    row.set_item("horizon_s", measure.horizon().mantissa() / 1_000_000_000)?;
    row.set_item("var", rate_as_text(measure.var()))?;
    row.set_item("cvar", rate_as_text(measure.cvar()))
}

/// The word for a record on a screen: how an order ended, or what kind it is.
pub(crate) const fn shown_kind(record: &Record) -> &'static str {
    if let Record::Update { .. } = record {
        "canceled"
    } else if let Record::Pause { .. }
    | Record::Stop { .. }
    | Record::Flatten { .. }
    | Record::Freeze { .. }
    | Record::Status { .. } = record
    {
        "control"
    } else {
        kind(record)
    }
}

/// The order that a record is about.
const fn of_order(record: &Record) -> Option<OrderId> {
    match *record {
        Record::Placed { id, .. } => Some(id),
        Record::Update { order, .. }
        | Record::Amend { order, .. }
        | Record::CumQty { order, .. }
        | Record::Fill(Fill { order, .. }) => Some(order),
        Record::Deposit { .. }
        | Record::Booked { .. }
        | Record::Rate { .. }
        | Record::Intent { .. }
        | Record::Refused { .. }
        | Record::Clipped { .. }
        | Record::Crossed { .. }
        | Record::Breaker(_)
        | Record::Control { .. }
        | Record::Equity { .. }
        | Record::Pause { .. }
        | Record::Start { .. }
        | Record::Stop { .. }
        | Record::Flatten { .. }
        | Record::Freeze { .. }
        | Record::Status { .. }
        | Record::Measured { .. } => None,
    }
}

const fn tif_name(tif: TimeInForce) -> &'static str {
    match tif {
        TimeInForce::Gtc => "gtc",
        TimeInForce::Ioc => "ioc",
        TimeInForce::Fok => "fok",
        TimeInForce::Gtd(_) => "gtd",
    }
}

const fn kind(record: &Record) -> &'static str {
    match record {
        Record::Deposit { .. } => "deposit",
        Record::Booked { entry, .. } => entry.booking.kind(),
        Record::Rate { .. } => "rate",
        Record::Intent { .. } => "intent",
        Record::Refused { .. } => "refused",
        Record::Clipped { .. } => "clipped",
        Record::Crossed { .. } => "crossed",
        Record::Placed { .. } => "order",
        Record::Update { .. } => "update",
        Record::Amend { .. } => "amend",
        Record::CumQty { .. } => "cum_qty",
        Record::Fill(_) => "fill",
        Record::Breaker(_) => "breaker",
        Record::Control { .. } => "control",
        Record::Equity { .. } => "equity",
        Record::Pause { .. } => "pause",
        Record::Start { .. } => "start",
        Record::Stop { .. } => "stop",
        Record::Flatten { .. } => "flatten",
        Record::Freeze { .. } => "freeze",
        Record::Status { .. } => "status",
        Record::Measured { .. } => "measured",
    }
}

/// An intent in words; prices as text of `rules`.
fn want(want: &Want, rules: Option<&Instrument>) -> String {
    match want {
        Want::Quote(quote) => quoted(quote, rules),
        Want::Target { fraction, execution: Execution::Cross, .. } => format!("target {fraction}"),
        Want::Target { fraction, execution, .. } => {
            format!("target {fraction}, {}", execution::name(*execution))
        }
        Want::Trade { side, qty, limit, terms } => {
            let at = limit.map_or(String::new(), |limit| format!(" at {limit}"));
            format!("{} {qty}{at}{}", side.name(), treated(terms, rules))
        }
        Want::CancelAll => "cancel all".to_owned(),
        Want::Cancel { order } => format!("cancel {}", order.client_text()),
        Want::Amend { order, qty, limit } => {
            let qty = qty.map_or(String::new(), |qty| format!(" to {qty}"));
            let at = limit.map_or(String::new(), |limit| format!(" at {limit}"));
            format!("amend {}{qty}{at}", order.client_text())
        }
        Want::Exits(exits) => exited(*exits),
    }
}

/// Exits in words.
fn exited(exits: Option<Exits>) -> String {
    let Some(Exits { stop_loss, trails, take_profit }) = exits else {
        return "no exits".to_owned();
    };
    let stop = if trails { "trailing_stop" } else { "stop_loss" };
    let distances = [(stop, stop_loss), ("take_profit", take_profit)];
    let said = distances
        .into_iter()
        .filter_map(|(name, rate)| Some(format!("{name} {}", rate_as_text(rate?))));
    format!("exits: {}", said.collect::<Vec<_>>().join(", "))
}

/// Terms in words, behind a comma each; nothing where they are the usual ones.
fn treated(terms: &OrderTerms, rules: Option<&Instrument>) -> String {
    let tif = match terms.tif {
        TimeInForce::Gtc => String::new(),
        TimeInForce::Ioc => ", ioc".to_owned(),
        TimeInForce::Fok => ", fok".to_owned(),
        TimeInForce::Gtd(until) => format!(", until {}", until.mantissa()),
    };
    let post_only = if terms.post_only { ", post only" } else { "" };
    let reduce_only = if terms.reduce_only { ", reduce only" } else { "" };
    let waits = terms.stop.zip(rules).map_or(String::new(), |(stop, rules)| {
        let (kind, trigger) =
            (stop.kind.name().replace('_', " "), rules.price_as_text(stop.trigger));
        let trail = match stop.trail {
            Price::ZERO => String::new(),
            trail => format!(" trailing by {}", rules.price_as_text(trail)),
        };
        format!(", {kind} {trigger}{trail}")
    });
    format!("{tif}{post_only}{reduce_only}{waits}")
}

fn quoted(quote: &TwoSided, rules: Option<&Instrument>) -> String {
    let TwoSided { bid, ask, size, levels } = *quote;
    let text = |side: Side, quoted: Option<QuoteSide>| {
        let first = rules.and_then(|rules| level(side, quoted?, 0, rules.tick).zip(Some(rules)));
        first.map_or("none".to_owned(), |(price, rules)| rules.price_as_text(price))
    };
    let (bid, ask) = (text(Side::Buy, bid), text(Side::Sell, ask));
    let levels = if levels == 1 { String::new() } else { format!(" in {levels} levels") };
    format!("quote {bid} / {ask}, {} each{levels}", rate_as_text(size))
}

/// At most two decimal places, cut: for a screen.
fn cents(text: &str) -> &str {
    let end = text.find('.').map_or(text.len(), |dot| text.len().min(dot + 3));
    text.get(..end).unwrap_or(text)
}

/// Entries of records as a list of dictionaries. `elsewhere` knows orders that `met` does not.
pub(crate) fn rows<'py>(
    py: Python<'py>,
    names: &Names<'_>,
    entries: &[Kept],
    met: &mut Met,
    elsewhere: Elsewhere<'_>,
) -> PyResult<Bound<'py, PyList>> {
    let rows = PyList::empty(py);
    for Kept { entry, event, link, records } in entries {
        let link = PyString::new(py, &format!("{:032x}", u128::from_be_bytes(*link)));
        for (place, record) in records.iter().enumerate() {
            met.on_record(record);
            let known = |id| met.get(id).or_else(|| elsewhere(id));
            let row = names.row(py, record, &|id| known(id).map(|(order, _)| order))?;
            if let Some(state) = of_order(record).and_then(known).map(|(_, state)| state) {
                row.set_item("state", state.name())?;
                row.set_item("ended", state.is_terminal())?;
            }
            row.set_item("entry", entry)?;
            row.set_item("place", place)?;
            row.set_item("event", event)?;
            row.set_item("link", &link)?;
            rows.append(row)?;
        }
    }
    met.forget();
    Ok(rows)
}
