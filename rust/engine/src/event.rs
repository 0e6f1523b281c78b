//! Everything that can happen ([`Event`]) and everything we may do ([`Action`]). Closed enums.
//!
//! Plain values only: no logic, no state. Time always comes with the event. Long because it is the
//! whole vocabulary.

use serde::{Deserialize, Serialize};

use crate::instrument::InstrumentId;
use crate::units::{Amount, Nanos, Price, Qty, Rate};

/// Which sleeve: one strategy on one instrument with its share of the equity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SleeveId(pub u32);

impl SleeveId {
    /// Its place in a list of sleeves.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Our name for an order, never used twice: the epoch of the start above, a sequence below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderId(u64);

impl OrderId {
    /// Length of [`OrderId::client_text`]; it fits every venue's limit.
    pub const CLIENT_TEXT_LEN: usize = 13;

    /// The id of the `sequence`-th order since the start numbered `epoch`.
    #[must_use]
    pub const fn new(epoch: u32, sequence: u32) -> Self {
        Self(((epoch as u64) << 32) | sequence as u64)
    }

    /// The number behind it.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The sequence in it: how many orders came before, over all starts.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
    pub const fn sequence(self) -> u32 {
        self.0 as u32
    }

    /// The id that has this number.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The id that a venue tells back; `None` where the text is none of ours.
    #[must_use]
    pub fn from_client_text(text: &str) -> Option<Self> {
        if text.len() != Self::CLIENT_TEXT_LEN {
            return None;
        }
        text.bytes()
            .try_fold(0_u64, |number, byte| {
                let digit = match byte {
                    b'A'..=b'Z' => byte - b'A',
                    b'2'..=b'7' => byte - b'2' + 26,
                    _ => return None,
                };
                number.checked_mul(32)?.checked_add(u64::from(digit))
            })
            .map(Self)
    }

    /// What the venue is told: base32 (RFC 4648 digits, without padding), most significant first.
    #[must_use]
    pub fn client_text(self) -> String {
        const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        (0..Self::CLIENT_TEXT_LEN)
            .rev()
            .map(|place| {
                let digit = (self.0 >> (5 * place)) & 31;
                let index = usize::try_from(digit).unwrap_or(0);
                char::from(DIGITS.get(index).copied().unwrap_or(b'A'))
            })
            .collect()
    }
}

/// Which way an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    /// More base, less quote.
    Buy,
    /// Less base, more quote.
    Sell,
}

impl Side {
    /// Both, in the order of their codes.
    pub const ALL: [Self; 2] = [Self::Buy, Self::Sell];

    /// `+1` or `-1`, to sign a size.
    #[must_use]
    pub const fn sign(self) -> i64 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }

    /// The word venues use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// How an order is sized: in base units, or in what it may spend (FIX CashOrderQty).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    /// So much base.
    Base(Qty),
    /// As much base as this pays for, fee included.
    Quote(Amount),
}

/// Everything a venue must know of a new order. Market without a limit, good till canceled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    /// Whose it is.
    pub sleeve: SleeveId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// How much.
    pub size: Size,
    /// Not worse than this; `None` is a market order.
    pub limit: Option<Price>,
    /// The quote it may use at worst: reserved while it works. Zero for sells.
    pub reserve: Amount,
}

/// One side of a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteSide {
    /// Where the first level lies, before it is put on the tick.
    pub price: Price,
    /// How far behind each other the levels lie.
    pub step: Price,
}

/// A market that a strategy makes: what lies on each side, where anything does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoSided {
    /// The bids.
    pub bid: Option<QuoteSide>,
    /// The asks.
    pub ask: Option<QuoteSide>,
    /// What each order is worth, as a fraction of the sleeve's equity.
    pub size: Rate,
    /// How many orders lie on each side.
    pub levels: u8,
}

