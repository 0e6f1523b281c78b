//! The limits, and the named profiles of them. No field is optional: what is not limited has a
//! limit that cannot bind, written out.

use crate::instrument::{rate_as_text, rate_from_text};
use crate::units::{Nanos, Rate};

const SECOND_NS: i64 = 1_000_000_000;

/// Every limit of a run. Rates are fractions of the account's equity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name, and what was changed of it.
    pub name: String,
    /// Most of one instrument, long or short, working orders counted.
    pub position_max: Rate,
    /// Most of all instruments together, longs and shorts added up.
    pub gross_max: Rate,
    /// Most of one order.
    pub order_max: Rate,
    /// Loss since the start of the UTC day that opens the breaker.
    pub daily_loss_max: Rate,
    /// Fall from the highest equity that opens the breaker.
    pub drawdown_max: Rate,
    /// Furthest a limit price may lie on the wrong side of the mark, as a fraction of it.
    pub collar: Rate,
    /// Oldest price that may be traded on.
    pub price_age_max: Nanos,
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
        wanted: &'static str,
        /// What it was.
        got: String,
    },
}

/// What a limit's value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitValue {
    /// A fraction or seconds, as decimal text.
    Number(String),
    /// Yes or no.
    Switch(bool),
}

enum Field<'a> {
    Fraction(&'a mut Rate, i64),
    Seconds(&'a mut Nanos),
    Switch(&'a mut bool),
}

/// Every limit of a profile, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Profile::position_max`].
    PositionMax,
    /// [`Profile::gross_max`].
    GrossMax,
    /// [`Profile::order_max`].
    OrderMax,
    /// [`Profile::daily_loss_max`].
    DailyLossMax,
    /// [`Profile::drawdown_max`].
    DrawdownMax,
    /// [`Profile::collar`].
    Collar,
    /// [`Profile::price_age_max`].
    PriceAgeMax,
    /// [`Profile::shorting`].
    Shorting,
    /// [`Profile::borrowing`].
    Borrowing,
}

impl Limit {
    /// Every limit, in the order they are shown.
    pub const ALL: [Self; 9] = [
        Self::PositionMax,
        Self::GrossMax,
        Self::OrderMax,
        Self::DailyLossMax,
        Self::DrawdownMax,
        Self::Collar,
        Self::PriceAgeMax,
        Self::Shorting,
        Self::Borrowing,
    ];

    /// Its name in configurations and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PositionMax => "position_max",
            Self::GrossMax => "gross_max",
            Self::OrderMax => "order_max",
            Self::DailyLossMax => "daily_loss_max",
            Self::DrawdownMax => "drawdown_max",
            Self::Collar => "collar",
            Self::PriceAgeMax => "price_age_max_s",
            Self::Shorting => "shorting",
            Self::Borrowing => "borrowing",
        }
    }

    /// What it means, in a line.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::PositionMax => "most of one instrument, as a fraction of equity",
            Self::GrossMax => "most of all instruments together, as a fraction of equity",
            Self::OrderMax => "most of one order beyond what it closes, as a fraction of equity",
            Self::DailyLossMax => "loss since the start of the UTC day that stops new risk",
            Self::DrawdownMax => "fall from the highest equity that stops new risk",
            Self::Collar => "furthest a limit price may lie beyond the mark, as a fraction of it",
            Self::PriceAgeMax => "oldest price that may be traded on, in seconds",
            Self::Shorting => "whether more may be sold than is held",
            Self::Borrowing => "whether more may be spent than there is cash",
        }
    }
}

