//! What the bot does by itself about breakers: at each `Event::Time` it looks at losses, waits that
//! are over and what records tell of venues and strategies; and what it does where one changed. The
//! breaker itself changes only by the event that comes back.

use super::{Bot, BotError, Output};
use crate::event::{
    Action, BreakerState, Component, Exits, Intent, Part, Reason, Scope, Side, SleeveId, Stage,
    Transition, Want,
};
use crate::instrument::{InstrumentId, VenueId};
use crate::journal::Record;
use crate::order::{Order, OrderState};
use crate::risk::breaker::Breakers;
use crate::risk::lasts;
use crate::units::{Nanos, Overflow};

/// So many orders whose fate is unknown behind their fence open the order entry of a venue; fewer
/// leave it half-open.
const UNKNOWN_MAX: usize = 3;

impl Bot {
    /// The account's word, with a loss that is about to open a breaker: it holds for this event.
    #[inline]
    pub(super) fn losing(&self) -> Result<Breakers, BotError> {
        let word = self.state.breakers();
        let lost = self.state.monitor().tripped(&self.profile, self.account.gross)?;
        Ok(lost.map_or(word, |component| word.worst(Breakers::only(component))))
    }

    /// Say what has to change of breakers at the present time. It follows from the state alone, so
    /// that a run which was cut before it came back says it again.
    pub fn supervise(&self, actions: &mut Vec<Action>) -> Result<(), BotError> {
        let now = self.now;
        let mut trip = |new: Transition| actions.push(Action::Trip(new));
        if let Some(component) = self.state.monitor().tripped(&self.profile, self.account.gross)? {
            let part = Part::account(component);
            if self.state.board().standing(part).is_none() {
                trip(lost(now, part)?);
            }
        }
        self.state.board().due(now).for_each(&mut trip);
        self.state.verdicts(now).for_each(&mut trip);
        if self.state.orders().working_len() > 0 {
            self.unanswered(now).for_each(&mut trip);
        }
        for place in 0..self.sleeves.len() {
            let sleeve = SleeveId(u32::try_from(place).map_err(|_| Overflow)?);
            let part = Part::sleeve(Component::Strategy, sleeve);
            let latched = self.state.board().state(part) == BreakerState::Latched;
            if !latched && self.is_unprotected(sleeve)? {
                trip(Transition::latch(now, part, Reason::Unprotected));
            }
        }
        Ok(())
    }

    /// Whether a sleeve's position has been without the stop that is wanted behind it for longer
    /// than it may: what its venue does not show protects nothing.
    fn is_unprotected(&self, sleeve: SleeveId) -> Result<bool, BotError> {
        let stops = |exits: Exits| exits.stop_loss.is_some();
        let waits = self.state.is_waiting(sleeve) || self.state.is_flattening();
        if waits || !self.exits_of(sleeve).is_some_and(stops) {
            return Ok(false);
        }
        let since = self.state.moved_at(sleeve);
        if lasts(self.now, since, self.profile.unprotected_max) {
            return Ok(false);
        }
        let held = self.covered(sleeve)?.qty;
        let Some(id) = self.sleeves.get(sleeve.index()).map(|seat| seat.instrument) else {
            return Ok(false);
        };
        if self.is_dust(id, held) {
            return Ok(false);
        }
        let closing = if held.is_positive() { Side::Sell } else { Side::Buy };
        let protects = |order: &Order| order.is_exit() && (order.is_shown() || order.is_held());
        let shown = |id| self.state.orders().get(id).is_some_and(protects);
        Ok(self.uncovered(sleeve, closing, held, shown)?.is_positive())
    }

