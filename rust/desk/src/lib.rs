//! A run on this machine: the engine's [`Run`](bot4_engine::run::Run) around a market, the journal
//! that keeps what it writes down, and the paper venue's own record beside it.
//!
//! Files, threads and the wall clock are here, and no Python. What happens is decided in the
//! engine; here it is only written down before it acts, measured, and found again after a crash.

mod error;
mod header;
mod latency;
mod entries;
mod venue_record;
mod clerk;
mod setup;
mod replay;
mod desk;

pub use clerk::Outside;
pub use desk::{Desk, Opened};
pub use entries::Kept;
pub use error::DeskError;
pub use header::{FORMAT, Header};
pub use latency::Histogram;
pub use replay::{Reader, Replayed};
pub use setup::{Market, Setup};
