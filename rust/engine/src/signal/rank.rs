//! Quantiles of a window, and means of its tail.

use serde::{Deserialize, Serialize};

use super::window::Window;

/// The longest window kept in order. What comes and what goes move those between them, so an
/// update takes time with the length: 10,000 samples are 80 kB, which a cache holds.
pub(crate) const RANKED_MAX: u32 = 10_000;

/// The last `n` samples, and the same from the smallest up. What is told of them depends on
/// nothing that came before the window: there is no running sum.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ranked {
    window: Window,
    sorted: Box<[f64]>,
    filled: usize,
}

impl Ranked {
    pub(crate) fn new(n: u32) -> Self {
        let sorted = vec![0.0; n as usize].into_boxed_slice();
        Self { window: Window::new(n as usize), sorted, filled: 0 }
    }

    /// The smallest sample that a part `q` of the window does not exceed (the inverse of the
    /// empirical distribution; Hyndman and Fan 1996, type 1). `q` is held within 0 and 1.
    #[inline]
    pub(crate) fn quantile(&mut self, x: f64, q: f64) -> f64 {
        if !self.push(x) {
            return f64::NAN;
        }
        let rank = libm::ceil(self.mass(q));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to n")]
        let place = (rank as usize).saturating_sub(1);
        self.sorted.get(place).copied().unwrap_or(f64::NAN)
    }

    /// The mean of the lowest part `q` of the window, the sample at its edge counted in part
    /// (Acerbi and Tasche 2002); the smallest where the part is less than one sample.
    #[inline]
    pub(crate) fn tail_mean(&mut self, x: f64, q: f64) -> f64 {
        if !self.push(x) {
            return f64::NAN;
        }
        let mass = self.mass(q).max(1.0);
        let whole = libm::floor(mass);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to n")]
        let count = whole as usize;
        let below: f64 = self.sorted.iter().take(count).sum();
        let edge = self.sorted.get(count).map_or(0.0, |edge| (mass - whole) * edge);
        (below + edge) / mass
    }

    /// How many samples a part `q` of the window is.
    #[allow(clippy::cast_precision_loss, reason = "a window is short")]
    fn mass(&self, q: f64) -> f64 {
        q.clamp(0.0, 1.0) * self.sorted.len() as f64
    }

    /// Take `x` in, in the place of what it pushes out; whether the window is full.
    #[inline]
    fn push(&mut self, x: f64) -> bool {
        let old = self.window.push(x);
        let comes = self.below(x);
        let goes = old.map_or(self.filled, |old| self.below(old));
        // Those between where it comes and what goes make room by one place.
        if comes <= goes {
            if let Some(between) = self.sorted.get_mut(comes..=goes) {
                between.rotate_right(1);
                between.first_mut().into_iter().for_each(|slot| *slot = x);
            }
        } else if let Some(between) = self.sorted.get_mut(goes..comes) {
            between.rotate_left(1);
            between.last_mut().into_iter().for_each(|slot| *slot = x);
        }
        self.filled += usize::from(old.is_none());
        self.window.is_full()
    }

    /// How many lie below `x`; zeros of two signs are two numbers, so that each is found again.
    fn below(&self, x: f64) -> usize {
        let known = self.sorted.get(..self.filled).unwrap_or_default();
        known.partition_point(|sample| sample.total_cmp(&x).is_lt())
    }
}
