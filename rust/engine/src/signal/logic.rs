//! What remembers a state rather than samples: crossings, latches, deadbands.
//!
//! A condition is 1 (true), 0 (false) or NaN (not known yet).

use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// Whether `a` has just come above (or below) `b`: it is now, and was not a sample before.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Crossed {
    /// The sign of `a - b` at the sample before.
    before: Option<i8>,
}

/// Which crossings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Crossing {
    Above,
    Below,
    Either,
}

impl Crossed {
    #[inline]
    pub(crate) fn push(&mut self, a: f64, b: f64, which: Crossing) -> f64 {
        let now = a.partial_cmp(&b).unwrap_or(Ordering::Equal) as i8;
        let Some(before) = self.before.replace(now) else {
            return f64::NAN;
        };
        let above = now > 0 && before <= 0;
        let below = now < 0 && before >= 0;
        let crossed = match which {
            Crossing::Above => above,
            Crossing::Below => below,
            Crossing::Either => above || below,
        };
        if crossed { 1.0 } else { 0.0 }
    }
}

/// True from `on` until `off`; `off` wins. False before the first of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Latch {
    held: bool,
}

impl Latch {
    #[inline]
    pub(crate) fn push(&mut self, on: f64, off: f64) -> f64 {
        if off == 1.0 {
            self.held = false;
        } else if on == 1.0 {
            self.held = true;
        }
        if self.held { 1.0 } else { 0.0 }
    }
}

/// A number that stays as it was until it has moved by more than a width. What comes to zero,
/// leaves it or changes its sign passes at once: only the size of a position is worth waiting for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Deadband {
    held: Option<f64>,
}

impl Deadband {
    #[inline]
    pub(crate) fn push(&mut self, x: f64, width: f64) -> f64 {
        let same_side = |held: f64| (held > 0.0 && x > 0.0) || (held < 0.0 && x < 0.0);
        let stays = |held: &f64| same_side(*held) && (x - held).abs() <= width;
        let held = self.held.filter(stays).unwrap_or(x);
        self.held = Some(held);
        held
    }
}
