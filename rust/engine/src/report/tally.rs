//! How often what happened, counted record by record.

use serde::{Deserialize, Serialize};

use crate::journal::{Record, State};
use crate::risk::Refusal;
use crate::units::Amount;

/// The counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    orders: u64,
    fills: Vec<u64>,
    refusals: Vec<u64>,
    clips: Vec<u64>,
    crosses: u64,
    crossed: Amount,
}

impl Tally {
    /// A record was kept; `state` is after it.
    pub fn on_record(&mut self, record: &Record, state: &State) {
        match *record {
            Record::Placed { .. } => self.orders += 1,
            Record::Refused { refusal, .. } => count(&mut self.refusals, refusal as usize),
            Record::Clipped { limit, .. } => count(&mut self.clips, limit as usize),
            Record::Fill(fill) => {
                if let Some(order) = state.orders().get(fill.order) {
                    count(&mut self.fills, order.new_order().sleeve.index());
                }
            }
            Record::Crossed { ts: _, cross } => {
                let rules = state.instrument(cross.instrument);
                let notional = rules.and_then(|r| r.notional(cross.price, cross.qty).ok());
                let sum = self.crossed.plus(notional.unwrap_or_default());
                self.crosses += 1;
                self.crossed = sum.unwrap_or(self.crossed);
            }
            Record::Breaker(_)
            | Record::Deposit { .. }
            | Record::Booked { .. }
            | Record::Rate { .. }
            | Record::Intent { .. }
            | Record::Update { .. }
            | Record::Amend { .. }
            | Record::CumQty { .. }
            | Record::Control { .. }
            | Record::Equity { .. }
            | Record::Pause { .. }
            | Record::Start { .. }
            | Record::Stop { .. }
            | Record::Flatten { .. }
            | Record::Freeze { .. }
            | Record::Status { .. }
            | Record::Measured { .. } => {}
        }
    }

    /// How many orders were placed.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.orders
    }

    /// How many fills there were, by sleeve; sleeves after the last that filled are left out.
    #[must_use]
    pub fn fills(&self) -> &[u64] {
        &self.fills
    }

    /// How often risk refused, by reason, reasons that never came left out.
    pub fn refusals(&self) -> impl Iterator<Item = (Refusal, u64)> + '_ {
        counted(&self.refusals)
    }

    /// How often a limit clipped an order, by limit.
    pub fn clips(&self) -> impl Iterator<Item = (Refusal, u64)> + '_ {
        counted(&self.clips)
    }

    /// How often sleeves traded with each other.
    #[must_use]
    pub fn crosses(&self) -> u64 {
        self.crosses
    }

    /// What they traded with each other, in quote units.
    #[must_use]
    pub fn crossed(&self) -> Amount {
        self.crossed
    }
}

fn count(counts: &mut Vec<u64>, place: usize) {
    if counts.len() <= place {
        counts.resize(place + 1, 0);
    }
    if let Some(count) = counts.get_mut(place) {
        *count += 1;
    }
}

fn counted(counts: &[u64]) -> impl Iterator<Item = (Refusal, u64)> + '_ {
    Refusal::ALL.into_iter().zip(counts.iter().copied()).filter(|(_, count)| *count > 0)
}
