//! What the venues' encoders of orders share: the request, its terms, and why there is none.

use crate::ability::Abilities;
use crate::event::{NewOrder, OrderId, Side, Size, StopKind, TimeInForce};
use crate::instrument::Instrument;
use crate::units::{AMOUNT_DECIMALS, Amount, Price, Qty};

use super::digits::push_decimal;

/// Where a body goes. Time, signature and token are added when it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// `POST`, `PUT`, `DELETE`; for a WebSocket frame [`Request::FRAME`].
    pub method: &'static str,
    /// The path on the venue's host.
    pub path: &'static str,
}

impl Request {
    /// The method of what is not HTTP: one frame on the venue's private WebSocket.
    pub const FRAME: &'static str = "FRAME";
    /// What is not encoded here: a question about an order.
    pub const QUESTION: Self = Self { method: "QUESTION", path: "" };
}

/// What an encoder must know of an instrument.
#[derive(Debug, Clone, Copy)]
pub struct Market<'a> {
    /// The venue's own symbol: `BTCUSDT`, `BTC/USD`, `BTC-USD`.
    pub symbol: &'a str,
    /// Its scales, tick and lot.
    pub instrument: &'a Instrument,
    /// Decimal places that the venue takes in an amount of quote.
    pub quote_decimals: u32,
}

/// New terms for an order that works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amend {
    /// Which.
    pub id: OrderId,
    /// Its limit from now on.
    pub price: Price,
    /// Its whole size from now on, what is filled of it included.
    pub qty: Qty,
}

/// Why an order, a cancel or an amend cannot be said to a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// The venue's symbol is missing.
    #[error("the instrument has no symbol of the venue")]
    Symbol,
    /// Nothing, or below it.
    #[error("the price is not above zero")]
    Price,
    /// A limit between two ticks: the venue would refuse it.
    #[error("the price is not on the tick")]
    OffTick,
    /// Nothing, or below it.
    #[error("the size is not above zero")]
    Size,
    /// A size between two lots: the venue would refuse it.
    #[error("the size is not on the lot")]
    OffLot,
    /// Less quote than the venue's smallest step.
    #[error("the amount of quote is less than the venue can express")]
    TooLittle,
    /// More quote than any venue takes.
    #[error("the amount of quote is too large")]
    TooMuch,
    /// A size in quote with a limit that may rest: nobody knows what it would come to.
    #[error("the venue sizes only market orders in quote")]
    QuoteLimit,
    /// An end in time.
    #[error("the venue ends no order at a time")]
    Gtd,
    /// All or nothing.
    #[error("the venue has no order that fills whole or not at all")]
    Fok,
    /// A stop that it cannot let wait.
    #[error("the venue cannot let such a stop wait: the engine has to watch it")]
    Stop,
    /// A sell sized in quote.
    #[error("the venue sizes only buys in quote")]
    QuoteSell,
    /// The venue names orders itself, and its name is not known yet.
    #[error("the venue's own order id is missing, or cannot be one")]
    VenueId,
    /// A token that cannot be one.
    #[error("the session's token is missing, or cannot be one")]
    Token,
    /// A frame that was not made by the encoder.
    #[error("the frame has no place for a token")]
    Frame,
    /// Nothing would change.
    #[error("the amend changes nothing")]
    Unchanged,
    /// The venue has no amend that keeps the order.
    #[error("the venue only replaces orders: cancel it, then place anew")]
    OnlyReplaced,
    /// The venue could only replace the order, and what fills meanwhile would be bought twice.
    #[error("the order is partly filled and cannot be replaced safely: cancel it, then place anew")]
    PartlyFilled,
}

/// When a waiting order begins to work, as the venue can be told it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) kind: StopKind,
    /// The mantissa of the trigger; of the distance, where it trails.
    pub(super) price: u64,
    pub(super) trails: bool,
}

/// The terms of an order as the venue can be told them.
pub(super) enum Terms {
    Limit {
        price: u64,
        qty: u64,
    },
    Market {
        qty: u64,
    },
    /// A market order sized by what it may spend, at the venue's decimal places.
    Cash {
        amount: u64,
    },
}

