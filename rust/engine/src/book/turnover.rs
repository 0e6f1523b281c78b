//! What was seen traded within a day, by the hour: nothing is assumed of hours that were not seen.

use serde::{Deserialize, Serialize};

use crate::units::{Amount, Nanos, Overflow};

const HOURS: usize = 24;
const HOUR_NS: i64 = 3_600_000_000_000;

/// What was traded in each of the last hours, in quote units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Turnover {
    hours: [Amount; HOURS],
    /// The hour of the last one.
    last: i64,
    sum: Amount,
}

impl Turnover {
    /// So much was traded. Whether what is a day old went with it. What does not fit is not seen.
    #[inline]
    pub fn add(&mut self, now: Nanos, notional: Amount) -> bool {
        let turned = now.mantissa() / HOUR_NS > self.last;
        if turned {
            *self = self.at(now).unwrap_or_default();
        }
        if let Some(hour) = self.hours.last_mut()
            && let (Ok(more), Ok(sum)) = (hour.plus(notional), self.sum.plus(notional))
        {
            (*hour, self.sum) = (more, sum);
        }
        turned
    }

    /// What was traded within the day before `now`.
    pub fn within_day(&self, now: Nanos) -> Result<Amount, Overflow> {
        if now.mantissa() / HOUR_NS > self.last { Ok(self.at(now)?.sum) } else { Ok(self.sum) }
    }

    #[cold]
    fn at(&self, now: Nanos) -> Result<Self, Overflow> {
        let last = now.mantissa() / HOUR_NS;
        let passed = usize::try_from(last.saturating_sub(self.last)).unwrap_or(0).min(HOURS);
        let mut hours = [Amount::ZERO; HOURS];
        let kept = self.hours.iter().skip(passed);
        hours.iter_mut().zip(kept).for_each(|(new, old)| *new = *old);
        let sum = hours.iter().try_fold(Amount::ZERO, |sum, hour| sum.plus(*hour))?;
        Ok(Self { hours, last, sum })
    }
}
