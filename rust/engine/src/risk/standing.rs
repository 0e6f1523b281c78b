//! What no order that opens can pass as things stand: the state of the system, of the market, and
//! of what the sleeve did lately. What only reduces passes all but a halt, a freeze, and a venue
//! that does not trade.

use super::measured::budgets;
use super::monitor::beyond;
use super::{Refusal, Refusals, View};
use crate::event::TradingState;
use crate::exposure::Sight;
use crate::units::{Amount, Nanos, Overflow, Price, Rate, Rounding};

/// Over how many seconds messages are counted.
pub const MESSAGES_S: u32 = 10;

/// Whether the state of the system lets this through.
pub(super) fn permit(view: &View<'_>, reduces: bool) -> Result<(), Refusal> {
    for (refusal, fails) in always(view) {
        if fails {
            return Err(refusal);
        }
    }
    if reduces {
        return Ok(());
    }
    let sight = view.sight.ok_or(Refusal::NoPrice)?;
    let market = [
        (Refusal::Jump, jumped(&sight, view.profile.jump_max)),
        (Refusal::Spread, is_wide(&sight, view.profile.spread_max)),
        (Refusal::Cost, is_wide(&sight, spread_left(view)?)),
    ];
    let standing = opening(view)?.into_iter().chain(budgets(view));
    for (refusal, fails) in standing.chain(market) {
        if fails {
            return Err(refusal);
        }
    }
    Ok(())
}

/// The checks that are the same for every order that opens until a record changes the state.
pub(super) fn standing(view: &View<'_>) -> Result<Refusals, Refusal> {
    let mut fails = Refusals::default();
    for (refusal, failed) in always(view).into_iter().chain(opening(view)?).chain(budgets(view)) {
        fails.note(refusal, failed);
    }
    Ok(fails)
}

/// What holds for every order.
fn always(view: &View<'_>) -> [(Refusal, bool); 3] {
    [
        (Refusal::Halted, view.trading_state == TradingState::Halted),
        (Refusal::Frozen, view.frozen),
        (Refusal::NotTradable, !view.tradable),
    ]
}

/// What holds for orders that open.
fn opening(view: &View<'_>) -> Result<[(Refusal, bool); 16], Overflow> {
    let (profile, account) = (view.profile, view.account);
    let (resting, conduct) = (&view.resting, &view.conduct);
    let working = u32::try_from(view.working).unwrap_or(u32::MAX);
    let crowded =
        working >= profile.orders_working_max || resting.orders >= profile.orders_instrument_max;
    let messages_max = profile.messages_max.saturating_mul(MESSAGES_S);
    let cancels_max = profile.cancels_per_fill_max.saturating_mul(conduct.fills.max(1));
    let rests = lasts(view.now, conduct.lost_at, profile.cooldown);
    let loss_max = account.equity.times(profile.loss_order_max, Rounding::Down)?;
    Ok([
        (Refusal::Limits, !view.sound),
        (Refusal::NotUsable, is_broken(view)),
        (Refusal::ReducingOnly, view.trading_state == TradingState::Reducing),
        (Refusal::OrderUnknown, view.doubtful),
        (Refusal::UnknownBudget, resting.unknown >= profile.unknown_max),
        (Refusal::BreakerOpen, !view.breakers.all_closed()),
        (Refusal::NoPrice, account.unpriced),
        (Refusal::NoEquity, !account.equity.is_positive()),
        (Refusal::LossVelocity, beyond(view.hour_peak, account.equity, profile.loss_hour_max)?),
        (Refusal::TooManyOrders, crowded),
        (Refusal::MessageRate, conduct.messages >= messages_max),
        (Refusal::CancelRatio, conduct.cancels > cancels_max),
        (Refusal::Repeats, conduct.takes >= profile.repeats_max),
        (Refusal::LossStreak, rests && conduct.losses >= profile.loss_streak_max),
        (Refusal::CoolDown, rests && conduct.lost > loss_max),
        (Refusal::Deviation, view.deviates),
    ])
}

/// Whether something is below nothing that cannot be.
fn is_broken(view: &View<'_>) -> bool {
    let (account, exposure) = (view.account, view.exposure);
    let short = account.working_short.is_some_and(Amount::is_negative);
    let working = exposure.working_buy.is_negative() || exposure.working_sell.is_negative();
    account.reserved.is_negative() || account.gross.is_negative() || short || working
}

/// Whether so long has not passed since then.
pub(crate) fn lasts(now: Nanos, since: Nanos, span: Nanos) -> bool {
    now.mantissa().saturating_sub(since.mantissa()) < span.mantissa()
}

/// Whether the market moved too far to be believed; a limit of 100 % is off.
#[inline]
pub(super) fn jumped(sight: &Sight, limit: Rate) -> bool {
    let (now, before) = (sight.mark.price.mantissa(), sight.before.mantissa());
    is_more(now.abs_diff(before), sight.before, limit)
}

/// What the fees of opening and closing leave of what both may cost, for the spread; below nothing
/// no market is narrow enough. A limit of 100 % is off.
pub(super) fn spread_left(view: &View<'_>) -> Result<Rate, Overflow> {
    let (most, fee) = (view.profile.cost_max, view.instrument.taker_fee);
    if most >= Rate::ONE { Ok(most) } else { most.minus(fee)?.minus(fee) }
}

/// Whether bid and ask are too far apart; a limit of 100 % is off.
#[inline]
pub(super) fn is_wide(sight: &Sight, limit: Rate) -> bool {
    let (bid, ask) = (sight.bid.mantissa(), sight.ask.mantissa());
    is_more(ask.abs_diff(bid), sight.mark.price, limit)
}

#[inline]
fn is_more(apart: u64, of: Price, limit: Rate) -> bool {
    let most = i128::from(of.mantissa()) * i128::from(limit.mantissa());
    (limit < Rate::ONE) & (i128::from(apart) * i128::from(Rate::ONE.mantissa()) > most)
}
