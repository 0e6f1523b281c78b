//! [`Intent`] → [`Approved`] or [`Refusal`]. The only place an order can come from.
//!
//! It fails closed: a missing price, mark, balance or limit refuses. The field of [`Approved`] is
//! private to this room, so nothing else can build one:
//!
//! ```compile_fail
//! # fn forge(order: bot4_engine::event::NewOrder) {
//! let forged = bot4_engine::risk::Approved { order };
//! # }
//! ```
//!
//! ```compile_fail
//! # fn forge(order: bot4_engine::event::NewOrder) {
//! let forged = bot4_engine::risk::Approved(order);
//! # }
//! ```

mod band;
pub mod board;
pub mod breaker;
mod change;
pub mod check;
mod crossing;
mod exit;
mod held;
mod judged;
pub mod limits;
mod measured;
pub mod monitor;
mod pass;
mod protection;
mod reach;
mod refusal;
pub mod remedy;
mod sizing;
mod standing;
pub mod supervisor;
mod terms;
pub mod uses;

use crate::book::Ladder;
use crate::event::{
    Intent, Measure, NewOrder, OrderId, OrderTerms, Side, Size, SleeveId, TradingState, Want,
};
use crate::exposure::{Account, Conduct, Exposure, Group, Mark, Resting, Sight};
use crate::instrument::{Instrument, InstrumentId};
use crate::units::{Amount, Nanos, Overflow, Price, Qty, Rate, Rounding};
use breaker::Breakers;
pub use change::{ApprovedChange, Change, assess_change};
pub use crossing::{Offer, crossing_price, offered};
pub use exit::{Exit, assess_exit};
pub use held::{Release, assess_held, assess_held_exit};
pub use judged::{Judged, judge};
use limits::Profile;
pub use pass::{Armed, Passed, Ticket};
pub use refusal::{Refusal, Refusals};
use sizing::{Asked, Room};
pub use standing::MESSAGES_S;
pub(crate) use standing::lasts;
use standing::permit;

/// An order that passed every check. It is used up by [`Orders::place`](crate::order::Orders).
#[derive(Debug, PartialEq, Eq)]
pub struct Approved(NewOrder);

impl Approved {
    /// The same as another attempt at what an order did not do.
    #[must_use]
    pub fn replacing(self, dead: Option<OrderId>) -> Self {
        Self(NewOrder { replaces: dead.or(self.0.replaces), ..self.0 })
    }

    /// What was approved; the approval is used up.
    #[must_use]
    pub fn into_order(self) -> NewOrder {
        self.0
    }
}

/// All that risk looks at. A missing mark is `None`, and refuses.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The time of the event that is being handled.
    pub now: Nanos,
    /// Which instrument.
    pub id: InstrumentId,
    /// Its rules.
    pub instrument: &'a Instrument,
    /// What the account holds of it and has working: limits look at all of it.
    pub exposure: &'a Exposure,
    /// What the sleeve holds, which is what a target is measured from.
    pub holding: Qty,
    /// Base that working buys may still buy, where several sleeves close at once; `None`: one alone
    /// does, or a buy is sized in quote, and beside a working buy no other is known to close.
    pub buying: Option<Qty>,
    /// The account.
    pub account: &'a Account,
    /// Its price, and what that is judged by.
    pub sight: Option<Sight>,
    /// Every level of its book, where one is told.
    pub ladder: Option<&'a Ladder>,
    /// What was seen traded of it within a day, in quote units.
    pub turnover: Amount,
    /// Its venue trades it.
    pub tradable: bool,
    /// Another venue says another price.
    pub deviates: bool,
    /// All that is held, and all of the instrument's group, in the account's currency.
    pub all: Group,
    /// All of the instruments that move with it.
    pub group: Group,
    /// What works of the instrument and at its venue.
    pub resting: Resting,
    /// What the sleeve did lately.
    pub conduct: Conduct,
    /// The highest equity of the last hour.
    pub hour_peak: Amount,
    /// What of its caps and sizes is in force: half of them on the day after a daily loss.
    pub scale: Rate,
    /// How many orders of the account work.
    pub working: usize,
    /// The sleeve's share of the equity.
    pub allocation: Rate,
    /// Every component's breaker.
    pub breakers: Breakers,
    /// How much may be done.
    pub trading_state: TradingState,
    /// Something of the instrument cannot be explained.
    pub frozen: bool,
    /// The fate of an order of the instrument is unknown.
    pub doubtful: bool,
    /// What the account may lose, as it was measured last.
    pub measure: Option<Measure>,
    /// The limits.
    pub profile: &'a Profile,
    /// Every limit has a value that it may have.
    pub sound: bool,
}

