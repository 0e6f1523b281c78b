//! How much of each limit is in use, for people to look at. Nothing is decided by it: the checks do
//! their own sums, in integers. Here floats will do, rounded up to a hundredth of a percent.

use super::limits::{COUNT_MAX, Profile, SECOND_NS, SECONDS_MAX};
use super::measured::current;
use super::monitor::Monitor;
use super::sizing::{taken, toward, working};
use super::standing::{MESSAGES_S, lasts};
use super::{Refusal, View};
use crate::event::{Measure, Side};
use crate::exposure::{Exposure, Group, Sight};
use crate::units::{Amount, Nanos, Price, Rate};

/// All of a limit, in hundredths of a percent.
pub const FULL: u32 = 10_000;
/// A cap of a hundred times the equity is what profiles write that do not cap.
const UNCAPPED: i64 = 100 * Rate::ONE.mantissa();

/// How much of one limit is in use, what is worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// The limit has a value that cannot bind.
    Off,
    /// Hundredths of a percent of it, rounded up.
    Part(u32),
    /// A price, a rate or a measure is missing, which refuses whatever opens.
    Unknown,
}

/// Of what a limit is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Of everything.
    Account,
    /// Of a venue.
    Venue,
    /// Of the instruments of one base asset.
    Group,
    /// Of an instrument.
    Instrument,
    /// Of a strategy on an instrument.
    Sleeve,
}

