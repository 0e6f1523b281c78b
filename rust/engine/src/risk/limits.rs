//! The limits, and the named profiles of them: one row a limit, which is all that is known of it.
//! No field is optional: what is not limited has a limit that cannot bind, written out.

use crate::instrument::{rate_as_text, rate_from_text};
use crate::units::{Nanos, Rate};

pub(super) const SECOND_NS: i64 = 1_000_000_000;
/// A count that no run comes to: the limit is off.
pub const COUNT_MAX: u32 = 1_000_000;
/// The longest time that a limit may ask for: no wait comes to it, the limit is off.
pub(super) const SECONDS_MAX: i64 = 30 * 86_400;

/// Every limit of a run. Rates are fractions of the account's equity where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name, and what was changed of it.
    pub name: String,
    /// Most of one instrument, long or short, working orders counted.
    pub position_max: Rate,
    /// Most of all instruments together, longs and shorts added up.
    pub gross_max: Rate,
    /// Most that longs may exceed shorts by, or shorts longs.
    pub net_max: Rate,
    /// The same of the instruments of one group, which move together.
    pub group_max: Rate,
    /// How far all prices must at least be from where the account could not pay, as a fraction.
    pub liquidation_distance_min: Rate,
    /// Most of one order.
    pub order_max: Rate,
    /// Most of all working orders together.
    pub unexecuted_max: Rate,
    /// Loss since the start of the UTC day that opens the breaker.
    pub daily_loss_max: Rate,
    /// Fall from the highest equity that opens the breaker.
    pub drawdown_max: Rate,
    /// The gap in all prices at once that the fall is bound against: what grew so far beyond its
    /// caps that such a gap would pass the bound opens the same breaker.
    pub gap_assumed: Rate,
    /// Fall within an hour from which on nothing more is opened until the hour is over.
    pub loss_hour_max: Rate,
    /// Furthest a limit price may lie on the wrong side of the mark, as a fraction of it.
    pub collar: Rate,
    /// The same of the mark as it was about a minute ago.
    pub drift_max: Rate,
    /// Furthest the mark may have moved within about a minute, as a fraction of it.
    pub jump_max: Rate,
    /// Widest spread, as a fraction of the mark.
    pub spread_max: Rate,
    /// Most that it may cost to open at the touch and to close again there, the spread and both
    /// fees, as a fraction of what is traded.
    pub cost_max: Rate,
    /// Furthest apart the marks of one asset may be at several venues.
    pub deviation_max: Rate,
    /// Most of what the book shows on the way to [`Profile::impact_max`], as a fraction of it.
    pub depth_share_max: Rate,
    /// How far from the mark what the book shows is counted.
    pub impact_max: Rate,
    /// Most of what was traded within a day, as a fraction of it.
    pub volume_share_max: Rate,
    /// Oldest price that may be traded on.
    pub price_age_max: Nanos,
    /// Most orders of the account that may work.
    pub orders_working_max: u32,
    /// Most orders of an instrument that may work.
    pub orders_instrument_max: u32,
    /// Most orders of a venue whose fate may be unknown.
    pub unknown_max: u32,
    /// Most messages to a venue, a second.
    pub messages_max: u32,
    /// Most cancels for each fill of a strategy within a UTC day.
    pub cancels_per_fill_max: u32,
    /// How long the same order is not placed twice.
    pub duplicate_window: Nanos,
    /// Most orders of a strategy within a minute that take.
    pub repeats_max: u32,
    /// Most losses of a strategy in a row.
    pub loss_streak_max: u32,
    /// Loss of one order after which its strategy waits.
    pub loss_order_max: Rate,
    /// How long a strategy waits after a loss.
    pub cooldown: Nanos,
    /// How long a position may be without the stop that its strategy wants behind it.
    pub unprotected_max: Nanos,
    /// Most value at risk of the account, at 99 % within a day.
    pub var_max: Rate,
    /// Most mean loss beyond it.
    pub cvar_max: Rate,
    /// Oldest measure of either that a budget believes.
    pub measure_age_max: Nanos,
    /// Whether more may be sold than is held.
    pub shorting: bool,
    /// Whether more may be spent than there is cash.
    pub borrowing: bool,
}