impl View<'_> {
    /// A fraction of the equity, of which as much is in force as there may be.
    fn cap(&self, limit: Rate) -> Result<Amount, Overflow> {
        let cap = self.account.equity.times(limit, Rounding::Down)?;
        if self.scale == Rate::ONE { Ok(cap) } else { cap.times(self.scale, Rounding::Down) }
    }

    /// Up to when what stands now stands; later the measure is too old, though nothing was written
    /// down meanwhile.
    #[must_use]
    pub fn stands_until(&self) -> Nanos {
        measured::stands_until(self)
    }

    /// The sleeve's share of the equity.
    fn share(&self) -> Result<Amount, Overflow> {
        self.cap(self.allocation)
    }
}

/// An approval and, where a limit made the order smaller, which.
#[derive(Debug, PartialEq, Eq)]
pub struct Assessment {
    /// What may be ordered.
    pub approved: Approved,
    /// The limit that set the size, where it is below what was asked for.
    pub clipped: Option<Refusal>,
}

/// One order of a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted {
    /// Whose.
    pub sleeve: SleeveId,
    /// Which way.
    pub side: Side,
    /// On the tick, and above nothing.
    pub price: Price,
    /// What it is worth, as a fraction of the sleeve's equity.
    pub size: Rate,
}

/// Check an intent. `Ok(None)`: there is nothing to do, since it is already held.
///
/// [`Want::CancelAll`] and [`Want::Exits`] are no orders and need no approval; the orders of a
/// [`Want::Quote`] are checked one by one, by [`assess_quoted`].
pub fn assess(intent: &Intent, view: &View<'_>) -> Result<Option<Assessment>, Refusal> {
    let (limit, terms) = match intent.want {
        Want::CancelAll
        | Want::Cancel { .. }
        | Want::Amend { .. }
        | Want::Quote(_)
        | Want::Exits(_) => return Ok(None),
        Want::Target { .. } => (None, OrderTerms::default()),
        Want::Trade { limit, terms, .. } => (limit, terms),
    };
    terms::check(&terms, limit.is_some(), view.now)?;
    let held = terms.stop.is_some_and(|stop| !terms::can_wait(&stop, view.instrument));
    let terms = OrderTerms { held, ..terms };
    let mark = terms::at_trigger(believable(view)?, &intent.want)?;
    let Some(asked) = Asked::of(&intent.want, view, mark.price)? else {
        return Ok(None);
    };
    let (asked, cut) = terms::reduced(asked, &terms, view)?;
    let admitted = admit(asked, view)?;
    let limit = limit.map(|price| on_tick(price, admitted.asked.side, view)).transpose()?;
    let Assessment { approved, clipped } = size_up(intent.sleeve, admitted, limit, (view, mark))?;
    let clipped = clipped.or(cut);
    Ok(Some(Assessment { approved: approved.on(terms), clipped }))
}

/// Check one order of a quote. It makes a market, so it never takes.
pub fn assess_quoted(quoted: &Quoted, view: &View<'_>) -> Result<Assessment, Refusal> {
    let mark = believable(view)?;
    let worth = view.share()?.times(quoted.size, Rounding::Down)?;
    if !worth.is_positive() {
        return Err(Refusal::NoEquity);
    }
    if !quoted.price.is_positive() {
        return Err(Refusal::NotUsable);
    }
    let qty = view.instrument.qty_worth(worth, quoted.price)?;
    if !qty.is_positive() {
        return Err(Refusal::BelowMinimum);
    }
    let asked = Asked { side: quoted.side, size: Size::Base(qty) };
    let limit = Some(quoted.price);
    let Assessment { approved, clipped } =
        size_up(quoted.sleeve, admit(asked, view)?, limit, (view, mark))?;
    let terms = OrderTerms { post_only: true, ..OrderTerms::default() };
    Ok(Assessment { approved: approved.on(terms), clipped })
}

/// The mark, where it is fresh.
fn believable(view: &View<'_>) -> Result<Mark, Refusal> {
    let mark = view.sight.ok_or(Refusal::NoPrice)?.mark;
    let age = view.now.minus(mark.ts)?;
    if age > view.profile.price_age_max || age.is_negative() {
        return Err(Refusal::StalePrice);
    }
    if mark.price.is_positive() { Ok(mark) } else { Err(Refusal::NoPrice) }
}

