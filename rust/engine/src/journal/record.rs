//! What is written down, one thing at a time; and the hash of all of it.

use serde::{Deserialize, Serialize};

use super::bytes;
use crate::asset::Asset;
use crate::event::{
    Amendment, Cross, Entry, Fill, Intent, Measure, NewOrder, OrderId, OrderUpdate, SleeveId,
    TradingState, Transition, Unexplained, Want,
};
use crate::instrument::InstrumentId;
use crate::risk::{Judged, Refusal};
use crate::units::{Amount, Nanos, Qty};

/// One thing that happened or was decided, as it is written down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Record {
    /// Money came in, or went out below zero.
    Deposit {
        /// When.
        ts: Nanos,
        /// How much.
        amount: Amount,
    },
    /// Something of the account changed that no order of ours did.
    Booked {
        /// What.
        entry: Entry,
        /// What a transfer was worth in the reporting currency: neither gain nor loss.
        worth: Amount,
    },
    /// What one of an asset is worth.
    Rate {
        /// When.
        ts: Nanos,
        /// Of what.
        asset: Asset,
        /// In the reporting currency.
        worth: Amount,
    },
    /// A strategy wants something new.
    Intent {
        /// When.
        ts: Nanos,
        /// Who and what.
        intent: Intent,
    },
    /// Risk said no.
    Refused {
        /// When.
        ts: Nanos,
        /// To whom.
        sleeve: SleeveId,
        /// Why.
        refusal: Refusal,
    },
    /// A limit made an order smaller.
    Clipped {
        /// When.
        ts: Nanos,
        /// Whose order.
        sleeve: SleeveId,
        /// Which limit.
        limit: Refusal,
    },
    /// An order is about to be sent.
    Placed {
        /// When.
        ts: Nanos,
        /// Its id.
        id: OrderId,
        /// The order.
        order: NewOrder,
        /// How close to each limit it came; `None`: the journal had lost it.
        judged: Option<Judged>,
    },
    /// A venue answered, or we are about to ask it to cancel.
    Update {
        /// When.
        ts: Nanos,
        /// About which order.
        order: OrderId,
        /// What.
        update: OrderUpdate,
    },
    /// We are about to ask a venue to amend an order.
    Amend {
        /// When.
        ts: Nanos,
        /// Which.
        order: OrderId,
        /// To what.
        to: Amendment,
    },
    /// A venue said how much of an order is filled in all.
    CumQty {
        /// When.
        ts: Nanos,
        /// Of which.
        order: OrderId,
        /// How much.
        qty: Qty,
    },
    /// A venue filled.
    Fill(Fill),
    /// Sleeves of one instrument traded with each other, in no order.
    Crossed {
        /// When.
        ts: Nanos,
        /// Who, and how much.
        cross: Cross,
    },
    /// A breaker changed.
    Breaker(Transition),
    /// The trading state changed.
    Control {
        /// When.
        ts: Nanos,
        /// To what.
        state: TradingState,
    },
    /// The account was valued, before a moment of decision.
    Equity {
        /// When.
        ts: Nanos,
        /// Cash, whether reserved or not.
        cash: Amount,
        /// Cash and positions at their marks.
        equity: Amount,
    },
    /// A strategy was paused, or its pause ended.
    Pause {
        /// When.
        ts: Nanos,
        /// Whose.
        sleeve: SleeveId,
        /// Paused, or no more.
        paused: bool,
    },
    /// The program started: order ids carry this epoch from here on.
    Start {
        /// When, in the time of the market.
        ts: Nanos,
        /// Never used before.
        epoch: u32,
        /// Nothing is wanted up to this market event, which the venue has seen already.
        quiet_until: u64,
    },
    /// An operator stopped the bot; the next start trades again.
    Stop {
        /// When.
        ts: Nanos,
        /// Whether every position is to be closed.
        flatten: bool,
    },
    /// An operator wants nothing held, until trading is active again.
    Flatten {
        /// When.
        ts: Nanos,
    },
    /// An instrument was frozen, or is no more.
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
    /// What the account may lose was measured.
    Measured {
        /// When it was told.
        ts: Nanos,
        /// What, and as of when.
        measure: Measure,
    },
}

