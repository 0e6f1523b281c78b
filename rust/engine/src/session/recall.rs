//! Going on from a journal: what it kept is met again, in order, and must be what the market and
//! the venue give here; what it lost is taken from the venue's own record.

use super::{Course, Driver, Request, Session, SessionError};
use crate::event::{Action, Component, Event, Fill, OrderUpdate, Reason, Transition};
use crate::journal::Record;
use crate::order::Order;
use crate::units::{Nanos, Overflow};
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
        if let Event::Bar(_) | Event::Quote(_) | Event::Tick(_) | Event::Gap { .. } = event {
            self.bot.watch(event)?;
            // What was decided on it is next; what a person did comes after that.
            self.meet_consequences(driver)?;
            self.meet_trips(driver)?;
            return Ok(true);
        }
        if self.meet_freeze(event, driver)? {
            return Ok(true);
        }
        self.meet_unprompted(driver)?;
        if self.bot.ignores(event) {
            // What it reminded of: an exit that was refused, once more.
            self.meet_consequences(driver)?;
            return Ok(true);
        }
        let Some((at, record)) = self.tail.front().copied() else {
            return Ok(false);
        };
        let same = match (*event, record) {
            (Event::Time(now), Record::Equity { ts, .. }) => now == ts,
            (
                Event::Order { ts, order, update },
                Record::Update { ts: at, order: of, update: kept },
            ) => ts == at && order == of && update == kept,
            (Event::CumQty { ts, order, qty }, Record::CumQty { ts: at, order: of, qty: kept }) => {
                ts == at && order == of && qty == kept
            }
            (Event::Fill(fill), Record::Fill(kept)) => fill == kept,
            _ => false,
        };
        if at != self.event || !same {
            return Err(SessionError::Forked { event: self.event, kept: format!("{record:?}") });
        }
        self.meet_next(driver)?;
        self.meet_consequences(driver)?;
        self.meet_trips(driver)?;
        Ok(true)
    }

    /// A freeze is met as the record that a report led to; what an operator did comes by itself.
    fn meet_freeze(
        &mut self,
        event: &Event,
        driver: &mut impl Driver,
    ) -> Result<bool, SessionError> {
        let Event::Freeze { ts, instrument, why } = *event else {
            return Ok(false);
        };
        let kept = Record::Freeze { ts, instrument, why };
        let met = self.tail.front() == Some(&(self.event, kept));
        if met {
            self.meet_next(driver)?;
            self.meet_consequences(driver)?;
        }
        Ok(met)
    }

    /// Whether a record follows from the one before it, or is the end of an order that no venue
    /// knows, which nobody else can tell.
    fn is_consequence(&self, record: &Record) -> bool {
        if let Record::Update {
            order,
            update: OrderUpdate::Canceled | OrderUpdate::Expired | OrderUpdate::Denied,
            ..
        } = record
        {
            return self.bot.state().orders().get(*order).is_some_and(Order::is_held);
        }
        is_consequence(record)
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

    /// Breakers that changed by themselves, as they did: before anything else happens.
    pub(super) fn meet_trips(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        while let Some((at, Record::Breaker(transition))) = self.tail.front()
            && *at == self.event
            && is_of_bot(transition)
        {
            self.meet_next(driver)?;
            self.meet_consequences(driver)?;
        }
        Ok(())
    }

    fn meet_consequences(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        while let Some((at, record)) = self.tail.front()
            && *at == self.event
            && self.is_consequence(record)
        {
            self.meet_next(driver)?;
        }
        Ok(())
    }

    /// Nothing is wanted up to a market event. What is adopted may close what is not held yet: that
    /// is no reason to call it back.
    fn hush_until(&mut self, quiet_until: u64) {
        self.quiet_until = quiet_until;
        let hushed = quiet_until > 0 && self.event <= quiet_until;
        self.bot.set_quiet(self.stopping || hushed);
    }

    fn meet_next(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        if let Some((_, record)) = self.tail.pop_front() {
            let action = self.bot.recall(&record)?;
            driver.recalled(&record, self.bot.state());
            self.actions.extend(action.map(|action| (record.ts(), action)));
            if let Record::Start { quiet_until, .. } = record {
                self.hush_until(quiet_until);
            }
        }
        Ok(())
    }

    /// The present market event is done: what else was kept of it is met.
    pub fn finish(&mut self, driver: &mut impl Driver) -> Result<(), SessionError> {
        while let Some((at, record)) = self.tail.front().copied()
            && at == self.event
        {
            if !is_unprompted(&record) && !self.is_consequence(&record) {
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

    /// Whether a venue's act was on word of ours that the journal lost: an order that is not here,
    /// or is held here, or a cancel that was not asked for here.
    fn is_lost(&self, act: &Act) -> bool {
        let order = self.bot.state().orders().get(act.order);
        let not_asked = |order: &Order| !order.state().is_terminal() && !order.is_canceling();
        match act.deed {
            // What is held here cannot be there: its release was lost.
            Deed::Accepted(_) | Deed::Refused { .. } => order.is_none_or(Order::is_held),
            Deed::Canceled { asked: true } | Deed::NotThere => order.is_some_and(not_asked),
            // An amend leaves only when it is durable.
            Deed::Amended(_)
            | Deed::AmendRefused(_)
            | Deed::Repeated
            | Deed::Canceled { asked: false }
            | Deed::Expired
            | Deed::Filled { .. } => false,
        }
    }

    /// The program started. What the venue did on word of ours that the journal lost is written
    /// down as ours and reaches the venue when it did; nothing is wanted until then. How many
    /// orders there were.
    pub fn start(
        &mut self,
        epoch: u32,
        ts: Nanos,
        acts: &[(u64, Act)],
        driver: &mut impl Driver,
    ) -> Result<u64, SessionError> {
        let known = self.venue.clearing().acts();
        let last = self.venue.clearing().last();
        if let Some((_, act)) = acts.iter().find(|(_, act)| act.number == known)
            && last.is_some_and(|last| last != *act)
        {
            return Err(SessionError::Stranger(known));
        }
        let beyond = acts.iter().filter(|(_, act)| act.number > known);
        let lost = beyond.clone().any(|(_, act)| self.is_lost(act));
        let until = beyond.clone().map(|(event, _)| *event).filter(|_| lost).max();
        let quiet_until = until.unwrap_or_default().max(self.quiet_until);
        self.tell(&Event::Start { ts, epoch, quiet_until }, driver)?;
        self.hush_until(quiet_until);
        let placed = |act: &Act| matches!(act.deed, Deed::Accepted(_) | Deed::Refused { .. });
        let mut orders: Vec<&Act> = beyond.clone().map(|(_, act)| act).collect();
        orders.retain(|act| placed(act) && self.is_lost(act));
        // One that was held came to the venue after others that were written down later.
        orders.sort_by_key(|act| act.order.sequence());
        for act in &orders {
            self.adopt(act, driver)?;
        }
        for (_, act) in beyond {
            let ours = orders.iter().any(|order| order.number == act.number);
            if ours || (!placed(act) && self.is_lost(act)) {
                self.ask_again(act, driver)?;
            }
        }
        self.finish(driver)?;
        u64::try_from(orders.len()).map_err(|_| SessionError::Overflow(Overflow))
    }

    /// An order that the journal lost is ours again, as it came to the venue.
    fn adopt(&mut self, act: &Act, driver: &mut impl Driver) -> Result<(), SessionError> {
        let ts = act.ts.minus(self.latency.unwrap_or_default())?;
        if let Deed::Accepted(order) | Deed::Refused { order, .. } = act.deed {
            self.hear(&Event::Adopted { ts, id: act.order, order }, driver)?;
        }
        Ok(())
    }

    /// What the venue acted on sets out once more, to be there when it was.
    fn ask_again(&mut self, act: &Act, driver: &mut impl Driver) -> Result<(), SessionError> {
        let (id, ts) = (act.order, act.ts.minus(self.latency.unwrap_or_default())?);
        let action = match act.deed {
            Deed::Accepted(_) | Deed::Refused { .. } => self.bot.state().orders().send(id),
            Deed::Canceled { .. }
            | Deed::NotThere
            | Deed::Amended(_)
            | Deed::AmendRefused(_)
            | Deed::Repeated
            | Deed::Expired
            | Deed::Filled { .. } => {
                let update = OrderUpdate::CancelSent;
                self.hear(&Event::Order { ts, order: id, update }, driver)?;
                Some(Action::Cancel { id })
            }
        };
        if let Some(action) = action {
            // It got there, whatever befell others.
            self.send(Request { at: act.ts, action, course: Course::Sure });
        }
        Ok(())
    }
}

/// Whether the bot itself said that a breaker is to change, or a strategy that it asked, and no
/// supervisor or person outside.
const fn is_of_bot(transition: &Transition) -> bool {
    match transition.reason {
        Reason::Loss
        | Reason::Fall
        | Reason::Mismatch
        | Reason::Unanswered
        | Reason::Repeated
        | Reason::Unprotected
        | Reason::Raised
        | Reason::WaitOver
        | Reason::NextDay => true,
        Reason::Failures | Reason::Slow | Reason::NotUsable | Reason::Healed | Reason::TooOften => {
            matches!(transition.part.component, Component::Gateway | Component::Strategy)
        }
        Reason::Stale
        | Reason::Gaps
        | Reason::Shortage
        | Reason::Skew
        | Reason::Fault
        | Reason::Operator
        | Reason::Signal
        | Reason::File
        | Reason::Rearmed => false,
    }
}

/// What happens by itself, told by no venue.
const fn is_unprompted(record: &Record) -> bool {
    match record {
        Record::Deposit { .. }
        | Record::Booked { .. }
        | Record::Rate { .. }
        | Record::Breaker(_)
        | Record::Control { .. }
        | Record::Pause { .. }
        | Record::Start { .. }
        | Record::Stop { .. }
        | Record::Flatten { .. }
        | Record::Freeze { .. }
        | Record::Status { .. }
        | Record::Measured { .. } => true,
        Record::Intent { .. }
        | Record::Refused { .. }
        | Record::Clipped { .. }
        | Record::Crossed { .. }
        | Record::Placed { .. }
        | Record::Update { .. }
        | Record::Amend { .. }
        | Record::CumQty { .. }
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
        | Record::Crossed { .. }
        | Record::Placed { .. }
        | Record::Amend { .. }
        | Record::Update {
            update:
                OrderUpdate::CancelSent
                | OrderUpdate::Released
                | OrderUpdate::Unanswered
                | OrderUpdate::NeverArrived
                | OrderUpdate::Gone
                | OrderUpdate::AskedById
                | OrderUpdate::AskedOpen
                | OrderUpdate::AskedTrades,
            ..
        } => true,
        Record::Deposit { .. }
        | Record::Booked { .. }
        | Record::Rate { .. }
        | Record::Breaker(_)
        | Record::Control { .. }
        | Record::Pause { .. }
        | Record::Start { .. }
        | Record::Stop { .. }
        | Record::Flatten { .. }
        | Record::Freeze { .. }
        | Record::Status { .. }
        | Record::Measured { .. }
        | Record::Update { .. }
        | Record::CumQty { .. }
        | Record::Fill(_)
        | Record::Equity { .. } => false,
    }
}
