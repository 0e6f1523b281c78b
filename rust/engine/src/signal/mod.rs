//! Book, bar, trade → signals. A signal program is written once and runs everywhere.
//!
//! [`Program`] checks and flattens expressions and runs them, event by event or in columns, with
//! the same arithmetic in the same order. `table` names every operation; the families hold the
//! state of those that remember. A program sees only what it was given: it cannot look ahead.

mod average;
mod drive;
mod kernel;
mod logic;
mod momentum;
mod node;
mod program;
mod statistic;
mod table;
mod volatility;
mod window;

pub use node::{Input, Node, NodeKind, SignalError, Stream};
pub use program::{Memory, Program};
pub use table::{Gives, OPERATIONS, Operation, Parameter};
