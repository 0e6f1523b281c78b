//! Orders that wait: where a trigger that trails is now.

use crate::event::{Side, Stop};
use crate::units::{Overflow, Price};

/// What an order waits for after the market was at `price`: a trigger that trails never goes back.
pub(super) fn trailed(side: Side, stop: Stop, price: Price) -> Result<Stop, Overflow> {
    stop.trailed(side, price)
}
