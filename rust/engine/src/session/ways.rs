//! The way to the venue and the way back: when an action is there, what it does, when the answer is
//! heard.

use serde::{Deserialize, Serialize};

use super::faults::{Fate, Said};
use super::{Driver, Session, SessionError};
use crate::event::{Action, Amendment, Event, Fill, OrderUpdate, Transition};
use crate::instrument::InstrumentId;
use crate::units::Nanos;

/// What is on its way to the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Request {
    /// When it is there.
    pub(super) at: Nanos,
    pub(super) action: Action,
    pub(super) course: Course,
}

/// What the venue said, on its way to the bot.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Answer {
    /// When it is here.
    pub(super) at: Nanos,
    pub(super) event: Event,
    /// The amend that it answers, where it answers one.
    pub(super) amend: Option<Amendment>,
}

/// What may still befall a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Course {
    /// Whatever the faults say.
    Open,
    /// It is late already, and left before.
    Late,
    /// Nothing: that it arrived is known, or nothing is on any way.
    Sure,
}

impl Session {
    #[inline]
    pub(super) fn carry(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        while let Some((decided, action)) = self.actions.pop_front() {
            let trip = matches!(action, Action::Trip(_));
            match self.latency {
                Some(latency) if !trip => {
                    self.send(Request { at: decided.plus(latency)?, action, course: Course::Open });
                }
                // Without a way it is there at once, but not before it was decided.
                None if decided > self.bot.now() => {
                    self.send(Request { at: decided, action, course: Course::Sure });
                }
                Some(_) | None => self.arrive(action, Course::Sure, driver)?,
            }
        }
        Ok(())
    }

    /// An action sets out.
    pub(super) fn send(&mut self, request: Request) {
        let later = self.inbound.iter().position(|other| other.at > request.at);
        self.inbound.insert(later.unwrap_or(self.inbound.len()), request);
    }

    /// What the venue said at `ts` sets out for the bot, or is there at once.
    pub(super) fn answer(
        &mut self,
        ts: Nanos,
        said: Said,
        driver: &mut impl Driver,
    ) -> Result<(), SessionError> {
        if self.events.is_empty() {
            return Ok(());
        }
        let mut events = core::mem::take(&mut self.events);
        for event in events.drain(..) {
            match self.latency {
                None => self.tell(&event, driver)?,
                Some(latency) => self.reply(ts.plus(latency)?, event, said),
            }
        }
        self.events = events;
        Ok(())
    }

    /// Something that the venue said sets out, to be here at `at` if nothing befalls it.
    fn reply(&mut self, at: Nanos, event: Event, said: Said) {
        let heard = match &mut self.wires {
            None => [Some(at), None],
            Some(wires) => wires.answer(&event, at, said),
        };
        // The word that ends an order says how much of it was filled, where fills may be missed.
        let filled = self.wires.and_then(|_| self.filled_by_then(&event));
        let amend = if let (Said::Amended(to), Event::Order { .. }) = (said, event) {
            Some(to)
        } else {
            None
        };
        for at in heard.into_iter().flatten() {
            let before = self.outbound.iter().rposition(|other| other.at <= at);
            let place = before.map_or(0, |place| place + 1);
            self.outbound.insert(place, Answer { at, event, amend });
            if let Some(filled) = filled {
                self.outbound.insert(place, Answer { at, event: filled, amend: None });
            }
        }
    }

    /// The next answer is heard. One to an amend that is over already says nothing of the one that
    /// came after it.
    pub(super) fn hear_answer(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        let Some(Answer { event, amend, .. }) = self.outbound.pop_front() else {
            return Ok(());
        };
        if let (Some(to), Event::Order { order, .. }) = (amend, event) {
            let order = self.bot.state().orders().get(order);
            if order.is_some_and(|order| order.amending() != Some(to)) {
                return Ok(());
            }
        }
        self.tell(&event, driver)
    }

    /// How much the venue had filled of an order that it says is over or done.
    fn filled_by_then(&self, event: &Event) -> Option<Event> {
        let (ts, order) = if let Event::Fill(Fill { ts, order, last: true, .. }) = *event {
            (ts, order)
        } else if let Event::Order { ts, order, update } = *event
            && matches!(update, OrderUpdate::Canceled | OrderUpdate::Expired)
        {
            (ts, order)
        } else {
            return None;
        };
        let qty = self.venue.clearing().blotter().slip(order)?.cum;
        qty.is_positive().then_some(Event::CumQty { ts, order, qty })
    }

    /// What becomes of an action that would reach the venue now.
    fn fate(&mut self, action: &Action, now: Nanos) -> Fate {
        let Some(wires) = &mut self.wires else {
            return Fate::Arrives;
        };
        match *action {
            Action::Place { id, .. } => wires.request(id, now, 0, true),
            Action::Cancel { id } => wires.request(id, now, 1, false),
            Action::Amend { id, .. } => wires.request(id, now, 2, false),
            Action::Ask { id, question } => wires.request(id, now, 3 + question as u8, false),
            Action::Trip(_) => Fate::Arrives,
        }
    }

    /// An action reaches the venue, unless something befalls it.
    pub(super) fn arrive(
        &mut self,
        action: Action,
        course: Course,
        driver: &mut impl Driver,
    ) -> Result<(), SessionError> {
        let now = self.clock.max(self.bot.now());
        self.events.clear();
        if let Action::Place { id, .. } | Action::Cancel { id } = action {
            driver.release(id)?;
        }
        if let Action::Amend { .. } = action {
            driver.settle()?;
        }
        if let Action::Place { id, .. } = action
            && course != Course::Late
        {
            let update = OrderUpdate::Sent;
            self.hear(&Event::Order { ts: now, order: id, update }, driver)?;
        }
        let fate = if course == Course::Open { self.fate(&action, now) } else { Fate::Arrives };
        let said = match (fate, action) {
            (Fate::Lost, _) => return Ok(()),
            (Fate::Late(late), _) => {
                self.send(Request { at: now.plus(late)?, action, course: Course::Late });
                return Ok(());
            }
            (Fate::Refused(late), Action::Place { id, order }) => {
                self.venue.refuse(id, order, now, &mut self.events);
                Said::After(late)
            }
            (_, Action::Place { id, order }) => {
                let placed = self.venue.place(id, order, now, &mut self.events);
                placed.map_err(|reason| self.unit(order.instrument, reason))?;
                Said::Unasked
            }
            (_, Action::Cancel { id }) => {
                self.venue.cancel(id, now, &mut self.events);
                Said::Unasked
            }
            (_, Action::Amend { id, to }) => {
                let amended = self.venue.amend(id, to, now, &mut self.events);
                let order = self.bot.state().orders().get(id);
                let of = order.map_or(InstrumentId(0), |order| order.new_order().instrument);
                amended.map_err(|reason| self.unit(of, reason))?;
                Said::Amended(to)
            }
            (_, Action::Ask { id, question }) => {
                self.venue.answer(id, question, now, &mut self.events);
                Said::Asked
            }
            (_, Action::Trip(transition)) => {
                let event = Event::Breaker(Transition { ts: now, ..transition });
                return self.hear(&event, driver).map(|_| ());
            }
        };
        match self.latency {
            // The answer is heard before the next action is carried out.
            None => {
                let mut events = core::mem::take(&mut self.events);
                for event in events.drain(..) {
                    self.hear(&event, driver)?;
                }
                self.events = events;
                Ok(())
            }
            Some(_) => self.answer(now, said, driver),
        }
    }
}
