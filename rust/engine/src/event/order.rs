//! The words for orders: what a venue is told of one, and what is said of it.

use serde::{Deserialize, Serialize};

use super::{OrderId, SleeveId, TradeId};
use crate::asset::Asset;
use crate::instrument::InstrumentId;
use crate::units::{Amount, Nanos, Overflow, Price, Qty};

/// Which way an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// How long an order may work (FIX TimeInForce).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TimeInForce {
    /// Until it is canceled. A market order trades what it can at once, whatever this says.
    #[default]
    Gtc,
    /// What can be had at once; the rest is canceled.
    Ioc,
    /// All of it at once, or nothing.
    Fok,
    /// Until this moment.
    Gtd(Nanos),
}

/// Which way the market has to go for a stop to trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StopKind {
    /// Against a position that the order closes: a sell triggers at or below, a buy at or above.
    Stop,
    /// With it: a sell triggers at or above, a buy at or below.
    TakeProfit,
}

impl StopKind {
    /// Both, in the order of their codes.
    pub const ALL: [Self; 2] = [Self::Stop, Self::TakeProfit];

    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::TakeProfit => "take_profit",
        }
    }
}

/// When an order that waits begins to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Which way.
    pub kind: StopKind,
    /// The price that triggers it.
    pub trigger: Price,
    /// How far the trigger follows the best price since; nothing: it stays.
    pub trail: Price,
}

impl Stop {
    /// Whether a market at `price` is where an order of `side` begins to work.
    #[must_use]
    pub fn is_reached(&self, side: Side, price: Price) -> bool {
        match (self.kind, side) {
            (StopKind::Stop, Side::Sell) | (StopKind::TakeProfit, Side::Buy) => {
                price <= self.trigger
            }
            (StopKind::Stop, Side::Buy) | (StopKind::TakeProfit, Side::Sell) => {
                price >= self.trigger
            }
        }
    }

    /// What it waits for after the market was at `price`: a trigger that trails never goes back.
    pub fn trailed(self, side: Side, price: Price) -> Result<Self, Overflow> {
        if !self.trail.is_positive() {
            return Ok(self);
        }
        let trigger = match side {
            Side::Sell => self.trigger.max(price.minus(self.trail)?),
            Side::Buy => self.trigger.min(price.plus(self.trail)?),
        };
        Ok(Self { trigger, ..self })
    }
}

/// How an order is to be treated, beyond side, size and limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OrderTerms {
    /// How long it may work.
    pub tif: TimeInForce,
    /// Never takes: the venue refuses it where it would.
    pub post_only: bool,
    /// Never makes a position larger, nor opens the other side.
    pub reduce_only: bool,
    /// What it waits for.
    pub stop: Option<Stop>,
    /// The engine watches the trigger, because the venue does not: it is sent once that is reached.
    pub held: bool,
    /// Another order that is counted closes the same, and the venue lets no more be closed than is
    /// held: this one adds no exposure.
    pub twin: bool,
}

/// Everything a venue must know of a new order. Market without a limit.
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
    /// How it is to be treated.
    pub terms: OrderTerms,
    /// The attempt before this one, which ended without doing what was wanted.
    pub replaces: Option<OrderId>,
}

impl NewOrder {
    /// The same as it is once it was amended.
    #[must_use]
    pub const fn amended(self, to: Amendment) -> Self {
        let Amendment { limit, qty, reserve } = to;
        Self { limit: Some(limit), size: Size::Base(qty), reserve, ..self }
    }
}

/// What an order that works is to be from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amendment {
    /// Its limit.
    pub limit: Price,
    /// Its whole size, what is filled of it included.
    pub qty: Qty,
    /// The quote it may use at worst, what is spent of it included. Zero for sells.
    pub reserve: Amount,
}

/// What is said of an order, other than a fill: by a venue, or by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum OrderUpdate {
    /// What it waited for has come: it is to be sent.
    Released = 0,
    /// We will not send it.
    Denied = 1,
    /// It left for the venue.
    Sent = 2,
    /// The venue has it, and it does not work there yet (FIX PendingNew).
    Received = 3,
    /// It works at the venue.
    Acked = 4,
    /// The venue will not have it.
    Rejected = 5,
    /// We asked the venue to cancel.
    CancelSent = 6,
    /// It is canceled; what was filled stays filled.
    Canceled = 7,
    /// The venue refused to cancel.
    CancelRejected = 8,
    /// The venue amended it, as it was asked to.
    Amended = 9,
    /// The venue refused to amend.
    AmendRejected = 10,
    /// Its time is over.
    Expired = 11,
    /// The answer is unclear: it may live, be filled, or never have arrived.
    Unanswered = 12,
    /// Asked for by its id after the fence, the venue had no such order.
    NotFoundById = 13,
    /// The venue's list of open orders, asked for after the fence, was whole and without it.
    NotFoundOpen = 14,
    /// The venue's list of trades, asked for after the fence, was whole and without one of it.
    NotFoundTrades = 15,
    /// It never arrived at the venue, proven: the fence has passed, and two answers agree, by its
    /// id one of them.
    NeverArrived = 16,
    /// We asked the venue for it, by its id.
    AskedById = 17,
    /// We asked the venue for its open orders.
    AskedOpen = 18,
    /// We asked the venue for its trades.
    AskedTrades = 19,
    /// The venue had it and has it no more, proven as [`Self::NeverArrived`] is.
    Gone = 20,
}

