//! The short way through risk: a target that no limit touches, with every check run and no branch
//! taken before the last. What fails are bits; the long way ([`assess`](super::assess)) explains,
//! clips or refuses. What passes here passes there, to the last unit: a test asks them the same.
//!
//! All that does not change with a tick is worked out when the account changes, in the units that
//! the tick comes in. So is how far the price may go before any check could say something else
//! ([`Reach`]): within that a tick asks only what a tick can change, beyond it everything.

use core::hint::select_unpredictable;

use super::band::Band;
use super::reach::{End, Reach};
use super::standing::standing;
use super::{Approved, Refusal, Refusals, View, opposite, sizing};
use crate::event::{NewOrder, OrderTerms, Side, Size, SleeveId};
use crate::exposure::Sight;
use crate::instrument::{InstrumentId, rate_down};
use crate::units::{Amount, Nanos, Overflow, Price, Qty, Rate, Rounding};

/// The limits on one sleeve: made anew when the account changed, not for each order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Armed {
    sleeve: SleeveId,
    instrument: InstrumentId,
    /// What a price of 1 and a size of 1 are worth.
    unit: i64,
    lot: i64,
    position: Qty,
    /// Quote that working buys may still spend.
    working_buy: Amount,
    working_sell: Qty,
    /// Most that may be sold.
    sellable: Qty,
    /// Most of the instrument.
    position_max: Amount,
    /// What the caps on all that is held leave, all that works counted; and which is the closest.
    gross_max: Amount,
    gross_limit: Refusal,
    /// What the caps on a whole order leave for a buy and for a sell; and which is the closest.
    whole: [(Amount, Refusal); 2],
    band: Band,
    /// Most of one order.
    order_max: Amount,
    /// Most that an order may reserve.
    free: Amount,
    notional_min: Amount,
    price_age_max: Nanos,
    taker_fee: Rate,
    /// The checks that no order can pass as things stand.
    standing: Refusals,
    /// The sleeve's share of the equity.
    share: Amount,
    /// The last two targets: targets repeat.
    known: [Known; 2],
}

/// A target, and what it means on this account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    /// The bits of the fraction.
    fraction: u64,
    /// What is to be held.
    worth: Amount,
    /// The same in price × size, rounded down; up is `inexact` more.
    units: i128,
    inexact: i128,
    reach: Reach,
}

/// A target on the way to its order: how much of what, before any check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    pub(super) side: Side,
    pub(super) size: Size,
    /// What the order is worth.
    pub(super) worth: Amount,
    /// What the position is worth.
    pub(super) held: Amount,
    /// What a size of 1 is worth.
    pub(super) each: i64,
    reach: Reach,
}

/// A target that passed every check: what an order is made of, in fewer bytes than an order has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    sleeve: SleeveId,
    instrument: InstrumentId,
    side: Side,
    size: Size,
    reserve: Amount,
}

impl From<Passed> for Approved {
    fn from(passed: Passed) -> Self {
        let Passed { sleeve, instrument, side, size, reserve } = passed;
        let (limit, terms, replaces) = (None, OrderTerms::default(), None);
        Self(NewOrder { sleeve, instrument, side, size, limit, reserve, terms, replaces })
    }
}

impl Known {
    const NOTHING: Self =
        Self { fraction: 0, worth: Amount::ZERO, units: 0, inexact: 0, reach: Reach::NOWHERE };

    /// The share times the fraction, towards zero.
    fn new(fraction: f64, share: Amount, unit: i64) -> Result<Self, Refusal> {
        let rate = rate_down(fraction)?;
        let size = share.times(rate.magnitude()?, Rounding::Down)?;
        let worth = if rate.is_negative() { size.negated()? } else { size };
        let (amount, unit) = (worth.mantissa(), i128::from(unit));
        // Dividing is slow: what is over is had by multiplying back, which cannot overflow.
        let units = amount.checked_div_euclid(unit).ok_or(Overflow)?;
        let inexact = i128::from(units.wrapping_mul(unit) != amount);
        Ok(Self { fraction: fraction.to_bits(), worth, units, inexact, reach: Reach::NOWHERE })
    }
}