/// What is wrong with a profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// No profile of this name.
    #[error("there is no risk profile '{0}': choose default, unleveraged or research")]
    NoProfile(String),
    /// No limit of this name.
    #[error("there is no limit '{0}'")]
    NoLimit(String),
    /// A value that the limit cannot have.
    #[error("{limit} must be {wanted}, not '{got}'")]
    Value {
        /// The limit.
        limit: &'static str,
        /// What it may be.
        wanted: String,
        /// What it was.
        got: String,
    },
}

/// What a limit's value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitValue {
    /// A fraction, a count or seconds, as decimal text.
    Number(String),
    /// Yes or no.
    Switch(bool),
}

/// Up to where a limit may be loosened without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safe {
    /// No more than this.
    AtMost(&'static str),
    /// No less than this.
    AtLeast(&'static str),
    /// Not at all.
    Off,
}

impl Safe {
    /// As documents say it.
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::AtMost(most) => format!("up to {most}"),
            Self::AtLeast(least) => format!("from {least}"),
            Self::Off => "false".to_owned(),
        }
    }
}

/// All that is known of a limit.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Its name in configurations and reports.
    pub name: &'static str,
    /// What it means, in a line.
    pub meaning: &'static str,
    /// Its value in each profile, in the order of [`Profile::NAMES`].
    pub values: [&'static str; 3],
    /// What needs no reason.
    pub safe: Safe,
    field: fn(&mut Profile) -> Field<'_>,
}

