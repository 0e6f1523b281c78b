//! What happened to the account without an order of ours, and what assets are told to be worth.

use super::{Record, State, StateError};
use crate::asset::Asset;
use crate::event::{Booking, Entry, TradeId};
use crate::order::OrderError;
use crate::units::Amount;

impl State {
    /// Something that no order of ours did. The same told twice changes nothing.
    pub(super) fn on_booked(
        &mut self,
        record: &Record,
        entry: &Entry,
        worth: Amount,
    ) -> Result<(), StateError> {
        if self.is_booked(entry) {
            return Ok(());
        }
        match entry.booking {
            Booking::Transfer { .. } => {}
            Booking::Funding { instrument, .. } => {
                self.instrument(instrument).ok_or(StateError::Unknown)?;
            }
            Booking::Trade { instrument, price, qty, .. } => {
                self.instrument(instrument).ok_or(StateError::Unknown)?;
                if !price.is_positive() || !qty.is_positive() {
                    return Err(OrderError::Overfill.into());
                }
            }
        }
        let mut monitor = self.monitor;
        monitor.on_deposit(worth)?;
        let heights = self.conducts.deposited(self.monitor.last(), monitor.last())?;
        self.portfolio.on_entry(&self.instruments, entry)?;
        (self.monitor, self.conducts.equity) = (monitor, heights);
        self.booked.insert(name_of(entry));
        if let Booking::Trade { instrument, .. } = entry.booking {
            self.refresh(instrument);
        }
        self.chain.link(record);
        Ok(())
    }

    /// Whether this was booked before.
    #[must_use]
    pub fn is_booked(&self, entry: &Entry) -> bool {
        self.booked.contains(&name_of(entry))
    }

    /// What one of an asset was last told to be worth, in the reporting currency.
    #[must_use]
    pub fn rate(&self, asset: Asset) -> Option<Amount> {
        self.rates.get(&asset).copied()
    }
}

/// What an entry is known by: its kind, the instrument or venue whose names are unique, its name.
const fn name_of(entry: &Entry) -> (u8, u32, TradeId) {
    match entry.booking {
        Booking::Transfer { .. } => (0, entry.venue.0, entry.name),
        Booking::Funding { .. } => (1, entry.venue.0, entry.name),
        Booking::Trade { instrument, .. } => (2, instrument.0, entry.name),
    }
}
