//! What a sleeve holds, which is what its decisions look at: all of the position where it has the
//! instrument to itself, its own share where there are others.

use super::{Bot, BotError, Sleeve};
use crate::event::{Side, Size, SleeveId};
use crate::exposure::Account;
use crate::instrument::{InstrumentId, amount_as_f64, rate_as_f64};
use crate::journal::State;
use crate::portfolio::Position;
use crate::signal::{Input, Stream};
use crate::units::{Overflow, Qty};

/// Who trades what.
#[derive(Debug)]
pub(super) struct Seats {
    /// Of each instrument, its sleeves in order.
    of: Vec<Vec<SleeveId>>,
    /// Whether any instrument has more than one.
    shared: bool,
}

/// What of an instrument is a sleeve's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own {
    /// What it holds.
    pub(super) qty: Qty,
    /// What buys of all its sleeves may still buy, where that is known.
    pub(super) buying: Option<Qty>,
}

impl Seats {
    pub(super) fn new(instruments: usize, sleeves: &[Sleeve]) -> Self {
        let mut of = vec![Vec::new(); instruments];
        for (id, sleeve) in (0..).map(SleeveId).zip(sleeves) {
            if let Some(seats) = of.get_mut(sleeve.instrument.index()) {
                seats.push(id);
            }
        }
        let shared = of.iter().any(|seats| seats.len() > 1);
        Self { of, shared }
    }

    /// The sleeves of an instrument, where there are several.
    #[inline]
    pub(super) fn several(&self, id: InstrumentId) -> Option<&[SleeveId]> {
        if !self.shared {
            return None;
        }
        self.of.get(id.index()).filter(|seats| seats.len() > 1).map(Vec::as_slice)
    }

    /// A sleeve that has not the whole position of its instrument.
    #[inline]
    pub(super) fn sharing(&self, id: InstrumentId, sleeve: SleeveId) -> Option<SleeveId> {
        self.several(id).map(|_| sleeve)
    }
}

impl Bot {
    /// What a sleeve holds.
    #[must_use]
    pub fn holding(&self, sleeve: SleeveId) -> Position {
        let seat = self.sleeves.get(sleeve.index());
        seat.map_or(Position::default(), |seat| self.holding_in(seat.instrument, sleeve))
    }

    pub(super) fn holding_in(&self, id: InstrumentId, sleeve: SleeveId) -> Position {
        holding(&self.state, id, self.seats.sharing(id, sleeve))
    }

    /// Whether several sleeves trade an instrument.
    #[must_use]
    pub fn is_shared(&self, id: InstrumentId) -> bool {
        self.seats.several(id).is_some()
    }

    /// Whether a sleeve shares its instrument with others.
    pub(super) fn is_sharing(&self, sleeve: SleeveId) -> bool {
        let seat = self.sleeves.get(sleeve.index());
        seat.is_some_and(|seat| self.is_shared(seat.instrument))
    }

    /// What is held of an instrument by no sleeve of several: what others traded. It cost what it
    /// took so far, what it brought taken off.
    pub fn unclaimed(&self, id: InstrumentId) -> Result<Position, Overflow> {
        let mut rest = Position::default();
        let Some(seats) = self.seats.several(id) else {
            return Ok(rest);
        };
        let portfolio = self.state.portfolio();
        let all = portfolio.position(id);
        (rest.qty, rest.cost) = (all.qty, all.cost.minus(all.realised)?);
        for share in seats.iter().map(|sleeve| portfolio.share(*sleeve)) {
            rest.qty = rest.qty.minus(share.qty)?;
            rest.cost = rest.cost.minus(share.cost)?.plus(share.realised)?;
        }
        Ok(rest)
    }

    /// Whether so much of an instrument is so little that its venue takes no order for it.
    #[must_use]
    pub fn is_dust(&self, id: InstrumentId, qty: Qty) -> bool {
        let known = self.state.instrument(id).zip(self.mark_of(id));
        qty.is_zero()
            || known.is_some_and(|(rules, mark)| rules.is_dust(qty, mark.price) == Ok(true))
    }

