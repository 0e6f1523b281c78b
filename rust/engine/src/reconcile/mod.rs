//! A venue's report of our account against what we know → events that make ours agree, and the
//! names of what no event can explain, which freezes its instrument.
//!
//! [`reconcile`] is a function of state and report alone: no name or time is made up, so the same
//! report twice changes nothing, in whatever order its lists are. A question that failed concludes
//! nothing. What a venue shows is believed at once; what it does not show, and what it holds
//! otherwise than we do, only where nothing moved shortly before it was asked ([`LISTED_WITHIN`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::asset::Asset;
use crate::event::{Booking, Entry, Event, Fill, OrderId, OrderUpdate, Size, TradeId, Unexplained};
use crate::instrument::{InstrumentId, venues};
use crate::journal::{Record, State};
use crate::order::Order;
use crate::units::{Amount, Nanos, Qty};

mod account;
mod absence;
mod listing;
mod venue_report;

pub use venue_report::{
    ReportError, ReportedBalance, ReportedFill, ReportedFills, ReportedOrder, ReportedPosition,
    ReportedState, VenueReport,
};

/// What a venue did may be missing from its lists for so long.
pub const LISTED_WITHIN: Nanos = Nanos::new(5_000_000_000);

/// What no event can explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// The venue has an order under a name that only we give, and we never placed it.
    Unrecorded(OrderId),
    /// The venue has an order working that was over.
    Returned(OrderId),
    /// The venue has an order otherwise than we do: its terms, or how it ended.
    Order(OrderId),
    /// A fill that its order cannot have.
    Fill(OrderId, TradeId),
    /// The venue says that more of an order is filled than it can be.
    Overfilled(OrderId),
    /// The venue ended an order with less filled than was booked.
    Unfilled(OrderId),
    /// The venue said twice that more of an order is filled than its trades come to.
    Owed(OrderId, Qty),
    /// A position.
    Position {
        /// What we hold.
        ours: Qty,
        /// What the venue says.
        theirs: Qty,
    },
    /// A balance.
    Balance {
        /// Of what.
        asset: Asset,
        /// What we hold.
        ours: Amount,
        /// What the venue says.
        theirs: Amount,
    },
}

impl Difference {
    /// The reason to freeze.
    #[must_use]
    pub const fn why(self) -> Unexplained {
        match self {
            Self::Unrecorded(_) | Self::Returned(_) | Self::Order(_) => Unexplained::Order,
            Self::Fill(..) | Self::Overfilled(_) | Self::Unfilled(_) | Self::Owed(..) => {
                Unexplained::Fill
            }
            Self::Position { .. } => Unexplained::Position,
            Self::Balance { .. } => Unexplained::Balance,
        }
    }
}

/// A balance that differs and is of no instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherBalance {
    /// Of what.
    pub asset: Asset,
    /// What we hold.
    pub ours: Amount,
    /// What the venue says.
    pub theirs: Amount,
}

/// What a report comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Of instruments, what no event explains. Named in every report in which it is so.
    pub unexplained: Vec<(InstrumentId, Difference)>,
    /// Orders of the account that are not ours.
    pub foreign_orders: Vec<ReportedOrder>,
    /// What is booked of it that no order of ours did, oldest first: fills of others, transfers,
    /// funding. Named once, by the report that brought it.
    pub booked: Vec<Entry>,
    /// Balances that differ of assets that no instrument trades: what fees were paid in.
    pub other_balances: Vec<OtherBalance>,
}

/// What is to be told to the bot, and why.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reconciled {
    /// To be told in this order.
    pub events: Vec<Event>,
    /// What a person has to know.
    pub findings: Findings,
}

/// What a venue's report comes to. An error concludes nothing.
pub fn reconcile(state: &State, report: &VenueReport) -> Result<Reconciled, ReportError> {
    report.check(state)?;
    let mut case = Case::new(state, report);
    case.orders_are_ours();
    case.fills();
    case.listed_entries();
    case.listed_orders();
    case.absences();
    case.account();
    Ok(case.told)
}

/// Whose an order is, by its name.
enum Whose {
    /// Ours.
    Ours(OrderId),
    /// Ours, and let go long ago: nothing can be said of it.
    LetGo,
    /// It has a name that only we give, and we never placed it.
    Unrecorded(OrderId),
    /// Somebody else's.
    Foreign,
}

/// A report being judged.
struct Case<'a> {
    before: &'a State,
    /// The state as it will be when all that was found is told.
    after: State,
    report: &'a VenueReport,
    /// Orders of ours that are listed, the furthest that each is said to be.
    listed: BTreeMap<OrderId, &'a ReportedOrder>,
    /// Orders that cannot be the ones that are listed under their names.
    contradicted: BTreeSet<OrderId>,
    told: Reconciled,
}

impl<'a> Case<'a> {
    fn new(state: &'a State, report: &'a VenueReport) -> Self {
        Self {
            before: state,
            after: state.clone(),
            report,
            listed: BTreeMap::new(),
            contradicted: BTreeSet::new(),
            told: Reconciled::default(),
        }
    }

