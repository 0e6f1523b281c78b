//! What the risk limits are proven on: markets with fat tails and gaps, strategies of chance on
//! them, and a judge that keeps an account of its own. No test lives here.

#![allow(dead_code, reason = "each room uses the part it needs")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a few kinds of record are looked for")]
#![allow(clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::cast_precision_loss, reason = "money as a float is only looked at here")]

pub(crate) mod crowd;
pub(crate) mod judge;
pub(crate) mod life;
pub(crate) mod tally;
pub(crate) mod weather;