/// A limit that is in use between orders.
#[derive(Debug, Clone, Copy)]
pub struct Gauge {
    /// Its name.
    pub limit: &'static str,
    /// Of what it is one.
    pub reach: Reach,
    /// [`judge`](super::judge) has sums of its own for it, the order counted.
    pub(super) taken: bool,
    read: fn(&View<'_>, &Monitor) -> Result<Use, Refusal>,
}

impl Gauge {
    /// How much of it is in use, seen from one sleeve.
    #[must_use]
    pub fn read(&self, view: &View<'_>, monitor: &Monitor) -> Use {
        match (self.read)(view, monitor) {
            Ok(used) => used,
            // What does not fit is beyond every limit.
            Err(Refusal::TooLarge) => Use::Part(u32::MAX),
            Err(_) => Use::Unknown,
        }
    }
}

macro_rules! gauge {
    ($limit:literal, $reach:ident, $read:expr) => {
        Gauge { limit: $limit, reach: Reach::$reach, taken: false, read: $read }
    };
    ($limit:literal, $reach:ident, taken, $read:expr) => {
        Gauge { taken: true, ..gauge!($limit, $reach, $read) }
    };
}

/// Every limit that is in use between orders, in the order of [`LIMITS`](super::limits::LIMITS).
/// The others are looked at with each order and hold nothing meanwhile.
pub const GAUGES: [Gauge; 25] = [
    gauge!("position_max", Instrument, taken, |view, _| position(view)),
    gauge!("gross_max", Account, taken, |view, _| {
        capped(view, view.profile.gross_max, || taken(view))
    }),
    gauge!("net_max", Account, taken, |view, _| {
        capped(view, view.profile.net_max, || outward(&view.all))
    }),
    gauge!("group_max", Group, taken, |view, _| {
        capped(view, view.profile.group_max, || outward(&view.group))
    }),
    gauge!("liquidation_distance_min", Account, taken, |view, _| {
        distance(view, || taken(view))
    }),
    gauge!("unexecuted_max", Account, taken, |view, _| {
        capped(view, view.profile.unexecuted_max, || working(view))
    }),
    gauge!("daily_loss_max", Account, |view, monitor| {
        let (_, day_start) = monitor.peak_and_day_start();
        Ok(fallen(day_start, monitor.last(), view.profile.daily_loss_max))
    }),
    gauge!("drawdown_max", Account, |view, monitor| {
        let (peak, _) = monitor.peak_and_day_start();
        Ok(fallen(peak, monitor.last(), view.profile.drawdown_max))
    }),
    gauge!("gap_assumed", Account, |view, monitor| Ok(gap(view, monitor))),
    gauge!("loss_hour_max", Account, |view, _| {
        Ok(fallen(view.hour_peak, view.account.equity, view.profile.loss_hour_max))
    }),
    gauge!("jump_max", Instrument, |view, _| {
        let sight = seen(view)?;
        Ok(apart((sight.mark.price, sight.before), sight.before, view.profile.jump_max))
    }),
    gauge!("spread_max", Instrument, |view, _| {
        let sight = seen(view)?;
        Ok(apart((sight.bid, sight.ask), sight.mark.price, view.profile.spread_max))
    }),
    gauge!("cost_max", Instrument, |view, _| cost(view)),
    gauge!("price_age_max_s", Instrument, taken, |view, _| age(view)),
    gauge!("orders_working_max", Account, taken, |view, _| {
        let working = u32::try_from(view.working).unwrap_or(u32::MAX);
        Ok(counted(working, view.profile.orders_working_max, 1))
    }),
    gauge!("orders_instrument_max", Instrument, taken, |view, _| {
        Ok(counted(view.resting.orders, view.profile.orders_instrument_max, 1))
    }),
    gauge!("unknown_max", Venue, |view, _| {
        Ok(counted(view.resting.unknown, view.profile.unknown_max, 1))
    }),
    gauge!("messages_max", Venue, taken, |view, _| {
        Ok(counted(view.conduct.messages, view.profile.messages_max, MESSAGES_S))
    }),
    gauge!("cancels_per_fill_max", Sleeve, |view, _| {
        let fills = view.conduct.fills.max(1);
        Ok(counted(view.conduct.cancels, view.profile.cancels_per_fill_max, fills))
    }),
    gauge!("repeats_max", Sleeve, taken, |view, _| {
        Ok(counted(view.conduct.takes, view.profile.repeats_max, 1))
    }),
    gauge!("loss_streak_max", Sleeve, |view, _| {
        let waits = view.profile.cooldown > Nanos::ZERO;
        let streak = counted(view.conduct.losses, view.profile.loss_streak_max, 1);
        Ok(if waits { streak } else { Use::Off })
    }),
    gauge!("loss_order_max", Sleeve, |view, _| Ok(lost(view))),
    gauge!("var_max", Account, |view, _| budget(view, view.profile.var_max, Measure::var)),
    gauge!("cvar_max", Account, |view, _| budget(view, view.profile.cvar_max, Measure::cvar)),
    gauge!("measure_age_max_s", Account, |view, _| aged(view)),
];

/// Whether a limit that is no gauge has a value that cannot bind.
#[must_use]
pub fn is_off(limit: &str, profile: &Profile) -> bool {
    match limit {
        "order_max" => profile.order_max.mantissa() >= UNCAPPED,
        "drift_max" => profile.drift_max >= Rate::ONE,
        "deviation_max" => profile.deviation_max >= Rate::ONE,
        // How far the book is looked at matters where it is looked at.
        "depth_share_max" | "impact_max" => profile.depth_share_max >= Rate::ONE,
        "volume_share_max" => profile.volume_share_max >= Rate::ONE,
        "duplicate_window_s" => profile.duplicate_window == Nanos::ZERO,
        "unprotected_max_s" => profile.unprotected_max.mantissa() / SECOND_NS >= SECONDS_MAX,
        "cooldown_s" => profile.cooldown == Nanos::ZERO,
        "shorting" => profile.shorting,
        "borrowing" => profile.borrowing,
        _ => false,
    }
}

/// The price that everything is judged by.
fn seen(view: &View<'_>) -> Result<Sight, Refusal> {
    view.sight.ok_or(Refusal::NoPrice)
}

/// What is held with all that works, at the worse of the two sides.
fn outward(group: &Group) -> Result<Amount, Refusal> {
    Ok(toward(group, Side::Buy)?.max(toward(group, Side::Sell)?))
}

pub(super) fn age(view: &View<'_>) -> Result<Use, Refusal> {
    let age = view.now.minus(seen(view)?.mark.ts)?;
    Ok(part_of(age.mantissa() as f64, view.profile.price_age_max.mantissa() as f64))
}

fn position(view: &View<'_>) -> Result<Use, Refusal> {
    let (exposure, rules) = (view.exposure, view.instrument);
    capped(view, view.profile.position_max, || {
        if *exposure == Exposure::default() {
            return Ok(Amount::ZERO);
        }
        let price = seen(view)?.mark.price;
        let selling = rules.notional(price, exposure.working_sell)?;
        let net = rules.notional(price, exposure.position)?;
        outward(&Group { net, buying: exposure.working_buy, selling: Some(selling) })
    })
}

/// Of what it may cost to open and to close: both fees, and the spread.
fn cost(view: &View<'_>) -> Result<Use, Refusal> {
    let limit = view.profile.cost_max;
    if limit >= Rate::ONE {
        return Ok(Use::Off);
    }
    let sight = seen(view)?;
    let spread = sight.ask.mantissa().abs_diff(sight.bid.mantissa()) as f64;
    let spread = spread / sight.mark.price.mantissa() as f64;
    Ok(part_of(2.0 * fraction(view.instrument.taker_fee) + spread, fraction(limit)))
}

/// How much of what would be left of nothing, were all prices to move so far, is taken.
pub(super) fn distance(
    view: &View<'_>,
    taken: impl FnOnce() -> Result<Amount, Refusal>,
) -> Result<Use, Refusal> {
    let limit = view.profile.liquidation_distance_min;
    if limit.is_zero() {
        return Ok(Use::Off);
    }
    Ok(part_of(float(taken()?) * fraction(limit), float(view.account.equity)))
}

/// Of what the last order that closed may have lost, while its loss is not too long ago.
fn lost(view: &View<'_>) -> Use {
    let Profile { loss_order_max: limit, cooldown, .. } = *view.profile;
    if limit >= Rate::ONE || cooldown == Nanos::ZERO {
        return Use::Off;
    }
    if !lasts(view.now, view.conduct.lost_at, cooldown) {
        return Use::Part(0);
    }
    part_of(float(view.conduct.lost), float(view.account.equity) * fraction(limit))
}

/// Of what the account may lose; without a measure of now nobody knows, which refuses.
fn budget(view: &View<'_>, limit: Rate, of: fn(&Measure) -> Rate) -> Result<Use, Refusal> {
    if limit >= Rate::ONE {
        return Ok(Use::Off);
    }
    let measure = current(view).ok_or(Refusal::Unmeasured)?;
    Ok(part_of(fraction(of(&measure)), fraction(limit)))
}

/// Of how old a measure may be, where a budget is on.
fn aged(view: &View<'_>) -> Result<Use, Refusal> {
    if !view.profile.has_budget() {
        return Ok(Use::Off);
    }
    let age = view.now.minus(view.measure.ok_or(Refusal::Unmeasured)?.as_of())?;
    Ok(part_of(age.mantissa() as f64, view.profile.measure_age_max.mantissa() as f64))
}

/// Of what the assumed gap in all that is held may take.
fn gap(view: &View<'_>, monitor: &Monitor) -> Use {
    let Profile { gap_assumed, drawdown_max, gross_max, .. } = *view.profile;
    if gap_assumed.is_zero() || drawdown_max >= Rate::ONE {
        return Use::Off;
    }
    let (gap, peak) = (fraction(gap_assumed), float(monitor.peak_and_day_start().0));
    let floor = peak * (1.0 - fraction(drawdown_max) - fraction(gross_max) * gap);
    part_of(float(view.account.gross) * gap, float(monitor.last()) - floor)
}

/// Of a part of a day's trading, as far as it was seen.
pub(super) fn of_volume(view: &View<'_>, worth: Amount) -> Use {
    let share = view.profile.volume_share_max;
    if share >= Rate::ONE {
        return Use::Off;
    }
    part_of(float(worth), float(view.turnover) * fraction(share))
}

/// Of a fraction of the equity.
pub(super) fn capped(
    view: &View<'_>,
    limit: Rate,
    used: impl FnOnce() -> Result<Amount, Refusal>,
) -> Result<Use, Refusal> {
    if limit.mantissa() >= UNCAPPED {
        return Ok(Use::Off);
    }
    let cap = float(view.account.equity) * fraction(limit) * fraction(view.scale);
    Ok(part_of(float(used()?), cap))
}

/// Of a fall from a height; a limit of 100 % is off.
fn fallen(height: Amount, equity: Amount, limit: Rate) -> Use {
    if limit >= Rate::ONE {
        return Use::Off;
    }
    let height = float(height);
    part_of(height - float(equity), height * fraction(limit))
}

/// Of how far two prices may be apart, as a fraction of one; a limit of 100 % is off.
pub(super) fn apart((one, other): (Price, Price), of: Price, limit: Rate) -> Use {
    if limit >= Rate::ONE {
        return Use::Off;
    }
    let apart = one.mantissa().abs_diff(other.mantissa());
    part_of(apart as f64, of.mantissa() as f64 * fraction(limit))
}

/// Of a count, so many times.
pub(super) fn counted(count: u32, max: u32, times: u32) -> Use {
    if max >= COUNT_MAX {
        return Use::Off;
    }
    part_of(f64::from(count), f64::from(max) * f64::from(times))
}

pub(super) fn part(used: Amount, of: Amount) -> Use {
    part_of(float(used), float(of))
}

fn float(amount: Amount) -> f64 {
    amount.mantissa() as f64
}

fn fraction(rate: Rate) -> f64 {
    rate.mantissa() as f64 / Rate::ONE.mantissa() as f64
}

/// Of nothing everything is used: what is limited to nothing has no room. A part is right to a
/// millionth of a hundredth of a percent, so that what is full is shown as full and not as more.
#[allow(clippy::cast_sign_loss, reason = "what is below nothing is nothing")]
pub(super) fn part_of(used: f64, of: f64) -> Use {
    if of <= 0.0 {
        return Use::Part(if used > 0.0 { u32::MAX } else { FULL });
    }
    let parts = used / of * f64::from(FULL) - 1e-6;
    let whole = parts as u32;
    Use::Part(whole.saturating_add(u32::from(f64::from(whole) < parts)))
}
