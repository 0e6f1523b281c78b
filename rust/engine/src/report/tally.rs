//! How often what happened, counted record by record; and which breakers are not closed.

use serde::{Deserialize, Serialize};

use crate::event::{BreakerState, Part};
use crate::journal::{Record, State};
use crate::risk::Refusal;
use crate::risk::board::Standing;
use crate::units::{Amount, Nanos};

/// A breaker that is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Whose.
    pub part: Part,
    /// How.
    pub state: BreakerState,
    /// Since when.
    pub since: Nanos,
}

/// The counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    orders: u64,
    fills: Vec<u64>,
    refusals: Vec<u64>,
    clips: Vec<u64>,
    crosses: u64,
    crossed: Amount,
    breakers: Vec<Breaker>,
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
            Record::Breaker(new) => {
                self.breakers.retain(|breaker| breaker.part != new.part);
                if let Some(standing) = state.board().standing(new.part) {
                    let Standing { state, since, .. } = *standing;
                    self.breakers.push(Breaker { part: new.part, state, since });
                }
            }
            Record::Deposit { .. }
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
            | Record::Status { .. } => {}
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

    /// The breakers that are not closed.
    #[must_use]
    pub fn breakers(&self) -> &[Breaker] {
        &self.breakers
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
