//! What the account is worth: in the reporting currency, and in each currency that something is
//! paid in, so that an order is sized and checked in what it is paid in.
//!
//! What has no price is worth nothing; a debt that has none says that nobody knows, and then only
//! what reduces is let through.

use super::{Bot, BotError, Output};
use crate::asset::Asset;
use crate::event::{Booking, Entry};
use crate::exposure::Account;
use crate::instrument::{Instrument, InstrumentId};
use crate::journal::Record;
use crate::units::{Amount, Overflow, Qty};

/// The currencies, beside that of the first instrument, that anything is paid in.
pub(super) fn abroad(instruments: &[Instrument]) -> Vec<(Asset, Account)> {
    let home = instruments.first().map(|first| first.quote);
    let mut all: Vec<(Asset, Account)> = Vec::new();
    for rules in instruments {
        if Some(rules.quote) != home && all.iter().all(|(quote, _)| *quote != rules.quote) {
            all.push((rules.quote, Account::default()));
        }
    }
    all
}

impl Bot {
    /// The account as last valued, in the reporting currency.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The account in what an instrument is paid in. Cash and what is reserved are that currency's
    /// alone: no other pays.
    #[must_use]
    #[inline]
    pub fn account_of(&self, id: InstrumentId) -> &Account {
        if self.abroad.is_empty() {
            return &self.account;
        }
        let quote = self.state.instrument(id).map(|rules| rules.quote);
        let there = self.abroad.iter().find(|(asset, _)| Some(*asset) == quote);
        there.map_or(&self.account, |(_, account)| account)
    }

    /// What one of an asset is worth in the reporting currency: by the mark of what trades it for
    /// that, or else as it was told last.
    #[must_use]
    pub fn worth_of(&self, asset: Asset) -> Option<Amount> {
        let currency = self.state.portfolio().currency();
        if asset == currency {
            return Some(Amount::ONE);
        }
        let pairs = self.state.instruments().iter().zip(&self.markets);
        let mut marks = pairs
            .filter(|(rules, _)| (rules.base, rules.quote) == (asset, currency))
            .filter_map(|(rules, market)| rules.price_as_amount(market.book.mark()?.price).ok());
        marks.next().or_else(|| self.state.rate(asset))
    }

    /// Whether nothing is held of an instrument, or so little that its venue takes no order for it.
    #[must_use]
    pub fn is_flat(&self, id: InstrumentId) -> bool {
        self.is_dust(id, self.state.portfolio().position(id).qty)
    }

    /// Something that no order of ours did. What was booked before is counted and not written down.
    pub(super) fn on_booked(&mut self, entry: &Entry, out: &mut Output) -> Result<(), BotError> {
        if self.state.is_booked(entry) {
            self.ignored.twice += 1;
            return Ok(());
        }
        let worth = match entry.booking {
            Booking::Transfer { asset, amount } => match self.worth_of(asset) {
                Some(each) => amount.valued(each)?,
                None => Amount::ZERO,
            },
            Booking::Funding { .. } | Booking::Trade { .. } => Amount::ZERO,
        };
        self.keep(Record::Booked { entry: *entry, worth }, out)?;
        self.value()?;
        self.reserve()
    }