    fn whose(&self, name: &str) -> Whose {
        let orders = self.before.orders();
        let Some(id) = OrderId::from_client_text(name) else {
            return Whose::Foreign;
        };
        let first = orders.all().first().map_or(0, |first| first.id().sequence());
        if orders.get(id).is_some() {
            Whose::Ours(id)
        } else if id.epoch() > orders.epoch() {
            // No start of ours had that epoch yet.
            Whose::Foreign
        } else if id.sequence() >= first {
            Whose::Unrecorded(id)
        } else {
            Whose::LetGo
        }
    }

    fn order(&self, id: OrderId) -> Option<Order> {
        self.after.orders().get(id).copied()
    }

    /// Whether a moment is long enough before the questions that every list shows what was then.
    fn is_listed_by_now(&self, ts: Nanos) -> bool {
        let shown = ts.mantissa().saturating_add(LISTED_WITHIN.mantissa());
        shown <= self.report.asked_ts.mantissa()
    }

    /// Whether what was known of an order is in the lists.
    fn is_quiet(&self, id: OrderId) -> bool {
        let order = self.before.orders().get(id);
        order.is_some_and(|order| self.is_listed_by_now(order.heard()))
    }

    /// Whether the list of trades holds all trades of an order.
    fn has_trades_of(&self, order: &Order) -> bool {
        self.report.fills.as_ref().is_some_and(|fills| fills.since <= order.sent())
    }

    /// Tell something, if it can follow.
    fn tell(&mut self, event: Event, record: &Record) -> bool {
        let told = self.after.apply(record).is_ok();
        if told {
            self.told.events.push(event);
        }
        told
    }

    /// Something was said of an order; where that cannot be, it is unexplained.
    fn say(&mut self, id: OrderId, update: OrderUpdate, ts: Nanos) {
        let event = Event::Order { ts, order: id, update };
        if !self.tell(event, &Record::Update { ts, order: id, update }) {
            self.differ_of(id, Difference::Order(id));
        }
    }

    fn differ(&mut self, instrument: InstrumentId, difference: Difference) {
        self.told.findings.unexplained.push((instrument, difference));
    }

    fn differ_of(&mut self, id: OrderId, difference: Difference) {
        if let Some(order) = self.order(id) {
            self.differ(order.new_order().instrument, difference);
        }
    }

    /// Trades that we do not have, the oldest first.
    fn fills(&mut self) {
        let fills = self.report.fills.as_ref();
        let mut all: Vec<_> = fills.iter().flat_map(|fills| &fills.all).collect();
        all.sort();
        for fill in all {
            match self.whose(&fill.order) {
                Whose::Ours(id) => self.fill(id, fill),
                Whose::LetGo => {}
                // It may be of an order of ours: only a person can tell what to book.
                Whose::Unrecorded(id) => {
                    self.differ(fill.instrument, Difference::Unrecorded(id));
                }
                Whose::Foreign => self.foreign_fill(fill),
            }
        }
    }

    fn fill(&mut self, id: OrderId, told: &ReportedFill) {
        let Some(order) = self.order(id) else {
            return;
        };
        if self.after.orders().has_trade(id, told.trade) {
            return;
        }
        let ReportedFill { ts, trade, price, qty, fee, fee_asset, .. } = *told;
        let new = order.new_order();
        let ours = (new.instrument, new.side) == (told.instrument, told.side);
        let filled = order.filled().plus(qty).ok();
        let last = match new.size {
            Size::Base(size) if order.amending().is_none() => filled == Some(size),
            // What is sized in quote is all done when its venue says so, whatever it came to.
            Size::Base(_) | Size::Quote(_) => self.listed.get(&id).is_some_and(|listed| {
                listed.state == ReportedState::Filled && filled == Some(listed.cum)
            }),
        };
        let fill = Fill { order: id, trade, ts, price, qty, fee, fee_asset, last };
        if ours && self.tell(Event::Fill(fill), &Record::Fill(fill)) {
            return;
        }
        self.differ(told.instrument, Difference::Fill(id, trade));
        if new.instrument != told.instrument {
            self.differ_of(id, Difference::Fill(id, trade));
        }
    }

    /// A manual trade, or another program's.
    fn foreign_fill(&mut self, fill: &ReportedFill) {
        let ReportedFill { ts, instrument, trade, side, price, qty, fee, fee_asset, .. } = *fill;
        let booking = Booking::Trade { instrument, side, price, qty, fee, fee_asset };
        let venues = venues(self.before.instruments());
        let Some(venue) = venues.get(instrument.index()).copied() else {
            return;
        };
        self.book(&Entry { ts, venue, name: trade, booking });
    }

    /// Transfers and funding that the venue lists.
    fn listed_entries(&mut self) {
        let mut all: Vec<_> = self.report.booked.iter().collect();
        all.sort_by_key(|entry| (entry.ts, entry.name));
        for entry in all {
            self.book(entry);
        }
    }

    /// Book what no order of ours did, once.
    fn book(&mut self, entry: &Entry) {
        if self.after.is_booked(entry) {
            return;
        }
        // What it is worth is said when it happens, and plays no part here.
        let record = Record::Booked { entry: *entry, worth: Amount::ZERO };
        if self.tell(Event::Booked(*entry), &record) {
            self.told.findings.booked.push(*entry);
        }
    }
}
