//! From what is wanted to how much, and how much of that the limits leave.
//!
//! A strategy's float becomes an integer here, rounded towards zero, before any limit looks at it.

use super::{Refusal, View};
use crate::event::{Side, Size, Want};
use crate::exposure::{Group, Sight};
use crate::instrument::{Instrument, rate_down};
use crate::units::{Amount, Overflow, Price, Qty, Rate, Rounding, mul_div};

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
                let wanted = view.share()?.times(fraction, Rounding::Down)?;
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
            Side::Sell => qty.plus(exposure.working_sell.max(Qty::ZERO))? <= exposure.position,
            Side::Buy => qty <= coverable(view)?,
        })
    }

    /// The part of it that only makes the position smaller, if there is one.
    pub(super) fn closing(self, view: &View<'_>) -> Result<Option<Self>, Overflow> {
        let exposure = view.exposure;
        let open = match self.side {
            Side::Sell => exposure.position.minus(exposure.working_sell.max(Qty::ZERO))?,
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
        let cap = view.cap(view.profile.order_max)?;
        let held = view.instrument.notional(price, view.exposure.position)?;
        let closing = if side == Side::Sell { held } else { held.negated()? };
        Ok(cap.plus(positive(closing))?)
    }

    pub(super) fn of(side: Side, view: &View<'_>, price: Price) -> Result<Self, Refusal> {
        let (profile, exposure, account) = (view.profile, &view.exposure, &view.account);
        let held = view.instrument.notional(price, exposure.position)?;
        let selling = view.instrument.notional(price, exposure.working_sell)?;
        let toward = match side {
            Side::Buy => held.plus(exposure.working_buy)?,
            Side::Sell => selling.minus(held)?,
        };
        // What of the order closes, after what is working: it gives room instead of taking it.
        let closing = positive(toward.negated()?);
        let position = view.cap(profile.position_max)?.minus(toward)?;
        let (gross, gross_limit) = gross(view)?;
        let gross = gross.plus(closing)?.plus(closing)?;
        // What closes is never held back by the cap of one order.
        let order = view.cap(profile.order_max)?.plus(closing)?;
        let room = closest([
            (position, Refusal::PositionLimit),
            (gross, gross_limit),
            (order, Refusal::OrderLimit),
            Caps::of(view)?.left(side, view)?,
            most(view.instrument, price)?,
        ]);
        let free = account.cash.minus(account.reserved)?;
        let sellable = exposure.position.minus(exposure.working_sell)?;
        Ok(Self {
            notional: room.0,
            notional_limit: room.1,
            cash: (side == Side::Buy && !profile.borrowing).then_some(free),
            held: (side == Side::Sell && !profile.shorting).then_some(sellable),
        })
    }

    /// The less of two.
    pub(super) fn tighter(self, other: Self) -> Self {
        if other.notional < self.notional { other } else { self }
    }

    /// What of it the book has room for, where one is told.
    pub(super) fn in_depth(self, side: Side, view: &View<'_>) -> Result<Self, Refusal> {
        let (profile, sight) = (view.profile, view.sight.ok_or(Refusal::NoPrice)?);
        if profile.depth_share_max >= Rate::ONE {
            return Ok(self);
        }
        let room = depth(side, view, &sight)?;
        let notional = match view.instrument.notional(sight.mark.price, room) {
            Ok(notional) if notional < self.notional => notional,
            // What does not fit is more than any order.
            Ok(_) | Err(Overflow) => return Ok(self),
        };
        Ok(Self { notional, notional_limit: Refusal::Depth, ..self })
    }
}

/// What the caps on all that is held leave for what opens, all that works counted.
pub(super) fn gross(view: &View<'_>) -> Result<(Amount, Refusal), Refusal> {
    let (profile, account) = (view.profile, view.account);
    let taken = taken(view)?;
    let gross = view.cap(profile.gross_max)?.minus(taken)?;
    let distance = profile.liquidation_distance_min;
    if distance.is_zero() {
        return Ok((gross, Refusal::GrossLimit));
    }
    // So far may all prices move against what is held before nothing is left.
    let (one, distance) = (Rate::ONE.mantissa().into(), distance.mantissa().into());
    let bearable = mul_div(account.equity.mantissa(), one, distance, Rounding::Down)?;
    let margin = Amount::new(bearable).minus(taken)?;
    Ok(closest([(gross, Refusal::GrossLimit), (margin, Refusal::Margin)]))
}

/// All that works, at its worst.
pub(super) fn working(view: &View<'_>) -> Result<Amount, Refusal> {
    let short = view.account.working_short.ok_or(Refusal::NoPrice)?;
    Ok(view.account.reserved.plus(short)?)
}

