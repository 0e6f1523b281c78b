//! What a venue lists of our account, and what may be wrong with such a report.

use crate::asset::Asset;
use crate::event::{Booking, Entry, OrderId, Side, TradeId};
use crate::instrument::InstrumentId;
use crate::journal::State;
use crate::units::{Amount, Nanos, Price, Qty};

/// How a venue sees an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ReportedState {
    /// It has it, and it does not work there yet.
    Pending = 0,
    /// It works, perhaps partly done.
    Open = 1,
    /// Done.
    Filled = 2,
    /// Canceled, perhaps partly done.
    Canceled = 3,
    /// Its time ran out, perhaps partly done.
    Expired = 4,
    /// The venue refused it.
    Rejected = 5,
}

impl ReportedState {
    /// Every state, in the order of a life.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Open, Self::Filled, Self::Canceled, Self::Expired, Self::Rejected];

    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }
}

/// One order as its venue lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportedOrder {
    /// The client's name for it, which is [`OrderId::client_text`] where it is ours; the venue's
    /// own name where no client gave one.
    pub name: String,
    /// How far its life went. What is over comes after what is not.
    pub state: ReportedState,
    /// How much of it is filled in all (FIX CumQty).
    pub cum: Qty,
    /// Of what.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// Its limit, where the venue says one.
    pub limit: Option<Price>,
    /// Its whole size in base, where the venue says one.
    pub qty: Option<Qty>,
}

/// One trade as its venue lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportedFill {
    /// When, by the venue.
    pub ts: Nanos,
    /// Of what.
    pub instrument: InstrumentId,
    /// The venue's name for the trade, unique within the instrument.
    pub trade: TradeId,
    /// The name of its order, as [`ReportedOrder::name`] has it.
    pub order: String,
    /// Which way.
    pub side: Side,
    /// At what price.
    pub price: Price,
    /// How much base, above zero.
    pub qty: Qty,
    /// Fee, paid on top.
    pub fee: Amount,
    /// In what; `None`: in quote.
    pub fee_asset: Option<Asset>,
}

/// A venue's list of trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedFills {
    /// It holds every trade of the account from here on; not from before the journal began, since
    /// what was traded then is in what was first deposited.
    pub since: Nanos,
    /// In any order.
    pub all: Vec<ReportedFill>,
}

/// A balance as its venue lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportedBalance {
    /// Of what.
    pub asset: Asset,
    /// All of it, whether orders hold it or not.
    pub total: Amount,
}

/// A position as its venue lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportedPosition {
    /// Of what.
    pub instrument: InstrumentId,
    /// Base units, signed.
    pub qty: Qty,
}

/// All that a venue was asked about our account, and what it said. `None` is a question that was
/// not asked or that failed; an empty list is an answer.
///
/// Positions and balances are asked for first, then orders, then trades, each after the one before
/// was answered: so a fill that a position holds is among the trades, and an order that was filled
/// in between is not missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueReport {
    /// The venue, as symbols name it.
    pub venue: String,
    /// When the first question was asked.
    pub asked_ts: Nanos,
    /// When the last answer was here.
    pub ts: Nanos,
    /// Every order that is open, and maybe some that are over.
    pub orders: Option<Vec<ReportedOrder>>,
    /// Orders that were asked for one by one, and found.
    pub by_id: Vec<ReportedOrder>,
    /// Orders that were asked for one by one, of which the venue said that it knows none.
    pub absent: Vec<OrderId>,
    /// Every trade since a moment.
    pub fills: Option<ReportedFills>,
    /// Transfers and funding that the venue lists, from whatever moment.
    pub booked: Vec<Entry>,
    /// Every balance that is not zero.
    pub balances: Option<Vec<ReportedBalance>>,
    /// Every position that is not zero.
    pub positions: Option<Vec<ReportedPosition>>,
}

/// A report that nothing can be made of. Nothing is concluded from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// It names an instrument that the run does not have at that venue.
    #[error("a venue's report names an instrument that is not of that venue in this run")]
    Instrument,
    /// It was answered before it was asked.
    #[error("a venue's report was answered before it was asked for")]
    Time,
    /// A size below zero, or a fill of nothing.
    #[error("a venue's report has a size or price that cannot be")]
    Size,
}

impl VenueReport {
    /// A report in which every question failed.
    #[must_use]
    pub fn failed(venue: &str, asked_ts: Nanos, ts: Nanos) -> Self {
        Self {
            venue: venue.to_owned(),
            asked_ts,
            ts,
            orders: None,
            by_id: Vec::new(),
            absent: Vec::new(),
            fills: None,
            booked: Vec::new(),
            balances: None,
            positions: None,
        }
    }

    /// Every order that is listed, twice where it was asked for by its id as well.
    pub fn listed(&self) -> impl Iterator<Item = &ReportedOrder> {
        self.orders.iter().flatten().chain(&self.by_id)
    }

    /// Whether it can be of this run.
    pub(super) fn check(&self, state: &State) -> Result<(), ReportError> {
        if self.ts < self.asked_ts {
            return Err(ReportError::Time);
        }
        let here = |id: InstrumentId| {
            let found = state.instrument(id).is_some_and(|rules| rules.venue() == self.venue);
            if found { Ok(()) } else { Err(ReportError::Instrument) }
        };
        for order in self.listed() {
            here(order.instrument)?;
            let sized = order.qty.is_none_or(Qty::is_positive);
            if order.cum.is_negative() || !sized || !order.limit.is_none_or(Price::is_positive) {
                return Err(ReportError::Size);
            }
        }
        for fill in self.fills.iter().flat_map(|fills| &fills.all) {
            here(fill.instrument)?;
            if !fill.qty.is_positive() || !fill.price.is_positive() {
                return Err(ReportError::Size);
            }
        }
        for entry in &self.booked {
            match entry.booking {
                Booking::Transfer { .. } => {}
                Booking::Funding { instrument, .. } | Booking::Trade { instrument, .. } => {
                    here(instrument)?;
                }
            }
        }
        self.positions.iter().flatten().try_for_each(|position| here(position.instrument))
    }
}
