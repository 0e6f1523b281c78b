//! The last `n` samples and their running sum.

use serde::{Deserialize, Serialize};

/// How many updates a running sum may go without being added up anew.
pub(crate) const RESUM_EVERY: u32 = 1_024;

/// The last `n` samples, oldest first when read from `oldest`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Window {
    samples: Box<[f64]>,
    oldest: usize,
    filled: usize,
}

impl Window {
    pub(crate) fn new(n: usize) -> Self {
        Self { samples: vec![0.0; n].into_boxed_slice(), oldest: 0, filled: 0 }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.filled == self.samples.len()
    }

    /// Put `x` in; what fell out, once the window was full.
    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> Option<f64> {
        let full = self.is_full();
        let slot = self.samples.get_mut(self.oldest)?;
        let fallen = core::mem::replace(slot, x);
        self.oldest += 1;
        if self.oldest == self.samples.len() {
            self.oldest = 0;
        }
        if full {
            return Some(fallen);
        }
        self.filled += 1;
        None
    }

    /// Oldest to newest, once full.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = f64> + '_ {
        let (newer, older) = self.samples.split_at(self.oldest.min(self.samples.len()));
        older.iter().chain(newer).copied()
    }
}

/// A running sum over a window: `total += new − old`, with what each addition rounds away kept
/// beside it (Neumaier 1974), and added up anew every [`RESUM_EVERY`] updates.
///
/// So the sum is that of the exact sum, rounded once, whatever came before the window: two
/// averages that are equal compare equal, and a run that starts elsewhere agrees. The counter is
/// part of the state, so that streaming and columns agree to the bit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunningSum {
    window: Window,
    total: f64,
    rounded_away: f64,
    since_resum: u32,
}

impl RunningSum {
    pub(crate) fn new(n: usize) -> Self {
        Self { window: Window::new(n), total: 0.0, rounded_away: 0.0, since_resum: 0 }
    }

    /// The sum of the last `n` samples, once there are as many.
    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> Option<f64> {
        let Some(old) = self.window.push(x) else {
            self.add(x, 0.0);
            return self.window.is_full().then_some(self.total + self.rounded_away);
        };
        let (change, rest) = sum_and_rest(x, -old);
        self.add(change, rest);
        self.since_resum += 1;
        if self.since_resum == RESUM_EVERY {
            self.resum();
        }
        Some(self.total + self.rounded_away)
    }

    #[inline]
    fn add(&mut self, x: f64, rest: f64) {
        let (total, rounded_away) = sum_and_rest(self.total, x);
        self.total = total;
        self.rounded_away += rounded_away + rest;
    }

    fn resum(&mut self) {
        let (mut total, mut rounded_away) = (0.0, 0.0);
        for x in self.window.in_order() {
            let (sum, rest) = sum_and_rest(total, x);
            total = sum;
            rounded_away += rest;
        }
        (self.total, self.rounded_away, self.since_resum) = (total, rounded_away, 0);
    }
}

/// `a + b` as a float, and what rounding took away, exactly (Knuth's two-sum).
#[inline]
fn sum_and_rest(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}
