//! Volatility.

use serde::{Deserialize, Serialize};

use super::average::Smoothed;
use super::window::{RESUM_EVERY, Window};

/// Average true range (Wilder 1978). The first bar has no true range, as in TA-Lib.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Atr {
    close_before: Option<f64>,
    average: Smoothed,
}

impl Atr {
    pub(crate) fn new(n: u32) -> Self {
        Self { close_before: None, average: Smoothed::wilder(n) }
    }

    #[inline]
    pub(crate) fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        let Some(before) = self.close_before.replace(close) else {
            return f64::NAN;
        };
        let range = (high - low).max((high - before).abs()).max((low - before).abs());
        self.average.push(range)
    }
}

/// Population standard deviation of the last `n` samples: mean and sum of squares are moved by
/// the sample that comes and the one that goes (Welford 1962). They are counted anew every
/// [`RESUM_EVERY`] updates, and when the sum falls so far that what is left is mostly rounding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RollingStd {
    window: Window,
    n: f64,
    mean: f64,
    squares: f64,
    /// The largest `squares` since they were counted anew.
    squares_max: f64,
    since_resum: u32,
}

/// A sum of squares below this part of what it was keeps too few of its digits.
const SQUARES_LEFT_MIN: f64 = 1e-4;

impl RollingStd {
    pub(crate) fn new(n: u32) -> Self {
        let window = Window::new(n as usize);
        let (mean, squares, squares_max) = (0.0, 0.0, 0.0);
        Self { window, n: f64::from(n), mean, squares, squares_max, since_resum: 0 }
    }

    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> f64 {
        match self.window.push(x) {
            None if self.window.is_full() => self.resum(),
            None => return f64::NAN,
            Some(old) => {
                let mean = self.mean + (x - old) / self.n;
                self.squares += (x - old) * ((x - mean) + (old - self.mean));
                self.mean = mean;
                self.squares_max = self.squares_max.max(self.squares);
                self.since_resum += 1;
                let cancelled = self.squares < self.squares_max * SQUARES_LEFT_MIN;
                if self.since_resum == RESUM_EVERY || cancelled {
                    self.resum();
                }
            }
        }
        libm::sqrt(self.squares.max(0.0) / self.n)
    }

    fn resum(&mut self) {
        self.mean = self.window.in_order().sum::<f64>() / self.n;
        let mean = self.mean;
        self.squares = self.window.in_order().map(|x| (x - mean) * (x - mean)).sum();
        (self.squares_max, self.since_resum) = (self.squares, 0);
    }
}
