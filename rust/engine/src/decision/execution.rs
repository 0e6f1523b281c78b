//! How a target is carried out: by what orders, and how much of the way to it is gone by now.
//!
//! Pure: from the style and the time that passed. Who calls back and places is the bot.

use crate::event::Execution;
use crate::units::Nanos;

/// Most parts of a slice.
pub const PARTS_MAX: u16 = 1_000;
/// Longest time that a style may spread over, in seconds: a day.
pub const SECONDS_MAX: u32 = 86_400;
/// How often what works for a target is placed anew, or tried again, at most.
pub const TRIED_EVERY: Nanos = Nanos::new(SECOND_NS);
/// How long a target waits that risk held back by what passes.
pub const HELD_BACK_FOR: Nanos = Nanos::new(60 * SECOND_NS);

const SECOND_NS: i64 = 1_000_000_000;

/// A style that nobody can follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "execution must be 'cross', 'passive', 'passive_then_cross:SECONDS' or 'slice:PARTS:SECONDS', \
     seconds from 1 to {SECONDS_MAX} and parts from 2 to {PARTS_MAX}, not '{0}'"
)]
pub struct ExecutionError(String);

/// What kind of order goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// One that takes.
    Take,
    /// One that lies, and never takes.
    Make,
}

/// The style that a configuration or a strategy names.
pub fn parse(text: &str) -> Result<Execution, ExecutionError> {
    let wrong = || ExecutionError(text.to_owned());
    let span = |seconds: &str| {
        let seconds: u32 = seconds.parse().map_err(|_| wrong())?;
        let in_bounds = (1..=SECONDS_MAX).contains(&seconds);
        let span = i64::from(seconds).checked_mul(SECOND_NS).filter(|_| in_bounds);
        span.map(Nanos::new).ok_or_else(wrong)
    };
    let mut words = text.split(':');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("cross"), None, ..) => Ok(Execution::Cross),
        (Some("passive"), None, ..) => Ok(Execution::Passive),
        (Some("passive_then_cross"), Some(seconds), None, _) => {
            Ok(Execution::PassiveThenCross { after: span(seconds)? })
        }
        (Some("slice"), Some(parts), Some(seconds), None) => {
            let parts: u16 = parts.parse().map_err(|_| wrong())?;
            let parts = Some(parts).filter(|parts| (2..=PARTS_MAX).contains(parts));
            Ok(Execution::Slice { parts: parts.ok_or_else(wrong)?, over: span(seconds)? })
        }
        _ => Err(wrong()),
    }
}

/// The words that [`parse`] reads.
#[must_use]
pub fn name(execution: Execution) -> String {
    let seconds = |span: Nanos| span.mantissa() / SECOND_NS;
    match execution {
        Execution::Cross => "cross".to_owned(),
        Execution::Passive => "passive".to_owned(),
        Execution::PassiveThenCross { after } => format!("passive_then_cross:{}", seconds(after)),
        Execution::Slice { parts, over } => format!("slice:{parts}:{}", seconds(over)),
    }
}

/// What kind of order goes out once a target has been wanted for `waited`.
#[must_use]
pub fn manner(execution: Execution, waited: Nanos) -> Manner {
    match execution {
        Execution::Cross | Execution::Slice { .. } => Manner::Take,
        Execution::Passive => Manner::Make,
        Execution::PassiveThenCross { after } if waited < after => Manner::Make,
        Execution::PassiveThenCross { .. } => Manner::Take,
    }
}

/// How many parts have begun after `waited`: the first at once, the last before the end.
#[must_use]
pub fn parts_begun(execution: Execution, waited: Nanos) -> u16 {
    let Execution::Slice { parts, over } = execution else {
        return 1;
    };
    let (waited, over) = (i128::from(waited.mantissa().max(0)), i128::from(over.mantissa()));
    let gone = waited.saturating_mul(i128::from(parts)).checked_div(over);
    let gone = gone.and_then(|gone| u16::try_from(gone).ok()).unwrap_or(parts);
    gone.saturating_add(1).min(parts)
}

/// The fraction to hold after `waited` on the way from what is `held`: of what is missing, the
/// share of this part among those that are left, so that what a part did not get the others make
/// good.
#[must_use]
pub fn part(execution: Execution, waited: Nanos, fraction: f64, held: f64) -> f64 {
    let Execution::Slice { parts, .. } = execution else {
        return fraction;
    };
    let left = parts.saturating_sub(parts_begun(execution, waited)).saturating_add(1);
    // All of it is exact: no sum of parts falls short of the target.
    if left <= 1 { fraction } else { held + (fraction - held) / f64::from(left) }
}
