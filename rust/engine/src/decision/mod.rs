//! Signals → [`Intent`](crate::event::Intent). What a strategy wants; never whether it may.

pub mod target;