/// All that is held, and all that works.
pub(super) fn taken(view: &View<'_>) -> Result<Amount, Refusal> {
    Ok(view.account.gross.plus(working(view)?)?)
}

/// How far a group would lie on one side, were all of it that works there done.
pub(super) fn toward(group: &Group, side: Side) -> Result<Amount, Refusal> {
    match side {
        Side::Buy => Ok(group.net.plus(group.buying)?),
        Side::Sell => Ok(group.selling.ok_or(Refusal::NoPrice)?.minus(group.net)?),
    }
}

/// The smallest of several rooms; the first of those that are equal.
fn closest<const N: usize>(rooms: [(Amount, Refusal); N]) -> (Amount, Refusal) {
    let least = rooms.into_iter().min_by_key(|(room, _)| *room);
    least.unwrap_or((Amount::ZERO, Refusal::NotUsable))
}

/// The caps on a whole order, whether it opens or closes.
pub(super) struct Caps {
    net: Amount,
    group: Amount,
    /// What is left where it is the same for both sides, and by which limit.
    both: (Amount, Refusal),
}

impl Caps {
    pub(super) fn of(view: &View<'_>) -> Result<Self, Refusal> {
        let profile = view.profile;
        let unexecuted = view.cap(profile.unexecuted_max)?.minus(working(view)?)?;
        let both = closest([(unexecuted, Refusal::Unexecuted), (volume(view)?, Refusal::Volume)]);
        let (net, group) = (view.cap(profile.net_max)?, view.cap(profile.group_max)?);
        Ok(Self { net, group, both })
    }

    /// What they leave for one side, and which is the closest.
    pub(super) fn left(&self, side: Side, view: &View<'_>) -> Result<(Amount, Refusal), Refusal> {
        let net = (self.net.minus(toward(&view.all, side)?)?, Refusal::NetLimit);
        let group = (self.group.minus(toward(&view.group, side)?)?, Refusal::GroupLimit);
        Ok(closest([net, group, self.both]))
    }
}

/// The part of a day's trading that one order may be, as far as it was seen.
fn volume(view: &View<'_>) -> Result<Amount, Overflow> {
    let share = view.profile.volume_share_max;
    if share >= Rate::ONE {
        return Ok(Amount::new(i128::MAX));
    }
    view.turnover.times(share, Rounding::Down)
}

/// The most that a venue takes of one order.
pub(super) fn most(rules: &Instrument, price: Price) -> Result<(Amount, Refusal), Overflow> {
    let all = Qty::new(i64::MAX);
    let qty = if rules.qty_max == all { None } else { Some(rules.notional(price, rules.qty_max)?) };
    let most = qty.map_or(rules.notional_max, |qty| qty.min(rules.notional_max));
    Ok((most, Refusal::QtyLimit))
}

/// How much base one order may take of what rests between the mark and the furthest impact.
pub(super) fn depth(side: Side, view: &View<'_>, sight: &Sight) -> Result<Qty, Overflow> {
    let (best, qty) = match side {
        Side::Buy => (sight.ask, sight.ask_qty),
        Side::Sell => (sight.bid, sight.bid_qty),
    };
    if qty == Qty::new(i64::MAX) {
        // Only bars speak: they show no depth.
        return Ok(qty);
    }
    let impact = match side {
        Side::Buy => view.profile.impact_max,
        Side::Sell => view.profile.impact_max.negated()?,
    };
    let furthest = view.instrument.moved(sight.mark.price, impact)?;
    let within = |price: Price| match side {
        Side::Buy => price <= furthest,
        Side::Sell => price >= furthest,
    };
    let resting = if side == Side::Buy { Side::Sell } else { Side::Buy };
    let told = view.ladder.filter(|ladder| ladder.best(resting) == Some(best));
    let shown = match told {
        Some(ladder) => ladder
            .levels(resting)
            .take_while(|(price, _)| within(*price))
            .try_fold(Qty::ZERO, |sum, (_, qty)| sum.plus(qty))?,
        None if within(best) => qty,
        None => Qty::ZERO,
    };
    let share = view.profile.depth_share_max.mantissa().into();
    let part =
        mul_div(shown.mantissa().into(), share, Rate::ONE.mantissa().into(), Rounding::Down)?;
    i64::try_from(part).map(Qty::new).map_err(|_| Overflow)
}

/// `notional` and the fee on it, the fee rounded up.
pub(super) fn with_fee(notional: Amount, fee: Rate) -> Result<Amount, Overflow> {
    notional.plus(notional.times(fee, Rounding::Up)?)
}

fn positive(amount: Amount) -> Amount {
    amount.max(Amount::ZERO)
}