/// What a strategy asks for, before risk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Want {
    /// Hold this fraction of the sleeve's equity, signed.
    Target {
        /// The fraction. NaN is no opinion.
        fraction: f64,
        /// Also trade when what is held is further than this from the target, as a fraction of
        /// the sleeve's equity. `None`: only when the fraction changes.
        band: Option<f64>,
    },
    /// Trade this many base units.
    Trade {
        /// Which way.
        side: Side,
        /// Base units, above zero.
        qty: f64,
        /// Limit price in quote units; `None` is a market order.
        limit: Option<f64>,
    },
    /// Have these orders working and no others.
    Quote(TwoSided),
    /// Cancel every working order of the sleeve.
    CancelAll,
}

/// Who wants what.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Who.
    pub sleeve: SleeveId,
    /// What.
    pub want: Want,
}

/// A finished bar. Prices stay as read, for the signals; money is made of them in `instrument`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Of what.
    pub instrument: InstrumentId,
    /// When it began.
    pub open_ns: Nanos,
    /// When it ended: the moment at which it happens.
    pub close_ns: Nanos,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Base units traded.
    pub volume: f64,
}

/// The touch of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Of what.
    pub instrument: InstrumentId,
    /// When.
    pub ts: Nanos,
    /// Highest bid.
    pub bid: Price,
    /// How much base it holds.
    pub bid_qty: Qty,
    /// Lowest ask.
    pub ask: Price,
    /// How much base it holds.
    pub ask_qty: Qty,
}

/// One change of a market, as a venue tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Of what.
    pub instrument: InstrumentId,
    /// When.
    pub ts: Nanos,
    /// Whether the venue's message ends with it: before that a book may look crossed and is not.
    pub last: bool,
    /// What.
    pub kind: TickKind,
}

/// What changed in a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TickKind {
    /// The book is empty now.
    Clear,
    /// A level of the book holds so much now; nothing: it is gone.
    Level {
        /// Bids or asks.
        side: Side,
        /// At what price.
        price: Price,
        /// How much base.
        qty: Qty,
    },
    /// Somebody traded.
    Trade {
        /// Who took.
        aggressor: Side,
        /// At what price.
        price: Price,
        /// How much base.
        qty: Qty,
    },
}

/// A venue's answer about an order, other than a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderUpdate {
    /// The venue has it.
    Acked,
    /// The venue will not have it.
    Rejected,
    /// We asked the venue to cancel.
    CancelSent,
    /// It is canceled; what was filled stays filled.
    Canceled,
    /// The venue refused to cancel.
    CancelRejected,
    /// Its time is over.
    Expired,
    /// The answer is unclear: it may live, be filled, or never have arrived.
    Unanswered,
    /// The venue has proven that it never arrived.
    NeverArrived,
}

impl OrderUpdate {
    /// Every update, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Acked,
        Self::Rejected,
        Self::CancelSent,
        Self::Canceled,
        Self::CancelRejected,
        Self::Expired,
        Self::Unanswered,
        Self::NeverArrived,
    ];
}

/// Part of an order done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Which order.
    pub order: OrderId,
    /// When, by the venue.
    pub ts: Nanos,
    /// At what price.
    pub price: Price,
    /// How much base, above zero.
    pub qty: Qty,
    /// Fee in quote units, paid on top.
    pub fee: Amount,
    /// Whether nothing of the order is left.
    pub last: bool,
}

/// A part of the system that carries a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Component {
    /// Market data.
    Feed = 0,
    /// The venue's order entry.
    Venue = 1,
    /// The durable journal.
    Journal = 2,
    /// The clock.
    Clock = 3,
    /// A strategy.
    Strategy = 4,
    /// Loss since the start of the UTC day.
    DailyLoss = 5,
    /// Fall from the highest equity.
    Drawdown = 6,
    /// Ours and the venue's books disagree.
    Ledger = 7,
    /// Something that must not happen, did.
    Invariant = 8,
    /// A person said stop.
    KillSwitch = 9,
}

impl Component {
    /// Every component, in the order of their codes.
    pub const ALL: [Self; 10] = [
        Self::Feed,
        Self::Venue,
        Self::Journal,
        Self::Clock,
        Self::Strategy,
        Self::DailyLoss,
        Self::Drawdown,
        Self::Ledger,
        Self::Invariant,
        Self::KillSwitch,
    ];

