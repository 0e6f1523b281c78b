//! The instruments that a decoder knows, found by the venue's own symbols.

use super::decimal::Scale;
use super::fault::{WireError, WireErrorKind};
use crate::instrument::InstrumentId;

/// Longest symbol of a venue.
pub const SYMBOL_BYTES_MAX: usize = 64;
/// Most instruments of one decoder.
pub const LISTINGS_MAX: usize = 4_096;

/// What a decoder must know of an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The venue's own: `BTCUSDT`, `BTC/USD`, `BTC-USD`.
    pub symbol: String,
    /// Which instrument it is.
    pub id: InstrumentId,
    /// Decimal places of the prices that events carry.
    pub price_scale: u32,
    /// Decimal places of the sizes that events carry.
    pub qty_scale: u32,
    /// Decimal places of prices as the venue writes them; `None`: as the snapshot has them.
    pub price_decimals: Option<u32>,
    /// Decimal places of sizes as the venue writes them; `None`: as the snapshot has them.
    pub qty_decimals: Option<u32>,
}

impl Listing {
    /// The scale of its prices and that of its sizes.
    pub fn scales(&self) -> Result<(Scale, Scale), WireError> {
        let (price, qty) = (Scale::new(self.price_scale), Scale::new(self.qty_scale));
        price.zip(qty).ok_or(unlistable("a scale above 18"))
    }
}

const fn unlistable(why: &'static str) -> WireError {
    WireError { kind: WireErrorKind::Unlistable { why }, offset: 0 }
}

/// Listed instruments, each with what its venue's decoder remembers of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster<M> {
    /// In the order of their symbols.
    listed: Vec<Listed<M>>,
}

/// One instrument of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<M> {
    /// The venue's own name.
    pub symbol: Box<[u8]>,
    /// Which instrument it is.
    pub id: InstrumentId,
    /// The scale of its prices.
    pub price: Scale,
    /// The scale of its sizes.
    pub qty: Scale,
    /// What the decoder remembers of it.
    pub memory: M,
}

impl<M> Default for Roster<M> {
    fn default() -> Self {
        Self { listed: Vec::new() }
    }
}

impl<M> Roster<M> {
    /// Add an instrument that is not in it yet.
    pub fn list(&mut self, listing: &Listing, memory: M) -> Result<(), WireError> {
        let symbol = listing.symbol.as_bytes();
        if symbol.is_empty() || symbol.len() > SYMBOL_BYTES_MAX {
            return Err(unlistable("a symbol that is empty or longer than 64 bytes"));
        }
        if self.listed.len() >= LISTINGS_MAX {
            return Err(unlistable("more than 4,096 instruments"));
        }
        if self.listed.iter().any(|listed| listed.id == listing.id) {
            return Err(unlistable("it is listed already"));
        }
        let Err(place) = self.search(symbol) else {
            return Err(unlistable("its symbol is listed already"));
        };
        let (price, qty) = listing.scales()?;
        let listed = Listed { symbol: symbol.into(), id: listing.id, price, qty, memory };
        self.listed.insert(place, listed);
        Ok(())
    }

    /// Where the instrument with this symbol stands.
    #[inline]
    #[must_use]
    pub fn find(&self, symbol: &[u8]) -> Option<usize> {
        // One instrument on a connection is what is most often seen.
        match self.listed.first() {
            Some(first) if *first.symbol == *symbol => Some(0),
            Some(_) | None => self.search(symbol).ok(),
        }
    }

    /// The instrument that stands at a place.
    #[inline]
    #[must_use]
    pub fn at(&self, place: usize) -> Option<&Listed<M>> {
        self.listed.get(place)
    }

    /// The same, to change what is remembered of it.
    #[inline]
    #[must_use]
    pub fn at_mut(&mut self, place: usize) -> Option<&mut Listed<M>> {
        self.listed.get_mut(place)
    }

    /// What is remembered of an instrument.
    #[must_use]
    pub fn of(&self, id: InstrumentId) -> Option<&Listed<M>> {
        self.listed.iter().find(|listed| listed.id == id)
    }

    /// All of them, in the order of their symbols.
    pub fn iter(&self) -> impl Iterator<Item = &Listed<M>> {
        self.listed.iter()
    }

    /// The same, to change what is remembered of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Listed<M>> {
        self.listed.iter_mut()
    }

    fn search(&self, symbol: &[u8]) -> Result<usize, usize> {
        self.listed.binary_search_by(|listed| (*listed.symbol).cmp(symbol))
    }
}