impl Market<'_> {
    /// The terms of an order, checked against what any venue takes.
    pub(super) fn terms(&self, order: &NewOrder) -> Result<Terms, Unsendable> {
        self.named()?;
        match (order.size, order.limit) {
            (Size::Base(qty), Some(price)) => {
                Ok(Terms::Limit { price: self.price(price)?, qty: self.qty(qty)? })
            }
            (Size::Base(qty), None) => Ok(Terms::Market { qty: self.qty(qty)? }),
            // Nothing of it rests: what it may spend buys so much at its worst price.
            (Size::Quote(budget), Some(price)) if order.terms.tif == TimeInForce::Ioc => {
                let fee = self.instrument.taker_fee;
                let qty = self.instrument.qty_for(budget, price, fee);
                let qty = qty.map_err(|_| Unsendable::TooMuch)?;
                Ok(Terms::Limit { price: self.price(price)?, qty: self.qty(qty)? })
            }
            (Size::Quote(_), Some(_)) => Err(Unsendable::QuoteLimit),
            (Size::Quote(amount), None) => Ok(Terms::Cash { amount: self.cash(amount)? }),
        }
    }

    /// What the order waits for, where it does, and the venue can let it.
    pub(super) fn waiting(&self, order: &NewOrder) -> Result<Option<Waiting>, Unsendable> {
        let Some(stop) = order.terms.stop else {
            return Ok(None);
        };
        let trails = stop.trail.is_positive();
        let venue = Abilities::of(self.instrument.venue());
        if !venue.can_wait(order.limit.is_some(), trails) {
            return Err(Unsendable::Stop);
        }
        let price = self.price(if trails { stop.trail } else { stop.trigger })?;
        Ok(Some(Waiting { kind: stop.kind, price, trails }))
    }

    /// Whether there is a symbol to say.
    pub(super) fn named(&self) -> Result<(), Unsendable> {
        if self.symbol.is_empty() { Err(Unsendable::Symbol) } else { Ok(()) }
    }

    /// The mantissa of a limit, on the tick.
    pub(super) fn price(&self, price: Price) -> Result<u64, Unsendable> {
        let raw = above_zero(price.mantissa()).ok_or(Unsendable::Price)?;
        match price.mantissa().checked_rem(self.instrument.tick.mantissa()) {
            Some(0) => Ok(raw),
            Some(_) | None => Err(Unsendable::OffTick),
        }
    }

    /// The mantissa of a size, on the lot.
    pub(super) fn qty(&self, qty: Qty) -> Result<u64, Unsendable> {
        let raw = above_zero(qty.mantissa()).ok_or(Unsendable::Size)?;
        match qty.mantissa().checked_rem(self.instrument.lot.mantissa()) {
            Some(0) => Ok(raw),
            Some(_) | None => Err(Unsendable::OffLot),
        }
    }

    /// An amount at the venue's decimal places. It says what may be spent, so it is rounded down.
    fn cash(&self, amount: Amount) -> Result<u64, Unsendable> {
        if !amount.is_positive() {
            return Err(Unsendable::Size);
        }
        let coarser = AMOUNT_DECIMALS - self.quote_decimals.min(AMOUNT_DECIMALS);
        let steps = amount.mantissa().unsigned_abs() / 10_u128.pow(coarser);
        match u64::try_from(steps) {
            Ok(0) => Err(Unsendable::TooLittle),
            Ok(steps) => Ok(steps),
            Err(_) => Err(Unsendable::TooMuch),
        }
    }

    pub(super) fn push_price(&self, out: &mut Vec<u8>, price: u64) {
        push_decimal(out, price, self.instrument.price_scale);
    }

    pub(super) fn push_qty(&self, out: &mut Vec<u8>, qty: u64) {
        push_decimal(out, qty, self.instrument.qty_scale);
    }

    pub(super) fn push_cash(&self, out: &mut Vec<u8>, amount: u64) {
        push_decimal(out, amount, self.quote_decimals.min(AMOUNT_DECIMALS));
    }
}

/// `BUY` or `SELL`.
pub(super) const fn side_word(side: Side) -> &'static [u8] {
    match side {
        Side::Buy => b"BUY",
        Side::Sell => b"SELL",
    }
}

/// Whether a word of the venue can stand between quotes as it is.
pub(super) fn is_word(word: &str) -> bool {
    const WORD_BYTES_MAX: usize = 512;
    let plain = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
    !word.is_empty() && word.len() <= WORD_BYTES_MAX && word.bytes().all(plain)
}

fn above_zero(mantissa: i64) -> Option<u64> {
    u64::try_from(mantissa).ok().filter(|raw| *raw > 0)
}
