//! Every component's breaker in one word: two bits each, all zero when everything works.
//!
//! Only a journaled [`Event::Breaker`](crate::event::Event::Breaker) changes it.

use serde::{Deserialize, Serialize};

use crate::event::{BreakerState, Component};

/// The word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Breakers(u64);

/// Whether trading depends on a component: what is only read by people, or only advises, does not
/// hold it back.
#[must_use]
pub const fn holds_trading(component: Component) -> bool {
    match component {
        Component::Copies | Component::Llm | Component::Database => false,
        Component::Feed
        | Component::Venue
        | Component::Journal
        | Component::Clock
        | Component::Strategy
        | Component::DailyLoss
        | Component::Drawdown
        | Component::Ledger
        | Component::Invariant
        | Component::KillSwitch
        | Component::Gateway
        | Component::Memory
        | Component::Disk
        | Component::Repeats
        | Component::Model => true,
    }
}

/// The bits of all that trading depends on.
const HOLDING: u64 = {
    let (mut bits, mut place) = (0, 0);
    while place < Component::ALL.len() {
        #[allow(
            clippy::indexing_slicing,
            reason = "a constant: what is out of bounds does not build"
        )]
        let component = Component::ALL[place];
        if holds_trading(component) {
            bits |= 3 << shift(component);
        }
        place += 1;
    }
    bits
};

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

    /// The word in which one component is latched and all others are closed.
    #[must_use]
    pub const fn only(component: Component) -> Self {
        Self(3 << shift(component))
    }

    /// Both, of each component the state that is worse.
    #[must_use]
    pub const fn worst(self, other: Self) -> Self {
        // Closed, half-open, open and latched are 0 to 3: the larger of each two bits.
        let high = (self.0 | other.0) & HIGH;
        let mine = self.0 & !HIGH & (((self.0 & HIGH) >> 1) | !(high >> 1));
        let theirs = other.0 & !HIGH & (((other.0 & HIGH) >> 1) | !(high >> 1));
        Self(high | mine | theirs)
    }

    /// What of it holds trading back.
    #[must_use]
    pub const fn holding(self) -> Self {
        Self(self.0 & HOLDING)
    }

    /// The word without one component.
    #[must_use]
    pub const fn without(self, component: Component) -> Self {
        Self(self.0 & !(3 << shift(component)))
    }
}

/// The upper bit of each component.
const HIGH: u64 = 0xAAAA_AAAA_AAAA_AAAA;

const fn shift(component: Component) -> u32 {
    2 * component as u32
}
