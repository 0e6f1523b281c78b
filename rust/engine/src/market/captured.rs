//! A captured market: what a venue's frames tell, as books and as the rows of a recording.
//!
//! Frames go in one by one, as they came; nothing here reads a file. The bot looks at a book where
//! a message ends, the paper venue at each row: so the levels that go are written before those that
//! come, and no row crosses a book. What a venue tells of the touch by itself is not written.

use std::collections::BTreeSet;

use crate::asset::Asset;
use crate::book::{Book, Integrity};
use crate::event::{Event, Side, Tick, TickKind};
use crate::instrument::{Instrument, InstrumentId};
use crate::units::{Amount, Nanos, Price, Qty, Rate};
use crate::wire::{Counts, Decoder, Heard, Listing, WireError};

/// The columns of a recording, of equal lengths, as `RecordedColumns` wants them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapturedColumns {
    /// When, ns UTC; does not fall.
    pub ts: Vec<i64>,
    /// One of [`CODES`](super::CODES).
    pub kind: Vec<u8>,
    /// Quote units; 0 of a clear.
    pub price: Vec<f64>,
    /// Base units; 0 of a clear.
    pub qty: Vec<f64>,
    /// Whether the venue's message ends with it.
    pub last: Vec<bool>,
}

/// One instrument of a capture.
#[derive(Debug)]
pub struct CapturedMarket {
    symbol: String,
    rules: Instrument,
    book: Book,
    columns: CapturedColumns,
    /// Which levels the present frame changed, and whether they were there before it.
    changed: Vec<(Side, Price, bool)>,
    /// The present frame tells the book anew.
    begun: bool,
    /// The rows hold levels that no row has cleared.
    laid: bool,
}

/// A venue's frames, made into markets.
#[derive(Debug)]
pub struct Captured {
    venue: String,
    decoder: Decoder,
    markets: Vec<CapturedMarket>,
    now: Nanos,
}

impl Captured {
    /// Frames of `binance`, `kraken` or `coinbase`.
    #[must_use]
    pub fn of(venue: &str) -> Option<Self> {
        let decoder = Decoder::of(venue)?;
        Some(Self { venue: venue.to_owned(), decoder, markets: Vec::new(), now: Nanos::ZERO })
    }

    /// Listen for a symbol whose prices and sizes have at most so many decimal places; the last two
    /// are how many the venue writes, where it is known (see [`Listing`]).
    pub fn list(
        &mut self,
        symbol: &str,
        (price_scale, qty_scale): (u32, u32),
        (price_decimals, qty_decimals): (Option<u32>, Option<u32>),
    ) -> Result<(), WireError> {
        let id = InstrumentId(u32::try_from(self.markets.len()).unwrap_or(u32::MAX));
        self.decoder.list(Listing {
            symbol: symbol.to_owned(),
            id,
            price_scale,
            qty_scale,
            price_decimals,
            qty_decimals,
        })?;
        let rules = Instrument {
            base: Asset::of_name(symbol),
            quote: Asset::CASH,
            symbol: format!("{}:{symbol}", self.venue),
            price_scale,
            qty_scale,
            tick: Price::new(1),
            lot: Qty::new(1),
            notional_min: Amount::ZERO,
            notional_max: Amount::new(i128::MAX),
            qty_max: Qty::new(i64::MAX),
            taker_fee: Rate::ZERO,
            maker_fee: Rate::ZERO,
        };
        self.markets.push(CapturedMarket {
            symbol: symbol.to_owned(),
            rules,
            book: Book::default(),
            columns: CapturedColumns::default(),
            changed: Vec::new(),
            begun: false,
            laid: false,
        });
        Ok(())
    }

    /// One message, received at `received`, or at zero where nobody noted it.
    pub fn on_frame(&mut self, frame: &[u8], received: Nanos) -> Result<Heard, WireError> {
        self.hear(|decoder, mut tell| decoder.on_frame(frame, received, &mut tell))
    }

    /// A REST answer with the book of `symbol`.
    pub fn on_snapshot(
        &mut self,
        symbol: &str,
        body: &[u8],
        received: Nanos,
    ) -> Result<Heard, WireError> {
        self.hear(|decoder, mut tell| decoder.on_snapshot(symbol, body, received, &mut tell))
    }

    /// A new connection: no book is believed until it is told anew.
    pub fn on_connect(&mut self, received: Nanos) {
        self.hear(|decoder, mut tell| decoder.on_connect(received, &mut tell));
    }

    /// What was seen.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        self.decoder.counts()
    }

    /// The market of a symbol.
    #[must_use]
    pub fn market(&self, symbol: &str) -> Option<&CapturedMarket> {
        self.markets.iter().find(|market| market.symbol == symbol)
    }

    /// The venue's name of an instrument.
    #[must_use]
    pub fn symbol(&self, id: InstrumentId) -> &str {
        self.markets.get(id.index()).map_or("", |market| &market.symbol)
    }

    /// Whether a symbol's book can be believed; what cannot be kept is told before what is crossed.
    #[must_use]
    pub fn integrity(&self, symbol: &str) -> Option<Integrity> {
        let place = self.markets.iter().position(|market| market.symbol == symbol)?;
        let id = InstrumentId(u32::try_from(place).ok()?);
        let kept = self.decoder.integrity(id);
        let book = &self.markets.get(place)?.book;
        // A capture has no clock: nothing in it is stale.
        let never = Nanos::new(i64::MAX);
        Some(if kept == Integrity::Live { book.integrity(self.now, never) } else { kept })
    }

    /// Events of one message go to the books; levels that a touch told by itself came after end it
    /// as well.
    fn hear<T>(&mut self, tell: impl FnOnce(&mut Decoder, &mut dyn FnMut(&Event)) -> T) -> T {
        let Self { decoder, markets, now, .. } = self;
        let heard = tell(decoder, &mut |event| follow(markets, now, event));
        for market in markets {
            if !market.changed.is_empty() {
                market.write_levels(*now);
            }
            market.begun = false;
        }
        heard
    }
}

