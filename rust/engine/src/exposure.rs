//! What we hold, have working, and are not sure of: the one word that flows back up.
//!
//! `portfolio` and `order` fill it, `bot` carries it up to `decision` and `risk`. No logic here.

use serde::{Deserialize, Serialize};

use crate::event::{Side, Size};
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

/// What is held of several instruments, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Group {
    /// At the marks, longs less shorts.
    pub net: Amount,
    /// What working buys may still spend.
    pub buying: Amount,
    /// What working sells may still sell, at the marks; `None` where one is missing.
    pub selling: Option<Amount>,
}

/// What of the orders that work stands in the way of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resting {
    /// How many orders of the instrument work.
    pub orders: u32,
    /// How many orders of its venue have a fate that is unknown.
    pub unknown: u32,
    /// The highest price at which a buy of ours rests.
    pub buy: Option<Price>,
    /// The lowest price at which a sell of ours rests.
    pub sell: Option<Price>,
}

/// An order that a sleeve placed lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lately {
    /// When.
    pub ts: Nanos,
    /// Which way.
    pub side: Side,
    /// How much, as risk approved it.
    pub size: Size,
    /// At what price; `None`: at any.
    pub limit: Option<Price>,
}

/// What a sleeve did, and how it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conduct {
    /// Messages to its venue within ten seconds, those of other sleeves too.
    pub messages: u32,
    /// Its orders that took, within a minute.
    pub takes: u32,
    /// Its cancels of this UTC day.
    pub cancels: u32,
    /// Its fills of this UTC day.
    pub fills: u32,
    /// Losses in a row.
    pub losses: u32,
    /// What the last order that closed lost.
    pub lost: Amount,
    /// When.
    pub lost_at: Nanos,
}

/// What is known of a market beside its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// The price that everything is valued at, and when it was seen.
    pub mark: Mark,
    /// The mark as it was about a minute ago.
    pub before: Price,
    /// Highest bid; the mark, where only bars speak.
    pub bid: Price,
    /// Lowest ask; the mark, where only bars speak.
    pub ask: Price,
    /// What the bid holds; all there is, where only bars speak.
    pub bid_qty: Qty,
    /// What the ask holds; all there is, where only bars speak.
    pub ask_qty: Qty,
}
