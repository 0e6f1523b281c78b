//! From what is wanted to how much, and how much of that the limits leave.
//!
//! A strategy's float becomes an integer here, rounded towards zero, before any limit looks at it.

use super::{Refusal, View};
use crate::event::{Side, Size, Want};
use crate::instrument::{Instrument, rate_down};
use crate::units::{Amount, Overflow, Price, Qty, Rate, Rounding};

/// What was asked for, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) side: Side,
    pub(super) size: Size,
}

impl Asked {
    /// What `want` means at `price`; `None` when it is already so.
    pub(super) fn of(want: &Want, view: &View<'_>, price: Price) -> Result<Option<Self>, Refusal> {
        match *want {
            Want::CancelAll
            | Want::Cancel { .. }
            | Want::Amend { .. }
            | Want::Quote(_)
            | Want::Exits(_) => Ok(None),
            Want::Trade { side, qty, .. } => {
                let qty = view.instrument.qty_down(qty)?;
                if !qty.is_positive() {
                    return Err(Refusal::NotUsable);
                }
                Ok(Some(Self { side, size: Size::Base(qty) }))
            }
            Want::Target { fraction, .. } => {
                let fraction = rate_down(fraction)?;
                let share = view.account.equity.times(view.allocation, Rounding::Down)?;
                let wanted = share.times(fraction, Rounding::Down)?;
                let held = view.instrument.notional(price, view.holding)?;
                if !fraction.is_zero() && wanted.is_zero() && held.is_zero() {
                    return Err(Refusal::NoEquity);
                }
                Ok(Self::of_target(fraction, (wanted, held), view, price)?)
            }
        }
    }

    /// The way to `fraction` of the sleeve's equity, which is `wanted`, from what is `held`. Buys
    /// that open are sized in quote, so that they spend what was meant whatever the fill; what
    /// closes is sized in base, so that nothing remains and it can be seen to reduce.
    #[inline]
    pub(super) fn of_target(
        fraction: Rate,
        (wanted, held): (Amount, Amount),
        view: &View<'_>,
        price: Price,
    ) -> Result<Option<Self>, Overflow> {
        let position = view.holding;
        if fraction.is_zero() {
            // Dust is flat: its venue takes no order for it.
            if view.instrument.is_dust(position, price)? {
                return Ok(None);
            }
            let qty = view.instrument.lots_down(position.magnitude()?);
            let side = if position.is_positive() { Side::Sell } else { Side::Buy };
            return Ok(Some(Self { side, size: Size::Base(qty) }));
        }
        let missing = wanted.minus(held)?;
        let covers = position.is_negative() && !wanted.is_positive();
        if missing.is_positive() && !covers {
            return Ok(Some(Self { side: Side::Buy, size: Size::Quote(missing) }));
        }
        let side = if missing.is_positive() { Side::Buy } else { Side::Sell };
        let qty = view.instrument.qty_worth(missing.magnitude()?, price)?;
        Ok(qty.is_positive().then_some(Self { side, size: Size::Base(qty) }))
    }

    /// Whether it only makes the position smaller, working orders counted.
    pub(super) fn reduces(&self, view: &View<'_>) -> Result<bool, Overflow> {
        let exposure = view.exposure;
        let qty = match self.size {
            Size::Base(qty) => qty,
            Size::Quote(_) => return Ok(false),
        };
        Ok(match self.side {
            Side::Sell => qty.plus(exposure.working_sell)? <= exposure.position,
            Side::Buy => qty <= coverable(view)?,
        })
    }

    /// The part of it that only makes the position smaller, if there is one.
    pub(super) fn closing(self, view: &View<'_>) -> Result<Option<Self>, Overflow> {
        let exposure = view.exposure;
        let open = match self.side {
            Side::Sell => exposure.position.minus(exposure.working_sell)?,
            Side::Buy => coverable(view)?,
        };
        let qty = match self.size {
            Size::Base(qty) => qty.min(open),
            // A buy sized in quote is one that goes beyond flat: all of the short is in it.
            Size::Quote(_) => open,
        };
        let qty = view.instrument.lots_down(qty);
        Ok(qty.is_positive().then_some(Self { side: self.side, size: Size::Base(qty) }))
    }

    /// What it is worth at `price`, in quote units.
    pub(super) fn notional(&self, rules: &Instrument, price: Price) -> Result<Amount, Overflow> {
        match self.size {
            Size::Base(qty) => rules.notional(price, qty),
            Size::Quote(budget) => Ok(budget),
        }
    }

