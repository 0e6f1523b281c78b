//! What a venue did, as it saw it: the lines of its own record.

use serde::{Deserialize, Serialize};

use super::filters::Filter;
use crate::event::{Amendment, NewOrder, OrderId};
use crate::units::{Amount, Nanos, Price, Qty, Rate};

/// What the venue did, as it saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Counted from 1.
    pub number: u64,
    /// When.
    pub ts: Nanos,
    /// With which order.
    pub order: OrderId,
    /// What.
    pub deed: Deed,
}

/// What a venue can do with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// It came, and is new.
    Accepted(NewOrder),
    /// It came, and its id was used before: not traded again.
    Repeated,
    /// It came, and the venue would not have it.
    Refused {
        /// The order.
        order: NewOrder,
        /// Why not.
        filter: Filter,
    },
    /// Changed, as it was asked for.
    Amended(Amendment),
    /// A request to change what is not there, or to what cannot be.
    AmendRefused(Amendment),
    /// Canceled.
    Canceled {
        /// By the one who placed it; the venue itself cancels what cannot be traded.
        asked: bool,
    },
    /// A request to cancel what is not there.
    NotThere,
    /// Its market ended.
    Expired,
    /// Traded.
    Filled {
        /// At what price.
        price: Price,
        /// How much base.
        qty: Qty,
        /// Fee in quote units, on top.
        fee: Amount,
        /// Whether nothing of the order is left.
        last: bool,
    },
}

/// A trade that is about to be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    pub(super) price: Price,
    pub(super) qty: Qty,
    /// The rate.
    pub(super) fee: Rate,
    /// Whether nothing of the order is left.
    pub(super) last: bool,
}
