//! The levels that a message tells, one by one, before any of them is believed.

use super::LEVELS_MAX;
use super::fault::{WireError, WireErrorKind};
use crate::event::Side;
use crate::units::{Price, Qty};

/// One level, as a message says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) side: Side,
    pub(super) price: Price,
    pub(super) qty: Qty,
}

/// Add a level to those of a message; `at` is where it stands, for the error of one too many.
#[inline]
pub(super) fn push(changes: &mut Vec<Change>, change: Change, at: usize) -> Result<(), WireError> {
    if changes.len() >= LEVELS_MAX {
        let kind = WireErrorKind::TooManyLevels { limit: LEVELS_MAX };
        return Err(WireError { kind, offset: at });
    }
    changes.push(change);
    Ok(())
}
