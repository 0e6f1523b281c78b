//! What the operations of a program remember, each kind in a vector of its own.
//!
//! An instruction says where its state lies, so that it can be copied into the list of every clock
//! that runs it, and what runs hot lies close together.

use serde::{Deserialize, Serialize};

use super::average::{DecayedSum, Sma, Smoothed};
use super::logic::{Crossed, Deadband, Latch};
use super::momentum::Rsi;
use super::rank::Ranked;
use super::statistic::{CumMax, RollingMax, Shift};
use super::volatility::{Atr, RollingStd};

/// Where in its vector a state lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(u32);

/// The states of one kind of operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Each<T>(Vec<T>);

impl<T> Default for Each<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Each<T> {
    /// One more; a program has fewer steps than 32 bits count.
    pub(crate) fn begin(&mut self, state: T) -> Slot {
        let slot = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.push(state);
        Slot(slot)
    }

    #[inline]
    pub(crate) fn at(&mut self, slot: Slot) -> Option<&mut T> {
        self.0.get_mut(slot.0 as usize)
    }
}

/// The states of every operation of a program.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct States {
    pub(crate) shift: Each<Shift>,
    pub(crate) sma: Each<Sma>,
    pub(crate) ema: Each<Smoothed>,
    pub(crate) extreme: Each<RollingMax>,
    pub(crate) std: Each<RollingStd>,
    pub(crate) rsi: Each<Rsi>,
    pub(crate) atr: Each<Atr>,
    pub(crate) crossed: Each<Crossed>,
    pub(crate) latch: Each<Latch>,
    pub(crate) decayed: Each<DecayedSum>,
    pub(crate) cum_max: Each<CumMax>,
    pub(crate) deadband: Each<Deadband>,
    pub(crate) ranked: Each<Ranked>,
}