    /// Cash, reservations and positions at their marks.
    #[inline]
    pub(super) fn value(&mut self) -> Result<(), BotError> {
        let book = self.state.portfolio();
        let currency = book.currency();
        let (mut cash, mut equity, mut gross) = (Amount::ZERO, Amount::ZERO, Amount::ZERO);
        let mut unpriced = false;
        for pocket in book.pockets() {
            if pocket.loose.is_zero() {
                continue;
            }
            if pocket.asset == currency {
                cash = cash.plus(pocket.loose)?;
            } else if let Some(each) = self.worth_of(pocket.asset) {
                equity = equity.plus(pocket.loose.valued(each)?)?;
            } else {
                unpriced |= pocket.loose.is_negative();
            }
        }
        equity = equity.plus(cash)?;
        let held = book.positions().iter().zip(self.state.instruments());
        for ((position, rules), market) in held.zip(&self.markets) {
            if position.qty.is_zero() {
                continue;
            }
            // A position without a mark is worth what it cost: it was filled, so it had a price.
            let mut worth = match market.book.mark() {
                Some(mark) => rules.notional(mark.price, position.qty)?,
                None => position.cost,
            };
            if rules.quote != currency {
                let Some(each) = self.worth_of(rules.quote) else {
                    unpriced = true;
                    continue;
                };
                worth = worth.valued(each)?;
            }
            equity = equity.plus(worth)?;
            gross = gross.plus(worth.magnitude()?)?;
        }
        self.account = Account { cash, equity, gross, unpriced, ..self.account };
        self.turn = self.turn.wrapping_add(1);
        self.weigh()?;
        self.convert()
    }

    /// What working orders may still spend, and sell short.
    pub(super) fn reserve(&mut self) -> Result<(), BotError> {
        let currency = self.state.portfolio().currency();
        let (mut reserved, mut other) = (Amount::ZERO, Some(Amount::ZERO));
        let working = self.state.exposures().iter().zip(self.state.instruments());
        for ((exposure, rules), market) in working.zip(&self.markets) {
            let mut spent = exposure.working_buy;
            if rules.quote == currency {
                reserved = reserved.plus(spent)?;
                spent = Amount::ZERO;
            }
            let beyond = exposure.working_sell.minus(exposure.position.max(Qty::ZERO))?;
            if !beyond.is_positive() && spent.is_zero() {
                continue;
            }
            // What is paid in something else fills the same caps, and takes no cash of this one.
            let mark = market.book.mark().filter(|_| beyond.is_positive());
            let sold = mark.map(|mark| rules.notional(mark.price, beyond)).transpose()?;
            let each = self.worth_of(rules.quote);
            let worth = match (sold, beyond.is_positive(), each) {
                (None, true, _) | (_, _, None) => None,
                (sold, _, Some(each)) => Some(sold.unwrap_or_default().plus(spent)?.valued(each)?),
            };
            other = match (other, worth) {
                (Some(sum), Some(worth)) => Some(sum.plus(worth)?),
                (Some(_) | None, None) | (None, Some(_)) => None,
            };
        }
        (self.account.reserved, self.account.working_short) = (reserved, other);
        self.turn = self.turn.wrapping_add(1);
        self.weigh()?;
        self.convert()
    }

    /// The account in other currencies. Without a rate it has no equity there, which refuses.
    fn convert(&mut self) -> Result<(), BotError> {
        for place in 0..self.abroad.len() {
            let Some((quote, _)) = self.abroad.get(place).copied() else {
                continue;
            };
            let each = self.worth_of(quote).filter(|each| each.is_positive());
            let there =
                |amount: Amount| each.map_or(Ok(Amount::ZERO), |each| amount.in_units_of(each));
            let mut reserved = Amount::ZERO;
            for (exposure, rules) in self.state.exposures().iter().zip(self.state.instruments()) {
                if rules.quote == quote {
                    reserved = reserved.plus(exposure.working_buy)?;
                }
            }
            let working = self.account.working_short.zip(each);
            let working = working.map(|(other, _)| {
                // All that works, less what is reserved here, which is counted by itself.
                let all = there(other.plus(self.account.reserved)?)?;
                Ok::<_, Overflow>(all.minus(reserved)?.max(Amount::ZERO))
            });
            let account = Account {
                cash: self.state.portfolio().loose(quote)?,
                reserved,
                equity: there(self.account.equity)?,
                gross: there(self.account.gross)?,
                working_short: working.transpose()?,
                unpriced: self.account.unpriced,
            };
            if let Some((_, slot)) = self.abroad.get_mut(place) {
                *slot = account;
            }
        }
        Ok(())
    }
}