/// What the limits leave of what was let through, at a limit that is not too far off.
fn size_up(
    sleeve: SleeveId,
    Admitted { asked, reduces, clipped }: Admitted,
    limit: Option<Price>,
    (view, mark): (&View<'_>, Mark),
) -> Result<Assessment, Refusal> {
    let limit = limit.map(|price| collared(price, asked.side, view, mark)).transpose()?;
    // At worst: a buy costs its limit, a sell below the market fetches the market's price.
    let price = match asked.side {
        Side::Buy => limit.unwrap_or(mark.price),
        Side::Sell => limit.unwrap_or(mark.price).max(mark.price),
    };
    let (asked, clipped) = if reduces {
        (asked, clipped)
    } else {
        let here = view.sight.ok_or(Refusal::NoPrice)?.mark.price;
        let mut room = Room::of(asked.side, view, mark.price)?;
        if here == mark.price {
            if meets_own(asked.side, limit, view) {
                return Err(Refusal::SelfTrade);
            }
            if takes(limit, asked.side, view) {
                room = room.in_depth(asked.side, view)?;
            }
        } else {
            // What waits for a trigger fills elsewhere: it has room there and here, and the market
            // that it meets is not this one.
            room = room.tighter(Room::of(asked.side, view, here)?);
        }
        asked.clip(&room, view, price)?
    };
    let worth = asked.notional(view.instrument, price)?;
    let too_small = match asked.size {
        Size::Base(qty) => !qty.is_positive(),
        // What it buys must fit, now and not when it fills.
        Size::Quote(budget) => !view.instrument.qty_worth(budget, price)?.is_positive(),
    };
    if too_small || (!reduces && worth < view.instrument.notional_min) {
        return Err(clipped.unwrap_or(Refusal::BelowMinimum));
    }
    let reserve = match (asked.side, asked.size) {
        (Side::Sell, _) => Amount::ZERO,
        (Side::Buy, Size::Quote(budget)) => budget,
        (Side::Buy, Size::Base(_)) => sizing::with_fee(worth, view.instrument.taker_fee)?,
    };
    let order = NewOrder {
        sleeve,
        instrument: view.id,
        side: asked.side,
        size: asked.size,
        limit,
        reserve,
        terms: OrderTerms::default(),
        replaces: None,
    };
    Ok(Assessment { approved: Approved(order), clipped })
}

/// What the state of the system lets through.
struct Admitted {
    asked: Asked,
    reduces: bool,
    clipped: Option<Refusal>,
}

/// Where the state of the system allows only reducing, an order that would go on to open the other
/// side keeps the part that closes: no breaker ever holds a position in.
fn admit(asked: Asked, view: &View<'_>) -> Result<Admitted, Refusal> {
    let reduces = asked.reduces(view)?;
    match permit(view, reduces) {
        Ok(()) => Ok(Admitted { asked, reduces, clipped: None }),
        Err(refusal @ (Refusal::Halted | Refusal::Frozen)) => Err(refusal),
        Err(refusal) => {
            let asked = asked.closing(view)?.ok_or(refusal)?;
            Ok(Admitted { asked, reduces: true, clipped: Some(refusal) })
        }
    }
}

/// A limit price on the tick, not worse than it was asked for.
fn on_tick(price: f64, side: Side, view: &View<'_>) -> Result<Price, Refusal> {
    let price = match side {
        Side::Buy => view.instrument.tick_down(price)?,
        Side::Sell => view.instrument.tick_up(price)?,
    };
    if price.is_positive() { Ok(price) } else { Err(Refusal::NotUsable) }
}

/// Whether an order of such a limit would take what rests now, as far as that is known.
fn takes(limit: Option<Price>, side: Side, view: &View<'_>) -> bool {
    let reached = |limit, sight: Sight| match side {
        Side::Buy => limit >= sight.ask,
        Side::Sell => limit <= sight.bid,
    };
    limit.is_none_or(|limit| view.sight.is_none_or(|sight| reached(limit, sight)))
}

/// Whether an order of ours rests where this one would meet it: up to its limit, or at the touch.
fn meets_own(side: Side, limit: Option<Price>, view: &View<'_>) -> bool {
    let Some(sight) = view.sight else {
        return true;
    };
    let reaches = |own: Price| match side {
        Side::Buy => limit.unwrap_or(sight.ask) >= own,
        Side::Sell => limit.unwrap_or(sight.bid) <= own,
    };
    opposite(side, view).is_some_and(reaches)
}

/// Where the nearest order of ours rests on the other side.
fn opposite(side: Side, view: &View<'_>) -> Option<Price> {
    match side {
        Side::Buy => view.resting.sell,
        Side::Sell => view.resting.buy,
    }
}

/// A limit price that is not too far on the wrong side of the mark, now and a minute ago.
fn collared(price: Price, side: Side, view: &View<'_>, mark: Mark) -> Result<Price, Refusal> {
    let outside = |worst: Price| match side {
        Side::Buy => price > worst,
        Side::Sell => price < worst,
    };
    if outside(collared_at(view.instrument, side, mark, view.profile.collar)?) {
        return Err(Refusal::Collar);
    }
    let (before, drift) =
        (view.sight.map_or(mark.price, |sight| sight.before), view.profile.drift_max);
    let before = Mark { price: before, ..mark };
    if drift < Rate::ONE && outside(collared_at(view.instrument, side, before, drift)?) {
        return Err(Refusal::Drift);
    }
    Ok(price)
}

/// Where the collar around the mark ends for a side.
fn collared_at(
    rules: &Instrument,
    side: Side,
    mark: Mark,
    collar: Rate,
) -> Result<Price, Overflow> {
    match side {
        Side::Buy => rules.moved(mark.price, collar),
        Side::Sell => rules.moved(mark.price, collar.negated()?),
    }
}
