//! The touch of the market and the mark made of it.
//!
//! Bars give the last price, quotes the touch. A crossed touch is not believed.

use crate::event::Quote;
use crate::exposure::Mark;
use crate::units::{Nanos, Price};

/// Best bid, best ask and last price of one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Book {
    touch: Option<(Price, Price)>,
    mark: Option<Mark>,
}

impl Book {
    /// A bar closed at `price`.
    pub fn on_close(&mut self, price: Price, ts: Nanos) {
        self.mark = Some(Mark { price, ts });
    }

    /// The touch changed. The mark becomes the mid, rounded down; a crossed or empty touch takes
    /// the mark away, so that nothing is traded on it.
    pub fn on_quote(&mut self, quote: &Quote) {
        let (bid, ask) = (quote.bid.mantissa(), quote.ask.mantissa());
        let believable = bid > 0 && bid < ask;
        self.touch = believable.then_some((quote.bid, quote.ask));
        self.mark =
            believable.then(|| Mark { price: Price::new(bid + (ask - bid) / 2), ts: quote.ts });
    }

    /// Highest bid and lowest ask, where they are known and not crossed.
    #[must_use]
    pub fn touch(&self) -> Option<(Price, Price)> {
        self.touch
    }

    /// The price to value and check at.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.mark
    }
}
