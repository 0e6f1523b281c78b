//! Moving averages.

use serde::{Deserialize, Serialize};

use super::window::RunningSum;

/// Simple moving average: the mean of the last `n` samples.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sma {
    sum: RunningSum,
    n: f64,
}

impl Sma {
    pub(crate) fn new(n: u32) -> Self {
        Self { sum: RunningSum::new(n as usize), n: f64::from(n) }
    }

    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> f64 {
        self.sum.push(x).map_or(f64::NAN, |total| total / self.n)
    }
}

/// A value that starts as the mean of its first `n` samples and then moves by a part of the
/// distance to each new one. The exponential and Wilder's averages are this.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Smoothed {
    weight: f64,
    n: u32,
    seen: u32,
    value: f64,
}

impl Smoothed {
    /// Exponential moving average, weight 2/(n+1), as TA-Lib seeds it.
    pub(crate) fn exponential(n: u32) -> Self {
        Self { weight: 2.0 / (f64::from(n) + 1.0), n, seen: 0, value: 0.0 }
    }

    /// Wilder's average, weight 1/n.
    pub(crate) fn wilder(n: u32) -> Self {
        Self { weight: 1.0 / f64::from(n), n, seen: 0, value: 0.0 }
    }

    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> f64 {
        if self.seen == self.n {
            self.value += self.weight * (x - self.value);
            return self.value;
        }
        self.seen += 1;
        self.value += x;
        if self.seen < self.n {
            return f64::NAN;
        }
        self.value /= f64::from(self.n);
        self.value
    }
}

/// A sum of which each part decays by `e` to the power of what has passed since.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct DecayedSum {
    sum: f64,
}

impl DecayedSum {
    /// `passed` is counted in time constants; what is below nothing is nothing.
    #[inline]
    pub(crate) fn push(&mut self, x: f64, passed: f64) -> f64 {
        let sum = self.sum * libm::exp(-passed.max(0.0)) + x;
        // A sum that overflowed begins anew, so that one bad sample does not stay for ever.
        self.sum = if sum.is_finite() { sum } else { x };
        self.sum
    }
}
