//! Every check that stands between a want and an order, as one table: what it looks at, where it is
//! made, the reasons it gives, the limits that set it. `docs/risk.md` is printed from it.

use std::fmt::Write as _;

use super::Refusal;
use super::limits::{LIMITS, Profile};

/// Where a check is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Of each order, before it is one.
    Order,
    /// Of what the sleeve, the venue or the account did; it stands until a record changes it.
    Standing,
    /// Of the market that the order is meant for.
    Market,
    /// By what can be built at all: nothing else compiles, or is taken in.
    Construction,
    /// By a breaker that is opened beside, and holds until it is closed.
    Breaker,
    /// After the order left.
    After,
}

impl Made {
    /// The word in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Standing => "standing",
            Self::Market => "market",
            Self::Construction => "construction",
            Self::Breaker => "breaker",
            Self::After => "after",
        }
    }
}

/// One check.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its code, for audits.
    pub code: &'static str,
    /// What it sees to.
    pub what: &'static str,
    /// Where it is made.
    pub made: Made,
    /// It is made of what only closes, too.
    pub always: bool,
    /// The reasons it gives.
    pub refusals: &'static [Refusal],
    /// The limits that set it, by name.
    pub limits: &'static [&'static str],
}

macro_rules! check {
    ($code:literal, $made:ident, always, $($rest:tt)*) => {
        Check { always: true, ..check!($code, $made, $($rest)*) }
    };
    ($code:literal, $made:ident, $what:literal, [$($refusal:ident),*], [$($limit:literal),*]) => {
        Check {
            code: $code,
            what: $what,
            made: Made::$made,
            always: false,
            refusals: &[$(Refusal::$refusal),*],
            limits: &[$($limit),*],
        }
    };
}

