//! Fills → round trips: from flat to flat, at average prices.

use super::Execution;
use crate::event::{Side, SleeveId};
use crate::instrument::InstrumentId;
use crate::units::{Amount, Nanos, Overflow, Qty, Rounding, mul_div};

/// A position from flat to flat, or still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// Whose.
    pub sleeve: SleeveId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Long is `Buy`.
    pub side: Side,
    /// First fill.
    pub entry: Nanos,
    /// Last fill; `None` while open.
    pub exit: Option<Nanos>,
    /// Base units that went in.
    pub qty_in: Qty,
    /// Base units that came out.
    pub qty_out: Qty,
    /// Quote units they went in for, fees left out.
    pub notional_in: Amount,
    /// Quote units they came out for, fees left out.
    pub notional_out: Amount,
    /// Fees of all its fills.
    pub fees: Amount,
    /// Bars that ended while it was open.
    pub bars_held: u64,
}

impl Trade {
    /// Profit of a closed trade, fees taken off; `None` while open.
    pub fn profit(&self) -> Result<Option<Amount>, Overflow> {
        if self.exit.is_none() {
            return Ok(None);
        }
        let gross = match self.side {
            Side::Buy => self.notional_out.minus(self.notional_in)?,
            Side::Sell => self.notional_in.minus(self.notional_out)?,
        };
        gross.minus(self.fees).map(Some)
    }
}

/// What a sleeve got or gave at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) sleeve: SleeveId,
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) ts: Nanos,
    pub(super) qty: Qty,
    /// Quote units, above zero.
    pub(super) notional: Amount,
    pub(super) fee: Amount,
}

impl Part {
    pub(super) const fn of(execution: &Execution) -> Self {
        let Execution { sleeve, instrument, side, fill, notional, fee } = *execution;
        Self { sleeve, instrument, side, ts: fill.ts, qty: fill.qty, notional, fee }
    }
}

/// The trades of a run.
#[derive(Debug, Default)]
pub(super) struct TradeBook {
    /// Of each instrument, at most one a sleeve.
    open: Vec<Vec<Trade>>,
    closed: Vec<Trade>,
}

impl TradeBook {
    pub(super) fn new(instruments: usize) -> Self {
        Self { open: vec![Vec::new(); instruments], closed: Vec::new() }
    }

    /// A bar ended. What was crossed then was decided by it: who gave held it, who got did not.
    pub(super) fn on_bar(&mut self, instrument: InstrumentId, close_ns: Nanos) {
        for trade in self.open.get_mut(instrument.index()).into_iter().flatten() {
            trade.bars_held += u64::from(trade.entry < close_ns);
        }
        let crossed = self.closed.iter_mut().rev().take_while(|one| one.exit == Some(close_ns));
        for trade in crossed.filter(|trade| trade.instrument == instrument) {
            trade.bars_held += u64::from(trade.entry < close_ns);
        }
    }

    pub(super) fn on_part(&mut self, part: Part) -> Result<(), Overflow> {
        let Part { sleeve, instrument, side, ts, mut qty, mut notional, mut fee } = part;
        let Some(open) = self.open.get_mut(instrument.index()) else {
            return Ok(());
        };
        let place = open.iter().position(|trade| trade.sleeve == sleeve);
        if let Some((place, trade)) = place.and_then(|at| Some((at, open.get_mut(at)?)))
            && trade.side != side
        {
            let held = trade.qty_in.minus(trade.qty_out)?;
            let closing = qty.min(held);
            let part = |whole: Amount| {
                let (of, all) = (i128::from(closing.mantissa()), i128::from(qty.mantissa()));
                mul_div(whole.mantissa(), of, all, Rounding::Nearest).map(Amount::new)
            };
            let (out, fee_out) = (part(notional)?, part(fee)?);
            trade.qty_out = trade.qty_out.plus(closing)?;
            trade.notional_out = trade.notional_out.plus(out)?;
            trade.fees = trade.fees.plus(fee_out)?;
            if closing == held {
                trade.exit = Some(ts);
                self.closed.push(*trade);
                open.remove(place);
            }
            (qty, notional) = (qty.minus(closing)?, notional.minus(out)?);
            fee = fee.minus(fee_out)?;
        }
        if qty.is_zero() {
            return Ok(());
        }
        let new = Trade {
            sleeve,
            instrument,
            side,
            entry: ts,
            exit: None,
            qty_in: Qty::ZERO,
            qty_out: Qty::ZERO,
            notional_in: Amount::ZERO,
            notional_out: Amount::ZERO,
            fees: Amount::ZERO,
            bars_held: 0,
        };
        if !open.iter().any(|trade| trade.sleeve == sleeve) {
            open.push(new);
        }
        if let Some(trade) = open.iter_mut().find(|trade| trade.sleeve == sleeve) {
            trade.qty_in = trade.qty_in.plus(qty)?;
            trade.notional_in = trade.notional_in.plus(notional)?;
            trade.fees = trade.fees.plus(fee)?;
        }
        Ok(())
    }

    pub(super) fn closed(&self) -> &[Trade] {
        &self.closed
    }

    pub(super) fn all(&self) -> Vec<Trade> {
        self.closed.iter().chain(self.open.iter().flatten()).copied().collect()
    }

    pub(super) fn open(&self) -> usize {
        self.open.iter().flatten().count()
    }
}
