//! Everything that can happen ([`Event`]) and everything we may do ([`Action`]). Closed enums.
//!
//! Plain values only: no logic, no state. Time always comes with the event. Long because it is the
//! whole vocabulary but that of orders.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::instrument::InstrumentId;
use crate::units::{Amount, Nanos, Price, Qty, Rate};

mod breaker;
mod cross;
mod entry;
mod execution;
mod exits;
mod id;
mod measure;
mod order;

pub use breaker::{
    BreakerState, Component, Note, NoteError, Part, Reason, Scope, Stage, Transition,
};
pub use cross::Cross;
pub use entry::{Booking, Entry};
pub use execution::Execution;
pub use exits::Exits;
pub use id::{OrderId, TradeId};
pub use measure::{MEASURE_HORIZON, MEASURE_LEVEL, Measure, MeasureError};
pub use order::{
    Amendment, Fill, NewOrder, OrderTerms, OrderUpdate, Question, Side, Size, Stop, StopKind,
    TimeInForce,
};

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
        /// How it is carried out.
        execution: Execution,
    },
    /// Trade this many base units.
    Trade {
        /// Which way.
        side: Side,
        /// Base units, above zero.
        qty: f64,
        /// Limit price in quote units; `None` is a market order.
        limit: Option<f64>,
        /// How the order is to be treated.
        terms: OrderTerms,
    },
    /// Have these orders working and no others.
    Quote(TwoSided),
    /// Cancel every working order of the sleeve.
    CancelAll,
    /// Cancel one of the sleeve's orders.
    Cancel {
        /// Which.
        order: OrderId,
    },
    /// Give one of the sleeve's orders another price or size.
    Amend {
        /// Which.
        order: OrderId,
        /// Its whole size in base units, what is filled included; `None`: as it is.
        qty: Option<f64>,
        /// Its limit in quote units; `None`: as it is.
        limit: Option<f64>,
    },
    /// Close so whatever the sleeve holds, until something else is said; `None`: nothing does.
    Exits(Option<Exits>),
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

/// Why an instrument is frozen: what its venue says cannot be explained by what we did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unexplained {
    /// An order of ours that the venue lost, or one that came back.
    Order,
    /// A fill that no order of ours can have.
    Fill,
    /// A position that is not ours.
    Position,
    /// A balance that is not ours.
    Balance,
    /// A fill at a price that its order does not allow.
    Price,
}

impl Unexplained {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 5] =
        [Self::Order, Self::Fill, Self::Position, Self::Balance, Self::Price];

    /// The word in journals, reports and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Fill => "fill",
            Self::Position => "position",
            Self::Balance => "balance",
            Self::Price => "price",
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
    /// Something of the account changed that no order of ours did.
    Booked(Entry),
    /// What one of an asset is worth.
    Rate {
        /// When.
        ts: Nanos,
        /// Of what.
        asset: Asset,
        /// In the reporting currency.
        worth: Amount,
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
    /// A venue said how much of an order is filled in all (FIX CumQty): what of it has not been
    /// told yet is still to come.
    CumQty {
        /// When.
        ts: Nanos,
        /// Of which.
        order: OrderId,
        /// How much.
        qty: Qty,
    },
    /// A venue filled an order.
    Fill(Fill),
    /// A breaker changed.
    Breaker(Transition),
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
    /// An instrument is frozen: nothing of it is ordered until it is explained; or it has been.
    Freeze {
        /// When.
        ts: Nanos,
        /// Which.
        instrument: InstrumentId,
        /// Why; `None`: it is frozen no more.
        why: Option<Unexplained>,
    },
    /// A venue halted or delisted an instrument, or trades it again.
    Status {
        /// When.
        ts: Nanos,
        /// Which.
        instrument: InstrumentId,
        /// Whether orders of it are taken.
        tradable: bool,
    },
    /// What the account may lose was measured, outside.
    Measured {
        /// When it was told.
        ts: Nanos,
        /// What, and as of when.
        measure: Measure,
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
    /// Ask the venue to change an order that works.
    Amend {
        /// This one.
        id: OrderId,
        /// To this.
        to: Amendment,
    },
    /// Ask the venue what became of an order. A question that fails is asked again: no answer is
    /// no evidence.
    Ask {
        /// Of this one.
        id: OrderId,
        /// This.
        question: Question,
    },
    /// A breaker is to change: come back with [`Event::Breaker`] before any other event.
    Trip(Transition),
}
