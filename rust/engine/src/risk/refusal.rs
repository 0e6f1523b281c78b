//! Why risk said no: one reason a check. The codes stand in journals and never change.

use crate::instrument::UnitError;
use crate::units::Overflow;

macro_rules! refusals {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $code:literal, $name:literal;)+) => {
        /// Why risk said no.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Refusal {
            $($(#[doc = $meaning])+ $variant = $code,)+
        }

        impl Refusal {
            /// Every reason, in the order of their codes.
            pub const ALL: [Self; [$($code),+].len()] = [$(Self::$variant),+];

            /// The reason's name in reports, metrics and logs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

refusals! {
    /// The instrument has no believable price.
    NoPrice = 0, "no_price";
    /// Its price is too old.
    StalePrice = 1, "stale_price";
    /// There is no equity to risk.
    NoEquity = 2, "no_equity";
    /// A number that is not finite, or a size that is not above zero.
    NotUsable = 3, "not_usable";
    /// A size or price that does not fit.
    TooLarge = 4, "too_large";
    /// A breaker is not closed, and the order would not reduce.
    BreakerOpen = 5, "breaker_open";
    /// Only reducing orders are allowed.
    ReducingOnly = 6, "reducing_only";
    /// Nothing but cancels is allowed.
    Halted = 7, "halted";
    /// The instrument's cap leaves no room.
    PositionLimit = 8, "position_limit";
    /// The account's gross cap leaves no room.
    GrossLimit = 9, "gross_limit";
    /// The cap of one order leaves no room.
    OrderLimit = 10, "order_limit";
    /// No cash is free.
    FreeCash = 11, "free_cash";
    /// The profile does not sell what is not held.
    Shorting = 12, "shorting";
    /// Smaller than the instrument's lot or least notional.
    BelowMinimum = 13, "below_minimum";
    /// The limit price is too far from the mark.
    Collar = 14, "collar";
    /// As many orders work as may, of the account or of the instrument.
    TooManyOrders = 15, "too_many_orders";
    /// Something of the instrument cannot be explained.
    Frozen = 16, "frozen";
    /// The fate of an order of the instrument is unknown: only reducing orders are allowed.
    OrderUnknown = 17, "order_unknown";
    /// Terms that no order can have: over before it begins, post-only and at once, or without a
    /// limit.
    Terms = 18, "terms";
    /// It may only reduce, and so much is not held.
    ReduceOnly = 19, "reduce_only";
    /// An order that cannot be amended: it is over or on its way out, has no limit, or its venue
    /// gives it no other one under its id.
    NotAmendable = 20, "not_amendable";
    /// A limit of the profile has a value that it cannot have.
    Limits = 21, "limits";
    /// Its venue does not trade the instrument now.
    NotTradable = 22, "not_tradable";
    /// Larger than the venue takes, or than the instrument is configured for.
    QtyLimit = 23, "qty_limit";
    /// The limit price is too far from the mark of a minute ago.
    Drift = 24, "drift";
    /// The market moved too far within a minute to be believed.
    Jump = 25, "jump";
    /// Bid and ask are too far apart.
    Spread = 26, "spread";
    /// Another venue says another price.
    Deviation = 27, "deviation";
    /// Too large a part of what the book shows.
    Depth = 28, "depth";
    /// Too large a part of what a day trades, as far as it was seen.
    Volume = 29, "volume";
    /// Longs exceed shorts by too much, or shorts longs.
    NetLimit = 30, "net_limit";
    /// The cap of a group of instruments leaves no room.
    GroupLimit = 31, "group_limit";
    /// Prices would be too near to where the account could not pay.
    Margin = 32, "margin";
    /// Too much waits to be executed.
    Unexecuted = 33, "unexecuted";
    /// Too many messages to the venue.
    MessageRate = 34, "message_rate";
    /// Too many cancels for so few fills.
    CancelRatio = 35, "cancel_ratio";
    /// The same order was placed just now.
    Duplicate = 36, "duplicate";
    /// It would trade with an order of ours.
    SelfTrade = 37, "self_trade";
    /// Equity fell too fast within an hour.
    LossVelocity = 38, "loss_velocity";
    /// Too many losses in a row, the last one too lately.
    LossStreak = 39, "loss_streak";
    /// Too large a loss, too lately.
    CoolDown = 40, "cool_down";
    /// Too many orders that take, within a minute.
    Repeats = 41, "repeats";
    /// The fate of too many orders of the venue is unknown.
    UnknownBudget = 42, "unknown_budget";
    /// There is no measure of what the account may lose, or it is too old.
    Unmeasured = 43, "unmeasured";
    /// The account's value at risk is beyond its budget.
    VarLimit = 44, "var_limit";
    /// Its mean loss beyond the value at risk is beyond its budget.
    CvarLimit = 45, "cvar_limit";
    /// Opening and closing again would cost too much of it.
    Cost = 46, "cost";
}

impl Refusal {
    /// Whether it says no to a moment and not to what is wanted: the same may be had later.
    #[must_use]
    pub const fn passes(self) -> bool {
        match self {
            Self::NotTradable
            | Self::Jump
            | Self::Spread
            | Self::Cost
            | Self::Deviation
            | Self::Depth
            | Self::Volume
            | Self::MessageRate
            | Self::CancelRatio
            | Self::Duplicate
            | Self::SelfTrade
            | Self::LossVelocity
            | Self::LossStreak
            | Self::CoolDown
            | Self::UnknownBudget
            | Self::Unmeasured
            | Self::VarLimit
            | Self::CvarLimit => true,
            Self::NoPrice
            | Self::StalePrice
            | Self::TooManyOrders
            | Self::OrderUnknown
            | Self::NoEquity
            | Self::NotUsable
            | Self::TooLarge
            | Self::BreakerOpen
            | Self::ReducingOnly
            | Self::Halted
            | Self::PositionLimit
            | Self::GrossLimit
            | Self::OrderLimit
            | Self::FreeCash
            | Self::Shorting
            | Self::BelowMinimum
            | Self::Collar
            | Self::Frozen
            | Self::Terms
            | Self::ReduceOnly
            | Self::NotAmendable
            | Self::Limits
            | Self::QtyLimit
            | Self::Drift
            | Self::NetLimit
            | Self::GroupLimit
            | Self::Margin
            | Self::Unexecuted
            | Self::Repeats => false,
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
            | UnitError::BelowZero
            | UnitError::NotPositive(_)
            | UnitError::NotANumber(_)
            | UnitError::TooFine { .. }
            | UnitError::OneAsset(..)
            | UnitError::NotAnInstrument(_) => Self::NotUsable,
        }
    }
}

/// The checks that an order did not pass, one bit a [`Refusal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refusals(u64);

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
    pub(super) const fn note(&mut self, refusal: Refusal, fails: bool) {
        self.0 |= (fails as u64) << (refusal as u8);
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
