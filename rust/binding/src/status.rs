//! A run as a person wants to see it, in dictionaries.

use bot4_desk::Desk;
use bot4_engine::bot::Bot;
use bot4_engine::event::{BreakerState, NewOrder, OrderId, SleeveId};
use bot4_engine::instrument::{Instrument, InstrumentId, amount_as_f64, amount_as_text};
use bot4_engine::journal::Record;
use bot4_engine::portfolio::Position;
use bot4_engine::risk::breaker::holds_trading;
use bot4_engine::risk::remedy::Remedy;
use bot4_engine::run::Run;
use bot4_engine::units::Nanos;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::errors::Raise;
use crate::records::{Names, shown_kind};
use crate::uses;

/// Most working orders that are told.
const WORKING_SHOWN_MAX: usize = 50;

/// The names behind a run's numbers.
pub(crate) fn names(run: &Run) -> Names<'_> {
    let bot = run.session().bot();
    let sleeves = bot.sleeves().iter();
    Names {
        instruments: bot.state().instruments(),
        sleeves: sleeves.map(|sleeve| (sleeve.strategy.as_str(), sleeve.instrument)).collect(),
    }
}

pub(crate) fn status<'py>(py: Python<'py>, desk: &Desk) -> PyResult<Bound<'py, PyDict>> {
    let run = desk.run();
    let (session, state) = (run.session(), run.session().bot().state());
    let account = session.bot().account();
    let (peak, day_start) = state.monitor().peak_and_day_start();
    let (equity, peak) = (amount_as_f64(account.equity), amount_as_f64(peak));
    let names = names(run);
    let out = PyDict::new(py);
    out.set_item("now_ns", session.clock().mantissa())?;
    out.set_item("events", session.event())?;
    out.set_item("equity", equity)?;
    out.set_item("cash", amount_as_f64(account.cash))?;
    out.set_item("day_start", amount_as_f64(day_start))?;
    out.set_item("equity_text", amount_as_text(account.equity))?;
    let drawdown = if peak > 0.0 { (1.0 - equity / peak).max(0.0) } else { 0.0 };
    out.set_item("drawdown", drawdown)?;
    out.set_item("trading_state", state.trading_state().name())?;
    counts(py, &out, run, &names)?;
    out.set_item("positions", positions(py, run, &names)?)?;
    out.set_item("working", working(py, run, &names)?)?;
    out.set_item("recent", recent(py, run, &names)?)?;
    out.set_item("breakers", breakers(py, run)?)?;
    out.set_item("risk", uses::risk(py, run)?)?;
    let journal = PyDict::new(py);
    let (appended, durable) = desk.entries();
    journal.set_item("appended", appended)?;
    journal.set_item("durable", durable)?;
    out.set_item("journal", journal)?;
    let venue = PyDict::new(py);
    venue.set_item("working", session.venue().resting_len())?;
    venue.set_item("in_flight", session.in_flight())?;
    let faults = PyDict::new(py);
    for (fault, met) in session.faults_met() {
        faults.set_item(fault.name(), met)?;
    }
    venue.set_item("faults", faults)?;
    out.set_item("venue", venue)?;
    Ok(out)
}

