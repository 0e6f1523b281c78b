//! Every component's breaker in one word: two bits each, all zero when everything works.
//!
//! Only a journaled [`Event::Breaker`](crate::event::Event::Breaker) changes it.

use serde::{Deserialize, Serialize};

use crate::event::{BreakerState, Component};

/// The word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Breakers(u64);

impl Breakers {
    /// Whether everything may be relied on: one comparison.
    #[inline]
    #[must_use]
    pub const fn all_closed(self) -> bool {
        self.0 == 0
    }

    /// The word itself, for records and hashes.
    #[must_use]
    pub const fn word(self) -> u64 {
        self.0
    }

    /// One component's state.
    #[must_use]
    pub const fn state(self, component: Component) -> BreakerState {
        match (self.0 >> shift(component)) & 3 {
            0 => BreakerState::Closed,
            1 => BreakerState::HalfOpen,
            2 => BreakerState::Open,
            _ => BreakerState::Latched,
        }
    }

    /// The word with one component changed.
    #[must_use]
    pub const fn with(self, component: Component, state: BreakerState) -> Self {
        let bits: u64 = match state {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
            BreakerState::Latched => 3,
        };
        let at = shift(component);
        Self((self.0 & !(3 << at)) | (bits << at))
    }
}

const fn shift(component: Component) -> u32 {
    2 * component as u32
}
