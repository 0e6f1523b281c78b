//! Signals → [`Intent`](crate::event::Intent). What a strategy wants; never whether it may.

pub mod execution;
pub mod exits;
pub mod quote;
pub mod target;

use crate::event::{Execution, Exits};

/// What the outputs of a program mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// Output 0 is the fraction to hold.
    Target {
        /// The no-trade band, as a fraction of the sleeve's equity.
        band: Option<f64>,
        /// How it is carried out.
        execution: Execution,
        /// What closes what is held where the market goes too far.
        exits: Option<Exits>,
    },
    /// The first four outputs are a market to make: [`quote::Offer`].
    Quote(quote::Terms),
}
