//! BOT4's engine: pure and deterministic. Same events in, same bytes out, on any machine.
//!
//! No socket, file, clock, thread or randomness lives here: time comes with the event, and what
//! the bot wants done goes out as an action. The modules stand in the order that data walks
//! through them; a module may use those above it, never one below. A test reads this list.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic"))]

pub mod units;
pub mod asset;
pub mod instrument;
pub mod ability;
pub mod event;
pub mod exposure;
pub mod book;
pub mod tape;
pub mod wire;
pub mod market;
pub mod signal;
pub mod decision;
pub mod risk;
pub mod order;
pub mod venue;
pub mod portfolio;
pub mod journal;
pub mod reconcile;
pub mod report;
pub mod bot;
pub mod gateway;
pub mod session;
pub mod history;
pub mod feed;
pub mod backtest;
pub mod run;
