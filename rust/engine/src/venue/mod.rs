//! Order → fill: the paper venue. It knows nothing of the bot and keeps a record of its own.

mod blotter;
mod clearing;
mod deed;
mod filters;
mod matching;
mod paper;

use serde::{Deserialize, Serialize};

use crate::event::{
    Amendment, Bar, Event, NewOrder, OrderId, Question, Tick, TickKind, TimeInForce,
};
use crate::instrument::{Instrument, InstrumentId, UnitError};
use crate::units::Nanos;

pub use blotter::{BLOTTER_KEPT, Blotter, Deal, Slip, Standing};
pub use clearing::{Clearing, Lending};
pub use deed::{Act, Deed};
pub use filters::Filter;
pub use matching::Matching;
pub use paper::{Paper, PaperRules};

/// When an order ends by itself, where it does by `now`.
fn end_by(order: &NewOrder, now: Nanos) -> Option<Nanos> {
    match order.terms.tif {
        TimeInForce::Gtd(until) if until <= now => Some(until),
        TimeInForce::Gtd(_) | TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => None,
    }
}

/// A part of a bar: what fills at its open is heard before the rest of it trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarPart {
    /// Its first price.
    Open,
    /// All that came after.
    Rest,
}

/// A simulated venue: over bars and single trades, or over a book.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Venue {
    /// It fills at opens and limits.
    Bars(Paper),
    /// It fills against a book.
    Book(Matching),
}

impl Venue {
    /// Its side of the account.
    #[must_use]
    pub fn clearing(&self) -> &Clearing {
        match self {
            Self::Bars(paper) => paper.clearing(),
            Self::Book(matching) => matching.clearing(),
        }
    }

    /// The same, to put money in.
    pub fn clearing_mut(&mut self) -> &mut Clearing {
        match self {
            Self::Bars(paper) => paper.clearing_mut(),
            Self::Book(matching) => matching.clearing_mut(),
        }
    }

    /// How many orders rest.
    #[must_use]
    pub fn resting_len(&self) -> usize {
        match self {
            Self::Bars(paper) => paper.resting_len(),
            Self::Book(matching) => matching.resting_len(),
        }
    }

    /// An order arrives.
    pub fn place(
        &mut self,
        id: OrderId,
        order: NewOrder,
        ts: Nanos,
        events: &mut Vec<Event>,
    ) -> Result<(), UnitError> {
        match self {
            Self::Bars(paper) => {
                events.push(paper.place(id, order, ts)?);
                Ok(())
            }
            Self::Book(matching) => matching.place(id, order, ts, events),
        }
    }

    /// A request to cancel arrives.
    pub fn cancel(&mut self, id: OrderId, ts: Nanos, events: &mut Vec<Event>) {
        match self {
            Self::Bars(paper) => events.push(paper.cancel(id, ts)),
            Self::Book(matching) => matching.cancel(id, ts, events),
        }
    }

    /// A request to change an order arrives.
    pub fn amend(
        &mut self,
        id: OrderId,
        to: Amendment,
        ts: Nanos,
        events: &mut Vec<Event>,
    ) -> Result<(), UnitError> {
        match self {
            Self::Bars(paper) => {
                events.push(paper.amend(id, to, ts)?);
                Ok(())
            }
            Self::Book(matching) => matching.amend(id, to, ts, events),
        }
    }

    /// An order arrives that the venue will not have, whatever it is: it has too much to do.
    pub fn refuse(&mut self, id: OrderId, order: NewOrder, ts: Nanos, events: &mut Vec<Event>) {
        match self {
            Self::Bars(paper) => events.push(paper.refuse(id, order, ts)),
            Self::Book(matching) => matching.refuse(id, order, ts, events),
        }
    }

    /// A question about an order arrives. A venue that keeps no record has no answer.
    pub fn answer(&self, id: OrderId, question: Question, ts: Nanos, events: &mut Vec<Event>) {
        self.clearing().answer(id, question, ts, events);
    }

    /// A bar's open trades, or the rest of it. Only a venue over bars has any.
    pub fn on_part(
        &mut self,
        bar: &Bar,
        part: BarPart,
        events: &mut Vec<Event>,
    ) -> Result<(), UnitError> {
        match (self, part) {
            (Self::Bars(paper), BarPart::Open) => paper.open_bar(bar, events),
            (Self::Bars(paper), BarPart::Rest) => paper.rest_of_bar(bar, events),
            (Self::Book(_), BarPart::Open | BarPart::Rest) => Ok(()),
        }
    }

    /// The market changed. Without a book each trade is a bar of its own, and levels say nothing.
    pub fn on_tick(
        &mut self,
        tick: &Tick,
        rules: &Instrument,
        events: &mut Vec<Event>,
    ) -> Result<(), UnitError> {
        match (self, tick.kind) {
            (Self::Book(matching), _) => matching.on_tick(tick, events),
            (Self::Bars(paper), TickKind::Trade { price, qty, aggressor: _ }) => {
                let price = rules.price_as_f64(price);
                let bar = Bar {
                    instrument: tick.instrument,
                    open_ns: tick.ts,
                    close_ns: tick.ts,
                    open: price,
                    high: price,
                    low: price,
                    close: price,
                    volume: rules.qty_as_f64(qty),
                };
                if paper.resting_len() > 0 { paper.on_bar(&bar, events) } else { Ok(()) }
            }
            (Self::Bars(_), TickKind::Clear | TickKind::Level { .. }) => Ok(()),
        }
    }

    /// No more of a market will come: what rests in it expires.
    pub fn expire(&mut self, instrument: InstrumentId, ts: Nanos, events: &mut Vec<Event>) {
        match self {
            Self::Bars(paper) => paper.expire(instrument, ts, events),
            Self::Book(matching) => matching.expire(instrument, ts, events),
        }
    }
}