    /// Made to fit `room`; the limit that did it. Nothing left is a refusal by that limit.
    pub(super) fn clip(
        self,
        room: &Room,
        view: &View<'_>,
        price: Price,
    ) -> Result<(Self, Option<Refusal>), Refusal> {
        let rules = view.instrument;
        let worth = self.notional(rules, price)?;
        let mut size = self.size;
        let mut clipped = None;
        if worth > room.notional {
            clipped = Some(room.notional_limit);
            size = match self.size {
                Size::Quote(_) => Size::Quote(room.notional),
                Size::Base(_) => Size::Base(rules.qty_worth(positive(room.notional), price)?),
            };
        }
        if let (Some(cash), Size::Base(qty)) = (room.cash, size)
            && with_fee(rules.notional(price, qty)?, rules.taker_fee)? > cash
        {
            clipped = Some(Refusal::FreeCash);
            size = Size::Base(rules.qty_for(positive(cash), price, rules.taker_fee)?);
        }
        if let (Some(cash), Size::Quote(budget)) = (room.cash, size)
            && budget > cash
        {
            clipped = Some(Refusal::FreeCash);
            size = Size::Quote(cash);
        }
        if let (Some(held), Size::Base(qty)) = (room.held, size)
            && qty > held
        {
            clipped = Some(Refusal::Shorting);
            size = Size::Base(rules.lots_down(held));
        }
        let empty = match size {
            Size::Base(qty) => !qty.is_positive(),
            Size::Quote(budget) => !budget.is_positive(),
        };
        match (empty, clipped) {
            (true, Some(limit)) => Err(limit),
            (true, None) => Err(Refusal::BelowMinimum),
            (false, clipped) => Ok((Self { side: self.side, size }, clipped)),
        }
    }
}

/// How much of a short nothing that works buys back yet, as far as that is known.
fn coverable(view: &View<'_>) -> Result<Qty, Overflow> {
    let short = view.exposure.position.negated()?;
    match view.buying {
        Some(buying) => short.minus(buying),
        None if view.exposure.working_buy.is_zero() => Ok(short),
        None => Ok(Qty::ZERO),
    }
}

/// How much the limits leave for one side, everything working counted at its worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// The most the order may be worth, and the limit that says so.
    pub(super) notional: Amount,
    pub(super) notional_limit: Refusal,
    /// Free cash, where the profile does not borrow and the order buys.
    pub(super) cash: Option<Amount>,
    /// What may be sold, where the profile does not short and the order sells.
    pub(super) held: Option<Qty>,
}

impl Room {
    /// The most that one order may be worth: its cap, and whatever it closes.
    pub(super) fn of_one(side: Side, view: &View<'_>, price: Price) -> Result<Amount, Refusal> {
        let cap = view.account.equity.times(view.profile.order_max, Rounding::Down)?;
        let held = view.instrument.notional(price, view.exposure.position)?;
        let closing = if side == Side::Sell { held } else { held.negated()? };
        Ok(cap.plus(positive(closing))?)
    }

    pub(super) fn of(side: Side, view: &View<'_>, price: Price) -> Result<Self, Refusal> {
        let (profile, exposure, account) = (view.profile, &view.exposure, &view.account);
        let cap = |limit: Rate| account.equity.times(limit, Rounding::Down);
        let held = view.instrument.notional(price, exposure.position)?;
        let selling = view.instrument.notional(price, exposure.working_sell)?;
        let toward = match side {
            Side::Buy => held.plus(exposure.working_buy)?,
            Side::Sell => selling.minus(held)?,
        };
        // What of the order closes, after what is working: it gives room instead of taking it.
        let closing = positive(toward.negated()?);
        let position = cap(profile.position_max)?.minus(toward)?;
        let twice = closing.plus(closing)?;
        let working = account.reserved.plus(account.working_short.ok_or(Refusal::NoPrice)?)?;
        let gross = cap(profile.gross_max)?.minus(account.gross)?.minus(working)?.plus(twice)?;
        // What closes is never held back by the cap of one order.
        let order = cap(profile.order_max)?.plus(closing)?;
        let mut room = (position, Refusal::PositionLimit);
        for other in [(gross, Refusal::GrossLimit), (order, Refusal::OrderLimit)] {
            if other.0 < room.0 {
                room = other;
            }
        }
        let free = account.cash.minus(account.reserved)?;
        let sellable = exposure.position.minus(exposure.working_sell)?;
        Ok(Self {
            notional: room.0,
            notional_limit: room.1,
            cash: (side == Side::Buy && !profile.borrowing).then_some(free),
            held: (side == Side::Sell && !profile.shorting).then_some(sellable),
        })
    }
}

/// `notional` and the fee on it, the fee rounded up.
pub(super) fn with_fee(notional: Amount, fee: Rate) -> Result<Amount, Overflow> {
    notional.plus(notional.times(fee, Rounding::Up)?)
}

fn positive(amount: Amount) -> Amount {
    amount.max(Amount::ZERO)
}