    /// What risk looks at for a sleeve that shares its instrument.
    #[cold]
    pub(super) fn own(&self, id: InstrumentId, sleeve: SleeveId) -> Result<Own, Overflow> {
        let mut buying = Some(Qty::ZERO);
        for order in self.state.orders().working() {
            if order.new_order().instrument == id {
                let both = buying.zip(order.buying()?);
                buying = both.map(|(sum, qty)| sum.plus(qty)).transpose()?;
            }
        }
        Ok(Own { qty: self.state.portfolio().share(sleeve).qty, buying })
    }

    /// What a sleeve holds, as a fraction of its equity.
    pub(super) fn held(&self, sleeve: SleeveId) -> Result<Option<f64>, BotError> {
        let Sleeve { instrument: id, allocation, .. } =
            self.sleeves.get(sleeve.index()).ok_or(BotError::Unknown)?;
        let rules = self.state.instrument(*id).ok_or(BotError::Unknown)?;
        let Some(mark) = self.mark_of(*id) else {
            return Ok(None);
        };
        let held = rules.notional(mark.price, self.holding_in(*id, sleeve).qty)?;
        let account = self.account_of(*id);
        let equity = amount_as_f64(account.equity) * rate_as_f64(*allocation);
        Ok((equity > 0.0).then(|| amount_as_f64(held) / equity))
    }

    /// What of a sleeve's holding its exits close. Where sleeves hold against each other the
    /// account holds less than each of them: it is shared out in order, and nothing is laid for a
    /// sleeve before what lies for others leaves room, so that no more waits than is held in all.
    pub(super) fn covered(&self, sleeve: SleeveId) -> Result<Position, BotError> {
        let id = self.sleeves.get(sleeve.index()).ok_or(BotError::Unknown)?.instrument;
        let held = self.holding_in(id, sleeve);
        let Some(seats) = self.seats.several(id) else {
            return Ok(held);
        };
        let long = held.qty.is_positive();
        let on_its_side = |qty: Qty| if qty.is_positive() == long { qty } else { Qty::ZERO };
        let account = on_its_side(self.state.portfolio().position(id).qty).magnitude()?;
        let mut entitled = account;
        for earlier in seats.iter().take_while(|seat| **seat != sleeve) {
            if self.exits_of(*earlier).is_some() {
                let share = on_its_side(self.state.portfolio().share(*earlier).qty);
                entitled = entitled.minus(share.magnitude()?)?.max(Qty::ZERO);
            }
        }
        let closing = if long { Side::Sell } else { Side::Buy };
        let (mut own, mut others) = (Qty::ZERO, Qty::ZERO);
        for order in self.state.orders().working().filter(|order| order.is_exit()) {
            let new = order.new_order();
            if (new.instrument, new.side) != (id, closing) || order.is_spare() {
                continue;
            }
            let left = match new.size {
                _ if order.state().is_terminal() => order.owed()?,
                Size::Base(qty) => qty.minus(order.filled())?,
                Size::Quote(_) => account,
            };
            let whose = if new.sleeve == sleeve { &mut own } else { &mut others };
            *whose = whose.plus(left)?;
        }
        let room = account.minus(others)?.max(own);
        let qty = held.qty.magnitude()?.min(entitled).min(room).max(Qty::ZERO);
        Ok(held.part(if long { qty } else { qty.negated()? })?)
    }
}

/// What is held of an instrument; by one sleeve where it is `sharing` it.
fn holding(state: &State, id: InstrumentId, sharing: Option<SleeveId>) -> Position {
    let portfolio = state.portfolio();
    sharing.map_or_else(|| portfolio.position(id), |sleeve| portfolio.share(sleeve))
}

/// What an input of the account says to a sleeve of an instrument, which may be `sharing` it.
pub(super) fn told(
    state: &State,
    account: &Account,
    (id, sharing): (InstrumentId, Option<SleeveId>),
    input: &Input,
) -> f64 {
    let position = holding(state, id, sharing);
    let Some(rules) = state.instrument(id) else {
        return f64::NAN;
    };
    match input.stream {
        Stream::Position => rules.qty_as_f64(position.qty),
        Stream::Equity => amount_as_f64(account.equity),
        Stream::EntryPrice if position.qty.is_zero() => f64::NAN,
        Stream::EntryPrice => amount_as_f64(position.cost) / rules.qty_as_f64(position.qty),
        Stream::Open
        | Stream::High
        | Stream::Low
        | Stream::Close
        | Stream::Volume
        | Stream::IntervalS
        | Stream::Book(_)
        | Stream::Trade(_) => f64::NAN,
    }
}
