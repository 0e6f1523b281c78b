//! What the account may lose, as it was measured outside the engine. Nothing is measured here.

use serde::{Deserialize, Serialize};

use crate::units::{Nanos, Rate};

/// The confidence that budgets are of: 99 %.
pub const MEASURE_LEVEL: Rate = Rate::new(Rate::ONE.mantissa() / 100 * 99);
/// Within which time: one day.
pub const MEASURE_HORIZON: Nanos = Nanos::DAY;

/// Value at risk of the whole account and the mean loss beyond it, as fractions of its equity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    as_of: Nanos,
    level: Rate,
    horizon: Nanos,
    var: Rate,
    cvar: Rate,
}

/// What is wrong with a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MeasureError {
    /// A loss is a number from nothing up.
    #[error("a measure's losses are fractions of the equity from 0 up, and one is below 0")]
    Negative,
    /// The mean of what lies beyond a loss is no smaller than that.
    #[error("cvar is the mean loss beyond var, and cannot be below it")]
    Crossed,
    /// Budgets are of one level and one horizon.
    #[error("budgets are of level 0.99 and a horizon of 86400 s: measure those")]
    Other,
    /// Of a time that has not come.
    #[error("the measure is of the future: it is of {as_of} ns, and it is {now} ns")]
    Future {
        /// Of when it is.
        as_of: i64,
        /// When it was told.
        now: i64,
    },
    /// A newer one is known.
    #[error("the measure is of {as_of} ns, and a newer one is known, of {known} ns")]
    Older {
        /// Of when it is.
        as_of: i64,
        /// Of when the one is that is known.
        known: i64,
    },
}

impl Measure {
    /// What was measured of the account as it was at `as_of`.
    pub fn new(
        as_of: Nanos,
        (level, horizon): (Rate, Nanos),
        (var, cvar): (Rate, Rate),
    ) -> Result<Self, MeasureError> {
        if var.is_negative() || cvar.is_negative() {
            return Err(MeasureError::Negative);
        }
        if cvar < var {
            return Err(MeasureError::Crossed);
        }
        // Another level or horizon is another number: it cannot be held against these budgets.
        if (level, horizon) != (MEASURE_LEVEL, MEASURE_HORIZON) {
            return Err(MeasureError::Other);
        }
        Ok(Self { as_of, level, horizon, var, cvar })
    }

    /// Whether it may be told at `ts`, where `known` was told last.
    pub fn check(&self, ts: Nanos, known: Option<&Self>) -> Result<(), MeasureError> {
        let as_of = self.as_of.mantissa();
        if self.as_of > ts {
            return Err(MeasureError::Future { as_of, now: ts.mantissa() });
        }
        match known {
            Some(known) if known.as_of > self.as_of => {
                Err(MeasureError::Older { as_of, known: known.as_of.mantissa() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The moment that it is of.
    #[must_use]
    pub const fn as_of(&self) -> Nanos {
        self.as_of
    }

    /// Its confidence.
    #[must_use]
    pub const fn level(&self) -> Rate {
        self.level
    }

    /// Within which time.
    #[must_use]
    pub const fn horizon(&self) -> Nanos {
        self.horizon
    }

    /// The loss that is exceeded with probability 1 - level, as a fraction of the equity.
    #[must_use]
    pub const fn var(&self) -> Rate {
        self.var
    }

    /// The mean loss beyond it.
    #[must_use]
    pub const fn cvar(&self) -> Rate {
        self.cvar
    }
}
