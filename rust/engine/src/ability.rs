//! What each venue can do with an order by itself. What it cannot the engine does, and says so.
//!
//! One table, so that nobody else asks a venue for its name. Simulated venues can do all of it.

/// What a venue can do by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// End an order at a given time (FIX GTD). Else the engine cancels it then.
    pub gtd: bool,
    /// Let a stop wait that becomes a market order. Else the engine watches the trigger.
    pub stop_market: bool,
    /// Let a stop wait that becomes a limit order.
    pub stop_limit: bool,
    /// Let a trigger follow the market by a distance in price.
    pub trailing: bool,
    /// Size an order with a limit by what it may spend. Else it is sized in base, at the mark.
    pub quote_limit: bool,
    /// Let an order only reduce a position, whatever else works (FIX ExecInst 'E').
    pub reduce_only: bool,
    /// Change price and size of an order that keeps its id. Else it is canceled and placed anew.
    pub amend: bool,
}

impl Abilities {
    /// All of it.
    pub const ALL: Self = Self {
        gtd: true,
        stop_market: true,
        stop_limit: true,
        trailing: true,
        quote_limit: true,
        reduce_only: true,
        amend: true,
    };

    /// Of the venue before the colon of a symbol.
    #[must_use]
    pub fn of(venue: &str) -> Self {
        let spot = Self { quote_limit: false, reduce_only: false, ..Self::ALL };
        match venue {
            // Its trailing is in hundredths of a percent, and its amend only shrinks.
            "binance" => Self { gtd: false, trailing: false, amend: false, ..spot },
            "kraken" => spot,
            "coinbase" => Self { stop_market: false, trailing: false, ..spot },
            _ => Self::ALL,
        }
    }

    /// Whether an order that waits for its trigger can do so at the venue.
    #[must_use]
    pub const fn can_wait(self, limit: bool, trails: bool) -> bool {
        let waits = if limit { self.stop_limit } else { self.stop_market };
        // A trailing stop with a limit is told by its offset, which we do not say.
        waits && (!trails || (self.trailing && !limit))
    }
}
