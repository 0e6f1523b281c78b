//! What a program may read: its streams, and the clock that each of them belongs to.
//!
//! A clock ticks when something happens: a bar closes, a book changes, somebody trades. What the
//! account holds has no clock: it is a value that is read whenever something runs.

use super::fault::SignalError;

/// Most levels of a side that one input counts.
pub const LEVELS_MAX: u32 = 1_000;

/// What makes operations run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clock {
    /// A bar closed.
    Bar,
    /// A book changed.
    Book,
    /// Somebody traded.
    Trade,
}

impl Clock {
    /// Every clock.
    pub const ALL: [Self; 3] = [Self::Bar, Self::Book, Self::Trade];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bar => "bar",
            Self::Book => "book",
            Self::Trade => "trade",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Bar => 1,
            Self::Book => 2,
            Self::Trade => 4,
        }
    }
}

/// A set of clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clocks(u8);

impl Clocks {
    /// No clock.
    pub const NONE: Self = Self(0);

    /// One clock.
    #[must_use]
    pub const fn of(clock: Clock) -> Self {
        Self(clock.bit())
    }

    /// Whether `clock` is one of them.
    #[must_use]
    pub const fn has(self, clock: Clock) -> bool {
        self.0 & clock.bit() != 0
    }

    /// Those of either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A size in base units, above zero and finite, as the key of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

impl Size {
    fn new(name: &str, value: f64) -> Result<Self, SignalError> {
        if value.is_finite() && value > 0.0 {
            // The bits of floats above zero are ordered as the floats are.
            Ok(Self(value.to_bits()))
        } else {
            Err(SignalError::Size { name: name.to_owned(), got: value.to_string() })
        }
    }

    /// As a number.
    #[must_use]
    pub const fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// What a book says. Prices in quote units, sizes in base units, ages in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BookStream {
    /// Highest bid.
    Bid,
    /// Lowest ask.
    Ask,
    /// Size at the highest bid.
    BidSize,
    /// Size at the lowest ask.
    AskSize,
    /// Size at the best levels of the bids, so many of them.
    DepthBid(u32),
    /// Size at the best levels of the asks, so many of them.
    DepthAsk(u32),
    /// Order-flow imbalance of the last change, in base units, over so many levels.
    Ofi(u32),
    /// How long the touch has had its prices.
    QuoteAge,
    /// Average price of buying a size now; not known where the book does not hold it.
    SweepBuy(Size),
    /// Average price of selling a size now; not known where the book does not hold it.
    SweepSell(Size),
}

/// What a trade says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradeStream {
    /// Its price, in quote units.
    Price,
    /// Its size, in base units.
    Size,
    /// 1 where the taker bought, -1 where it sold.
    Sign,
    /// Seconds since the trade before; not known at the first.
    Age,
}

/// What an input is, whoever's it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// A bar's first price.
    Open,
    /// A bar's highest price.
    High,
    /// A bar's lowest price.
    Low,
    /// A bar's last price.
    Close,
    /// A bar's volume in base units.
    Volume,
    /// A bar's length in seconds.
    IntervalS,
    /// Account: base units held, signed.
    Position,
    /// Account: equity in the reporting currency.
    Equity,
    /// Account: average price of the open position; not known while flat.
    EntryPrice,
    /// Of a book.
    Book(BookStream),
    /// Of a trade.
    Trade(TradeStream),
}