impl OrderUpdate {
    /// The question that this says was asked.
    #[must_use]
    pub const fn question(self) -> Option<Question> {
        match self {
            Self::AskedById => Some(Question::ById),
            Self::AskedOpen => Some(Question::Open),
            Self::AskedTrades => Some(Question::Trades),
            Self::Released
            | Self::Denied
            | Self::Sent
            | Self::Received
            | Self::Acked
            | Self::Rejected
            | Self::CancelSent
            | Self::Canceled
            | Self::CancelRejected
            | Self::Amended
            | Self::AmendRejected
            | Self::Expired
            | Self::Unanswered
            | Self::NotFoundById
            | Self::NotFoundOpen
            | Self::NotFoundTrades
            | Self::NeverArrived
            | Self::Gone => None,
        }
    }

    /// Whether it is a venue's word of the order itself; not what we did, asked or concluded.
    #[must_use]
    pub const fn is_of_venue(self) -> bool {
        match self {
            Self::Received
            | Self::Acked
            | Self::Rejected
            | Self::Canceled
            | Self::CancelRejected
            | Self::Amended
            | Self::AmendRejected
            | Self::Expired => true,
            Self::Released
            | Self::Denied
            | Self::Sent
            | Self::CancelSent
            | Self::Unanswered
            | Self::NotFoundById
            | Self::NotFoundOpen
            | Self::NotFoundTrades
            | Self::NeverArrived
            | Self::AskedById
            | Self::AskedOpen
            | Self::AskedTrades
            | Self::Gone => false,
        }
    }

    /// Every update, in the order of their codes.
    pub const ALL: [Self; 21] = [
        Self::Released,
        Self::Denied,
        Self::Sent,
        Self::Received,
        Self::Acked,
        Self::Rejected,
        Self::CancelSent,
        Self::Canceled,
        Self::CancelRejected,
        Self::Amended,
        Self::AmendRejected,
        Self::Expired,
        Self::Unanswered,
        Self::NotFoundById,
        Self::NotFoundOpen,
        Self::NotFoundTrades,
        Self::NeverArrived,
        Self::AskedById,
        Self::AskedOpen,
        Self::AskedTrades,
        Self::Gone,
    ];

    /// The word in journals, reports and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Denied => "denied",
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Acked => "acked",
            Self::Rejected => "rejected",
            Self::CancelSent => "cancel_sent",
            Self::Canceled => "canceled",
            Self::CancelRejected => "cancel_rejected",
            Self::Amended => "amended",
            Self::AmendRejected => "amend_rejected",
            Self::Expired => "expired",
            Self::Unanswered => "unanswered",
            Self::NotFoundById => "not_found_by_id",
            Self::NotFoundOpen => "not_found_open",
            Self::NotFoundTrades => "not_found_trades",
            Self::NeverArrived => "never_arrived",
            Self::AskedById => "asked_by_id",
            Self::AskedOpen => "asked_open",
            Self::AskedTrades => "asked_trades",
            Self::Gone => "gone",
        }
    }
}

/// What a venue is asked of an order whose fate is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Question {
    /// The order, by our id.
    ById = 0,
    /// All open orders of its instrument.
    Open = 1,
    /// All trades of its instrument since it was sent.
    Trades = 2,
}

impl Question {
    /// Every question, in the order of their codes.
    pub const ALL: [Self; 3] = [Self::ById, Self::Open, Self::Trades];

    /// The word in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ById => "ask_by_id",
            Self::Open => "ask_open",
            Self::Trades => "ask_trades",
        }
    }

    /// That it was asked.
    #[must_use]
    pub const fn asked(self) -> OrderUpdate {
        match self {
            Self::ById => OrderUpdate::AskedById,
            Self::Open => OrderUpdate::AskedOpen,
            Self::Trades => OrderUpdate::AskedTrades,
        }
    }
}

/// Part of an order done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Which order.
    pub order: OrderId,
    /// The venue's name for the trade, unique within the instrument.
    pub trade: TradeId,
    /// When, by the venue.
    pub ts: Nanos,
    /// At what price.
    pub price: Price,
    /// How much base, above zero.
    pub qty: Qty,
    /// Fee, paid on top.
    pub fee: Amount,
    /// In what; `None`: in quote.
    pub fee_asset: Option<Asset>,
    /// Whether nothing of the order is left.
    pub last: bool,
}
