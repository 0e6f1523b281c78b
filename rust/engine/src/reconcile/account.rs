//! Positions and balances that a venue lists, against ours → instruments that freeze, and those
//! that are explained again.
//!
//! The ledger has one purse of the reporting currency: it can only be compared where all
//! instruments of the run are of the venue that reports.

use super::{Case, Difference, Holding};
use crate::event::{Event, Unexplained};
use crate::instrument::{Instrument, InstrumentId};
use crate::order::Order;
use crate::portfolio::Party;
use crate::units::{Amount, Overflow, Qty};

/// How ours and the venue's compare; `None`: it cannot be said.
type Agrees = Option<bool>;

impl Case<'_> {
    /// What differs freezes. What only the account had frozen is free when the account agrees.
    pub(super) fn account(&mut self) {
        let is_here = |rules: &Instrument| rules.venue() == self.report.venue;
        let ids = (0..).map(InstrumentId).zip(self.before.instruments());
        let here: Vec<_> = ids.filter(|(_, rules)| is_here(rules)).map(|(id, _)| id).collect();
        let alone = here.len() == self.before.instruments().len();
        let still = here.iter().all(|id| self.is_still(*id));
        let cash = if alone && still { self.cash(&here) } else { None };
        for id in here {
            let still = self.is_still(id);
            let position = if still { self.position(id) } else { None };
            let base = if still { self.base(id) } else { None };
            self.judge(id, position, both(base, cash, alone));
        }
    }

    /// Whether nothing of an instrument was filled lately, and all that was has been booked. What
    /// was filled and not heard of is among the trades, since those were asked for last.
    fn is_still(&self, id: InstrumentId) -> bool {
        let Some(fills) = &self.report.fills else {
            return false;
        };
        let mut told = fills.all.iter().filter(|fill| fill.instrument == id);
        let of_it = |order: &&Order| order.new_order().instrument == id;
        let mut before = self.before.orders().all().iter().filter(of_it);
        let mut after = self.after.orders().all().iter().filter(of_it);
        told.all(|fill| self.is_listed_by_now(fill.ts))
            && before.all(|order| order.filled().is_zero() || self.is_listed_by_now(order.heard()))
            && after.all(|order| order.owed().is_ok_and(Qty::is_zero))
    }

    fn position(&mut self, id: InstrumentId) -> Agrees {
        let listed = self.report.positions.as_ref()?.iter();
        let listed = listed.filter(|position| position.instrument == id);
        let theirs = listed.map(|one| one.qty).try_fold(Qty::ZERO, Qty::plus).ok()?;
        let ours = self.after.portfolio().position(id).qty;
        if ours != theirs {
            self.differ(id, Difference::Position { ours, theirs });
        }
        Some(ours == theirs)
    }

    fn base(&mut self, id: InstrumentId) -> Agrees {
        let of = Holding::Base(id);
        let ours = self.after.portfolio().base().get(id.index())?.of(Party::Ours);
        let theirs = self.listed_balance(of)?.ok()?;
        if ours != theirs {
            self.differ(id, Difference::Balance { of, ours, theirs });
        }
        Some(ours == theirs)
    }

    fn cash(&mut self, here: &[InstrumentId]) -> Agrees {
        let of = Holding::Cash;
        let ours = self.after.portfolio().cash().of(Party::Ours);
        let theirs = self.listed_balance(of)?.ok()?;
        if ours != theirs {
            for id in here {
                self.differ(*id, Difference::Balance { of, ours, theirs });
            }
        }
        Some(ours == theirs)
    }

    fn listed_balance(&self, of: Holding) -> Option<Result<Amount, Overflow>> {
        let mut listed = self.report.balances.as_ref()?.iter().filter(|balance| balance.of == of);
        Some(listed.try_fold(Amount::ZERO, |sum, balance| sum.plus(balance.total)))
    }

    /// Freeze an instrument, or let it go.
    fn judge(&mut self, id: InstrumentId, position: Agrees, balance: Agrees) {
        let found = self.told.findings.unexplained.iter();
        let found = found.filter(|(instrument, _)| *instrument == id);
        let whys = found.map(|(_, difference)| Some(difference.why()));
        // The first of the worst.
        let worst = whys.fold(None, |worst, why| if rank(why) > rank(worst) { why } else { worst });
        let frozen = self.before.frozen(id);
        let ts = self.report.ts;
        let explained = match frozen {
            Some(Unexplained::Position) => position == Some(true),
            Some(Unexplained::Balance) => balance == Some(true),
            // An order or a fill that cannot be is for a person to explain.
            Some(Unexplained::Order | Unexplained::Fill) | None => false,
        };
        if rank(worst) > rank(frozen) {
            self.told.events.push(Event::Freeze { ts, instrument: id, why: worst });
        } else if worst.is_none() && explained {
            self.told.events.push(Event::Freeze { ts, instrument: id, why: None });
        }
    }
}

/// What one report can free again comes before what it cannot.
const fn rank(why: Option<Unexplained>) -> u8 {
    match why {
        None => 0,
        Some(Unexplained::Position | Unexplained::Balance) => 1,
        Some(Unexplained::Order | Unexplained::Fill) => 2,
    }
}

/// Whether an instrument's balances agree: its base, and cash where that can be compared at all.
fn both(base: Agrees, cash: Agrees, alone: bool) -> Agrees {
    match (base, cash) {
        (Some(base), Some(cash)) => Some(base && cash),
        (Some(base), None) if !alone => Some(base),
        (Some(_) | None, None) | (None, Some(_)) => None,
    }
}
