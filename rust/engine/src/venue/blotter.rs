//! What the venue knows of its orders and of what they traded: its answer to whoever asks.
//!
//! It follows from the venue's acts alone. What is over is kept as long as the engine keeps it, so
//! that a question about an order that is known here is answered.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::deed::Deed;
use crate::event::{Event, Fill, NewOrder, OrderId, OrderUpdate, Question, Side, TradeId};
use crate::instrument::InstrumentId;
use crate::units::{Amount, Nanos, Price, Qty};

/// Orders that are over, and trades, are kept until there are twice as many; then half of them go.
pub const BLOTTER_KEPT: usize = 1_024;

/// How far an order is at its venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It works, or waits for its trigger.
    Works,
    /// Done.
    Filled,
    /// Canceled, perhaps partly done.
    Canceled,
    /// Its time ran out, perhaps partly done.
    Expired,
    /// The venue would not have it.
    Refused,
}

/// One order as the venue has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// Whose name it has.
    pub id: OrderId,
    /// The order, as it was amended.
    pub order: NewOrder,
    /// How far it is.
    pub standing: Standing,
    /// How much of it is filled in all.
    pub cum: Qty,
}

/// One trade of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deal {
    /// When.
    pub ts: Nanos,
    /// Of which order.
    pub order: OrderId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// The venue's name for it.
    pub trade: TradeId,
    /// At what price.
    pub price: Price,
    /// How much base.
    pub qty: Qty,
    /// Fee in quote units, on top.
    pub fee: Amount,
    /// Whether its order was done with it.
    pub last: bool,
}

impl Deal {
    /// As it is told.
    const fn fill(&self) -> Event {
        let Self { ts, order, trade, price, qty, fee, last, .. } = *self;
        Event::Fill(Fill { order, trade, ts, price, qty, fee, fee_asset: None, last })
    }
}

/// Orders and trades of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blotter {
    slips: VecDeque<Slip>,
    deals: VecDeque<Deal>,
    /// Every trade from here on is kept.
    since: Nanos,
}

impl Blotter {
    /// The venue did something.
    pub(super) fn on_deed(&mut self, ts: Nanos, id: OrderId, deed: &Deed, trade: TradeId) {
        match *deed {
            Deed::Accepted(order) => self.open(id, order, Standing::Works),
            Deed::Refused { order, .. } => self.open(id, order, Standing::Refused),
            Deed::Canceled { .. } => self.end(id, Standing::Canceled),
            Deed::Expired => self.end(id, Standing::Expired),
            Deed::Filled { price, qty, fee, last } => {
                let Some(slip) = self.slip_mut(id) else {
                    return;
                };
                // Never more than was ordered, which fitted.
                slip.cum = slip.cum.plus(qty).unwrap_or(slip.cum);
                let NewOrder { instrument, side, .. } = slip.order;
                if last {
                    slip.standing = Standing::Filled;
                }
                let order = id;
                self.deals.push_back(Deal {
                    ts,
                    order,
                    instrument,
                    side,
                    trade,
                    price,
                    qty,
                    fee,
                    last,
                });
            }
            Deed::Amended(to) => {
                if let Some(slip) = self.slip_mut(id) {
                    slip.order = slip.order.amended(to);
                }
            }
            Deed::Repeated | Deed::NotThere | Deed::AmendRefused(_) => {}
        }
        self.retire();
    }

    /// Late orders come after younger ones; they lie by their ids.
    fn open(&mut self, id: OrderId, order: NewOrder, standing: Standing) {
        let place = self.slips.partition_point(|slip| slip.id < id);
        self.slips.insert(place, Slip { id, order, standing, cum: Qty::ZERO });
    }

    fn end(&mut self, id: OrderId, standing: Standing) {
        if let Some(slip) = self.slip_mut(id) {
            slip.standing = standing;
        }
    }

    /// Let go of the older half where there are too many.
    fn retire(&mut self) {
        if self.slips.len() >= 2 * BLOTTER_KEPT {
            let mut gone = 0;
            self.slips.retain(|slip| {
                let goes = gone < BLOTTER_KEPT && slip.standing != Standing::Works;
                gone += usize::from(goes);
                !goes
            });
        }
        if self.deals.len() >= 2 * BLOTTER_KEPT {
            if let Some(deal) = self.deals.get(BLOTTER_KEPT - 1) {
                self.since = Nanos::new(deal.ts.mantissa().saturating_add(1));
            }
            self.deals.drain(..BLOTTER_KEPT);
        }
    }

    fn place_of(&self, id: OrderId) -> Option<usize> {
        self.slips.binary_search_by_key(&id, |slip| slip.id).ok()
    }

    fn slip_mut(&mut self, id: OrderId) -> Option<&mut Slip> {
        self.place_of(id).and_then(|place| self.slips.get_mut(place))
    }

    /// One order, while it is kept.
    #[must_use]
    pub fn slip(&self, id: OrderId) -> Option<&Slip> {
        self.place_of(id).and_then(|place| self.slips.get(place))
    }

    /// Every order that is kept, in the order that they came.
    pub fn slips(&self) -> impl Iterator<Item = &Slip> {
        self.slips.iter()
    }

    /// Every trade that is kept, oldest first.
    pub fn deals(&self) -> impl Iterator<Item = &Deal> {
        self.deals.iter()
    }

    /// From when on every trade is kept.
    #[must_use]
    pub const fn since(&self) -> Nanos {
        self.since
    }

    /// Answer a question at `ts`, into `events`. Whoever asks for an order by its id is told its
    /// trades first, then how much of it is filled in all, then how far it is.
    pub(super) fn answer(
        &self,
        id: OrderId,
        question: Question,
        ts: Nanos,
        events: &mut Vec<Event>,
    ) {
        let said = |update| Event::Order { ts, order: id, update };
        let slip = self.slip(id);
        match question {
            Question::Open => {
                let works = slip.is_some_and(|slip| slip.standing == Standing::Works);
                let open = if works { OrderUpdate::Acked } else { OrderUpdate::NotFoundOpen };
                events.push(said(open));
            }
            Question::Trades => {
                let before = events.len();
                self.tell_deals(id, events);
                if events.len() == before {
                    events.push(said(OrderUpdate::NotFoundTrades));
                }
            }
            Question::ById => {
                let Some(slip) = slip else {
                    events.push(said(OrderUpdate::NotFoundById));
                    return;
                };
                self.tell_deals(id, events);
                if slip.cum.is_positive() {
                    events.push(Event::CumQty { ts, order: id, qty: slip.cum });
                }
                match slip.standing {
                    Standing::Works => events.push(said(OrderUpdate::Acked)),
                    // Its trades say so.
                    Standing::Filled => {}
                    Standing::Canceled => events.push(said(OrderUpdate::Canceled)),
                    Standing::Expired => events.push(said(OrderUpdate::Expired)),
                    Standing::Refused => events.push(said(OrderUpdate::Rejected)),
                }
            }
        }
    }

    fn tell_deals(&self, id: OrderId, events: &mut Vec<Event>) {
        let mine = self.deals.iter().filter(|deal| deal.order == id);
        events.extend(mine.map(Deal::fill));
    }
}