fn counts(py: Python<'_>, out: &Bound<'_, PyDict>, run: &Run, names: &Names<'_>) -> PyResult<()> {
    let tally = run.tally();
    out.set_item("orders", tally.orders())?;
    out.set_item("fills", tally.fills().iter().sum::<u64>())?;
    let (refused, clipped) = (PyDict::new(py), PyDict::new(py));
    for (reason, count) in tally.refusals() {
        refused.set_item(reason.name(), count)?;
    }
    for (limit, count) in tally.clips() {
        clipped.set_item(limit.name(), count)?;
    }
    out.set_item("refused", refused)?;
    out.set_item("clipped", clipped)?;
    out.set_item("crosses", tally.crosses())?;
    out.set_item("crossed", amount_as_f64(tally.crossed()))?;
    let by_strategy = PyDict::new(py);
    for (place, (strategy, _)) in names.sleeves.iter().enumerate() {
        let fills = tally.fills().get(place).copied().unwrap_or(0);
        let before: u64 = by_strategy.get_item(strategy)?.map_or(Ok(0), |n| n.extract())?;
        by_strategy.set_item(strategy, before + fills)?;
    }
    out.set_item("fills_by_strategy", by_strategy)?;
    let state = run.session().bot().state();
    let mut paused: Vec<&str> = Vec::new();
    for (id, (strategy, _)) in (0..).map(SleeveId).zip(&names.sleeves) {
        if state.is_paused(id) && !paused.contains(strategy) {
            paused.push(strategy);
        }
    }
    out.set_item("paused", paused)?;
    let touches = PyDict::new(py);
    for (id, rules) in (0..).map(InstrumentId).zip(names.instruments) {
        let touch = PyDict::new(py);
        let (bid, ask) = run.session().touch(id);
        touch.set_item("bid", bid.map(|bid| rules.price_as_f64(bid)))?;
        touch.set_item("ask", ask.map(|ask| rules.price_as_f64(ask)))?;
        touch.set_item("ts", run.session().bot().mark_of(id).map(|mark| mark.ts.mantissa()))?;
        touches.set_item(&rules.symbol, touch)?;
    }
    out.set_item("touch", touches)
}

fn positions<'py>(py: Python<'py>, run: &Run, names: &Names<'_>) -> PyResult<Bound<'py, PyList>> {
    let bot = run.session().bot();
    let list = PyList::empty(py);
    for (id, rules) in (0..).map(InstrumentId).zip(names.instruments) {
        let sleeves = (0..).map(SleeveId).zip(&names.sleeves).filter(|(_, (_, of))| *of == id);
        let mut held = Vec::new();
        for (sleeve, (strategy, _)) in sleeves {
            held.push((*strategy, bot.holding(sleeve)));
        }
        // What belongs to no strategy, or an instrument that none trades.
        if bot.is_shared(id) {
            held.push(("", bot.unclaimed(id).raise()?));
        } else if held.is_empty() {
            held.push(("", bot.state().portfolio().position(id)));
        }
        for (strategy, position) in held {
            if !position.qty.is_zero() {
                list.append(position_row(py, bot, (id, rules), strategy, &position)?)?;
            }
        }
    }
    Ok(list)
}

fn position_row<'py>(
    py: Python<'py>,
    bot: &Bot,
    (id, rules): (InstrumentId, &Instrument),
    strategy: &str,
    position: &Position,
) -> PyResult<Bound<'py, PyDict>> {
    let (qty, cost) = (rules.qty_as_f64(position.qty), amount_as_f64(position.cost));
    let mark = bot.mark_of(id).map(|mark| rules.price_as_f64(mark.price));
    let row = PyDict::new(py);
    row.set_item("instrument", &rules.symbol)?;
    row.set_item("strategy", strategy)?;
    row.set_item("qty", qty)?;
    row.set_item("entry_price", cost / qty)?;
    row.set_item("mark", mark)?;
    row.set_item("value", mark.map(|mark| mark * qty))?;
    row.set_item("profit", mark.map(|mark| mark * qty - cost))?;
    row.set_item("dust", bot.is_dust(id, position.qty))?;
    Ok(row)
}

fn working<'py>(py: Python<'py>, run: &Run, names: &Names<'_>) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    let state = run.session().bot().state();
    for order in state.orders().working().take(WORKING_SHOWN_MAX) {
        let new = order.new_order();
        let row = PyDict::new(py);
        names.order(&row, order.id(), new)?;
        let base: Option<String> = row.get_item("size_base")?.map_or(Ok(None), |v| v.extract())?;
        let quote: Option<String> =
            row.get_item("size_quote")?.map_or(Ok(None), |v| v.extract())?;
        row.del_item("size_base")?;
        row.del_item("size_quote")?;
        let size = base.or_else(|| quote.map(|quote| format!("for {quote}")));
        row.set_item("size", size)?;
        row.set_item("state", order.state().name())?;
        let rules = state.instrument(new.instrument);
        row.set_item("filled", rules.map(|rules| rules.qty_as_text(order.filled())))?;
        list.append(row)?;
    }
    Ok(list)
}