/// Every check, in the order of their codes.
pub const CHECKS: [Check; 40] = [
    check!(
        "R01",
        Order,
        always,
        "every number is finite, above zero and fits",
        [NotUsable, TooLarge],
        []
    ),
    check!(
        "R02",
        Order,
        always,
        "on the tick and the lot; no less and no more than the venue takes",
        [BelowMinimum, QtyLimit],
        []
    ),
    check!("R03", Standing, always, "the venue trades the instrument", [NotTradable, Frozen], []),
    check!("R04", Market, always, "no price far beyond the mark", [Collar], ["collar"]),
    check!(
        "R05",
        Market,
        always,
        "no price far beyond where the market was",
        [Drift],
        ["drift_max"]
    ),
    check!(
        "R06",
        Market,
        always,
        "what takes leaves with a worst price, and only into what the book shows",
        [Depth],
        ["collar", "impact_max"]
    ),
    check!("R07", Order, "no more base than one order may have", [QtyLimit], []),
    check!("R08", Order, "no more worth than one order may have", [OrderLimit], ["order_max"]),
    check!(
        "R09",
        Market,
        "a small part of the book, and of what a day trades",
        [Depth, Volume],
        ["depth_share_max", "volume_share_max"]
    ),
    check!(
        "R10",
        Order,
        "one instrument, with all that works or is in doubt",
        [PositionLimit],
        ["position_max"]
    ),
    check!("R11", Order, "all instruments, longs and shorts", [GrossLimit], ["gross_max"]),
    check!(
        "R12",
        Order,
        "longs against shorts, of all and of what moves together",
        [NetLimit, GroupLimit],
        ["net_max", "group_max"]
    ),
    check!(
        "R13",
        Order,
        "there is equity, all that is owed has a price, and liquidation is far",
        [NoEquity, NoPrice, Margin],
        ["liquidation_distance_min"]
    ),
    check!(
        "R14",
        Order,
        "what is spent is free, what is sold is held",
        [FreeCash, Shorting],
        ["borrowing", "shorting"]
    ),
    check!(
        "R15",
        Standing,
        "not too many orders",
        [TooManyOrders],
        ["orders_working_max", "orders_instrument_max"]
    ),
    check!("R16", Order, "not too much that waits", [Unexecuted], ["unexecuted_max"]),
    check!("R17", Standing, "messages to a venue", [MessageRate], ["messages_max"]),
    check!("R18", Standing, "cancels for each fill", [CancelRatio], ["cancels_per_fill_max"]),
    check!("R19", Order, always, "not the same order twice", [Duplicate], ["duplicate_window_s"]),
    check!("R20", Construction, always, "an order id is used once: epoch and sequence", [], []),
    check!("R21", Order, "no trade with an order of ours", [SelfTrade], []),
    check!("R22", Market, always, "the price is new", [NoPrice, StalePrice], ["price_age_max_s"]),
    check!(
        "R23",
        Market,
        "the market can be believed: whole, not crossed, not wide, no jump, venues agree",
        [NoPrice, Spread, Jump, Deviation],
        ["spread_max", "jump_max", "deviation_max"]
    ),
    check!("R24", Breaker, "the clock is right", [BreakerOpen], []),
    check!("R25", Order, always, "the signal is a number", [NotUsable], []),
    check!("R26", Order, always, "what may only reduce reduces", [ReduceOnly], []),
    check!("R27", Breaker, "loss of the UTC day", [BreakerOpen], ["daily_loss_max"]),
    check!(
        "R28",
        Breaker,
        "fall from the highest equity, and what a gap would make of it",
        [BreakerOpen],
        ["drawdown_max", "gap_assumed"]
    ),
    check!(
        "R29",
        Standing,
        "losses in a row, and how fast equity falls",
        [LossStreak, LossVelocity],
        ["loss_streak_max", "loss_hour_max"]
    ),
    check!("R30", Standing, "a strategy that fires without end", [Repeats], ["repeats_max"]),
    check!(
        "R31",
        Standing,
        "a pause after a loss",
        [CoolDown, LossStreak],
        ["loss_order_max", "cooldown_s"]
    ),
    check!("R32", Standing, always, "the trading state", [ReducingOnly, Halted], []),
    check!("R33", Standing, "every breaker it depends on is closed", [BreakerOpen], []),
    check!("R34", Order, always, "terms that an order can have", [Terms, NotAmendable], []),
    check!("R35", Standing, "every limit has a value that it may have", [Limits], []),
    check!("R36", Market, "it does not cost too much to open and to close", [Cost], ["cost_max"]),
    check!(
        "R37",
        Standing,
        "what the account may lose was measured lately, and is within its budgets",
        [Unmeasured, VarLimit, CvarLimit],
        ["var_max", "cvar_max", "measure_age_max_s"]
    ),
    check!(
        "A2",
        Standing,
        "orders in doubt, of the instrument and of the venue",
        [OrderUnknown, UnknownBudget],
        ["unknown_max"]
    ),
    check!(
        "A5",
        After,
        "a position has the stop that is wanted behind it, at its venue",
        [BreakerOpen],
        ["unprotected_max_s"]
    ),
    check!(
        "A7",
        After,
        always,
        "a fill at a price that its order does not allow freezes",
        [Frozen],
        []
    ),
];

/// The table of checks and the table of limits, as documents have them.
#[must_use]
pub fn table() -> String {
    let mut out = String::from(
        "| code | what it sees to | where | reasons | limits |\n| --- | --- | --- | --- | --- |\n",
    );
    let quoted = |names: &mut dyn Iterator<Item = &str>| {
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
    };
    for Check { code, what, made, always, refusals, limits } in CHECKS {
        let reasons = quoted(&mut refusals.iter().map(|refusal| refusal.name()));
        let limits = quoted(&mut limits.iter().copied());
        // Writing to a string cannot fail.
        let made = if always { format!("{}, always", made.name()) } else { made.name().to_owned() };
        let _ = writeln!(out, "| {code} | {what} | {made} | {reasons} | {limits} |");
    }
    out
}

/// Every limit with its value in each profile, and up to where it needs no reason.
#[must_use]
pub fn limits_table() -> String {
    let [first, second, third] = Profile::NAMES;
    let mut out = format!(
        "| limit | what it is | {first} | {second} | {third} | without a reason |\n\
         | --- | --- | --- | --- | --- | --- |\n"
    );
    for limit in LIMITS {
        let [one, two, three] = limit.values;
        let (name, meaning, safe) = (limit.name, limit.meaning, limit.safe.in_words());
        let _ = writeln!(out, "| `{name}` | {meaning} | {one} | {two} | {three} | {safe} |");
    }
    out
}
