//! Markets that no venue tells now: tick by tick, as a venue would tell them.
//!
//! [`SimulatedMarket`] is made from a seed and never happened; wherever it shows it is called
//! simulated. [`Captured`] makes the rows of a [`Recorded`] market from a venue's frames. No clock
//! and no order of ours lives here: a market does not know who trades on it.
//! `chance` draws numbers, `value` is what the market believes, `shape` its grid and sizes,
//! `ladder` one side of its book.

mod chance;
mod value;
mod shape;
mod ladder;
mod captured;
mod recorded;
mod simulated;

pub use captured::{Captured, CapturedColumns, CapturedMarket};
pub use recorded::{CODES, Recorded, RecordedColumns, RecordingError};
pub use simulated::SimulatedMarket;
