//! Watches equity: loss of the day and fall from the peak. It says which breaker to open; the
//! breaker itself changes only by the event that comes back.

use serde::{Deserialize, Serialize};

use super::limits::Profile;
use crate::event::Component;
use crate::units::{Amount, Nanos, Overflow, Rate, Rounding, mul_div};

const HALF: Rate = Rate::new(Rate::ONE.mantissa() / 2);

/// What equity is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Monitor {
    peak: Amount,
    day: Option<i64>,
    day_start: Amount,
    last: Amount,
    /// The day that trades at half size, because the one before it was lost.
    halved: Option<i64>,
}

impl Monitor {
    /// Money came in or went out: it is neither gain nor loss. What equity is measured against
    /// grows or shrinks by the same part, so that a fall stays as large as it was.
    pub fn on_deposit(&mut self, amount: Amount) -> Result<(), Overflow> {
        let after = self.last.plus(amount)?;
        self.peak = moved(self.peak, self.last, after)?;
        self.day_start = moved(self.day_start, self.last, after)?;
        self.last = after;
        Ok(())
    }

    /// Equity as it was measured last.
    #[must_use]
    pub fn last(&self) -> Amount {
        self.last
    }

    /// Equity was measured.
    pub fn on_equity(&mut self, now: Nanos, equity: Amount) {
        let day = now.closing_day();
        if self.day != Some(day) {
            self.day = Some(day);
            self.day_start = self.last;
        }
        self.last = equity;
        self.peak = self.peak.max(equity);
    }

    /// The breaker of a loss was closed: what is measured begins anew with the present equity.
    /// After the loss of a day the day of `now` is traded at half size.
    pub fn on_closed(&mut self, now: Nanos, component: Component, by_person: bool) {
        if component == Component::Drawdown {
            self.peak = self.last;
        }
        if component == Component::DailyLoss {
            self.halved = Some(now.closing_day());
            if by_person {
                // The same loss would open it again at once.
                self.day_start = self.last;
            }
        }
    }

    /// The part of caps and sizes that holds now: one half on the day after a lost one, else all.
    #[must_use]
    pub fn scale(&self) -> Rate {
        if self.halved.is_some() && self.halved == self.day { HALF } else { Rate::ONE }
    }

    /// What must open now, if anything, where so much is held in all.
    ///
    /// A limit of 100 % cannot be reached by a loss short of everything and switches the watch
    /// off.
    pub fn tripped(&self, profile: &Profile, gross: Amount) -> Result<Option<Component>, Overflow> {
        let equity = self.last;
        // Nothing left is the end, whatever the limits say.
        if !equity.is_positive()
            || beyond(self.peak, equity, profile.drawdown_max)?
            || self.hangs(profile, gross)?
        {
            return Ok(Some(Component::Drawdown));
        }
        if beyond(self.day_start, equity, profile.daily_loss_max)? {
            return Ok(Some(Component::DailyLoss));
        }
        Ok(None)
    }

    /// Whether the assumed gap in all that is held would take equity further than the limits are
    /// meant to: what was bought within the caps has grown far beyond them.
    fn hangs(&self, profile: &Profile, gross: Amount) -> Result<bool, Overflow> {
        let (gap, drawdown) = (profile.gap_assumed, profile.drawdown_max);
        if gap.is_zero() || drawdown >= Rate::ONE {
            return Ok(false);
        }
        let most = self.peak.times(profile.gross_max, Rounding::Up)?.times(gap, Rounding::Up)?;
        let floor = self.peak.minus(self.peak.times(drawdown, Rounding::Up)?)?.minus(most)?;
        Ok(gross.times(gap, Rounding::Up)? > self.last.minus(floor)?)
    }

    /// The highest equity so far, and that of the start of the UTC day.
    #[must_use]
    pub fn peak_and_day_start(&self) -> (Amount, Amount) {
        (self.peak, self.day_start)
    }
}

/// What equity of `last` is measured against, now that money makes it `after`.
pub(crate) fn moved(height: Amount, last: Amount, after: Amount) -> Result<Amount, Overflow> {
    if last.is_positive() && after.is_positive() {
        let part = (height.mantissa(), after.mantissa(), last.mantissa());
        return mul_div(part.0, part.1, part.2, Rounding::Up).map(Amount::new);
    }
    height.plus(after.minus(last)?)
}

/// Whether equity fell too far from its height; a limit of 100 % is off.
pub(super) fn beyond(from: Amount, equity: Amount, limit: Rate) -> Result<bool, Overflow> {
    if limit >= Rate::ONE {
        return Ok(false);
    }
    Ok(from.minus(equity)? > from.times(limit, Rounding::Down)?)
}