    /// Orders that a venue has not shown by the time they can no longer arrive.
    fn unanswered(&self, now: Nanos) -> impl Iterator<Item = Transition> + '_ {
        let board = self.state.board();
        board.venues().filter_map(move |venue| {
            let unknown = self.state.orders().working().filter(|order| {
                let past = order.doubt().is_some_and(|doubt| doubt.fence() <= now);
                let here = board.venue(order.new_order().instrument) == Some(venue);
                here && past && order.state() == OrderState::Unknown
            });
            let (count, state) = (unknown.count(), board.state(Part::gateway(venue)));
            let worse = matches!(state, BreakerState::Closed | BreakerState::HalfOpen);
            if count >= UNKNOWN_MAX && worse {
                let supervisor = self.state.gateway(venue)?;
                return Some(supervisor.open(now, Reason::Unanswered));
            }
            let tried = (Part::gateway(venue), BreakerState::HalfOpen);
            (count > 0 && state == BreakerState::Closed)
                .then(|| Transition::new(now, tried.0, tried.1, Reason::Unanswered))
        })
    }

    /// The word that a sleeve of an instrument depends on, where the account's is `account`. Order
    /// entry that is being tried lets one order of the venue through at a time.
    #[inline]
    pub(super) fn depends_on(
        &self,
        sleeve: SleeveId,
        instrument: InstrumentId,
        account: Breakers,
    ) -> Breakers {
        let word = self.word(sleeve, instrument, account);
        let tried = tried(word);
        if tried == word {
            return word;
        }
        let venue = self.state.board().venue(instrument);
        if venue.is_some_and(|venue| !self.waits_for_answer(venue)) { tried } else { word }
    }

    /// The same without a look at what is on its way.
    #[inline]
    pub(super) fn word(
        &self,
        sleeve: SleeveId,
        instrument: InstrumentId,
        account: Breakers,
    ) -> Breakers {
        account.holding().worst(self.state.board().of(sleeve, instrument))
    }

    /// Whether an order is on its way to a venue.
    #[cold]
    fn waits_for_answer(&self, venue: VenueId) -> bool {
        let board = self.state.board();
        self.state.orders().working().any(|order| {
            matches!(order.state(), OrderState::Intended | OrderState::Sent)
                && board.venue(order.new_order().instrument) == Some(venue)
        })
    }

    /// A breaker changed: it is written down, and what its stage asks for is done.
    pub(super) fn on_breaker(
        &mut self,
        new: &Transition,
        out: &mut Output,
    ) -> Result<(), BotError> {
        self.now = self.now.max(new.ts);
        self.keep(Record::Breaker(*new), out)?;
        let Some(standing) = self.state.board().standing(new.part) else {
            return Ok(());
        };
        if new.state != BreakerState::Latched {
            return Ok(());
        }
        match standing.stage {
            Stage::Entries => Ok(()),
            Stage::Cancel => self.cancel_within(new.part.scope, out),
            Stage::Flatten => self.flatten(out),
        }
    }

    /// What works within a scope is called back, but for the exits of sleeves that ask for some.
    fn cancel_within(&mut self, scope: Scope, out: &mut Output) -> Result<(), BotError> {
        let board = self.state.board();
        let within = |id: &SleeveId| {
            let at = self.sleeves.get(id.index()).map(|seat| seat.instrument);
            at.is_some_and(|at| match scope {
                Scope::Account => true,
                Scope::Venue(venue) => board.venue(at) == Some(venue),
                Scope::Instrument(instrument) => at == instrument,
                Scope::Sleeve(sleeve) => *id == sleeve,
            })
        };
        let seats = (0..).map(SleeveId).take(self.sleeves.len()).filter(within);
        let working: Vec<_> = seats.filter(|sleeve| self.has_to_cancel(*sleeve)).collect();
        for sleeve in working {
            self.want(&Intent { sleeve, want: Want::CancelAll }, out)?;
        }
        Ok(())
    }
}

/// A word for which order entry that is tried is none that holds back.
#[inline]
pub(super) fn tried(word: Breakers) -> Breakers {
    match word.state(Component::Gateway) {
        BreakerState::HalfOpen => word.without(Component::Gateway),
        BreakerState::Closed | BreakerState::Open | BreakerState::Latched => word,
    }
}

/// What a loss does: that of a day is over with the day, a fall from the peak stays.
fn lost(now: Nanos, part: Part) -> Result<Transition, Overflow> {
    if part.component != Component::DailyLoss {
        return Ok(Transition::latch(now, part, Reason::Fall));
    }
    // Midnight itself belongs to the day that ends with it.
    let days = now.closing_day().checked_add(1).ok_or(Overflow)?;
    let next = days.checked_mul(Nanos::DAY.mantissa()).and_then(|ns| ns.checked_add(1));
    let until = Nanos::new(next.ok_or(Overflow)?);
    Ok(Transition::new(now, part, BreakerState::Open, Reason::Loss).until(until))
}
