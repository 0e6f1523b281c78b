//! What we hold, have working, and are not sure of: the one word that flows back up.
//!
//! `portfolio` and `order` fill it, `bot` carries it up to `decision` and `risk`. No logic here.

use serde::{Deserialize, Serialize};

use crate::units::{Amount, Nanos, Price, Qty};

/// One instrument's exposure. Orders whose fate is unknown count as working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exposure {
    /// Held now, signed.
    pub position: Qty,
    /// Quote that working buys may still spend, at worst.
    pub working_buy: Amount,
    /// Base that working sells may still sell.
    pub working_sell: Qty,
}

/// The account as a whole, in the reporting currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account {
    /// Cash, whether reserved or not.
    pub cash: Amount,
    /// Cash that working buys may still spend, at worst.
    pub reserved: Amount,
    /// Cash plus positions at their marks.
    pub equity: Amount,
    /// Value of all positions at their marks, longs and shorts added up without signs.
    pub gross: Amount,
    /// Value at the marks of what working sells may sell beyond what is held, and of what buys
    /// paid in other currencies may spend; `None` where a mark or a rate is missing.
    pub working_short: Option<Amount>,
    /// Something is owed that has no price: nobody knows what the account is worth.
    pub unpriced: bool,
}

/// The price that positions are valued and orders are checked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The price.
    pub price: Price,
    /// When it was seen.
    pub ts: Nanos,
}
