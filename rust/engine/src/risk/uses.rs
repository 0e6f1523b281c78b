//! How much of each limit is in use, for people to look at. Nothing is decided by it: the checks do
//! their own sums. What is used is rounded up and what it is part of down, so that what is full is
//! never shown as not quite full.

use super::limits::{COUNT_MAX, Profile, SECOND_NS, SECONDS_MAX};
use super::measured::current;
use super::monitor::Monitor;
use super::sizing::{taken, toward, working};
use super::standing::{MESSAGES_S, lasts};
use super::{Refusal, View};
use crate::event::{Measure, Side};
use crate::exposure::{Exposure, Group, Sight};
use crate::units::{Amount, Nanos, Overflow, Price, Rate, Rounding, mul_div};

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
        Gauge { limit: $limit, reach: Reach::$reach, read: $read }
    };
}

/// Every limit that is in use between orders, in the order of [`LIMITS`](super::limits::LIMITS).
/// The others are looked at with each order and hold nothing meanwhile.
pub const GAUGES: [Gauge; 24] = [
    gauge!("position_max", Instrument, |view, _| position(view)),
    gauge!("gross_max", Account, |view, _| {
        capped(view, view.profile.gross_max, || taken(view))
    }),
    gauge!("net_max", Account, |view, _| {
        capped(view, view.profile.net_max, || outward(&view.all))
    }),
    gauge!("group_max", Group, |view, _| {
        capped(view, view.profile.group_max, || outward(&view.group))
    }),
    gauge!("liquidation_distance_min", Account, |view, _| distance(view)),
    gauge!("unexecuted_max", Account, |view, _| {
        capped(view, view.profile.unexecuted_max, || working(view))
    }),
    gauge!("daily_loss_max", Account, |view, monitor| {
        let (_, day_start) = monitor.peak_and_day_start();
        fallen(day_start, monitor.last(), view.profile.daily_loss_max)
    }),
    gauge!("drawdown_max", Account, |view, monitor| {
        let (peak, _) = monitor.peak_and_day_start();
        fallen(peak, monitor.last(), view.profile.drawdown_max)
    }),
    gauge!("gap_assumed", Account, |view, monitor| {
        let gap = monitor.gap(view.profile, view.account.gross)?;
        Ok(gap.map_or(Use::Off, |(takes, bearable)| part(takes, bearable)))
    }),
    gauge!("loss_hour_max", Account, |view, _| {
        fallen(view.hour_peak, view.account.equity, view.profile.loss_hour_max)
    }),
    gauge!("jump_max", Instrument, |view, _| {
        let sight = seen(view)?;
        Ok(apart((sight.mark.price, sight.before), sight.before, view.profile.jump_max))
    }),
    gauge!("spread_max", Instrument, |view, _| {
        let sight = seen(view)?;
        Ok(apart((sight.bid, sight.ask), sight.mark.price, view.profile.spread_max))
    }),
    gauge!("price_age_max_s", Instrument, |view, _| {
        let age = view.now.minus(seen(view)?.mark.ts)?.mantissa();
        Ok(part_of(age.into(), view.profile.price_age_max.mantissa().into()))
    }),
    gauge!("orders_working_max", Account, |view, _| {
        let working = u32::try_from(view.working).unwrap_or(u32::MAX);
        Ok(counted(working, view.profile.orders_working_max, 1))
    }),
    gauge!("orders_instrument_max", Instrument, |view, _| {
        Ok(counted(view.resting.orders, view.profile.orders_instrument_max, 1))
    }),
    gauge!("unknown_max", Venue, |view, _| {
        Ok(counted(view.resting.unknown, view.profile.unknown_max, 1))
    }),
    gauge!("messages_max", Venue, |view, _| {
        Ok(counted(view.conduct.messages, view.profile.messages_max, MESSAGES_S))
    }),
    gauge!("cancels_per_fill_max", Sleeve, |view, _| {
        let fills = view.conduct.fills.max(1);
        Ok(counted(view.conduct.cancels, view.profile.cancels_per_fill_max, fills))
    }),
    gauge!("repeats_max", Sleeve, |view, _| {
        Ok(counted(view.conduct.takes, view.profile.repeats_max, 1))
    }),
    gauge!("loss_streak_max", Sleeve, |view, _| {
        let waits = view.profile.cooldown > Nanos::ZERO;
        let streak = counted(view.conduct.losses, view.profile.loss_streak_max, 1);
        Ok(if waits { streak } else { Use::Off })
    }),
    gauge!("loss_order_max", Sleeve, |view, _| lost(view)),
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

/// How much of what would be left of nothing, were all prices to move so far, is held.
fn distance(view: &View<'_>) -> Result<Use, Refusal> {
    let limit = view.profile.liquidation_distance_min;
    if limit.is_zero() {
        return Ok(Use::Off);
    }
    Ok(part(taken(view)?.times(limit, Rounding::Up)?, view.account.equity))
}

/// Of what the last order that closed may have lost, while its loss is not too long ago.
fn lost(view: &View<'_>) -> Result<Use, Refusal> {
    let Profile { loss_order_max: limit, cooldown, .. } = *view.profile;
    if limit >= Rate::ONE || cooldown == Nanos::ZERO {
        return Ok(Use::Off);
    }
    if !lasts(view.now, view.conduct.lost_at, cooldown) {
        return Ok(Use::Part(0));
    }
    Ok(part(view.conduct.lost, view.account.equity.times(limit, Rounding::Down)?))
}

/// Of what the account may lose; without a measure of now nobody knows, which refuses.
fn budget(view: &View<'_>, limit: Rate, of: fn(&Measure) -> Rate) -> Result<Use, Refusal> {
    if limit >= Rate::ONE {
        return Ok(Use::Off);
    }
    let measure = current(view).ok_or(Refusal::Unmeasured)?;
    Ok(part_of(of(&measure).mantissa().into(), limit.mantissa().into()))
}

/// Of how old a measure may be, where a budget is on.
fn aged(view: &View<'_>) -> Result<Use, Refusal> {
    if !view.profile.has_budget() {
        return Ok(Use::Off);
    }
    let age = view.now.minus(view.measure.ok_or(Refusal::Unmeasured)?.as_of())?;
    Ok(part_of(age.mantissa().into(), view.profile.measure_age_max.mantissa().into()))
}

/// Of a fraction of the equity.
fn capped(
    view: &View<'_>,
    limit: Rate,
    used: impl FnOnce() -> Result<Amount, Refusal>,
) -> Result<Use, Refusal> {
    if limit.mantissa() >= UNCAPPED {
        return Ok(Use::Off);
    }
    Ok(part(used()?, view.cap(limit)?))
}

/// Of a fall from a height; a limit of 100 % is off.
fn fallen(height: Amount, equity: Amount, limit: Rate) -> Result<Use, Refusal> {
    if limit >= Rate::ONE {
        return Ok(Use::Off);
    }
    Ok(part(height.minus(equity)?, height.times(limit, Rounding::Down)?))
}

/// Of how far two prices may be apart, as a fraction of one; a limit of 100 % is off.
fn apart((one, other): (Price, Price), of: Price, limit: Rate) -> Use {
    if limit >= Rate::ONE {
        return Use::Off;
    }
    let apart = i128::from(one.mantissa().abs_diff(other.mantissa()));
    let most = i128::from(of.mantissa()) * i128::from(limit.mantissa());
    part_of(apart * i128::from(Rate::ONE.mantissa()), most)
}

/// Of a count, so many times.
fn counted(count: u32, max: u32, times: u32) -> Use {
    if max >= COUNT_MAX {
        return Use::Off;
    }
    part_of(count.into(), i128::from(max) * i128::from(times))
}

fn part(used: Amount, of: Amount) -> Use {
    part_of(used.mantissa(), of.mantissa())
}

/// Of nothing everything is used: what is limited to nothing has no room.
fn part_of(used: i128, of: i128) -> Use {
    if of <= 0 {
        return Use::Part(if used > 0 { u32::MAX } else { FULL });
    }
    if used <= 0 {
        return Use::Part(0);
    }
    let part = mul_div(used, FULL.into(), of, Rounding::Up);
    let part = part.and_then(|part| u32::try_from(part).map_err(|_| Overflow));
    Use::Part(part.unwrap_or(u32::MAX))
}
