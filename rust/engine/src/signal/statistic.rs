//! Extremes, rolling and since the beginning, and shifts.

use serde::{Deserialize, Serialize};

use super::window::Window;

/// The largest of the last `n` samples, in constant time on average: a queue of samples that may
/// still become the largest, falling from front to back. The smallest is this with signs turned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RollingMax {
    /// Value and place in the series, in a ring of `n`.
    queue: Box<[(f64, u64)]>,
    front: usize,
    len: usize,
    seen: u64,
}

impl RollingMax {
    pub(crate) fn new(n: u32) -> Self {
        let queue = vec![(0.0, 0); n as usize].into_boxed_slice();
        Self { queue, front: 0, len: 0, seen: 0 }
    }

    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> f64 {
        let n = self.queue.len();
        self.seen += 1;
        while self.len > 0 && self.at(self.len - 1).is_some_and(|(value, _)| value <= x) {
            self.len -= 1;
        }
        let gone = |&(_, place): &(f64, u64)| place + n as u64 <= self.seen;
        if self.len > 0 && self.at(0).as_ref().is_some_and(gone) {
            self.front = if self.front + 1 == n { 0 } else { self.front + 1 };
            self.len -= 1;
        }
        let slot = self.slot(self.len);
        if let Some(last) = self.queue.get_mut(slot) {
            *last = (x, self.seen);
            self.len += 1;
        }
        if self.seen < n as u64 {
            return f64::NAN;
        }
        self.at(0).map_or(f64::NAN, |(value, _)| value)
    }

    fn slot(&self, place: usize) -> usize {
        let slot = self.front + place;
        if slot >= self.queue.len() { slot - self.queue.len() } else { slot }
    }

    fn at(&self, place: usize) -> Option<(f64, u64)> {
        self.queue.get(self.slot(place)).copied()
    }
}

/// The largest sample so far.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct CumMax {
    max: Option<f64>,
}

impl CumMax {
    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> f64 {
        let max = self.max.filter(|max| *max >= x).unwrap_or(x);
        self.max = Some(max);
        max
    }
}

/// The sample `n` samples ago.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Shift {
    window: Window,
}

impl Shift {
    pub(crate) fn new(n: u32) -> Self {
        Self { window: Window::new(n as usize) }
    }

    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> f64 {
        self.window.push(x).unwrap_or(f64::NAN)
    }
}
