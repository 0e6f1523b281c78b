//! Results as dictionaries and columns.

use bot4_engine::backtest::Backtest;
use bot4_engine::event::Side;
use bot4_engine::instrument::{Instrument, InstrumentId, amount_as_f64};
use bot4_engine::units::{Amount, Qty};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::Raise;

pub(crate) fn summary<'py>(
    py: Python<'py>,
    run: &Backtest,
    elapsed_s: f64,
) -> PyResult<Bound<'py, PyDict>> {
    let (report, state) = (run.report(), run.bot().state());
    let metrics = report.metrics().raise()?;
    let all = |counts: Vec<u64>| counts.into_iter().sum::<u64>();
    let out = PyDict::new(py);
    out.set_item("bars", report.bars())?;
    out.set_item("trades", metrics.trades)?;
    out.set_item("open_trades", metrics.open_trades)?;
    out.set_item("orders", report.orders())?;
    out.set_item("fills", metrics.fills)?;
    out.set_item("initial_equity", metrics.initial_equity)?;
    out.set_item("final_equity", metrics.final_equity)?;
    out.set_item("open_profit", metrics.open_profit)?;
    out.set_item("total_return", metrics.total_return)?;
    out.set_item("cagr", metrics.cagr)?;
    out.set_item("sharpe", metrics.sharpe)?;
    out.set_item("sortino", metrics.sortino)?;
    out.set_item("calmar", metrics.calmar)?;
    out.set_item("max_drawdown", metrics.max_drawdown)?;
    out.set_item("win_rate", metrics.win_rate)?;
    out.set_item("profit_factor", metrics.profit_factor)?;
    out.set_item("exposure", metrics.exposure)?;
    out.set_item("turnover", metrics.turnover)?;
    out.set_item("fees_paid", metrics.fees_paid)?;
    out.set_item("refused", all(report.refusals().map(|(_, count)| count).collect()))?;
    out.set_item("clipped", all(report.clips().map(|(_, count)| count).collect()))?;
    out.set_item("canceled_by_venue", report.canceled_by_venue())?;
    out.set_item("crosses", report.crosses())?;
    out.set_item("crossed", amount_as_f64(report.crossed()))?;
    let breakers = PyDict::new(py);
    for (part, standing) in state.board().open() {
        let entry = PyDict::new(py);
        entry.set_item("state", standing.state.name())?;
        entry.set_item("ts", standing.since.mantissa())?;
        breakers.set_item(run.bot().part_name(part), entry)?;
    }
    out.set_item("breakers", breakers)?;
    out.set_item("risk_profile", run.bot().profile().name.as_str())?;
    out.set_item("trading_state", state.trading_state().name())?;
    out.set_item("elapsed_s", elapsed_s)?;
    #[allow(clippy::cast_precision_loss, reason = "a count as a float, for a ratio")]
    let bars_per_s = (elapsed_s > 0.0).then(|| report.bars() as f64 / elapsed_s);
    out.set_item("bars_per_s", bars_per_s)?;
    out.set_item("ledger_hash", state.ledger_hash())?;
    out.set_item("first_ns", report.first_ns().map(|ts| ts.mantissa()))?;
    out.set_item("last_ns", report.curve().ts.last())?;
    Ok(out)
}

pub(crate) fn equity<'py>(py: Python<'py>, run: &Backtest) -> PyResult<Bound<'py, PyDict>> {
    let curve = run.report().curve();
    let out = PyDict::new(py);
    out.set_item("ts", PyArray1::from_slice(py, &curve.ts))?;
    out.set_item("equity", PyArray1::from_slice(py, &curve.equity))?;
    out.set_item("cash", PyArray1::from_slice(py, &curve.cash))?;
    Ok(out)
}

