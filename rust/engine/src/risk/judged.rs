//! How close an order came to every limit that it was held against, for people to look at. Nothing
//! is decided by it: the checks do their own sums, and this is told of what passed them.

use super::limits::COUNT_MAX;
use super::monitor::Monitor;
use super::sizing::{Asked, depth, taken, toward, working};
use super::standing::MESSAGES_S;
use super::uses::{GAUGES, Use, age, apart, capped, counted, distance, of_volume, part, part_of};
use super::{Approved, Refusal, View, takes};
use crate::event::{NewOrder, Side, Size, TimeInForce};
use crate::exposure::Mark;
use crate::units::{Amount, Price, Qty, Rate};

const LEN: usize = TAKEN.len() + GAUGES.len();
/// Nothing was asked: the limit is off, or the order only closes.
const NOT_ASKED: u16 = u16::MAX;

/// How much of each limit was in use as an order passed it, with the order counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// It only made a position smaller, which no cap and no breaker holds back.
    pub reduces: bool,
    /// Hundredths of a percent, rounded up.
    parts: [u16; LEN],
}

impl Judged {
    /// Each limit that was asked, with the part of it that was in use.
    pub fn uses(&self) -> impl Iterator<Item = (&'static str, u16)> {
        let names = TAKEN.iter().map(|taken| taken.limit).chain(GAUGES.iter().map(|one| one.limit));
        names.zip(self.parts).filter(|(_, part)| *part != NOT_ASKED)
    }

    /// As a journal keeps it.
    pub(crate) const fn parts(&self) -> &[u16] {
        &self.parts
    }

    /// As a journal has it; `None`: of another list of limits.
    pub(crate) fn from_parts(
        reduces: bool,
        told: impl ExactSizeIterator<Item = u16>,
    ) -> Option<Self> {
        let mut parts = [NOT_ASKED; LEN];
        if told.len() != LEN {
            return None;
        }
        parts.iter_mut().zip(told).for_each(|(slot, part)| *slot = part);
        Some(Self { reduces, parts })
    }
}

/// How much of each limit is in use with an order counted that passed on this view.
#[must_use]
pub fn judge(approved: &Approved, view: &View<'_>, monitor: &Monitor) -> Judged {
    let judging = Judging::of(&approved.0, view);
    let reduces = judging.as_ref().map_or(approved.0.terms.reduce_only, |one| one.reduces);
    let own = TAKEN.iter().map(|taken| match &judging {
        Ok(judging) if !reduces || taken.always => (taken.read)(judging).unwrap_or(Use::Unknown),
        Ok(_) | Err(_) => Use::Off,
    });
    let standing = GAUGES
        .iter()
        .map(|gauge| if gauge.taken || reduces { Use::Off } else { gauge.read(view, monitor) });
    let mut parts = [NOT_ASKED; LEN];
    for (slot, used) in parts.iter_mut().zip(own.chain(standing)) {
        if let Use::Part(part) = used {
            *slot = u16::try_from(part).unwrap_or(NOT_ASKED - 1).min(NOT_ASKED - 1);
        }
    }
    Judged { reduces, parts }
}

/// An order, and what the sums about it need.
struct Judging<'a> {
    order: &'a NewOrder,
    view: &'a View<'a>,
    mark: Mark,
    reduces: bool,
    /// What it is worth at worst, and how much of that closes.
    worth: Amount,
    closing: Amount,
    /// How far the account lies on the order's side, with what works there.
    toward: Amount,
}

impl<'a> Judging<'a> {
    fn of(order: &'a NewOrder, view: &'a View<'a>) -> Result<Self, Refusal> {
        let NewOrder { side, size, limit, terms, .. } = *order;
        let here = view.sight.ok_or(Refusal::NoPrice)?.mark;
        let mark = terms.stop.map_or(here, |stop| Mark { price: stop.trigger, ..here });
        let price = match side {
            Side::Buy => limit.unwrap_or(mark.price),
            Side::Sell => limit.unwrap_or(mark.price).max(mark.price),
        };
        let asked = Asked { side, size };
        let (rules, exposure) = (view.instrument, view.exposure);
        let held = rules.notional(mark.price, exposure.position)?;
        let toward = match side {
            Side::Buy => held.plus(exposure.working_buy)?,
            Side::Sell => rules.notional(mark.price, exposure.working_sell)?.minus(held)?,
        };
        let reduces = terms.reduce_only || asked.reduces(view)?;
        let worth = asked.notional(rules, price)?;
        let closing = toward.negated()?.max(Amount::ZERO);
        Ok(Self { order, view, mark, reduces, worth, closing, toward })
    }

    /// All that is held and works, were the order done.
    fn gross(&self) -> Result<Amount, Refusal> {
        let closing = self.closing.min(self.worth);
        Ok(taken(self.view)?.plus(self.worth)?.minus(closing)?.minus(closing)?)
    }

