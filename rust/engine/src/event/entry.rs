//! What happens to an account without an order of ours: its venue lists it, we book it.

use serde::{Deserialize, Serialize};

use super::{Side, TradeId};
use crate::asset::Asset;
use crate::instrument::{InstrumentId, VenueId};
use crate::units::{Amount, Nanos, Price, Qty};

/// One entry of a venue's own ledger that is of no order of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, by the venue.
    pub ts: Nanos,
    /// Which venue.
    pub venue: VenueId,
    /// The venue's name for it, unique among the bookings of its kind (trades: within the
    /// instrument), by which one that is told twice is known.
    pub name: TradeId,
    /// What.
    pub booking: Booking,
}

/// What is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Booking {
    /// Something came in, or went out below zero.
    Transfer {
        /// Of what.
        asset: Asset,
        /// How much.
        amount: Amount,
    },
    /// Funding of a position was got, or paid below zero.
    Funding {
        /// Of which.
        instrument: InstrumentId,
        /// How much of its quote.
        amount: Amount,
    },
    /// A trade that no order of ours did: by hand, by another program.
    Trade {
        /// Of what.
        instrument: InstrumentId,
        /// Which way.
        side: Side,
        /// At what price.
        price: Price,
        /// How much base, above zero.
        qty: Qty,
        /// Fee, paid on top.
        fee: Amount,
        /// In what; `None`: in quote.
        fee_asset: Option<Asset>,
    },
}

impl Booking {
    /// The word in journals, reports and on the screen.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Transfer { .. } => "transfer",
            Self::Funding { .. } => "funding",
            Self::Trade { .. } => "foreign_fill",
        }
    }
}