enum Field<'a> {
    /// And the most it may be.
    Fraction(&'a mut Rate, i64),
    Seconds(&'a mut Nanos),
    Count(&'a mut u32),
    Switch(&'a mut bool),
}

macro_rules! limit {
    ($name:literal, $field:expr, $values:expr, $safe:expr, $meaning:literal) => {
        Limit { name: $name, meaning: $meaning, values: $values, safe: $safe, field: $field }
    };
}

/// Every limit, in the order they are shown.
#[rustfmt::skip]
pub const LIMITS: [Limit; 37] = [
    limit!("position_max", |p| Field::Fraction(&mut p.position_max, 100),
        ["0.02", "1", "5"], Safe::AtMost("0.1"),
        "most of one instrument, as a fraction of equity"),
    limit!("gross_max", |p| Field::Fraction(&mut p.gross_max, 100),
        ["0.2", "1", "10"], Safe::AtMost("0.2"),
        "most of all instruments together, as a fraction of equity"),
    limit!("net_max", |p| Field::Fraction(&mut p.net_max, 100),
        ["0.2", "100", "100"], Safe::AtMost("0.2"),
        "most that longs may exceed shorts by, or shorts longs, as a fraction of equity"),
    limit!("group_max", |p| Field::Fraction(&mut p.group_max, 100),
        ["0.04", "100", "100"], Safe::AtMost("0.1"),
        "the same of instruments of one base asset, which move together"),
    limit!("liquidation_distance_min", |p| Field::Fraction(&mut p.liquidation_distance_min, 1),
        ["0.5", "0", "0"], Safe::AtLeast("0.25"),
        "how far all prices may move against everything held before nothing is left"),
    limit!("order_max", |p| Field::Fraction(&mut p.order_max, 100),
        ["0.02", "1", "10"], Safe::AtMost("0.1"),
        "most of one order beyond what it closes, as a fraction of equity"),
    limit!("unexecuted_max", |p| Field::Fraction(&mut p.unexecuted_max, 100),
        ["0.2", "100", "100"], Safe::AtMost("0.2"),
        "most of all working orders together, as a fraction of equity"),
    limit!("daily_loss_max", |p| Field::Fraction(&mut p.daily_loss_max, 1),
        ["0.03", "1", "1"], Safe::AtMost("0.05"),
        "loss since the start of the UTC day that stops new risk"),
    limit!("drawdown_max", |p| Field::Fraction(&mut p.drawdown_max, 1),
        ["0.1", "1", "1"], Safe::AtMost("0.1"),
        "fall from the highest equity that stops new risk"),
    limit!("gap_assumed", |p| Field::Fraction(&mut p.gap_assumed, 1),
        ["0.25", "0", "0"], Safe::AtLeast("0.2"),
        "gap in all prices at once that a drawdown is bound against; 0: none"),
    limit!("loss_hour_max", |p| Field::Fraction(&mut p.loss_hour_max, 1),
        ["0.02", "1", "1"], Safe::AtMost("0.03"),
        "fall of equity within an hour that stops new risk until it is an hour ago"),
    limit!("collar", |p| Field::Fraction(&mut p.collar, 1),
        ["0.05", "1", "0.5"], Safe::AtMost("0.1"),
        "furthest a limit price may lie beyond the mark, as a fraction of it"),
    limit!("drift_max", |p| Field::Fraction(&mut p.drift_max, 1),
        ["0.1", "1", "1"], Safe::AtMost("0.2"),
        "furthest a limit price may lie beyond the mark of a minute ago, as a fraction of it"),
    limit!("jump_max", |p| Field::Fraction(&mut p.jump_max, 1),
        ["0.1", "1", "1"], Safe::AtMost("0.2"),
        "furthest the mark may have moved in a minute, as a fraction of it"),
    limit!("spread_max", |p| Field::Fraction(&mut p.spread_max, 1),
        ["0.02", "1", "1"], Safe::AtMost("0.05"),
        "widest spread that may be traded on, as a fraction of the mark"),
    limit!("cost_max", |p| Field::Fraction(&mut p.cost_max, 1),
        ["0.02", "1", "1"], Safe::AtMost("0.05"),
        "most that opening and closing may cost, both fees and the spread, as a fraction of it"),
    limit!("deviation_max", |p| Field::Fraction(&mut p.deviation_max, 1),
        ["0.03", "1", "1"], Safe::AtMost("0.1"),
        "furthest apart the marks of one asset may be at several venues, as a fraction"),
    limit!("depth_share_max", |p| Field::Fraction(&mut p.depth_share_max, 1),
        ["0.25", "1", "1"], Safe::AtMost("0.5"),
        "most of what the book shows up to impact_max that one order takes; 1: not looked at"),
    limit!("impact_max", |p| Field::Fraction(&mut p.impact_max, 1),
        ["0.01", "1", "1"], Safe::AtMost("0.03"),
        "how far from the mark what the book shows is counted, as a fraction of it"),
    limit!("volume_share_max", |p| Field::Fraction(&mut p.volume_share_max, 1),
        ["0.01", "1", "1"], Safe::AtMost("0.05"),
        "most of a day's trading that one order may be, as far as seen; 1: not looked at"),
    limit!("price_age_max_s", |p| Field::Seconds(&mut p.price_age_max),
        ["60", "60", "60"], Safe::AtMost("300"),
        "oldest price that may be traded on, in seconds"),
    limit!("orders_working_max", |p| Field::Count(&mut p.orders_working_max),
        ["200", "200", "10000"], Safe::AtMost("500"),
        "most orders of the account that may work"),
    limit!("orders_instrument_max", |p| Field::Count(&mut p.orders_instrument_max),
        ["100", "200", "10000"], Safe::AtMost("200"),
        "most orders of an instrument that may work"),
    limit!("unknown_max", |p| Field::Count(&mut p.unknown_max),
        ["3", "10", "1000000"], Safe::AtMost("10"),
        "most orders of a venue whose fate may be unknown before nothing more is opened there"),
    limit!("messages_max", |p| Field::Count(&mut p.messages_max),
        ["8", "1000", "1000000"], Safe::AtMost("20"),
        "most messages to a venue, a second, over ten seconds; cancels count and always pass"),
    limit!("cancels_per_fill_max", |p| Field::Count(&mut p.cancels_per_fill_max),
        ["500", "1000000", "1000000"], Safe::AtMost("2000"),
        "most cancels for each fill of a strategy within a UTC day"),
    limit!("duplicate_window_s", |p| Field::Seconds(&mut p.duplicate_window),
        ["1", "0", "0"], Safe::AtLeast("1"),
        "how long the same order is not placed twice, in seconds"),
    limit!("repeats_max", |p| Field::Count(&mut p.repeats_max),
        ["20", "1000000", "1000000"], Safe::AtMost("60"),
        "most orders of a strategy within a minute that take, before it is latched"),
    limit!("loss_streak_max", |p| Field::Count(&mut p.loss_streak_max),
        ["10", "1000000", "1000000"], Safe::AtMost("20"),
        "most losses of a strategy in a row, before it waits after each"),
    limit!("loss_order_max", |p| Field::Fraction(&mut p.loss_order_max, 1),
        ["0.005", "1", "1"], Safe::AtMost("0.01"),
        "loss of closing, as a fraction of equity, after which a strategy waits"),
    limit!("cooldown_s", |p| Field::Seconds(&mut p.cooldown),
        ["3600", "0", "0"], Safe::AtLeast("60"),
        "how long a strategy opens nothing after such a loss, in seconds"),
    limit!("unprotected_max_s", |p| Field::Seconds(&mut p.unprotected_max),
        ["10", "2592000", "2592000"], Safe::AtMost("60"),
        "how long a position may be without the stop that is wanted behind it, in seconds"),
    limit!("var_max", |p| Field::Fraction(&mut p.var_max, 1),
        ["1", "1", "1"], Safe::AtMost("1"),
        "most value at risk of the account, 99 % within a day, as a fraction of equity; 1: off"),
    limit!("cvar_max", |p| Field::Fraction(&mut p.cvar_max, 1),
        ["1", "1", "1"], Safe::AtMost("1"),
        "most mean loss beyond that value at risk, as a fraction of equity; 1: off"),
    limit!("measure_age_max_s", |p| Field::Seconds(&mut p.measure_age_max),
        ["900", "900", "900"], Safe::AtMost("3600"),
        "oldest measure that var_max and cvar_max believe, in seconds"),
    limit!("shorting", |p| Field::Switch(&mut p.shorting),
        ["false", "false", "true"], Safe::Off,
        "whether more may be sold than is held"),
    limit!("borrowing", |p| Field::Switch(&mut p.borrowing),
        ["false", "false", "true"], Safe::Off,
        "whether more may be spent than there is cash"),
];

impl Limit {
    /// The limit of this name.
    pub fn named(name: &str) -> Result<Self, LimitError> {
        let known = LIMITS.into_iter().find(|limit| limit.name == name);
        known.ok_or_else(|| LimitError::NoLimit(name.to_owned()))
    }

    /// What its values may be, in words.
    #[must_use]
    pub fn allowed(&self) -> String {
        match (self.field)(&mut Profile::shut()) {
            Field::Fraction(_, max) => format!("a fraction from 0 to {max}"),
            Field::Seconds(_) => format!("whole seconds from 0 to {SECONDS_MAX}"),
            Field::Count(_) => format!("a whole number from 0 to {COUNT_MAX}"),
            Field::Switch(_) => "true or false".to_owned(),
        }
    }

    /// Whether `new` lets through more than `old` and more than is safe: then a reason is wanted.
    pub fn is_loose(&self, old: &LimitValue, new: &LimitValue) -> Result<bool, LimitError> {
        let (old, new) = (self.looseness(old)?, self.looseness(new)?);
        let safe = match self.safe {
            Safe::AtMost(text) | Safe::AtLeast(text) => LimitValue::Number(text.to_owned()),
            Safe::Off => LimitValue::Switch(false),
        };
        Ok(new > old && new > self.looseness(&safe)?)
    }

    /// A number that grows with what a value lets through.
    fn looseness(&self, value: &LimitValue) -> Result<i64, LimitError> {
        let mut scratch = Profile::shut();
        self.set(&mut scratch, value)?;
        let number = match (self.field)(&mut scratch) {
            Field::Fraction(rate, _) => rate.mantissa(),
            Field::Seconds(time) => time.mantissa(),
            Field::Count(count) => i64::from(*count),
            Field::Switch(on) => i64::from(*on),
        };
        Ok(if matches!(self.safe, Safe::AtLeast(_)) { number.saturating_neg() } else { number })
    }

    fn set(&self, profile: &mut Profile, value: &LimitValue) -> Result<(), LimitError> {
        let (wrong, number) = match value {
            LimitValue::Number(text) => (text.clone(), Some(text)),
            LimitValue::Switch(on) => (on.to_string(), None),
        };
        let wanted = || match (number, self.allowed()) {
            (None, wanted) if wanted != "true or false" => "a number".to_owned(),
            (_, wanted) => wanted,
        };
        let error = || LimitError::Value { limit: self.name, wanted: wanted(), got: wrong.clone() };
        match ((self.field)(profile), value) {
            (Field::Fraction(field, max), LimitValue::Number(text)) => {
                let rate = rate_from_text(text).map_err(|_| error())?;
                if rate.is_negative() || rate.mantissa() > Rate::ONE.mantissa() * max {
                    return Err(error());
                }
                *field = rate;
            }
            (Field::Seconds(field), LimitValue::Number(text)) => {
                let seconds: i64 = text.parse().map_err(|_| error())?;
                if !(0..=SECONDS_MAX).contains(&seconds) {
                    return Err(error());
                }
                *field = Nanos::new(seconds * SECOND_NS);
            }
            (Field::Count(field), LimitValue::Number(text)) => {
                let count: u32 = text.parse().map_err(|_| error())?;
                if count > COUNT_MAX {
                    return Err(error());
                }
                *field = count;
            }
            (Field::Switch(field), LimitValue::Switch(on)) => *field = *on,
            (Field::Switch(field), LimitValue::Number(text)) => {
                *field = text.parse().map_err(|_| error())?;
            }
            (Field::Fraction(..) | Field::Seconds(_) | Field::Count(_), LimitValue::Switch(_)) => {
                return Err(error());
            }
        }
        Ok(())
    }

    fn value(&self, profile: &mut Profile) -> LimitValue {
        match (self.field)(profile) {
            Field::Fraction(rate, _) => LimitValue::Number(rate_as_text(*rate)),
            Field::Seconds(ns) => LimitValue::Number((ns.mantissa() / SECOND_NS).to_string()),
            Field::Count(count) => LimitValue::Number(count.to_string()),
            Field::Switch(on) => LimitValue::Switch(*on),
        }
    }
}

impl Profile {
    /// The names, the one that holds where nothing is said first.
    pub const NAMES: [&'static str; 3] = ["default", "unleveraged", "research"];

    /// A profile by name.
    pub fn named(name: &str) -> Result<Self, LimitError> {
        let known = Self::NAMES.iter().position(|known| *known == name);
        let place = known.ok_or_else(|| LimitError::NoProfile(name.to_owned()))?;
        let mut profile = Self { name: name.to_owned(), ..Self::shut() };
        for limit in LIMITS {
            let text = limit.values.get(place).copied().unwrap_or_default();
            limit.set(&mut profile, &LimitValue::Number(text.to_owned()))?;
        }
        Ok(profile)
    }

    /// This profile with one limit changed; the name then says so.
    pub fn with(mut self, limit: &str, value: &LimitValue) -> Result<Self, LimitError> {
        let limit = Limit::named(limit)?;
        limit.set(&mut self, value)?;
        if !self.name.split('+').any(|part| part == limit.name) {
            self.name = format!("{}+{}", self.name, limit.name);
        }
        Ok(self)
    }

    /// Every limit's value, in the order of [`LIMITS`].
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, LimitValue)> {
        let mut copy = self.clone();
        LIMITS.into_iter().map(|limit| (limit.name, limit.value(&mut copy))).collect()
    }

    /// Whether what the account may lose has a budget; one of 100 % is off.
    #[must_use]
    pub fn has_budget(&self) -> bool {
        self.var_max < Rate::ONE || self.cvar_max < Rate::ONE
    }

    /// Whether every limit has a value that it may have. One that has not lets nothing through.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let mut copy = Self { name: self.name.clone(), ..Self::shut() };
        for (limit, (_, value)) in LIMITS.into_iter().zip(self.values()) {
            if limit.set(&mut copy, &value).is_err() {
                return false;
            }
        }
        !self.name.is_empty() && copy == *self
    }

    /// Nothing is let through.
    fn shut() -> Self {
        const NONE: Rate = Rate::ZERO;
        Self {
            name: String::new(),
            position_max: NONE,
            gross_max: NONE,
            net_max: NONE,
            group_max: NONE,
            liquidation_distance_min: NONE,
            order_max: NONE,
            unexecuted_max: NONE,
            daily_loss_max: NONE,
            drawdown_max: NONE,
            gap_assumed: NONE,
            loss_hour_max: NONE,
            collar: NONE,
            drift_max: NONE,
            jump_max: NONE,
            spread_max: NONE,
            cost_max: NONE,
            deviation_max: NONE,
            depth_share_max: NONE,
            impact_max: NONE,
            volume_share_max: NONE,
            price_age_max: Nanos::ZERO,
            orders_working_max: 0,
            orders_instrument_max: 0,
            unknown_max: 0,
            messages_max: 0,
            cancels_per_fill_max: 0,
            duplicate_window: Nanos::ZERO,
            repeats_max: 0,
            loss_streak_max: 0,
            loss_order_max: NONE,
            cooldown: Nanos::ZERO,
            unprotected_max: Nanos::ZERO,
            var_max: NONE,
            cvar_max: NONE,
            measure_age_max: Nanos::ZERO,
            shorting: false,
            borrowing: false,
        }
    }
}