impl Stream {
    /// Those without a parameter.
    const PLAIN: [(&'static str, Self); 18] = [
        ("open", Self::Open),
        ("high", Self::High),
        ("low", Self::Low),
        ("close", Self::Close),
        ("volume", Self::Volume),
        ("interval_s", Self::IntervalS),
        ("position", Self::Position),
        ("equity", Self::Equity),
        ("entry_price", Self::EntryPrice),
        ("bid", Self::Book(BookStream::Bid)),
        ("ask", Self::Book(BookStream::Ask)),
        ("bid_size", Self::Book(BookStream::BidSize)),
        ("ask_size", Self::Book(BookStream::AskSize)),
        ("quote_age", Self::Book(BookStream::QuoteAge)),
        ("trade_price", Self::Trade(TradeStream::Price)),
        ("trade_size", Self::Trade(TradeStream::Size)),
        ("trade_sign", Self::Trade(TradeStream::Sign)),
        ("trade_age", Self::Trade(TradeStream::Age)),
    ];

    /// The stream of this name and its parameters; `None` where no stream has the name.
    pub(crate) fn parse(name: &str, parameters: &[f64]) -> Option<Result<Self, SignalError>> {
        let plain = Self::PLAIN.iter().find(|(known, _)| *known == name).map(|(_, stream)| *stream);
        let given = |wanted: usize| {
            let got = parameters.len();
            let wrong = || SignalError::Parameters { name: name.to_owned(), wanted, got };
            let value = parameters.first().copied().unwrap_or(f64::NAN);
            (got == wanted).then_some(value).ok_or_else(wrong)
        };
        if let Some(stream) = plain {
            return Some(given(0).map(|_| stream));
        }
        let levels = |of: fn(u32) -> BookStream| {
            let levels = SignalError::whole(name, "levels", 1, LEVELS_MAX, given(1)?)?;
            Ok(Self::Book(of(levels)))
        };
        let size = |of: fn(Size) -> BookStream| Ok(Self::Book(of(Size::new(name, given(1)?)?)));
        match name {
            "depth_bid" => Some(levels(BookStream::DepthBid)),
            "depth_ask" => Some(levels(BookStream::DepthAsk)),
            "ofi" => Some(levels(BookStream::Ofi)),
            "sweep_buy" => Some(size(BookStream::SweepBuy)),
            "sweep_sell" => Some(size(BookStream::SweepSell)),
            _ => None,
        }
    }

    /// The name it has in expressions.
    #[must_use]
    pub fn name(self) -> &'static str {
        let plain = Self::PLAIN.iter().find(|(_, stream)| *stream == self);
        match (plain, self) {
            (Some((name, _)), _) => name,
            (None, Self::Book(BookStream::DepthBid(_))) => "depth_bid",
            (None, Self::Book(BookStream::DepthAsk(_))) => "depth_ask",
            (None, Self::Book(BookStream::Ofi(_))) => "ofi",
            (None, Self::Book(BookStream::SweepBuy(_))) => "sweep_buy",
            (None, Self::Book(BookStream::SweepSell(_))) => "sweep_sell",
            (None, _) => "",
        }
    }

    /// The name its column has: `close`, or with its parameter: `depth_bid_5`, `sweep_buy_0.5`.
    #[must_use]
    pub fn column(self) -> String {
        let name = self.name();
        let Self::Book(stream) = self else {
            return name.to_owned();
        };
        match stream {
            BookStream::DepthBid(n) | BookStream::DepthAsk(n) | BookStream::Ofi(n) => {
                format!("{name}_{n}")
            }
            BookStream::SweepBuy(size) | BookStream::SweepSell(size) => {
                format!("{name}_{}", size.value())
            }
            BookStream::Bid
            | BookStream::Ask
            | BookStream::BidSize
            | BookStream::AskSize
            | BookStream::QuoteAge => name.to_owned(),
        }
    }

    /// The clock it belongs to; `None` for what the account holds.
    #[must_use]
    pub const fn clock(self) -> Option<Clock> {
        match self {
            Self::Open | Self::High | Self::Low | Self::Close => Some(Clock::Bar),
            Self::Volume | Self::IntervalS => Some(Clock::Bar),
            Self::Position | Self::Equity | Self::EntryPrice => None,
            Self::Book(_) => Some(Clock::Book),
            Self::Trade(_) => Some(Clock::Trade),
        }
    }
}
