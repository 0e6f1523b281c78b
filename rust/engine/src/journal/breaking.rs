//! What records change of breakers, and what they tell of whether a venue's order entry and a
//! strategy work.

use serde::{Deserialize, Serialize};

use super::{State, StateError};
use crate::event::{
    BreakerState, Component, OrderId, OrderUpdate, Part, Reason, Scope, SleeveId, Stage, Transition,
};
use crate::instrument::{Instrument, VenueId, venues};
use crate::order::{ANSWER_WITHIN, OrderState};
use crate::risk::Refusal;
use crate::risk::supervisor::{Outcome, Supervisor};
use crate::units::Nanos;

/// An answer that takes half of what makes it doubtful is slow.
const SLOW_AFTER: i64 = ANSWER_WITHIN.mantissa() / 2;

/// Who watches what records tell of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Watch {
    /// Of each venue's order entry.
    gateways: Vec<Supervisor>,
    /// Of each sleeve.
    strategies: Vec<Supervisor>,
}

impl Watch {
    pub(super) fn new(instruments: &[Instrument], sleeves: usize) -> Self {
        let watched = |part| Supervisor::new(part, BreakerState::Closed);
        let mut venues = venues(instruments);
        venues.sort_unstable();
        venues.dedup();
        let seats = (0..).map(SleeveId).take(sleeves);
        let strategy = |sleeve| Part::sleeve(Component::Strategy, sleeve);
        Self {
            gateways: venues.into_iter().map(Part::gateway).map(watched).collect(),
            strategies: seats.map(strategy).map(watched).collect(),
        }
    }

    fn of(&mut self, part: Part) -> Option<&mut Supervisor> {
        match (part.component, part.scope) {
            (Component::Gateway, Scope::Venue(id)) => {
                self.gateways.get_mut(usize::try_from(id.0).ok()?)
            }
            (Component::Strategy, Scope::Sleeve(id)) => self.strategies.get_mut(id.index()),
            _ => None,
        }
    }
}

impl State {
    pub(super) fn on_breaker(&mut self, new: &Transition) -> Result<(), StateError> {
        if !self.board.has(new.part) {
            return Err(StateError::Unknown);
        }
        let before = self.board.standing(new.part).map(|standing| standing.stage);
        self.board.turn(new);
        let state = self.board.state(new.part);
        if let Some(own) = self.watch.of(new.part) {
            own.on_transition(&Transition { state, ..*new });
        }
        let Some(stage) = before.filter(|_| state == BreakerState::Closed) else {
            return Ok(());
        };
        if new.part.scope == Scope::Account {
            let by_person = new.reason == Reason::Rearmed;
            self.monitor.on_closed(new.ts, new.part.component, by_person);
        }
        // What was wanted meanwhile was refused: it is wanted anew.
        for sleeve in (0..).map(SleeveId).take(self.barred.len()) {
            if stage == Stage::Flatten || self.barred.get(sleeve.index()) == Some(&true) {
                self.forget(sleeve);
            }
        }
        self.barred.fill(false);
        Ok(())
    }

    /// Risk said no to a sleeve, to all of it or to a part.
    pub(super) fn note_barred(&mut self, sleeve: SleeveId, refusal: Refusal, ts: Nanos) {
        if refusal == Refusal::BreakerOpen
            && let Some(barred) = self.barred.get_mut(sleeve.index())
        {
            *barred = true;
        }
        if refusal.passes()
            && let Some(Some(carrying)) = self.carrying.get_mut(sleeve.index())
        {
            carrying.held_back();
        }
        if refusal == Refusal::NotUsable {
            let part = Part::sleeve(Component::Strategy, sleeve);
            self.note_outcome(Some((part, Outcome::Failed)), ts);
        }
    }

    /// A sleeve wanted something that became an order.
    pub(super) fn note_usable(&mut self, sleeve: SleeveId, ts: Nanos) {
        self.note_outcome(Some((Part::sleeve(Component::Strategy, sleeve), Outcome::Ok)), ts);
    }

    /// What an update says of a venue's order entry; asked before it is applied. Only the first
    /// answer to an order counts. A post-only order that would take is refused by a venue that
    /// works.
    pub(super) fn answered(
        &self,
        id: OrderId,
        update: OrderUpdate,
        ts: Nanos,
    ) -> Option<(Part, Outcome)> {
        let order = self.orders.get(id)?;
        let waits =
            matches!(order.state(), OrderState::Intended | OrderState::Sent | OrderState::Unknown);
        let late = ts.mantissa().saturating_sub(order.sent().mantissa()) > SLOW_AFTER;
        let outcome = if waits && matches!(update, OrderUpdate::Received | OrderUpdate::Acked) {
            if late { Outcome::Slow } else { Outcome::Ok }
        } else if update == OrderUpdate::Unanswered
            || (update == OrderUpdate::Rejected && !order.new_order().terms.post_only)
        {
            Outcome::Failed
        } else {
            return None;
        };
        let venue = self.board.venue(order.new_order().instrument)?;
        Some((Part::gateway(venue), outcome))
    }

    pub(super) fn note_outcome(&mut self, told: Option<(Part, Outcome)>, ts: Nanos) {
        if let Some((part, outcome)) = told
            && let Some(own) = self.watch.of(part)
        {
            own.on_outcome(ts, outcome);
        }
    }

    /// Who watches a venue's order entry.
    #[must_use]
    pub fn gateway(&self, venue: VenueId) -> Option<&Supervisor> {
        self.watch.gateways.get(usize::try_from(venue.0).ok()?)
    }

    /// What of order entry and strategies should change at `now`.
    pub fn verdicts(&self, now: Nanos) -> impl Iterator<Item = Transition> + '_ {
        let all = self.watch.gateways.iter().chain(&self.watch.strategies);
        all.filter_map(move |one| one.verdict(now))
    }
}