impl Armed {
    /// The limits on the account as it is now; an error is a missing number, and refuses. What
    /// cannot be counted in these units goes the long way too, and so does a sleeve that shares its
    /// instrument: here what it holds is what the account holds.
    pub fn of(sleeve: SleeveId, view: &View<'_>) -> Result<Self, Refusal> {
        let (profile, account, exposure) = (view.profile, &view.account, view.exposure);
        let (gross_max, gross_limit) = sizing::gross(view)?;
        let unit = view.instrument.unit_worth().ok_or(Refusal::TooLarge)?;
        let band = Band::of(view, unit)?;
        let sellable = exposure.position.minus(exposure.working_sell)?;
        let free = account.cash.minus(account.reserved)?;
        if view.holding != exposure.position {
            return Err(Refusal::NotUsable);
        }
        Ok(Self {
            sleeve,
            instrument: view.id,
            unit,
            lot: view.instrument.lot.mantissa(),
            position: exposure.position,
            working_buy: exposure.working_buy,
            working_sell: exposure.working_sell,
            sellable: if profile.shorting { Qty::new(i64::MAX) } else { sellable.max(Qty::ZERO) },
            position_max: view.cap(profile.position_max)?,
            gross_max,
            gross_limit,
            whole: whole(view, band.low)?,
            band,
            order_max: view.cap(profile.order_max)?,
            free: if profile.borrowing { Amount::new(i128::MAX) } else { free.max(Amount::ZERO) },
            notional_min: view.instrument.notional_min,
            price_age_max: profile.price_age_max,
            taker_fee: view.instrument.taker_fee,
            standing: standing(view)?,
            share: view.share()?,
            known: [Known::NOTHING; 2],
        })
    }

    /// The limits on the account as it is now, the same targets worked out again.
    pub fn again(&self, view: &View<'_>) -> Result<Self, Refusal> {
        let mut armed = Self::of(self.sleeve, view)?;
        for (wanted, old) in armed.known.iter_mut().zip(&self.known) {
            *wanted = Known::new(f64::from_bits(old.fraction), armed.share, armed.unit)?;
        }
        Ok(armed)
    }

    /// Of which instrument.
    #[inline]
    #[must_use]
    pub const fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    /// Whether it was made for another minute of its market, or before there was any.
    #[inline]
    #[must_use]
    pub fn is_stale(&self, sight: &Sight) -> bool {
        self.band.looks_back & (self.band.before != sight.before)
    }

    /// Of the last two targets the one that `fraction` is not.
    #[inline]
    #[must_use]
    pub fn other(&self, fraction: f64) -> f64 {
        let [first, second] = self.known.map(|known| known.fraction);
        f64::from_bits(select_unpredictable(first == fraction.to_bits(), second, first))
    }

    /// The order that leads to a fraction of the sleeve's equity, where no limit binds; else what
    /// stands against it.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: what is answered is not copied twice")]
    pub fn pass(&mut self, fraction: f64, sight: &Sight, now: Nanos) -> Result<Passed, Refusals> {
        let ticket = self.ticket(fraction, sight.mark.price)?;
        self.check(&ticket, sight, now)
    }