pub(crate) fn trades<'py>(py: Python<'py>, run: &Backtest) -> PyResult<Bound<'py, PyDict>> {
    let trades = run.report().trades();
    let column = |f: &dyn Fn(&bot4_engine::report::Trade) -> f64| -> Vec<f64> {
        trades.iter().map(f).collect()
    };
    let average = |id: InstrumentId, notional: Amount, qty: Qty| {
        amount_as_f64(notional) / rules(run, id).map_or(f64::NAN, |rules| rules.qty_as_f64(qty))
    };
    let mut profits = Vec::with_capacity(trades.len());
    for trade in &trades {
        profits.push(trade.profit().raise()?.map(amount_as_f64));
    }
    let returns: Vec<Option<f64>> = trades
        .iter()
        .zip(&profits)
        .map(|(trade, profit)| profit.map(|profit| profit / amount_as_f64(trade.notional_in)))
        .collect();
    let exits: Vec<Option<f64>> = trades
        .iter()
        .map(|trade| {
            let done = trade.qty_out.is_positive();
            done.then(|| average(trade.instrument, trade.notional_out, trade.qty_out))
        })
        .collect();
    let side = |side: Side| if side == Side::Buy { "long" } else { "short" };
    let out = PyDict::new(py);
    let strategies = trades.iter().map(|trade| strategy(run, trade.sleeve.index()));
    out.set_item("strategy", strategies.collect::<Vec<_>>())?;
    let symbols = trades.iter().map(|trade| symbol(run, trade.instrument));
    out.set_item("instrument", symbols.collect::<Vec<_>>())?;
    out.set_item("side", trades.iter().map(|trade| side(trade.side)).collect::<Vec<_>>())?;
    out.set_item("entry_ns", trades.iter().map(|t| t.entry.mantissa()).collect::<Vec<_>>())?;
    let ends = trades.iter().map(|trade| trade.exit.map(|exit| exit.mantissa()));
    out.set_item("exit_ns", ends.collect::<Vec<_>>())?;
    out.set_item("entry_price", column(&|t| average(t.instrument, t.notional_in, t.qty_in)))?;
    out.set_item("exit_price", exits)?;
    let size = |trade: &bot4_engine::report::Trade| {
        rules(run, trade.instrument).map_or(f64::NAN, |rules| rules.qty_as_f64(trade.qty_in))
    };
    out.set_item("quantity", column(&size))?;
    out.set_item("pnl", profits)?;
    out.set_item("return", returns)?;
    out.set_item("fees", column(&|trade| amount_as_f64(trade.fees)))?;
    out.set_item("bars_held", trades.iter().map(|t| t.bars_held).collect::<Vec<_>>())?;
    Ok(out)
}

pub(crate) fn fills<'py>(py: Python<'py>, run: &Backtest) -> PyResult<Bound<'py, PyDict>> {
    let fills = run.report().executions();
    let out = PyDict::new(py);
    let number = |f: &dyn Fn(&bot4_engine::report::Execution) -> f64| -> Vec<f64> {
        fills.iter().map(f).collect()
    };
    let price = |e: &bot4_engine::report::Execution| {
        rules(run, e.instrument).map_or(f64::NAN, |rules| rules.price_as_f64(e.fill.price))
    };
    let qty = |e: &bot4_engine::report::Execution| {
        rules(run, e.instrument).map_or(f64::NAN, |rules| rules.qty_as_f64(e.fill.qty))
    };
    out.set_item("ts", fills.iter().map(|e| e.fill.ts.mantissa()).collect::<Vec<_>>())?;
    let orders = fills.iter().map(|execution| execution.fill.order.client_text());
    out.set_item("order", orders.collect::<Vec<_>>())?;
    let strategies = fills.iter().map(|execution| strategy(run, execution.sleeve.index()));
    out.set_item("strategy", strategies.collect::<Vec<_>>())?;
    let symbols = fills.iter().map(|execution| symbol(run, execution.instrument));
    out.set_item("instrument", symbols.collect::<Vec<_>>())?;
    out.set_item("side", fills.iter().map(|e| e.side.name()).collect::<Vec<_>>())?;
    out.set_item("price", number(&price))?;
    out.set_item("quantity", number(&qty))?;
    out.set_item("notional", number(&|e| amount_as_f64(e.notional)))?;
    out.set_item("fee", number(&|e| amount_as_f64(e.fill.fee)))?;
    Ok(out)
}

fn rules(run: &Backtest, id: InstrumentId) -> Option<&Instrument> {
    run.bot().state().instrument(id)
}

fn symbol(run: &Backtest, id: InstrumentId) -> &str {
    rules(run, id).map_or("", |rules| rules.symbol.as_str())
}

fn strategy(run: &Backtest, sleeve: usize) -> &str {
    run.bot().sleeves().get(sleeve).map_or("", |sleeve| sleeve.strategy.as_str())
}
