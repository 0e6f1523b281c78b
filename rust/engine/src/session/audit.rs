//! Ours beside the venue's: where they differ, nothing may be opened any more.

use super::{Driver, Session, SessionError};
use crate::event::{BreakerState, Component, Event};
use crate::units::{Nanos, Overflow};

impl Session {
    /// Where the venue's side of the account is not ours, nothing may be opened any more.
    pub fn audit(&mut self, ts: Nanos, driver: &mut impl Driver) -> Result<(), SessionError> {
        let latched = self.bot.state().breakers().state(Component::Ledger);
        if latched == BreakerState::Latched || self.is_recalling() || self.agrees()? {
            return Ok(());
        }
        let (component, state) = (Component::Ledger, BreakerState::Latched);
        self.tell(&Event::Breaker { ts, component, state }, driver)
    }

    /// Whether ours and the venue's own record of cash and positions are equal to the last unit,
    /// as far as its answers are here.
    pub fn agrees(&self) -> Result<bool, Overflow> {
        let portfolio = self.bot.state().portfolio();
        let mut balanced = true;
        for pocket in portfolio.pockets() {
            balanced &= pocket.balances.sum()?.is_zero();
        }
        if self.outbound.iter().any(|(_, event)| matches!(event, Event::Fill(_))) {
            return Ok(balanced);
        }
        let ours = portfolio.positions().iter().map(|position| position.qty);
        let clearing = self.venue.clearing();
        let agree = ours.eq(clearing.positions().iter().copied())
            && portfolio.loose(portfolio.currency())? == clearing.cash();
        Ok(agree && balanced)
    }
}
