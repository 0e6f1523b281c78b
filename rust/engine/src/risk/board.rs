//! Every breaker that is not closed: since when, why, and what brings it back. The one that changes
//! it is [`State::apply`](crate::journal::State::apply), by a journaled transition.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::breaker::Breakers;
use crate::event::{
    BreakerState, Component, Note, Part, Reason, Scope, SleeveId, Stage, Transition,
};
use crate::instrument::{Instrument, InstrumentId, VenueId, venues};
use crate::units::Nanos;

/// How a breaker that is not closed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Half-open, open or latched.
    pub state: BreakerState,
    /// What is done about it.
    pub stage: Stage,
    /// Since when it is in this state.
    pub since: Nanos,
    /// Why it opened. While it is tried, why it had opened.
    pub reason: Reason,
    /// When it is tried, or closes, by itself.
    pub until: Option<Nanos>,
    /// What a person said.
    pub note: Note,
}

/// The breakers of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    standing: BTreeMap<Part, Standing>,
    account: Breakers,
    /// Of each instrument, its own and those of its venue.
    instruments: Vec<Breakers>,
    sleeves: Vec<Breakers>,
    /// Of each instrument.
    venues: Vec<VenueId>,
}

impl Board {
    /// All closed.
    #[must_use]
    pub fn new(instruments: &[Instrument], sleeves: usize) -> Self {
        Self {
            standing: BTreeMap::new(),
            account: Breakers::default(),
            instruments: vec![Breakers::default(); instruments.len()],
            sleeves: vec![Breakers::default(); sleeves],
            venues: venues(instruments),
        }
    }

    /// Whether a run of these instruments and sleeves has such a part.
    #[must_use]
    pub fn has(&self, part: Part) -> bool {
        match part.scope {
            Scope::Account => true,
            Scope::Venue(venue) => self.venues.contains(&venue),
            Scope::Instrument(id) => id.index() < self.instruments.len(),
            Scope::Sleeve(id) => id.index() < self.sleeves.len(),
        }
    }

    /// A breaker changed. One that is latched opens no wider by itself, and a kill does not become
    /// smaller by another.
    pub(crate) fn turn(&mut self, new: &Transition) {
        let before = self.standing.get(&new.part).copied();
        if new.state == BreakerState::Closed {
            self.standing.remove(&new.part);
        } else {
            let latched = before.filter(|before| before.state == BreakerState::Latched);
            let kept = latched.map_or(new.state, |_| BreakerState::Latched);
            // What is tried is told with why it had opened.
            let tried = before.filter(|_| new.reason == Reason::WaitOver);
            let standing = Standing {
                state: kept,
                stage: latched.map_or(new.stage, |before| before.stage.max(new.stage)),
                since: latched.map_or(new.ts, |before| before.since),
                reason: tried.map_or(new.reason, |before| before.reason),
                until: new.until.filter(|_| kept != BreakerState::Latched),
                note: new.note,
            };
            self.standing.insert(new.part, standing);
        }
        self.put_in_words();
    }

    /// The words that are looked at, from all that stands.
    fn put_in_words(&mut self) {
        let closed = Breakers::default();
        self.account = closed;
        self.instruments.fill(closed);
        self.sleeves.fill(closed);
        for (Part { component, scope }, standing) in &self.standing {
            let one = closed.with(*component, standing.state);
            match *scope {
                Scope::Account => self.account = self.account.worst(one),
                Scope::Venue(venue) => {
                    for (word, at) in self.instruments.iter_mut().zip(&self.venues) {
                        if *at == venue {
                            *word = word.worst(one);
                        }
                    }
                }
                Scope::Instrument(id) => {
                    if let Some(word) = self.instruments.get_mut(id.index()) {
                        *word = word.worst(one);
                    }
                }
                Scope::Sleeve(id) => {
                    if let Some(word) = self.sleeves.get_mut(id.index()) {
                        *word = word.worst(one);
                    }
                }
            }
        }
    }

    /// The account's word.
    #[must_use]
    pub const fn account(&self) -> Breakers {
        self.account
    }

    /// The word that a sleeve of an instrument depends on: what holds it back, and nothing else.
    #[inline]
    #[must_use]
    pub fn of(&self, sleeve: SleeveId, instrument: InstrumentId) -> Breakers {
        let here = self.instruments.get(instrument.index()).copied().unwrap_or_default();
        let own = self.sleeves.get(sleeve.index()).copied().unwrap_or_default();
        self.account.worst(here).worst(own).holding()
    }

    /// How a part stands; `None`: it is closed.
    #[must_use]
    pub fn standing(&self, part: Part) -> Option<&Standing> {
        self.standing.get(&part)
    }

    /// One part's state.
    #[must_use]
    pub fn state(&self, part: Part) -> BreakerState {
        self.standing.get(&part).map_or(BreakerState::Closed, |standing| standing.state)
    }

    /// Every part that is not closed, in order.
    pub fn open(&self) -> impl Iterator<Item = (Part, &Standing)> {
        self.standing.iter().map(|(part, standing)| (*part, standing))
    }

    /// The venue of an instrument.
    #[must_use]
    pub fn venue(&self, id: InstrumentId) -> Option<VenueId> {
        self.venues.get(id.index()).copied()
    }

    /// The venues, each once, in order.
    pub fn venues(&self) -> impl Iterator<Item = VenueId> + '_ {
        let count = self.venues.iter().map(|venue| venue.0 + 1).max().unwrap_or(0);
        (0..count).map(VenueId)
    }

    /// Whether every position is to be closed.
    #[must_use]
    pub fn is_flattening(&self) -> bool {
        self.standing.values().any(|standing| standing.stage == Stage::Flatten)
    }

    /// What time alone changes by `now`: what waited is tried, and a day that was lost is over.
    pub fn due(&self, now: Nanos) -> impl Iterator<Item = Transition> + '_ {
        self.standing.iter().filter_map(move |(part, standing)| {
            let over = standing.until.is_some_and(|until| until <= now);
            if standing.state != BreakerState::Open || !over {
                return None;
            }
            let (state, reason) = if part.component == Component::DailyLoss {
                (BreakerState::Closed, Reason::NextDay)
            } else {
                (BreakerState::HalfOpen, Reason::WaitOver)
            };
            let stage = standing.stage;
            Some(Transition { stage, ..Transition::new(now, *part, state, reason) })
        })
    }
}