impl Profile {
    /// The names, the one that holds where nothing is said first.
    pub const NAMES: [&'static str; 3] = ["default", "unleveraged", "research"];

    /// A profile by name.
    pub fn named(name: &str) -> Result<Self, LimitError> {
        let percent = |value: i64| Rate::new(Rate::ONE.mantissa() / 100 * value);
        let unleveraged = Self {
            name: name.to_owned(),
            position_max: percent(100),
            gross_max: percent(100),
            order_max: percent(100),
            daily_loss_max: percent(100),
            drawdown_max: percent(100),
            // A history may open anywhere: a backtest trades there, as others do.
            collar: percent(100),
            price_age_max: Nanos::new(60 * SECOND_NS),
            shorting: false,
            borrowing: false,
        };
        match name {
            "default" => Ok(Self {
                position_max: percent(2),
                gross_max: percent(20),
                order_max: percent(2),
                daily_loss_max: percent(3),
                drawdown_max: percent(10),
                collar: percent(5),
                ..unleveraged
            }),
            "unleveraged" => Ok(unleveraged),
            "research" => Ok(Self {
                position_max: percent(500),
                gross_max: percent(1_000),
                order_max: percent(1_000),
                collar: percent(50),
                shorting: true,
                borrowing: true,
                ..unleveraged
            }),
            _ => Err(LimitError::NoProfile(name.to_owned())),
        }
    }

    /// This profile with one limit changed; the name then says so.
    pub fn with(mut self, limit: &str, value: &LimitValue) -> Result<Self, LimitError> {
        let known = Limit::ALL.into_iter().find(|known| known.name() == limit);
        let limit = known.ok_or_else(|| LimitError::NoLimit(limit.to_owned()))?;
        let name = limit.name();
        let wrong =
            |wanted, got: &str| LimitError::Value { limit: name, wanted, got: got.to_owned() };
        match (self.field(limit), value) {
            (Field::Fraction(field, max), LimitValue::Number(text)) => {
                let rate = rate_from_text(text).map_err(|_| wrong("a number", text))?;
                if rate.is_negative() || rate.mantissa() > Rate::ONE.mantissa() * max {
                    let wanted = if max == 1 {
                        "a fraction from 0 to 1"
                    } else {
                        "a fraction from 0 to 100"
                    };
                    return Err(wrong(wanted, text));
                }
                *field = rate;
            }
            (Field::Seconds(field), LimitValue::Number(text)) => {
                const WANTED: &str = "whole seconds from 0 to 86400";
                let seconds: i64 = text.parse().map_err(|_| wrong(WANTED, text))?;
                if !(0..=86_400).contains(&seconds) {
                    return Err(wrong(WANTED, text));
                }
                *field = Nanos::new(seconds * SECOND_NS);
            }
            (Field::Switch(field), LimitValue::Switch(on)) => *field = *on,
            (Field::Switch(_), LimitValue::Number(text)) => {
                return Err(wrong("true or false", text));
            }
            (Field::Fraction(..) | Field::Seconds(_), LimitValue::Switch(on)) => {
                return Err(wrong("a number", if *on { "true" } else { "false" }));
            }
        }
        if !self.name.split('+').any(|part| part == name) {
            self.name = format!("{}+{name}", self.name);
        }
        Ok(self)
    }

    /// Every limit's value, in the order of [`Limit::ALL`].
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, LimitValue)> {
        let mut copy = self.clone();
        let value = |field: Field<'_>| match field {
            Field::Fraction(rate, _) => LimitValue::Number(rate_as_text(*rate)),
            Field::Seconds(ns) => LimitValue::Number(format!("{}", ns.mantissa() / SECOND_NS)),
            Field::Switch(on) => LimitValue::Switch(*on),
        };
        Limit::ALL.into_iter().map(|limit| (limit.name(), value(copy.field(limit)))).collect()
    }

    fn field(&mut self, limit: Limit) -> Field<'_> {
        match limit {
            Limit::PositionMax => Field::Fraction(&mut self.position_max, 100),
            Limit::GrossMax => Field::Fraction(&mut self.gross_max, 100),
            Limit::OrderMax => Field::Fraction(&mut self.order_max, 100),
            Limit::DailyLossMax => Field::Fraction(&mut self.daily_loss_max, 1),
            Limit::DrawdownMax => Field::Fraction(&mut self.drawdown_max, 1),
            Limit::Collar => Field::Fraction(&mut self.collar, 1),
            Limit::PriceAgeMax => Field::Seconds(&mut self.price_age_max),
            Limit::Shorting => Field::Switch(&mut self.shorting),
            Limit::Borrowing => Field::Switch(&mut self.borrowing),
        }
    }
}