impl Record {
    /// When it happened.
    #[must_use]
    pub const fn ts(&self) -> Nanos {
        match self {
            Self::Fill(fill) => fill.ts,
            Self::Booked { entry, .. } => entry.ts,
            Self::Breaker(transition) => transition.ts,
            Self::Rate { ts, .. }
            | Self::Deposit { ts, .. }
            | Self::Intent { ts, .. }
            | Self::Refused { ts, .. }
            | Self::Clipped { ts, .. }
            | Self::Placed { ts, .. }
            | Self::Update { ts, .. }
            | Self::Amend { ts, .. }
            | Self::CumQty { ts, .. }
            | Self::Crossed { ts, .. }
            | Self::Control { ts, .. }
            | Self::Equity { ts, .. }
            | Self::Pause { ts, .. }
            | Self::Start { ts, .. }
            | Self::Stop { ts, .. }
            | Self::Flatten { ts }
            | Self::Freeze { ts, .. }
            | Self::Status { ts, .. }
            | Self::Measured { ts, .. } => *ts,
        }
    }

    /// As it is hashed: an order is named by its sequence, whatever epoch a restart began. How
    /// close it came to its limits is left out: nothing is decided by that.
    #[must_use]
    pub fn normalised(&self) -> Self {
        let normal = |id: OrderId| OrderId::new(0, id.sequence());
        match *self {
            Self::Placed { ts, id, order, judged: _ } => {
                let order = NewOrder { replaces: order.replaces.map(normal), ..order };
                Self::Placed { ts, id: normal(id), order, judged: None }
            }
            Self::Fill(fill) => Self::Fill(Fill { order: normal(fill.order), ..fill }),
            Self::Update { ts, order, update } => Self::Update { ts, order: normal(order), update },
            Self::Amend { ts, order, to } => Self::Amend { ts, order: normal(order), to },
            Self::CumQty { ts, order, qty } => Self::CumQty { ts, order: normal(order), qty },
            Self::Intent { ts, intent } => {
                let want = if let Want::Cancel { order } = intent.want {
                    Want::Cancel { order: normal(order) }
                } else if let Want::Amend { order, qty, limit } = intent.want {
                    Want::Amend { order: normal(order), qty, limit }
                } else {
                    intent.want
                };
                Self::Intent { ts, intent: Intent { want, ..intent } }
            }
            Self::Deposit { .. }
            | Self::Booked { .. }
            | Self::Rate { .. }
            | Self::Refused { .. }
            | Self::Clipped { .. }
            | Self::Crossed { .. }
            | Self::Breaker(_)
            | Self::Control { .. }
            | Self::Equity { .. }
            | Self::Pause { .. }
            | Self::Start { .. }
            | Self::Stop { .. }
            | Self::Flatten { .. }
            | Self::Freeze { .. }
            | Self::Status { .. }
            | Self::Measured { .. } => *self,
        }
    }
}

/// A hash chained over records, ids normalised.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Chain {
    last: [u8; 32],
    /// Room to link in, so that linking does not allocate.
    #[serde(skip)]
    scratch: Vec<u8>,
}

impl Chain {
    /// One record more.
    pub(super) fn link(&mut self, record: &Record) {
        self.scratch.clear();
        self.scratch.extend_from_slice(&self.last);
        bytes::write(&mut self.scratch, &record.normalised());
        self.last = *blake3::hash(&self.scratch).as_bytes();
    }

    /// The hash of all that was linked.
    pub(super) const fn last(&self) -> &[u8; 32] {
        &self.last
    }
}

/// The hash of everything a run wrote down: a chain over its records, ids normalised, starts and
/// stops left out, so that a run that was stopped and went on equals one that never stopped.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EngineHash(Chain);

impl EngineHash {
    /// One record more.
    pub fn on_record(&mut self, record: &Record) {
        if let Record::Start { .. } | Record::Stop { .. } = record {
            return;
        }
        self.0.link(record);
    }

    /// In hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> String {
        blake3::Hash::from(*self.0.last()).to_hex().to_string()
    }
}
