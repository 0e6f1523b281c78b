//! What sleeves of one instrument trade with each other, in no order and for no fee.

use serde::{Deserialize, Serialize};

use super::SleeveId;
use crate::instrument::InstrumentId;
use crate::units::{Price, Qty};

/// A trade inside the account: it moves shares, and nothing of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cross {
    /// Of what.
    pub instrument: InstrumentId,
    /// Whose share becomes smaller; `None`: what belongs to no sleeve.
    pub seller: Option<SleeveId>,
    /// Whose share becomes larger; `None`: what belongs to no sleeve.
    pub buyer: Option<SleeveId>,
    /// The mark.
    pub price: Price,
    /// How much base, above zero.
    pub qty: Qty,
}

impl Cross {
    /// Whether it can be: of something, between two.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        self.seller != self.buyer && self.price.is_positive() && self.qty.is_positive()
    }
}
