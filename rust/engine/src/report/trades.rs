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

/// The trades of a run.
#[derive(Debug, Default)]
pub(super) struct TradeBook {
    open: Vec<Option<Trade>>,
    closed: Vec<Trade>,
}

impl TradeBook {
    pub(super) fn new(instruments: usize) -> Self {
        Self { open: vec![None; instruments], closed: Vec::new() }
    }

    pub(super) fn on_bar(&mut self, instrument: InstrumentId) {
        if let Some(Some(trade)) = self.open.get_mut(instrument.index()) {
            trade.bars_held += 1;
        }
    }

    pub(super) fn on_execution(&mut self, execution: &Execution) -> Result<(), Overflow> {
        let Some(slot) = self.open.get_mut(execution.instrument.index()) else {
            return Ok(());
        };
        let (mut qty, mut notional) = (execution.fill.qty, execution.notional);
        let mut fee = execution.fee;
        if let Some(trade) = slot.as_mut()
            && trade.side != execution.side
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
                trade.exit = Some(execution.fill.ts);
                self.closed.push(*trade);
                *slot = None;
            }
            (qty, notional) = (qty.minus(closing)?, notional.minus(out)?);
            fee = fee.minus(fee_out)?;
        }
        if qty.is_zero() {
            return Ok(());
        }
        let trade = slot.get_or_insert(Trade {
            sleeve: execution.sleeve,
            instrument: execution.instrument,
            side: execution.side,
            entry: execution.fill.ts,
            exit: None,
            qty_in: Qty::ZERO,
            qty_out: Qty::ZERO,
            notional_in: Amount::ZERO,
            notional_out: Amount::ZERO,
            fees: Amount::ZERO,
            bars_held: 0,
        });
        trade.qty_in = trade.qty_in.plus(qty)?;
        trade.notional_in = trade.notional_in.plus(notional)?;
        trade.fees = trade.fees.plus(fee)?;
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
