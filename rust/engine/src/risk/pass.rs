//! The short way through risk: an order that no limit touches, with every check run and no branch
//! taken before the last. What fails are bits; the long way ([`assess`](super::assess)) explains,
//! clips or refuses. Both must agree on what passes: a test asks them the same.

use super::sizing::{self, Asked};
use super::{Approved, ORDERS_WORKING_MAX, Refusal, View, collared, on_tick};
use crate::event::{Intent, NewOrder, Side, Size, TradingState, Want};
use crate::exposure::Mark;
use crate::instrument::rate_down;
use crate::units::{Amount, Overflow, Price, Qty, Rate, Rounding};

/// The checks that an order did not pass, one bit a [`Refusal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refusals(u32);

impl Refusals {
    /// Whether every check was passed.
    #[inline]
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each check that was not passed.
    pub fn iter(self) -> impl Iterator<Item = Refusal> {
        Refusal::ALL.into_iter().filter(move |refusal| self.0 >> (*refusal as u8) & 1 == 1)
    }

    #[inline]
    const fn note(&mut self, refusal: Refusal, fails: bool) {
        self.0 |= (fails as u32) << (refusal as u8);
    }
}

impl From<Refusal> for Refusals {
    fn from(refusal: Refusal) -> Self {
        Self(1 << (refusal as u8))
    }
}

impl From<Overflow> for Refusals {
    fn from(_: Overflow) -> Self {
        Refusal::TooLarge.into()
    }
}

/// What the limits are in quote units: made anew when the account changed, not for each order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Armed {
    /// The sleeve's share of the equity.
    share: Amount,
    /// Most of the instrument.
    position: Amount,
    /// What the gross cap leaves, all that works counted.
    gross: Amount,
    /// Most of one order.
    order: Amount,
    /// Cash that nothing has reserved.
    free: Amount,
    /// The checks that no order can pass as things stand.
    standing: Refusals,
    /// The sizes of the last two targets, and what they are worth: targets repeat.
    targets: [(Rate, Amount); 2],
}

impl Armed {
    /// The limits on the account as it is now; an error is a missing number, and refuses.
    pub fn of(view: &View<'_>) -> Result<Self, Refusal> {
        let (profile, account) = (view.profile, &view.account);
        let cap = |limit: Rate| account.equity.times(limit, Rounding::Down);
        let working = account.reserved.plus(account.working_short.ok_or(Refusal::NoPrice)?)?;
        Ok(Self {
            share: cap(view.allocation)?,
            position: cap(profile.position_max)?,
            gross: cap(profile.gross_max)?.minus(account.gross)?.minus(working)?,
            order: cap(profile.order_max)?,
            free: account.cash.minus(account.reserved)?,
            standing: standing(view),
            targets: [(Rate::ZERO, Amount::ZERO); 2],
        })
    }

    /// The limits on the account as it is now, the targets of `before` worked out again.
    pub fn again(view: &View<'_>, before: Option<&Self>) -> Result<Self, Refusal> {
        let mut armed = Self::of(view)?;
        if let Some(before) = before {
            armed.targets = before.targets;
            for (size, worth) in &mut armed.targets {
                *worth = armed.share.times(*size, Rounding::Down)?;
            }
        }
        Ok(armed)
    }

    /// The sleeve's equity times a fraction, towards zero.
    #[inline]
    fn wanted(&mut self, fraction: Rate) -> Result<Amount, Overflow> {
        let size = fraction.magnitude()?;
        let [(first, worth), (second, other)] = self.targets;
        let worth = if size == first {
            worth
        } else if size == second {
            other
        } else {
            self.remember(size)?
        };
        if fraction.is_negative() { worth.negated() } else { Ok(worth) }
    }
}

impl Armed {
    /// A size that is new: the older one of those known goes.
    #[cold]
    fn remember(&mut self, size: Rate) -> Result<Amount, Overflow> {
        let worth = self.share.times(size, Rounding::Down)?;
        let [last, _] = self.targets;
        self.targets = [(size, worth), last];
        Ok(worth)
    }
}