    /// How far its limit lies on the wrong side of a price. One without leaves with the worst that
    /// the collar allows.
    fn beyond(&self, price: Price, most: Rate) -> Use {
        let worse = match (self.order.limit, self.order.side) {
            (None, _) => return Use::Off,
            (Some(limit), Side::Buy) => limit.max(price),
            (Some(limit), Side::Sell) => limit.min(price),
        };
        apart((worse, price), price, most)
    }
}

/// A limit that an order is held against by itself.
struct Taken {
    limit: &'static str,
    /// It is asked of what closes too.
    always: bool,
    read: fn(&Judging<'_>) -> Result<Use, Refusal>,
}

macro_rules! taken {
    ($limit:literal, $read:expr) => {
        Taken { limit: $limit, always: false, read: $read }
    };
    ($limit:literal, always, $read:expr) => {
        Taken { always: true, ..taken!($limit, $read) }
    };
}

/// Every limit that an order is held against by itself, in the order of
/// [`LIMITS`](super::limits::LIMITS).
const TAKEN: [Taken; 18] = [
    taken!("position_max", |one| {
        capped(one.view, one.view.profile.position_max, || Ok(one.toward.plus(one.worth)?))
    }),
    taken!("gross_max", |one| capped(one.view, one.view.profile.gross_max, || one.gross())),
    taken!("net_max", |one| {
        let all = || Ok(toward(&one.view.all, one.order.side)?.plus(one.worth)?);
        capped(one.view, one.view.profile.net_max, all)
    }),
    taken!("group_max", |one| {
        let group = || Ok(toward(&one.view.group, one.order.side)?.plus(one.worth)?);
        capped(one.view, one.view.profile.group_max, group)
    }),
    taken!("liquidation_distance_min", |one| distance(one.view, || one.gross())),
    taken!("order_max", |one| {
        let opening = || Ok(one.worth.minus(one.closing.min(one.worth))?);
        capped(one.view, one.view.profile.order_max, opening)
    }),
    taken!("unexecuted_max", |one| {
        let waits = || Ok(working(one.view)?.plus(one.worth)?);
        capped(one.view, one.view.profile.unexecuted_max, waits)
    }),
    taken!("collar", always, |one| Ok(one.beyond(one.mark.price, one.view.profile.collar))),
    taken!("drift_max", always, |one| {
        let before = one.view.sight.map_or(one.mark.price, |sight| sight.before);
        Ok(one.beyond(before, one.view.profile.drift_max))
    }),
    taken!("depth_share_max", |one| {
        let (view, side) = (one.view, one.order.side);
        let sight = view.sight.ok_or(Refusal::NoPrice)?;
        let here = sight.mark == one.mark && takes(one.order.limit, side, view);
        if view.profile.depth_share_max >= Rate::ONE || !here {
            return Ok(Use::Off);
        }
        let room = depth(side, view, &sight)?;
        if room == Qty::new(i64::MAX) {
            return Ok(Use::Off);
        }
        Ok(part(one.worth, view.instrument.notional(sight.mark.price, room)?))
    }),
    taken!("volume_share_max", |one| Ok(of_volume(one.view, one.worth))),
    taken!("price_age_max_s", always, |one| age(one.view)),
    taken!("orders_working_max", |one| {
        let working = u32::try_from(one.view.working).unwrap_or(COUNT_MAX);
        Ok(counted(working.saturating_add(1), one.view.profile.orders_working_max, 1))
    }),
    taken!("orders_instrument_max", |one| {
        let working = one.view.resting.orders.saturating_add(1);
        Ok(counted(working, one.view.profile.orders_instrument_max, 1))
    }),
    taken!("messages_max", |one| {
        let sent = u32::from(!one.order.terms.held);
        let messages = one.view.conduct.messages.saturating_add(sent);
        Ok(counted(messages, one.view.profile.messages_max, MESSAGES_S))
    }),
    taken!("repeats_max", |one| {
        let NewOrder { limit, terms, .. } = *one.order;
        let at_once = matches!(terms.tif, TimeInForce::Ioc | TimeInForce::Fok);
        let more = u32::from((limit.is_none() || at_once) && terms.stop.is_none());
        let takes = one.view.conduct.takes.saturating_add(more);
        Ok(counted(takes, one.view.profile.repeats_max, 1))
    }),
    taken!("shorting", |one| match (one.order.side, one.order.size) {
        (Side::Sell, Size::Base(qty)) if !one.view.profile.shorting => {
            let exposure = one.view.exposure;
            let sellable = exposure.position.minus(exposure.working_sell)?;
            Ok(part_of(qty.mantissa() as f64, sellable.mantissa() as f64))
        }
        (Side::Buy | Side::Sell, _) => Ok(Use::Off),
    }),
    taken!("borrowing", |one| {
        if one.view.profile.borrowing || one.order.side == Side::Sell {
            return Ok(Use::Off);
        }
        let account = one.view.account;
        Ok(part(one.order.reserve, account.cash.minus(account.reserved)?))
    }),
];
