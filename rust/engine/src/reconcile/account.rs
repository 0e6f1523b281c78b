//! Positions and balances that a venue lists, against ours → instruments that freeze, and those
//! that are explained again.

use super::{Case, Difference, OtherBalance};
use crate::asset::Asset;
use crate::event::{Event, Unexplained};
use crate::instrument::{InstrumentId, VenueId, venues};
use crate::order::Order;
use crate::units::{Amount, Overflow, Qty};

/// How ours and the venue's compare; `None`: it cannot be said.
type Agrees = Option<bool>;

impl Case<'_> {
    /// What differs freezes. What only the account had frozen is free when the account agrees.
    pub(super) fn account(&mut self) {
        let all = self.before.instruments();
        let numbered = (0..).map(InstrumentId).zip(all).zip(venues(all));
        let here: Vec<_> = numbered
            .filter(|((_, rules), _)| rules.venue() == self.report.venue)
            .map(|((id, rules), venue)| (id, rules.base, rules.quote, venue))
            .collect();
        let Some(venue) = here.first().map(|(.., venue)| *venue) else {
            return;
        };
        let mut compared: Vec<(Asset, Agrees)> = Vec::new();
        for asset in self.assets(venue) {
            let of_it =
                |(_, base, quote, _): &&(_, Asset, Asset, _)| *base == asset || *quote == asset;
            let traders: Vec<_> = here.iter().filter(of_it).map(|(id, ..)| *id).collect();
            // What fees are paid in moves with every trade.
            let movers: Vec<_> = here.iter().map(|(id, ..)| *id).collect();
            let movers = if traders.is_empty() { &movers } else { &traders };
            let still = movers.iter().all(|id| self.is_still(*id)) && self.nothing_moved();
            let agrees = if still { self.balance(venue, asset, &traders) } else { None };
            compared.push((asset, agrees));
        }
        let agrees = |asset: Asset| {
            compared.iter().find(|(of, _)| *of == asset).and_then(|(_, agrees)| *agrees)
        };
        for (id, base, quote, _) in here {
            let position = if self.is_still(id) { self.position(id) } else { None };
            let balance = agrees(base).zip(agrees(quote)).map(|(base, quote)| base && quote);
            self.judge(id, position, balance);
        }
    }

    /// What our ledger knows of at a venue.
    fn assets(&self, venue: VenueId) -> Vec<Asset> {
        let pockets = self.after.portfolio().pockets().iter();
        pockets.filter(|pocket| pocket.venue == venue).map(|pocket| pocket.asset).collect()
    }

    /// Whether no transfer or funding is so young that a list of balances may lack it.
    fn nothing_moved(&self) -> bool {
        self.report.booked.iter().all(|entry| self.is_listed_by_now(entry.ts))
    }

    /// Whether nothing of an instrument was filled lately, and all that was has been booked. What
    /// was filled and not heard of is among the trades, since those were asked for last.
    fn is_still(&self, id: InstrumentId) -> bool {
        let Some(fills) = &self.report.fills else {
            return false;
        };
        let mut told = fills.all.iter().filter(|fill| fill.instrument == id);
        let of_it = |order: &&Order| order.new_order().instrument == id;
        let mut before = self.before.orders().all().iter().filter(of_it);
        let mut after = self.after.orders().all().iter().filter(of_it);
        told.all(|fill| self.is_listed_by_now(fill.ts))
            && before.all(|order| order.filled().is_zero() || self.is_listed_by_now(order.heard()))
            && after.all(|order| order.owed().is_ok_and(Qty::is_zero))
    }

    fn position(&mut self, id: InstrumentId) -> Agrees {
        let listed = self.report.positions.as_ref()?.iter();
        let listed = listed.filter(|position| position.instrument == id);
        let theirs = listed.map(|one| one.qty).try_fold(Qty::ZERO, Qty::plus).ok()?;
        let ours = self.after.portfolio().position(id).qty;
        if ours != theirs {
            self.differ(id, Difference::Position { ours, theirs });
        }
        Some(ours == theirs)
    }

    /// A balance against ours; a difference is of every instrument that trades the asset.
    fn balance(&mut self, venue: VenueId, asset: Asset, traders: &[InstrumentId]) -> Agrees {
        let ours = self.after.portfolio().pocket(venue, asset)?.ours();
        let theirs = self.listed_balance(asset)?.ok()?;
        if ours != theirs {
            for id in traders {
                self.differ(*id, Difference::Balance { asset, ours, theirs });
            }
            if traders.is_empty() {
                self.told.findings.other_balances.push(OtherBalance { asset, ours, theirs });
            }
        }
        Some(ours == theirs)
    }

    fn listed_balance(&self, asset: Asset) -> Option<Result<Amount, Overflow>> {
        let listed = self.report.balances.as_ref()?.iter();
        let mut listed = listed.filter(|balance| balance.asset == asset);
        Some(listed.try_fold(Amount::ZERO, |sum, balance| sum.plus(balance.total)))
    }

    /// Freeze an instrument, or let it go.
    fn judge(&mut self, id: InstrumentId, position: Agrees, balance: Agrees) {
        let found = self.told.findings.unexplained.iter();
        let found = found.filter(|(instrument, _)| *instrument == id);
        let whys = found.map(|(_, difference)| Some(difference.why()));
        // The first of the worst.
        let worst = whys.fold(None, |worst, why| if rank(why) > rank(worst) { why } else { worst });
        let frozen = self.before.frozen(id);
        let ts = self.report.ts;
        let explained = match frozen {
            Some(Unexplained::Position) => position == Some(true),
            Some(Unexplained::Balance) => balance == Some(true),
            // An order, a fill or a price that cannot be is for a person to explain.
            Some(Unexplained::Order | Unexplained::Fill | Unexplained::Price) | None => false,
        };
        if rank(worst) > rank(frozen) {
            self.told.events.push(Event::Freeze { ts, instrument: id, why: worst });
        } else if worst.is_none() && explained {
            self.told.events.push(Event::Freeze { ts, instrument: id, why: None });
        }
    }
}

/// What one report can free again comes before what it cannot.
const fn rank(why: Option<Unexplained>) -> u8 {
    match why {
        None => 0,
        Some(Unexplained::Position | Unexplained::Balance) => 1,
        Some(Unexplained::Order | Unexplained::Fill | Unexplained::Price) => 2,
    }
}
