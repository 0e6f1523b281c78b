//! How what is wanted is carried out: named by the strategy, never implied.

use serde::{Deserialize, Serialize};

use crate::units::Nanos;

/// How a target is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Execution {
    /// Take at once what lies within the collar around the mark; the rest is wanted anew.
    #[default]
    Cross,
    /// Only make: lie at the best price of our own side, and follow it.
    Passive,
    /// Make for so long; then take.
    PassiveThenCross {
        /// How long.
        after: Nanos,
    },
    /// Take in equal parts, spread evenly over a time (TWAP).
    Slice {
        /// How many.
        parts: u16,
        /// From the first to the end of the last.
        over: Nanos,
    },
}
