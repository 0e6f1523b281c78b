//! Momentum.

use serde::{Deserialize, Serialize};

use super::average::Smoothed;

/// Relative strength index (Wilder 1978): Wilder's average of gains over that of all changes,
/// times 100. A series that does not move at all gives 0, as TA-Lib does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rsi {
    before: Option<f64>,
    gain: Smoothed,
    loss: Smoothed,
}

impl Rsi {
    pub(crate) fn new(n: u32) -> Self {
        Self { before: None, gain: Smoothed::wilder(n), loss: Smoothed::wilder(n) }
    }

    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> f64 {
        let Some(before) = self.before.replace(x) else {
            return f64::NAN;
        };
        let change = x - before;
        let gain = self.gain.push(if change > 0.0 { change } else { 0.0 });
        let loss = self.loss.push(if change < 0.0 { -change } else { 0.0 });
        let moved = gain + loss;
        if moved == 0.0 { 0.0 } else { 100.0 * (gain / moved) }
    }
}
