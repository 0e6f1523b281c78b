//! Going on from a journal: what it kept is met again, in order, and must be what the market and
//! the venue give here; what it lost is taken from the venue's own record.

use super::{Driver, Session, SessionError};
use crate::event::{Action, Event, Fill, OrderUpdate};
use crate::journal::Record;
use crate::venue::{Act, Deed};

impl Session {
    /// What a journal kept of market events after the present one, in order. While there is some
    /// left nothing is decided: what was decided is met, and must be what was kept.
    pub fn recall(&mut self, kept: impl IntoIterator<Item = (u64, Record)>) {
        self.tail.extend(kept);
    }

    /// Whether something that was kept has not been met yet.
    #[must_use]
    pub fn is_recalling(&self) -> bool {
        !self.tail.is_empty()
    }

    /// An event that was kept is met again; `false` where it was not kept any more.
    pub(super) fn meet(
        &mut self,
        event: &Event,
        driver: &mut impl Driver,
    ) -> Result<bool, SessionError> {
        if let Event::Bar(_) | Event::Quote(_) = event {
            self.bot.on(event, &mut self.output)?;
            return Ok(true);
        }
        self.meet_unprompted(driver)?;
        let Some((at, record)) = self.tail.front().copied() else {
            return Ok(false);
        };
        let same = match (*event, record) {
            (Event::Time(now), Record::Equity { ts, .. }) => now == ts,
            (
                Event::Order { ts, order, update },
                Record::Update { ts: at, order: of, update: kept },
            ) => ts == at && order == of && update == kept,
            (Event::Fill(fill), Record::Fill(kept)) => fill == kept,
            _ => false,
        };
        if at != self.event || !same {
            return Err(SessionError::Forked { event: self.event, kept: format!("{record:?}") });
        }
        self.meet_next(driver)?;
        self.meet_consequences(driver)?;
        Ok(true)
    }

    /// What supervisors and operators did in the present market event.
    fn meet_unprompted(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        while let Some((at, record)) = self.tail.front()
            && *at == self.event
            && is_unprompted(record)
        {
            self.meet_next(driver)?;
            self.meet_consequences(driver)?;
        }
        Ok(())
    }

    fn meet_consequences(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        while let Some((at, record)) = self.tail.front()
            && *at == self.event
            && is_consequence(record)
        {
            self.meet_next(driver)?;
        }
        Ok(())
    }

    fn meet_next(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        if let Some((_, record)) = self.tail.pop_front() {
            let action = self.bot.recall(&record)?;
            driver.recalled(&record, self.bot.state());
            self.actions.extend(action);
        }
        Ok(())
    }

    /// The present market event is done: what else was kept of it is met.
    pub fn finish(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        while let Some((at, record)) = self.tail.front().copied()
            && at == self.event
        {
            if !is_unprompted(&record) && !is_consequence(&record) {
                let kept = format!("{record:?}");
                return Err(SessionError::Forked { event: self.event, kept });
            }
            self.meet_next(driver)?;
            self.meet_consequences(driver)?;
            self.carry(driver)?;
        }
        self.venue.clearing_mut().take_record(&mut self.acts);
        if !self.acts.is_empty() {
            driver.acted(self.event, &self.acts)?;
            self.acts.clear();
        }
        Ok(driver.done(self.event)?)
    }

    /// Acts of the venue on orders of ours that the journal lost: they are written down as ours,
    /// and reach the venue when they did. How many orders there were.
    pub fn adopt<'a>(
        &mut self,
        acts: impl IntoIterator<Item = &'a Act>,
        driver: &mut impl Driver,
    ) -> Result<u64, SessionError> {
        let mut adopted = 0;
        for act in acts {
            let known = self.bot.state().orders().get(act.order).is_some();
            let action = match act.deed {
                Deed::Accepted(order) if !known => {
                    adopted += 1;
                    self.hear(&Event::Adopted { ts: act.ts, id: act.order, order }, driver)?;
                    self.bot.state().orders().send(act.order)
                }
                Deed::Canceled { asked: true } => {
                    let (order, update) = (act.order, OrderUpdate::CancelSent);
                    self.hear(&Event::Order { ts: act.ts, order, update }, driver)?;
                    Some(Action::Cancel { id: act.order })
                }
                Deed::Accepted(_)
                | Deed::Repeated
                | Deed::Canceled { asked: false }
                | Deed::NotThere
                | Deed::Expired
                | Deed::Filled { .. } => continue,
            };
            let later = self.inbound.iter().position(|(at, _)| *at > act.ts);
            let later = later.unwrap_or(self.inbound.len());
            action.into_iter().for_each(|action| self.inbound.insert(later, (act.ts, action)));
        }
        self.finish(driver)?;
        Ok(adopted)
    }
}

/// What happens by itself, told by no venue.
const fn is_unprompted(record: &Record) -> bool {
    match record {
        Record::Deposit { .. }
        | Record::Breaker { .. }
        | Record::Control { .. }
        | Record::Pause { .. }
        | Record::Start { .. } => true,
        Record::Intent { .. }
        | Record::Refused { .. }
        | Record::Clipped { .. }
        | Record::Placed { .. }
        | Record::Update { .. }
        | Record::Fill(Fill { .. })
        | Record::Equity { .. } => false,
    }
}

/// What follows from the record before it.
const fn is_consequence(record: &Record) -> bool {
    match record {
        Record::Intent { .. }
        | Record::Refused { .. }
        | Record::Clipped { .. }
        | Record::Placed { .. }
        | Record::Update { update: OrderUpdate::CancelSent, .. } => true,
        Record::Deposit { .. }
        | Record::Breaker { .. }
        | Record::Control { .. }
        | Record::Pause { .. }
        | Record::Start { .. }
        | Record::Update { .. }
        | Record::Fill(_)
        | Record::Equity { .. } => false,
    }
}