fn recent<'py>(py: Python<'py>, run: &Run, names: &Names<'_>) -> PyResult<Bound<'py, PyList>> {
    let orders = run.session().bot().state().orders();
    let placed = |id: OrderId| -> Option<NewOrder> { orders.get(id).map(|o| *o.new_order()) };
    let list = PyList::empty(py);
    for record in run.recent() {
        let sleeve = match *record {
            Record::Refused { sleeve, .. }
            | Record::Clipped { sleeve, .. }
            | Record::Pause { sleeve, .. } => Some(sleeve),
            Record::Placed { order, .. } => Some(order.sleeve),
            Record::Crossed { cross, .. } => cross.seller.or(cross.buyer),
            Record::Fill(fill) => placed(fill.order).map(|order| order.sleeve),
            Record::Update { order, .. }
            | Record::Amend { order, .. }
            | Record::CumQty { order, .. } => placed(order).map(|order| order.sleeve),
            Record::Deposit { .. }
            | Record::Booked { .. }
            | Record::Rate { .. }
            | Record::Intent { .. }
            | Record::Breaker(_)
            | Record::Control { .. }
            | Record::Equity { .. }
            | Record::Start { .. }
            | Record::Stop { .. }
            | Record::Flatten { .. }
            | Record::Freeze { .. }
            | Record::Status { .. }
            | Record::Measured { .. } => None,
        };
        let row = PyDict::new(py);
        row.set_item("ts", record.ts().mantissa())?;
        row.set_item("kind", shown_kind(record))?;
        row.set_item("strategy", sleeve.map(|sleeve| names.strategy(sleeve)))?;
        let seat = sleeve.and_then(|sleeve| names.sleeves.get(sleeve.index()));
        row.set_item("instrument", seat.map(|(_, id)| names.symbol(*id)))?;
        row.set_item("text", names.words(record, &placed))?;
        list.append(row)?;
    }
    Ok(list)
}

fn breakers<'py>(py: Python<'py>, run: &Run) -> PyResult<Bound<'py, PyDict>> {
    let bot = run.session().bot();
    let board = PyDict::new(py);
    for (part, standing) in bot.board() {
        let row = PyDict::new(py);
        let state = standing.map_or(BreakerState::Closed, |standing| standing.state);
        row.set_item("state", state.name())?;
        row.set_item("since_ns", standing.map(|standing| standing.since.mantissa()))?;
        row.set_item("reason", standing.map(|standing| standing.reason.name()))?;
        row.set_item("note", standing.as_ref().map_or("", |standing| standing.note.as_str()))?;
        row.set_item(
            "until_ns",
            standing.and_then(|standing| standing.until.map(Nanos::mantissa)),
        )?;
        let stage = standing.filter(|_| holds_trading(part.component));
        row.set_item("stage", stage.map(|standing| standing.stage.name()))?;
        let remedy = standing.map(|standing| Remedy::of(part.component, &standing).name());
        row.set_item("remedy", remedy)?;
        board.set_item(bot.part_name(part), row)?;
    }
    Ok(board)
}

pub(crate) fn latencies<'py>(py: Python<'py>, desk: &Desk) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    for (name, histogram) in desk.latencies() {
        let row = PyDict::new(py);
        row.set_item("count", histogram.count())?;
        row.set_item("sum_ns", histogram.sum_ns())?;
        row.set_item("p50_ns", histogram.quantile_ns(500))?;
        row.set_item("p99_ns", histogram.quantile_ns(990))?;
        row.set_item("max_ns", histogram.max_ns())?;
        row.set_item("buckets", histogram.buckets().collect::<Vec<_>>())?;
        out.set_item(name, row)?;
    }
    Ok(out)
}