    /// The word in reports and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Venue => "venue",
            Self::Journal => "journal",
            Self::Clock => "clock",
            Self::Strategy => "strategy",
            Self::DailyLoss => "daily_loss",
            Self::Drawdown => "drawdown",
            Self::Ledger => "ledger",
            Self::Invariant => "invariant",
            Self::KillSwitch => "kill_switch",
        }
    }
}

/// Whether a component may be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BreakerState {
    /// It works.
    Closed,
    /// It is being tried.
    HalfOpen,
    /// It does not work; it heals by itself.
    Open,
    /// It does not work; only a person closes it.
    Latched,
}

impl BreakerState {
    /// Every state, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Closed, Self::HalfOpen, Self::Open, Self::Latched];

    /// The word in reports and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
            Self::Latched => "latched",
        }
    }
}

/// How much the whole system may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TradingState {
    /// Everything that risk approves.
    Active,
    /// Only what makes positions smaller.
    Reducing,
    /// Only cancels.
    Halted,
}

impl TradingState {
    /// Every state, in the order of their codes.
    pub const ALL: [Self; 3] = [Self::Active, Self::Reducing, Self::Halted];

    /// The word in reports and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Reducing => "reducing",
            Self::Halted => "halted",
        }
    }
}

/// All that can happen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Money came in (or, below zero, went out).
    Deposit {
        /// When.
        ts: Nanos,
        /// How much of the reporting currency.
        amount: Amount,
    },
    /// A bar ended.
    Bar(Bar),
    /// A venue told the touch by itself, which is newer than that of its book.
    Quote(Quote),
    /// A market changed.
    Tick(Tick),
    /// A feed lost something: the book cannot be believed until it is told anew.
    Gap {
        /// Of what.
        instrument: InstrumentId,
        /// When.
        ts: Nanos,
    },
    /// All market data up to now has been told: decide.
    Time(Nanos),
    /// A strategy outside the engine wants something, as of the last [`Event::Time`].
    Intent(Intent),
    /// A venue said something of an order.
    Order {
        /// When.
        ts: Nanos,
        /// Of which.
        order: OrderId,
        /// What.
        update: OrderUpdate,
    },
    /// A venue filled an order.
    Fill(Fill),
    /// A breaker changed.
    Breaker {
        /// When.
        ts: Nanos,
        /// Whose.
        component: Component,
        /// To what.
        state: BreakerState,
    },
    /// An operator changed the trading state. A halt cancels everything.
    Control {
        /// When.
        ts: Nanos,
        /// To what.
        state: TradingState,
    },
    /// An operator paused a strategy, which cancels what it has working, or ended its pause.
    Pause {
        /// When.
        ts: Nanos,
        /// Whose.
        sleeve: SleeveId,
        /// Paused, or no more.
        paused: bool,
    },
    /// The program started: order ids carry `epoch` from here on.
    Start {
        /// When, in the time of the market.
        ts: Nanos,
        /// Never used before.
        epoch: u32,
        /// Nothing is wanted up to this market event, which the venue has seen already.
        quiet_until: u64,
    },
    /// An operator stops the bot: cancel everything, and close every position if asked to.
    Stop {
        /// When.
        ts: Nanos,
        /// Whether positions are closed.
        flatten: bool,
    },
    /// A venue proved that it has an order of ours that the journal lost.
    Adopted {
        /// When it was sent.
        ts: Nanos,
        /// Its id.
        id: OrderId,
        /// The order.
        order: NewOrder,
    },
    /// An operator wants nothing held: cancel everything, then close every position.
    Flatten {
        /// When.
        ts: Nanos,
    },
}

/// All we may do. The driver carries it out, after the records that came with it are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Send a new order.
    Place {
        /// Under this id.
        id: OrderId,
        /// This.
        order: NewOrder,
    },
    /// Ask the venue to cancel.
    Cancel {
        /// This one.
        id: OrderId,
    },
    /// Open a breaker: come back with [`Event::Breaker`] before any other event.
    Trip {
        /// Whose.
        component: Component,
        /// To what.
        state: BreakerState,
    },
}