    /// The way to a fraction of the sleeve's equity from what is held. Buys that open are sized in
    /// quote, all else in base: as [`assess`](super::assess) does.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: what is answered is not copied twice")]
    pub fn ticket(&mut self, fraction: f64, price: Price) -> Result<Ticket, Refusals> {
        let wanted = self.wanted(fraction)?;
        self.leading(&wanted, price)
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: what is answered is not copied twice")]
    fn leading(&self, wanted: &Known, price: Price) -> Result<Ticket, Refusals> {
        let reach = wanted.reach;
        let each = self.unit.checked_mul(price.mantissa()).ok_or(Overflow)?;
        let held = worth(each, self.position);
        let missing = wanted.worth.minus(held)?;
        let opens = !self.position.is_negative() | wanted.worth.is_positive();
        if missing.is_positive() & opens {
            let (side, size) = (Side::Buy, Size::Quote(missing));
            return Ok(Ticket { side, size, worth: missing, held, each, reach });
        }
        let side = if missing.is_positive() { Side::Buy } else { Side::Sell };
        let holds = i128::from(price.mantissa()) * i128::from(self.position.mantissa());
        let apart = match side {
            Side::Buy => wanted.units.checked_sub(holds),
            Side::Sell => holds.checked_sub(wanted.units).map(|more| more - wanted.inexact),
        };
        let lots = per_lot(apart.ok_or(Overflow)?, price.mantissa().checked_mul(self.lot))?;
        let qty = lots.checked_mul(self.lot).ok_or(Overflow)?;
        // What did not fit before it was cut to the lot is refused by the long way.
        qty.checked_add(self.lot).ok_or(Overflow)?;
        let qty = Qty::new(qty);
        Ok(Ticket { side, size: Size::Base(qty), worth: worth(each, qty), held, each, reach })
    }

    /// Every check on an order in the market that is seen.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: what is answered is not copied twice")]
    pub fn check(&self, ticket: &Ticket, sight: &Sight, now: Nanos) -> Result<Passed, Refusals> {
        let Ticket { side, size, worth, reach, .. } = *ticket;
        let age = now.mantissa().wrapping_sub(sight.mark.ts.mantissa());
        let fresh = (age >= 0) & (age <= self.price_age_max.mantissa());
        let seen = self.band.is_of(sight) & self.band.is_narrow(sight) & fresh;
        if !(seen & reach.holds(side, sight)) {
            return self.check_each(ticket, sight, now);
        }
        let (sleeve, instrument) = (self.sleeve, self.instrument);
        let reserve = match (side, size) {
            (Side::Buy | Side::Sell, Size::Quote(budget)) => budget,
            (Side::Sell, Size::Base(_)) => Amount::ZERO,
            (Side::Buy, Size::Base(_)) => self.with_fee(worth)?,
        };
        Ok(Passed { sleeve, instrument, side, size, reserve })
    }

    /// Every check, one by one.
    #[inline(never)]
    pub(super) fn check_each(
        &self,
        ticket: &Ticket,
        sight: &Sight,
        now: Nanos,
    ) -> Result<Passed, Refusals> {
        let Ticket { side, size, worth: asked, each, .. } = *ticket;
        let mut fails = self.standing;
        let (near, narrow) = self.band.holds(sight);
        fails.note(Refusal::Jump, !near);
        fails.note(Refusal::Spread, !narrow);
        let [buying, selling] = self.whole;
        let ((whole, whole_limit), touch) = match side {
            Side::Buy => (buying, sight.ask_qty),
            Side::Sell => (selling, sight.bid_qty),
        };
        fails.note(whole_limit, asked > whole);
        let deep = asked > worth(self.band.shown, touch);
        fails.note(Refusal::Depth, self.band.looks_deep & deep);
        let age = now.minus(sight.mark.ts)?;
        fails.note(Refusal::StalePrice, (age > self.price_age_max) | age.is_negative());
        fails.note(Refusal::NoPrice, each <= 0);
        let toward = self.toward(ticket)?;
        let after = asked.plus(toward)?;
        let closing = toward.negated()?.max(Amount::ZERO);
        // What closes gives room instead of taking it.
        let opening = asked.minus(closing)?;
        fails.note(Refusal::PositionLimit, after > self.position_max);
        fails.note(self.gross_limit, opening.minus(closing)? > self.gross_max);
        fails.note(Refusal::OrderLimit, opening > self.order_max);
        let (reserve, sold, least) = match (side, size) {
            // What is sized in quote must buy more than nothing.
            (Side::Buy | Side::Sell, Size::Quote(budget)) => {
                (budget, Qty::ZERO, worth(each, Qty::new(self.lot)).plus(Amount::new(1))?)
            }
            (Side::Sell, Size::Base(qty)) => (Amount::ZERO, qty, Amount::new(1)),
            (Side::Buy, Size::Base(_)) => (self.with_fee(asked)?, Qty::ZERO, Amount::new(1)),
        };
        fails.note(Refusal::BelowMinimum, (asked < least) | (asked < self.notional_min));
        fails.note(Refusal::Shorting, sold > self.sellable);
        fails.note(Refusal::FreeCash, reserve > self.free);
        if !fails.is_empty() {
            return Err(fails);
        }
        let (sleeve, instrument) = (self.sleeve, self.instrument);
        Ok(Passed { sleeve, instrument, side, size, reserve })
    }

    /// How far the account lies on the order's side, with what works there.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the hot path: what is answered is not copied twice")]
    fn toward(&self, ticket: &Ticket) -> Result<Amount, Overflow> {
        match ticket.side {
            Side::Buy => ticket.held.plus(self.working_buy),
            Side::Sell => worth(ticket.each, self.working_sell).minus(ticket.held),
        }
    }

    #[inline]
    fn wanted(&mut self, fraction: f64) -> Result<Known, Refusals> {
        let bits = fraction.to_bits();
        let [first, second] = &self.known;
        if first.fraction == bits {
            Ok(*first)
        } else if second.fraction == bits {
            Ok(*second)
        } else {
            self.remember(fraction)
        }
    }

    /// This target is the likely next one: work out, before a tick asks, how far its order passes.
    /// Where that cannot be said, each tick is looked at whole.
    pub fn expect(&mut self, fraction: f64) {
        let Ok(wanted) = self.wanted(fraction) else {
            return;
        };
        let reach = Reach::of(&self.band, |price| self.end(&wanted, price));
        for known in self.known.iter_mut().filter(|known| known.fraction == wanted.fraction) {
            known.reach = reach;
        }
    }

    /// The order at one end of a stretch of prices, where it passes. Between the ends it may be
    /// worth a lot more or less than a line from end to end says, since it is cut to the lot.
    fn end(&self, wanted: &Known, price: Price) -> Option<End> {
        let ticket = self.leading(wanted, price).ok()?;
        let quoted = matches!(ticket.size, Size::Quote(_));
        let cut = if quoted { Amount::ZERO } else { worth(ticket.each, Qty::new(self.lot)) };
        let (least, most) = (ticket.worth.minus(cut).ok()?, ticket.worth.plus(cut).ok()?);
        let sight = self.band.calm(price);
        for worth in [least, most] {
            self.check_each(&Ticket { worth, ..ticket }, &sight, sight.mark.ts).ok()?;
        }
        Some(End { side: ticket.side, quoted, toward: self.toward(&ticket).ok()?, most })
    }

    /// A target that is new: the older one of those known goes.
    #[cold]
    fn remember(&mut self, fraction: f64) -> Result<Known, Refusals> {
        let new = Known::new(fraction, self.share, self.unit)?;
        let [last, _] = self.known;
        self.known = [new, last];
        Ok(new)
    }

    /// Only what closes a short is bought by size.
    #[inline(never)]
    fn with_fee(&self, worth: Amount) -> Result<Amount, Overflow> {
        sizing::with_fee(worth, self.taker_fee)
    }
}

/// What the caps on a whole order leave for each side down to a price; nothing where an order of
/// ours may be in its way.
fn whole(view: &View<'_>, low: Price) -> Result<[(Amount, Refusal); 2], Refusal> {
    let most = sizing::most(view.instrument, low)?;
    let caps = sizing::Caps::of(view)?;
    let side = |side: Side| -> Result<(Amount, Refusal), Refusal> {
        let left = caps.left(side, view)?;
        Ok(match (opposite(side, view), most.0 < left.0) {
            (Some(_), _) => (Amount::new(i128::MIN), Refusal::SelfTrade),
            (None, true) => most,
            (None, false) => left,
        })
    };
    Ok([side(Side::Buy)?, side(Side::Sell)?])
}

/// What a size is worth, where a size of 1 is worth `each`: two numbers of 63 bits fit one of 127.
#[inline]
fn worth(each: i64, qty: Qty) -> Amount {
    Amount::new(i128::from(each) * i128::from(qty.mantissa()))
}

/// How many lots something is worth, towards zero; the long way knows what to do with none.
#[inline]
fn per_lot(units: i128, lot: Option<i64>) -> Result<i64, Refusals> {
    let lot = lot.ok_or(Overflow)?;
    let lots = match i64::try_from(units) {
        // Most of the time the short division will do.
        Ok(units) => units.checked_div(lot),
        Err(_) => units.checked_div(i128::from(lot)).and_then(|lots| i64::try_from(lots).ok()),
    };
    lots.ok_or(Overflow.into())
}