/// One event to its book. Times that go back are held.
fn follow(markets: &mut [CapturedMarket], now: &mut Nanos, event: &Event) {
    match event {
        Event::Tick(tick) => {
            *now = (*now).max(tick.ts);
            if let Some(market) = markets.get_mut(tick.instrument.index()) {
                market.on_tick(&Tick { ts: *now, ..*tick });
            }
        }
        Event::Quote(quote) => {
            *now = (*now).max(quote.ts);
            if let Some(market) = markets.get_mut(quote.instrument.index()) {
                market.book.on_quote(quote);
            }
        }
        Event::Gap { instrument, ts } => {
            *now = (*now).max(*ts);
            if let Some(market) = markets.get_mut(instrument.index()) {
                market.book.on_gap(*now);
                // What was never laid is not taken away: a row would say that there was a book.
                if market.laid {
                    market.write_clear(*now, true);
                }
            }
        }
        // Bars are no part of a recording; the others are not of a market.
        Event::Bar(_)
        | Event::Deposit { .. }
        | Event::Booked(_)
        | Event::Rate { .. }
        | Event::Time(_)
        | Event::Intent(_)
        | Event::Order { .. }
        | Event::CumQty { .. }
        | Event::Fill(_)
        | Event::Breaker(_)
        | Event::Control { .. }
        | Event::Pause { .. }
        | Event::Start { .. }
        | Event::Stop { .. }
        | Event::Adopted { .. }
        | Event::Flatten { .. }
        | Event::Freeze { .. }
        | Event::Status { .. }
        | Event::Measured { .. } => {}
    }
}

impl CapturedMarket {
    /// Its scales, as an instrument whose tick and lot are as fine as they.
    #[must_use]
    pub fn rules(&self) -> &Instrument {
        &self.rules
    }

    /// Its book: after a gap the levels that were known before it.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The rows so far.
    #[must_use]
    pub fn columns(&self) -> &CapturedColumns {
        &self.columns
    }

    fn on_tick(&mut self, tick: &Tick) {
        match tick.kind {
            TickKind::Clear if tick.last => self.write_clear(tick.ts, true),
            TickKind::Clear => {
                self.changed.clear();
                self.begun = true;
            }
            TickKind::Level { side, price, .. } => {
                let there = !self.book.ladder().at(side, price).is_zero();
                self.changed.push((side, price, there));
            }
            TickKind::Trade { aggressor, price, qty } => {
                self.write((tick.ts, tick.last), 3 + aggressor as u8, price, qty);
            }
        }
        self.book.on_tick(tick);
        if tick.last && !self.changed.is_empty() {
            self.write_levels(tick.ts);
        }
    }

    fn write_clear(&mut self, ts: Nanos, last: bool) {
        self.changed.clear();
        self.laid = false;
        self.write((ts, last), 0, Price::new(0), Qty::ZERO);
    }

    /// What the levels hold that changed, once each: first those that are gone. Venues also end
    /// levels that nobody was told of: one of them is written where there is nothing else, so that
    /// the message is told.
    fn write_levels(&mut self, ts: Nanos) {
        let changed = std::mem::take(&mut self.changed);
        if core::mem::take(&mut self.begun) {
            self.write_clear(ts, false);
        }
        self.laid = true;
        let mut seen = BTreeSet::new();
        let first = changed.iter().filter(|(side, price, _)| seen.insert((*side as u8, *price)));
        let holds = |side, price| self.book.ladder().at(side, price);
        let levels =
            first.map(|(side, price, there)| (*side, *price, *there, holds(*side, *price)));
        let (there, gone): (Vec<_>, Vec<_>) = levels.partition(|(.., qty)| !qty.is_zero());
        let unknown = gone.first().copied().filter(|_| there.is_empty());
        let gone = gone.into_iter().filter(|(_, _, there, _)| *there);
        let mut rows: Vec<_> = gone.chain(there).collect();
        if rows.is_empty() {
            rows.extend(unknown);
        }
        let mut left = rows.len();
        for (side, price, _, qty) in rows {
            left -= 1;
            self.write((ts, left == 0), 1 + side as u8, price, qty);
        }
    }

    fn write(&mut self, (ts, last): (Nanos, bool), kind: u8, price: Price, qty: Qty) {
        self.columns.last.push(last);
        self.columns.ts.push(ts.mantissa());
        self.columns.kind.push(kind);
        self.columns.price.push(self.rules.price_as_f64(price));
        self.columns.qty.push(self.rules.qty_as_f64(qty));
    }
}
