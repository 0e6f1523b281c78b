//! Numbers drawn from a seed: the same on every machine, for ever.
//!
//! Only integers of the generator, exact IEEE 754 arithmetic and `libm` are used. Nothing outside
//! this file draws; the state is plain and goes into snapshots.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// An odd number near 2⁶⁴ ÷ φ: steps by it visit all 64-bit numbers evenly (Weyl).
const WEYL: u64 = 0x9E37_79B9_7F4A_7C15;

/// The chance of one instrument's market.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Chance {
    source: Pcg64Mcg,
}

impl Chance {
    /// The `place` is that of the instrument: markets of one seed have nothing in common.
    pub(super) fn new(seed: u64, place: u32) -> Self {
        let start = mixed(seed.wrapping_add(WEYL)) ^ u64::from(place);
        let low = mixed(start.wrapping_add(WEYL));
        let high = mixed(start.wrapping_add(WEYL.wrapping_mul(2)));
        let state = u128::from(low) | (u128::from(high) << 64);
        Self { source: Pcg64Mcg::from_seed(state.to_le_bytes()) }
    }

    /// Between 0 and 1, never either of them: 53 bits of which the last is always set.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
    pub(super) fn uniform(&mut self) -> f64 {
        const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0;
        ((self.source.next_u64() >> 11) | 1) as f64 * UNIT
    }

    /// Whether something of this probability happens.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// A whole number from 0 up to, not including, `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let place = (u128::from(self.source.next_u64()) * u128::from(count)) >> 64;
        usize::try_from(place).unwrap_or(0)
    }

    /// An exponential of mean 1: how long a wait takes, in units of the mean wait.
    pub(super) fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }

    /// A whole number of steps until something that happens every `mean` steps; at least one.
    pub(super) fn steps_until(&mut self, mean: f64) -> i64 {
        (self.exponential() * mean) as i64 + 1
    }

    /// Two independent standard normals (Marsaglia's polar form of Box and Muller).
    pub(super) fn normals(&mut self) -> (f64, f64) {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            // Four of five pairs lie in the circle; the odds of a long search halve many times.
            if square < 1.0 && square > 0.0 {
                let factor = (-2.0 * libm::log(square) / square).sqrt();
                return (x * factor, y * factor);
            }
        }
    }
}

/// A bijection of 64 bits in which each bit of the input reaches each of the output (SplitMix64).
fn mixed(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}