/// Every check on an order that no limit binds; the order, or what stands against it.
#[inline]
pub fn pass(intent: &Intent, view: &View<'_>, armed: &mut Armed) -> Result<Approved, Refusals> {
    let mark = view.mark.ok_or(Refusal::NoPrice)?;
    let held = view.instrument.notional(mark.price, view.exposure.position)?;
    let (asked, limit) = asked(&intent.want, view, armed, (mark.price, held))?;
    let mut fails = armed.standing;
    let age = view.now.minus(mark.ts)?;
    fails.note(Refusal::StalePrice, (age > view.profile.price_age_max) | age.is_negative());
    fails.note(Refusal::NoPrice, !mark.price.is_positive());
    let limit = match limit {
        Some(limit) => Some(at_limit(limit, asked.side, view, mark)?),
        None => None,
    };
    let price = match asked.side {
        Side::Buy => limit.unwrap_or(mark.price),
        Side::Sell => limit.unwrap_or(mark.price).max(mark.price),
    };
    let rules = view.instrument;
    let worth = asked.notional(rules, price)?;
    room(&mut fails, asked, view, armed, &Worth { mark: mark.price, held, worth })?;
    // What is sized in quote must buy more than nothing.
    let nothing = match asked.size {
        Size::Quote(budget) => budget <= rules.notional(price, rules.lot)?,
        Size::Base(_) => false,
    };
    fails.note(Refusal::BelowMinimum, nothing | (worth < rules.notional_min));
    let reserve = match (asked.side, asked.size) {
        (Side::Sell, _) => Amount::ZERO,
        (Side::Buy, Size::Quote(budget)) => budget,
        (Side::Buy, Size::Base(_)) => sizing::with_fee(worth, rules.taker_fee)?,
    };
    let costs = reserve.is_positive() & !view.profile.borrowing;
    fails.note(Refusal::FreeCash, costs & (reserve > armed.free));
    if !fails.is_empty() {
        return Err(fails);
    }
    let (side, size) = (asked.side, asked.size);
    Ok(Approved(NewOrder {
        sleeve: intent.sleeve,
        instrument: view.id,
        side,
        size,
        limit,
        reserve,
    }))
}

/// A limit price, out of the way of the orders that have none.
#[cold]
fn at_limit(limit: f64, side: Side, view: &View<'_>, mark: Mark) -> Result<Price, Refusal> {
    collared(on_tick(limit, side, view)?, side, view, mark)
}

/// What is asked for, in units, and the limit price with it.
#[inline]
fn asked(
    want: &Want,
    view: &View<'_>,
    armed: &mut Armed,
    (price, held): (Price, Amount),
) -> Result<(Asked, Option<f64>), Refusals> {
    let (asked, limit) = match *want {
        Want::Target { fraction, band: _ } => {
            let fraction = rate_down(fraction).map_err(Refusal::from)?;
            let wanted = armed.wanted(fraction)?;
            (Asked::of_target(fraction, (wanted, held), view, price)?, None)
        }
        Want::Trade { limit, .. } => (Asked::of(want, view, price)?, limit),
        // The orders of a quote go the long way.
        Want::CancelAll | Want::Quote(_) => (None, None),
    };
    // Nothing to do, or too little: the long way knows which.
    Ok((asked.ok_or(Refusal::BelowMinimum)?, limit))
}

/// The checks that are the same for every order until a record changes the state.
fn standing(view: &View<'_>) -> Refusals {
    let mut fails = Refusals::default();
    fails.note(Refusal::Halted, matches!(view.trading_state, TradingState::Halted));
    fails.note(Refusal::ReducingOnly, matches!(view.trading_state, TradingState::Reducing));
    fails.note(Refusal::BreakerOpen, !view.breakers.all_closed());
    fails.note(Refusal::NoEquity, !view.account.equity.is_positive());
    fails.note(Refusal::TooManyOrders, view.working >= ORDERS_WORKING_MAX);
    fails
}

/// What the position and the order are worth.
struct Worth {
    mark: Price,
    held: Amount,
    worth: Amount,
}

/// The checks on what is held, what works, and what the order would add to it.
#[inline]
fn room(
    fails: &mut Refusals,
    asked: Asked,
    view: &View<'_>,
    armed: &Armed,
    &Worth { mark, held, worth }: &Worth,
) -> Result<(), Overflow> {
    let exposure = &view.exposure;
    let toward = match asked.side {
        Side::Buy => held.plus(exposure.working_buy)?,
        Side::Sell if exposure.working_sell.is_zero() => held.negated()?,
        Side::Sell => view.instrument.notional(mark, exposure.working_sell)?.minus(held)?,
    };
    let closing = toward.negated()?.max(Amount::ZERO);
    fails.note(Refusal::PositionLimit, worth > armed.position.minus(toward)?);
    fails.note(Refusal::GrossLimit, worth > armed.gross.plus(closing.plus(closing)?)?);
    fails.note(Refusal::OrderLimit, worth > armed.order.plus(closing)?);
    let sold = match (asked.side, asked.size) {
        (Side::Sell, Size::Base(qty)) => qty,
        (Side::Sell | Side::Buy, Size::Base(_) | Size::Quote(_)) => Qty::ZERO,
    };
    let uncovered = sold > exposure.position.minus(exposure.working_sell)?;
    fails.note(Refusal::Shorting, sold.is_positive() & uncovered & !view.profile.shorting);
    Ok(())
}
