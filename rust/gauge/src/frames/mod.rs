//! SIMULATED frames as venues word them, of one market that a seed decides.

pub mod binance;
pub mod coinbase;
pub mod kraken;

use bot4_engine::instrument::{Instrument, InstrumentId};
use bot4_engine::units::Nanos;
use bot4_engine::wire::Listing;

use crate::GaugeError;

/// When every frame comes: nothing that is measured depends on it.
pub const RECEIVED: Nanos = Nanos::new(1_700_000_000_000_000_000);

/// What a listed instrument is, for the venue's decoder.
pub(crate) fn listing(rules: &Instrument) -> Listing {
    Listing {
        symbol: rules.name().to_owned(),
        id: InstrumentId(0),
        price_scale: rules.price_scale,
        qty_scale: rules.qty_scale,
        price_decimals: None,
        qty_decimals: None,
    }
}

/// The rules of BTC in dollars, by the name that a venue gives it.
pub fn bitcoin(symbol: &str, tick: &str, lot: &str) -> Result<Instrument, GaugeError> {
    Ok(Instrument::listed(symbol, 60_000.0, tick, lot)?)
}
