//! Where a position is closed, as it is asked for. What orders that makes is in `decision/exits`.

use serde::{Deserialize, Serialize};

use crate::units::Rate;

/// How far from the average entry price a position is closed, as fractions of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exits {
    /// At a loss of this much.
    pub stop_loss: Option<Rate>,
    /// The stop follows the best price.
    pub trails: bool,
    /// At a profit of this much.
    pub take_profit: Option<Rate>,
}
