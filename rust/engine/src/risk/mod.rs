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

pub mod board;
pub mod breaker;
mod change;
mod crossing;
mod exit;
mod held;
pub mod limits;
pub mod monitor;
mod pass;
mod protection;
pub mod remedy;
mod sizing;
pub mod supervisor;
mod terms;

use crate::event::{
    Intent, NewOrder, OrderId, OrderTerms, Side, Size, SleeveId, TradingState, Want,
};
use crate::exposure::{Account, Exposure, Mark};
use crate::instrument::{Instrument, InstrumentId, UnitError};
use crate::units::{Amount, Nanos, Overflow, Price, Qty, Rate, Rounding};
use breaker::Breakers;
pub use change::{ApprovedChange, Change, assess_change};
pub use crossing::{Offer, crossing_price, offered};
pub use exit::{Exit, assess_exit};
pub use held::{Release, assess_held, assess_held_exit};
use limits::Profile;
pub use pass::{Armed, Refusals, Ticket};
use sizing::{Asked, Room};

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

/// Why risk said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Refusal {
    /// The instrument has no believable price.
    NoPrice = 0,
    /// Its price is too old.
    StalePrice = 1,
    /// There is no equity to risk.
    NoEquity = 2,
    /// A number that is not finite, or a size that is not above zero.
    NotUsable = 3,
    /// A size or price that does not fit.
    TooLarge = 4,
    /// A breaker is not closed, and the order would not reduce.
    BreakerOpen = 5,
    /// Only reducing orders are allowed.
    ReducingOnly = 6,
    /// Nothing but cancels is allowed.
    Halted = 7,
    /// The instrument's cap leaves no room.
    PositionLimit = 8,
    /// The account's gross cap leaves no room.
    GrossLimit = 9,
    /// The cap of one order leaves no room.
    OrderLimit = 10,
    /// No cash is free.
    FreeCash = 11,
    /// The profile does not sell what is not held.
    Shorting = 12,
    /// Smaller than the instrument's lot or least notional.
    BelowMinimum = 13,
    /// The limit price is too far from the mark.
    Collar = 14,
    /// As many orders work as may.
    TooManyOrders = 15,
    /// Something of the instrument cannot be explained.
    Frozen = 16,
    /// The fate of an order of the instrument is unknown: only reducing orders are allowed.
    OrderUnknown = 17,
    /// Terms that no order can have: over before it begins, post-only and at once, or without a
    /// limit.
    Terms = 18,
    /// It may only reduce, and so much is not held.
    ReduceOnly = 19,
    /// An order that cannot be amended: it is over or on its way out, has no limit, or its venue
    /// gives it no other one under its id.
    NotAmendable = 20,
}

/// Most orders of the account that may work at once; reducing orders pass beyond it.
pub const ORDERS_WORKING_MAX: usize = 200;

impl Refusal {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 21] = [
        Self::NoPrice,
        Self::StalePrice,
        Self::NoEquity,
        Self::NotUsable,
        Self::TooLarge,
        Self::BreakerOpen,
        Self::ReducingOnly,
        Self::Halted,
        Self::PositionLimit,
        Self::GrossLimit,
        Self::OrderLimit,
        Self::FreeCash,
        Self::Shorting,
        Self::BelowMinimum,
        Self::Collar,
        Self::TooManyOrders,
        Self::Frozen,
        Self::OrderUnknown,
        Self::Terms,
        Self::ReduceOnly,
        Self::NotAmendable,
    ];

    /// The reason's name in reports, metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoPrice => "no_price",
            Self::StalePrice => "stale_price",
            Self::NoEquity => "no_equity",
            Self::NotUsable => "not_usable",
            Self::TooLarge => "too_large",
            Self::BreakerOpen => "breaker_open",
            Self::ReducingOnly => "reducing_only",
            Self::Halted => "halted",
            Self::PositionLimit => "position_limit",
            Self::GrossLimit => "gross_limit",
            Self::OrderLimit => "order_limit",
            Self::FreeCash => "free_cash",
            Self::Shorting => "shorting",
            Self::BelowMinimum => "below_minimum",
            Self::Collar => "collar",
            Self::TooManyOrders => "too_many_orders",
            Self::Frozen => "frozen",
            Self::OrderUnknown => "order_unknown",
            Self::Terms => "terms",
            Self::ReduceOnly => "reduce_only",
            Self::NotAmendable => "not_amendable",
        }
    }
}

impl From<Overflow> for Refusal {
    fn from(_: Overflow) -> Self {
        Self::TooLarge
    }
}

impl From<UnitError> for Refusal {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::TooLarge => Self::TooLarge,
            UnitError::NotFinite
            | UnitError::NotPositive(_)
            | UnitError::NotANumber(_)
            | UnitError::TooFine { .. }
            | UnitError::OneAsset(..)
            | UnitError::NotAnInstrument(_) => Self::NotUsable,
        }
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
    /// Its price.
    pub mark: Option<Mark>,
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
    /// The limits.
    pub profile: &'a Profile,
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
    let share = view.account.equity.times(view.allocation, Rounding::Down)?;
    let worth = share.times(quoted.size, Rounding::Down)?;
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
    let mark = view.mark.ok_or(Refusal::NoPrice)?;
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
        let room = Room::of(asked.side, view, mark.price)?;
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

/// Whether the state of the system lets this through: reducing passes all but a halt.
fn permit(view: &View<'_>, reduces: bool) -> Result<(), Refusal> {
    match view.trading_state {
        TradingState::Halted => return Err(Refusal::Halted),
        TradingState::Reducing if !reduces => return Err(Refusal::ReducingOnly),
        TradingState::Reducing | TradingState::Active => {}
    }
    if view.frozen {
        return Err(Refusal::Frozen);
    }
    if reduces {
        return Ok(());
    }
    if view.doubtful {
        return Err(Refusal::OrderUnknown);
    }
    if !view.breakers.all_closed() {
        return Err(Refusal::BreakerOpen);
    }
    if view.account.unpriced {
        return Err(Refusal::NoPrice);
    }
    if !view.account.equity.is_positive() {
        return Err(Refusal::NoEquity);
    }
    if view.working >= ORDERS_WORKING_MAX {
        return Err(Refusal::TooManyOrders);
    }
    Ok(())
}

/// A limit price on the tick, not worse than it was asked for.
fn on_tick(price: f64, side: Side, view: &View<'_>) -> Result<Price, Refusal> {
    let price = match side {
        Side::Buy => view.instrument.tick_down(price)?,
        Side::Sell => view.instrument.tick_up(price)?,
    };
    if price.is_positive() { Ok(price) } else { Err(Refusal::NotUsable) }
}

/// A limit price that is not too far on the wrong side of the mark.
fn collared(price: Price, side: Side, view: &View<'_>, mark: Mark) -> Result<Price, Refusal> {
    let worst = collared_at(view.instrument, side, mark, view.profile.collar)?;
    let outside = match side {
        Side::Buy => price > worst,
        Side::Sell => price < worst,
    };
    if outside { Err(Refusal::Collar) } else { Ok(price) }
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
