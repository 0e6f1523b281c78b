//! Book, bar, trade → signals. A signal program is written once and runs everywhere.
//!
//! [`Program`] checks and flattens expressions and runs them, event by event or in columns, with
//! the same arithmetic in the same order. `table` names every operation; the families hold the
//! state of those that remember. Each event runs what depends on its clock and nothing else. A
//! program sees only what it was given: it cannot look ahead.

mod average;
mod compile;
mod depth;
mod drive;
mod fault;
mod fuse;
mod kernel;
mod logic;
mod microstructure;
mod momentum;
mod node;
mod program;
mod rank;
mod state;
mod statistic;
mod step;
mod stream;
mod table;
mod volatility;
mod window;

pub use fault::SignalError;
pub use microstructure::Watch;
pub(crate) use microstructure::seconds;
pub use node::{Input, Node, NodeKind};
pub use program::{Memory, Program};
pub use stream::{BookStream, Clock, Clocks, LEVELS_MAX, Size, Stream, TradeStream};
pub use table::{Gives, OPERATIONS, Operation, Parameter};
