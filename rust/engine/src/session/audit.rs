//! Ours beside the venue's: where they differ, nothing may be opened any more. A venue that
//! misbehaves is asked for all that it has, and what it lists is told as it would be live.

use super::{Driver, Session, SessionError};
use crate::event::{BreakerState, Component, Event, Part, Reason, Transition};
use crate::event::{NewOrder, Size};
use crate::instrument::{Instrument, InstrumentId};
use crate::reconcile::{
    ReportedBalance, ReportedFill, ReportedFills, ReportedOrder, ReportedPosition, ReportedState,
    VenueReport, reconcile,
};
use crate::units::{Amount, Nanos, Overflow};
use crate::venue::{Clearing, Deal, Slip, Standing};

/// How often a venue that misbehaves is asked for all that it has.
const RECONCILED_EVERY: Nanos = Nanos::new(10_000_000_000);

impl Session {
    /// Where the venue's side of the account is not ours, nothing may be opened any more. Of a
    /// venue that misbehaves the report says so.
    pub fn audit(&mut self, ts: Nanos, driver: &mut impl Driver) -> Result<(), SessionError> {
        if self.wires.is_some() {
            let due = self.reconciled.plus(RECONCILED_EVERY)? <= ts;
            return if due { self.reconcile(ts, driver) } else { Ok(()) };
        }
        if self.is_recalling() {
            return self.meet_trips(driver);
        }
        let ledger = Part::account(Component::Ledger);
        let latched = self.bot.state().board().state(ledger) == BreakerState::Latched;
        if latched || self.agrees()? {
            return Ok(());
        }
        let transition = Transition::latch(ts, ledger, Reason::Mismatch);
        self.tell(&Event::Breaker(transition), driver)
    }

    /// Whether ours and the venue's own record of cash and positions are equal to the last unit,
    /// as far as its answers are here.
    pub fn agrees(&self) -> Result<bool, Overflow> {
        let portfolio = self.bot.state().portfolio();
        let mut balanced = true;
        for pocket in portfolio.pockets() {
            balanced &= pocket.balances.sum()?.is_zero();
        }
        if self.outbound.iter().any(|answer| matches!(answer.event, Event::Fill(_))) {
            return Ok(balanced);
        }
        let ours = portfolio.positions().iter().map(|position| position.qty);
        let clearing = self.venue.clearing();
        let agree = ours.eq(clearing.positions().iter().copied())
            && portfolio.loose(portfolio.currency())? == clearing.cash();
        Ok(agree && balanced)
    }

    /// All that the venue lists now, against ours.
    pub(super) fn reconcile(
        &mut self,
        ts: Nanos,
        driver: &mut impl Driver,
    ) -> Result<(), SessionError> {
        self.reconciled = ts;
        let mut venues: Vec<String> = Vec::new();
        for rules in self.bot.state().instruments() {
            if venues.iter().all(|known| known != rules.venue()) {
                venues.push(rules.venue().to_owned());
            }
        }
        let alone = venues.len() == 1;
        for venue in venues {
            let instruments = self.bot.state().instruments();
            let report = report_of(self.venue.clearing(), instruments, &venue, alone, ts)?;
            for event in reconcile(self.bot.state(), &report)?.events {
                self.tell(&event, driver)?;
            }
        }
        Ok(())
    }
}

/// All that a simulated venue lists of what is traded under one name. Its cash is of the whole
/// account, and listed where there is no other name.
fn report_of(
    clearing: &Clearing,
    instruments: &[Instrument],
    venue: &str,
    alone: bool,
    ts: Nanos,
) -> Result<VenueReport, Overflow> {
    let here =
        |id: InstrumentId| instruments.get(id.index()).is_some_and(|rules| rules.venue() == venue);
    let blotter = clearing.blotter();
    let slips = blotter.slips().filter(|slip| here(slip.order.instrument));
    let deals = blotter.deals().filter(|deal| here(deal.instrument));
    let held = (0..).map(InstrumentId).zip(clearing.positions()).filter(|(id, _)| here(*id));
    let held: Vec<_> = held.filter(|(_, qty)| !qty.is_zero()).collect();
    let positions = held
        .iter()
        .map(|(instrument, qty)| ReportedPosition { instrument: *instrument, qty: **qty });
    Ok(VenueReport {
        orders: Some(slips.map(listed).collect()),
        fills: Some(ReportedFills { since: blotter.since(), all: deals.map(traded).collect() }),
        balances: if alone { Some(balances(clearing, instruments)?) } else { None },
        positions: Some(positions.collect()),
        ..VenueReport::failed(venue, ts, ts)
    })
}

fn listed(slip: &Slip) -> ReportedOrder {
    let NewOrder { instrument, side, limit, size, .. } = slip.order;
    let state = match slip.standing {
        Standing::Works => ReportedState::Open,
        Standing::Filled => ReportedState::Filled,
        Standing::Canceled => ReportedState::Canceled,
        Standing::Expired => ReportedState::Expired,
        Standing::Refused => ReportedState::Rejected,
    };
    let qty = match size {
        Size::Base(qty) => Some(qty),
        Size::Quote(_) => None,
    };
    let name = slip.id.client_text();
    ReportedOrder { name, state, cum: slip.cum, instrument, side, limit, qty }
}

fn traded(deal: &Deal) -> ReportedFill {
    let Deal { ts, order, instrument, side, trade, price, qty, fee, .. } = *deal;
    let (order, fee_asset) = (order.client_text(), None);
    ReportedFill { ts, instrument, trade, order, side, price, qty, fee, fee_asset }
}

/// Cash, and what positions hold.
fn balances(
    clearing: &Clearing,
    instruments: &[Instrument],
) -> Result<Vec<ReportedBalance>, Overflow> {
    let mut all: Vec<ReportedBalance> = Vec::new();
    let cash = instruments.first().map(|rules| (rules.quote, clearing.cash()));
    let mut add = |asset, amount: Amount| -> Result<(), Overflow> {
        match all.iter_mut().find(|known| known.asset == asset) {
            Some(known) => known.total = known.total.plus(amount)?,
            None => all.push(ReportedBalance { asset, total: amount }),
        }
        Ok(())
    };
    if let Some((asset, amount)) = cash {
        add(asset, amount)?;
    }
    for (rules, qty) in instruments.iter().zip(clearing.positions()) {
        add(rules.base, rules.base_amount(*qty)?)?;
    }
    Ok(all)
}
