//! From an intent that is written down to its order, in the manner that was asked for; and what is
//! owed to a target on its way: a better place, its next part, another attempt.
//!
//! A target that lies at the touch follows it by calling back what lies and acting on the same
//! target anew, so nothing ever lies twice.

use super::glance::{Glance, Wanted};
use super::{Bot, BotError, Output, lies};
use crate::decision::execution::{self, HELD_BACK_FOR, Manner, TRIED_EVERY};
use crate::decision::target;
use crate::event::{
    Action, BreakerState, Component, Execution, Intent, Part, Reason, Side, SleeveId, Transition,
    Want,
};
use crate::instrument::InstrumentId;
use crate::journal::{Carrying, Record};
use crate::risk::breaker::Breakers;
use crate::risk::{self, Approved, Assessment, Judged, Refusal, View};
use crate::units::{Nanos, Overflow, Price};

impl Bot {
    /// An intent that is written down, to an order, if risk says so.
    pub(super) fn act(
        &mut self,
        intent: &Intent,
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let (ts, sleeve) = (self.now, intent.sleeve);
        let (intent, manner) = self.step(intent)?;
        let view = self.view(sleeve, breakers)?;
        let Assessment { approved, clipped } = match risk::assess(&intent, &view) {
            Ok(None) => return Ok(()),
            Err(refusal) => return self.refuse(sleeve, refusal, out),
            Ok(Some(assessment)) => assessment,
        };
        let laid = match manner {
            Manner::Take => Ok(approved),
            Manner::Make => self.lay_down(approved)?,
        };
        let laid = laid.map(|approved| (self.judge(&approved, &view), approved));
        if let Some(limit) = clipped {
            self.keep(Record::Clipped { ts, sleeve, limit }, out)?;
        }
        match laid {
            Ok((judged, approved)) => self.place(approved, judged, out),
            Err(refusal) => self.refuse(sleeve, refusal, out),
        }
    }

    /// How close an order comes to its limits, on the view that it passed on.
    pub(super) fn judge(&self, approved: &Approved, view: &View<'_>) -> Judged {
        risk::judge(approved, view, self.state.monitor())
    }

    /// An approval becomes an order, which is written down before it is sent. None leaves without a
    /// worst price.
    pub(super) fn place(
        &mut self,
        approved: Approved,
        judged: Judged,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let id = approved.instrument();
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        // Whoever approved it looked at the mark; a limit needs none.
        let approved = match self.mark_of(id) {
            Some(mark) => approved.protected(rules, mark, (&self.profile, self.account_of(id)))?,
            None => approved,
        };
        let (sleeve, window) = (approved.sleeve(), self.profile.duplicate_window);
        if approved.is_duplicate(self.state.lately(sleeve), self.now, window) {
            return self.refuse(sleeve, Refusal::Duplicate, out);
        }
        let approved = approved.replacing(self.replacing.take());
        let action = self.state.orders().place(approved)?;
        let mut held = false;
        if let Action::Place { id, order } = action {
            held = order.terms.held;
            self.keep(Record::Placed { ts: self.now, id, order, judged: Some(judged) }, out)?;
        }
        if !held {
            out.actions.push(action);
        }
        self.reserve()
    }

    /// Write down why risk said no. A strategy that fires without end is stopped for good.
    pub(super) fn refuse(
        &mut self,
        sleeve: SleeveId,
        refusal: Refusal,
        out: &mut Output,
    ) -> Result<(), BotError> {
        self.keep(Record::Refused { ts: self.now, sleeve, refusal }, out)?;
        let part = Part::sleeve(Component::Repeats, sleeve);
        let latched = self.state.board().state(part) == BreakerState::Latched;
        if refusal == Refusal::Repeats && !latched {
            out.actions.push(Action::Trip(Transition::latch(self.now, part, Reason::Repeated)));
        }
        Ok(())
    }

    /// What of an intent is acted on now, and how.
    fn step(&self, intent: &Intent) -> Result<(Intent, Manner), BotError> {
        let Want::Target { fraction, band, execution } = intent.want else {
            return Ok((*intent, Manner::Take));
        };
        let since = self.state.carrying(intent.sleeve).map_or(self.now, |one| one.since());
        let waited = self.now.minus(since)?;
        let manner = execution::manner(execution, waited);
        if !matches!(execution, Execution::Slice { .. }) {
            return Ok((*intent, manner));
        }
        let held = self.held(intent.sleeve)?.unwrap_or(fraction);
        let fraction = execution::part(execution, waited, fraction, held);
        let want = Want::Target { fraction, band, execution };
        Ok((Intent { want, ..*intent }, manner))
    }

