//! What the records say of how targets are carried out: since when, and whether an order of one
//! ended before the target was had.

use serde::{Deserialize, Serialize};

use super::State;
use crate::decision::execution;
use crate::event::{Execution, Intent, NewOrder, OrderId, SleeveId, TimeInForce, Want};
use crate::order::OrderState;
use crate::units::Nanos;

/// The target that a sleeve is on its way to, or reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Carrying {
    fraction: f64,
    execution: Execution,
    since: Nanos,
    tried: Nanos,
    missed: bool,
    /// Risk held it back, in part or whole, by what passes.
    held_back: bool,
}

impl Carrying {
    /// The same want once more.
    #[must_use]
    pub const fn want(&self) -> Want {
        Want::Target { fraction: self.fraction, band: None, execution: self.execution }
    }

    /// How it is carried out.
    #[must_use]
    pub const fn execution(&self) -> Execution {
        self.execution
    }

    /// When it was wanted first.
    #[must_use]
    pub const fn since(&self) -> Nanos {
        self.since
    }

    /// When it was wanted last.
    #[must_use]
    pub const fn tried(&self) -> Nanos {
        self.tried
    }

    /// Its last order ended at the venue before all of it was done.
    #[must_use]
    pub const fn is_missed(&self) -> bool {
        self.missed
    }

    /// Risk held it back by what passes: a market that could not be believed, too little that
    /// trades, too many messages, a loss of a moment ago.
    #[must_use]
    pub const fn is_held_back(&self) -> bool {
        self.held_back
    }

    /// Whether parts of it have not begun.
    #[must_use]
    pub fn has_parts_left(&self) -> bool {
        match self.execution {
            Execution::Slice { parts, .. } => {
                let waited = self.tried.minus(self.since).unwrap_or_default();
                execution::parts_begun(self.execution, waited) < parts
            }
            Execution::Cross | Execution::Passive | Execution::PassiveThenCross { .. } => false,
        }
    }

    /// Whether `want` is this.
    #[must_use]
    pub fn is_of(&self, want: &Want) -> bool {
        matches!(*want, Want::Target { fraction, execution, .. }
            if fraction.to_bits() == self.fraction.to_bits() && execution == self.execution)
    }

    pub(super) const fn held_back(&mut self) {
        self.held_back = true;
    }

    /// What is carried out once `want` came at `ts`. The same target goes on where it is on its
    /// way: something `works`, it was missed, or parts of it are left. Else it begins.
    pub(super) fn then(before: Option<Self>, want: &Want, works: bool, ts: Nanos) -> Option<Self> {
        let Want::Target { fraction, execution, .. } = *want else {
            return None;
        };
        let on_its_way = |one: &Self| one.missed || one.held_back || works || one.has_parts_left();
        let going = before.filter(|one| one.is_of(want) && on_its_way(one));
        let since = going.map_or(ts, |one| one.since);
        Some(Self { fraction, execution, since, tried: ts, missed: false, held_back: false })
    }
}

impl State {
    /// The target that a sleeve is on its way to, or reached; `None` where something else came.
    #[must_use]
    pub fn carrying(&self, sleeve: SleeveId) -> Option<Carrying> {
        self.carrying.get(sleeve.index()).copied().flatten()
    }

    /// An order is over: where the venue ended it before its target was had, the target is missed.
    /// One that we called back, or that its venue refuses to take, is not.
    pub(super) fn note_over(&mut self, id: OrderId, order: &NewOrder, called_back: bool) {
        let Some(state) = self.orders.get(id).map(|order| order.state()) else {
            return;
        };
        let ended = match state {
            OrderState::Canceled | OrderState::Expired => {
                order.terms.tif == TimeInForce::Ioc || order.terms.post_only
            }
            // It would have taken: the market moved on its way.
            OrderState::Rejected => order.terms.post_only,
            OrderState::Initialized
            | OrderState::Intended
            | OrderState::Sent
            | OrderState::Pending
            | OrderState::Open
            | OrderState::PartiallyFilled
            | OrderState::PendingCancel
            | OrderState::PendingAmend
            | OrderState::Unknown
            | OrderState::Filled
            | OrderState::Denied
            | OrderState::Dead => false,
        };
        if !ended || called_back {
            return;
        }
        if let Some(Some(carrying)) = self.carrying.get_mut(order.sleeve.index()) {
            carrying.missed = true;
        }
        // A quote's order that would have taken: its price has none until it is laid again.
        self.note_filled(order.sleeve);
    }
}

impl State {
    /// The intent to go on with what a sleeve carries out.
    #[must_use]
    pub fn carried(&self, sleeve: SleeveId) -> Option<Intent> {
        self.carrying(sleeve).map(|carrying| Intent { sleeve, want: carrying.want() })
    }
}
