//! The figures of a run. What cannot be told (no trades, one day) is absent, never zero or NaN.

use super::Report;
use crate::instrument::amount_as_f64;
use crate::units::{Nanos, Overflow};

const DAYS_A_YEAR: f64 = 365.0;
/// A shorter run has no growth a year.
const DAYS_MIN: f64 = 30.0;

/// The figures. Fractions, not per cent; money in the reporting currency.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Metrics {
    /// Round trips that are closed.
    pub trades: u64,
    /// Positions that are open.
    pub open_trades: u64,
    /// Fills.
    pub fills: u64,
    /// Deposits.
    pub initial_equity: f64,
    /// Equity at the end, open positions at the last close.
    pub final_equity: f64,
    /// Profit so far of the positions that are open, fees taken off.
    pub open_profit: f64,
    /// Final over initial equity, less one.
    pub total_return: Option<f64>,
    /// Growth a year of 365 days, compounded; absent for runs of less than 30 days, where it would
    /// say nothing, and after ruin.
    pub cagr: Option<f64>,
    /// Mean over standard deviation (ddof 1) of daily returns, annualised, no risk-free rate.
    pub sharpe: Option<f64>,
    /// Mean over the root of the mean square of daily losses, annualised (Sortino & Price 1994).
    pub sortino: Option<f64>,
    /// Growth a year over the largest drawdown (Young 1991).
    pub calmar: Option<f64>,
    /// Deepest fall of equity from its peak, at decision moments, as a fraction: 0 or above.
    pub max_drawdown: f64,
    /// Part of the closed trades that made money after fees.
    pub win_rate: Option<f64>,
    /// Profits over losses of closed trades, after fees.
    pub profit_factor: Option<f64>,
    /// Part of the decision moments with a position.
    pub exposure: Option<f64>,
    /// Traded notional a year, in multiples of mean equity.
    pub turnover: Option<f64>,
    /// Fees.
    pub fees_paid: f64,
}

impl Report {
    /// The figures so far.
    #[allow(clippy::cast_precision_loss, reason = "counts as floats, for ratios")]
    pub fn metrics(&self) -> Result<Metrics, Overflow> {
        let equity = &self.curve.equity;
        let final_equity = equity.last().copied().unwrap_or(self.initial);
        let total_return = finite(final_equity / self.initial - 1.0);
        let years = self.years();
        // After ruin there is nothing that growth or ratios could be of.
        let ruined = equity.iter().any(|value| *value <= 0.0);
        let told = |value: Option<f64>| value.filter(|_| !ruined);
        let growth = libm::pow(final_equity / self.initial, 1.0 / years) - 1.0;
        let cagr = told(finite(growth).filter(|_| years >= DAYS_MIN / DAYS_A_YEAR));
        let returns = self.returns();
        // The first and the last day may be parts: no year has more than its days.
        let days_a_year = libm::round(returns.len() as f64 / years).min(DAYS_A_YEAR);
        let max_drawdown = drawdown(self.initial, equity);
        let mut metrics = Metrics {
            trades: self.trades.closed().len() as u64,
            open_trades: self.trades.open() as u64,
            fills: self.executions.len() as u64,
            initial_equity: self.initial,
            final_equity,
            open_profit: 0.0,
            total_return,
            cagr,
            sharpe: told(sharpe(&returns, days_a_year)),
            sortino: told(sortino(&returns, days_a_year)),
            calmar: cagr.and_then(|cagr| finite(cagr / max_drawdown)),
            max_drawdown,
            exposure: finite(self.moments_invested as f64 / equity.len() as f64),
            turnover: None,
            win_rate: None,
            profit_factor: None,
            fees_paid: amount_as_f64(self.fees),
        };
        let mean_equity = equity.iter().sum::<f64>() / equity.len() as f64;
        metrics.turnover = finite(amount_as_f64(self.traded) / mean_equity / years);
        let (mut wins, mut won, mut lost) = (0_u64, 0.0, 0.0);
        for trade in self.trades.closed() {
            let profit = trade.profit()?.map_or(0.0, amount_as_f64);
            wins += u64::from(profit > 0.0);
            if profit > 0.0 { won += profit } else { lost -= profit }
        }
        if metrics.open_trades > 0 {
            metrics.open_profit = final_equity - self.initial - (won - lost);
        }
        metrics.win_rate = finite(wins as f64 / metrics.trades as f64);
        metrics.profit_factor = finite(won / lost);
        Ok(metrics)
    }

    #[allow(clippy::cast_precision_loss, reason = "a span as a float")]
    fn years(&self) -> f64 {
        let (first, last) = (self.first_ns, self.curve.ts.last());
        let span = first.zip(last).map_or(0, |(first, last)| last - first.mantissa());
        span as f64 / Nanos::DAY.mantissa() as f64 / DAYS_A_YEAR
    }

    /// Returns from the last equity of one UTC day to that of the next day that has any.
    fn returns(&self) -> Vec<f64> {
        let mut closes = vec![self.initial];
        let mut day = None;
        for (ts, equity) in self.curve.ts.iter().zip(&self.curve.equity) {
            let this = Nanos::new(*ts).closing_day();
            if day == Some(this) {
                closes.pop();
            }
            closes.push(*equity);
            day = Some(this);
        }
        closes.iter().zip(closes.iter().skip(1)).map(|(before, now)| now / before - 1.0).collect()
    }
}

/// Deepest fall from the highest equity so far, as a fraction.
fn drawdown(initial: f64, equity: &[f64]) -> f64 {
    let (mut peak, mut deepest) = (initial, 0.0_f64);
    for value in equity {
        peak = peak.max(*value);
        deepest = deepest.max(1.0 - value / peak);
    }
    deepest
}

#[allow(clippy::cast_precision_loss, reason = "a count as a float")]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[allow(clippy::cast_precision_loss, reason = "a count as a float")]
fn sharpe(returns: &[f64], days_a_year: f64) -> Option<f64> {
    let mean = mean(returns);
    let squares: f64 = returns.iter().map(|r| (r - mean) * (r - mean)).sum();
    let deviation = libm::sqrt(squares / (returns.len() as f64 - 1.0));
    finite(mean / deviation * libm::sqrt(days_a_year))
}

#[allow(clippy::cast_precision_loss, reason = "a count as a float")]
fn sortino(returns: &[f64], days_a_year: f64) -> Option<f64> {
    let losses: f64 = returns.iter().filter(|r| **r < 0.0).map(|r| r * r).sum();
    let downside = libm::sqrt(losses / returns.len() as f64);
    finite(mean(returns) / downside * libm::sqrt(days_a_year))
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