    /// An approval to lie at the best price of its own side.
    fn lay_down(&self, approved: Approved) -> Result<Result<Approved, Refusal>, BotError> {
        let id = approved.instrument();
        let rules = self.state.instrument(id).ok_or(BotError::Unknown)?;
        let best = self.best_own(id, approved.side());
        Ok(best.map_or(Err(Refusal::NoPrice), |price| approved.resting(rules, price)))
    }

    /// The best price of a side that can be believed; where only bars speak, their close.
    fn best_own(&self, id: InstrumentId, side: Side) -> Option<Price> {
        let touch = self.touch_of(id).map(|touch| match side {
            Side::Buy => touch.bid,
            Side::Sell => touch.ask,
        });
        touch.or_else(|| self.mark_of(id).map(|mark| mark.price))
    }

    /// Whether `intent` is what the sleeve is on its way to already, in a manner that looks after
    /// itself: to want it once more would only call back what lies for it.
    pub(super) fn is_on_its_way(&self, intent: &Intent) -> bool {
        let Some(carrying) = self.state.carrying(intent.sleeve).filter(|c| c.is_of(&intent.want))
        else {
            return false;
        };
        match carrying.execution() {
            Execution::Cross => false,
            Execution::Passive | Execution::PassiveThenCross { .. } => {
                carrying.is_missed() || self.state.is_trading(intent.sleeve)
            }
            Execution::Slice { .. } => carrying.is_missed() || carrying.has_parts_left(),
        }
    }

    /// Go on with every target that is on its way.
    pub(super) fn carry_on(
        &mut self,
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<(), BotError> {
        for place in 0..self.sleeves.len() {
            let sleeve = SleeveId(u32::try_from(place).map_err(|_| Overflow)?);
            let Some(carrying) = self.state.carrying(sleeve) else {
                continue;
            };
            if self.is_more_due(sleeve, &carrying)? && !self.is_held_back(sleeve) {
                let want = carrying.want();
                self.want_under(&Intent { sleeve, want }, breakers, out)?;
            }
        }
        Ok(())
    }

    /// Whether anything is to be done for a target: it was missed, its place or its manner is
    /// another one now, or its next part has begun. Never more often than [`TRIED_EVERY`], and
    /// where risk held it back by what passes, than [`HELD_BACK_FOR`].
    pub(super) fn is_more_due(
        &self,
        sleeve: SleeveId,
        carrying: &Carrying,
    ) -> Result<bool, BotError> {
        let execution = carrying.execution();
        let held_back = carrying.is_held_back();
        let missed = carrying.is_missed() || held_back || self.is_left_open(sleeve, carrying);
        if execution == Execution::Cross && !missed {
            return Ok(false);
        }
        let silent = self.now.minus(carrying.tried())?;
        let every = if held_back { HELD_BACK_FOR } else { TRIED_EVERY };
        if silent < every || self.state.is_waiting(sleeve) {
            return Ok(false);
        }
        let missed = missed && !self.state.is_trading(sleeve);
        let begun = |at: Nanos| {
            at.minus(carrying.since()).map(|waited| execution::parts_begun(execution, waited))
        };
        Ok(missed
            || match execution {
                Execution::Cross => false,
                Execution::Passive | Execution::PassiveThenCross { .. } => {
                    let waited = self.now.minus(carrying.since())?;
                    self.is_misplaced(sleeve, execution::manner(execution, waited))
                }
                Execution::Slice { .. } => begun(self.now)? > begun(carrying.tried())?,
            })
    }

    /// Whether an order of a sleeve that only makes lies behind the touch, or should take by now.
    fn is_misplaced(&self, sleeve: SleeveId, manner: Manner) -> bool {
        let mut working = self.state.orders().working();
        working.any(|order| {
            let new = order.new_order();
            if new.sleeve != sleeve || !new.terms.post_only || !lies(order) {
                return false;
            }
            let left_behind = || {
                let best = self.best_own(new.instrument, new.side).zip(new.limit);
                best.is_some_and(|(best, limit)| match new.side {
                    Side::Buy => best > limit,
                    Side::Sell => best < limit,
                })
            };
            manner == Manner::Take || left_behind()
        })
    }

    /// What a sleeve whose targets do not simply cross wants. It goes the long way; kept out of
    /// line so that the others' way stays short.
    #[cold]
    pub(super) fn glance_at_styled(
        &self,
        sleeve: SleeveId,
        want: Want,
    ) -> Result<Option<Glance>, BotError> {
        let Want::Target { fraction, band, .. } = want else {
            return Ok(None);
        };
        let intent = Intent { sleeve, want };
        let held = if band.is_some() { self.held(sleeve)? } else { None };
        let last = self.state.target(sleeve);
        let due = target::is_due(fraction, last, band, held);
        let due = due && !self.is_held_back(sleeve) && !self.is_on_its_way(&intent);
        Ok(due.then_some(Glance { sleeve, wanted: Wanted::Styled(want) }))
    }
}
