//! What a sleeve did lately and how it went, folded from records: what the checks on pace, repeats
//! and losses look at. No limit is known here.

use serde::{Deserialize, Serialize};

use super::State;
use crate::event::{Fill, NewOrder, OrderId, OrderTerms, OrderUpdate, SleeveId, TimeInForce};
use crate::exposure::{Conduct, Lately};
use crate::instrument::{Instrument, VenueId, venues};
use crate::risk::monitor;
use crate::units::{Amount, Nanos, Overflow};

const SECOND_NS: i64 = 1_000_000_000;
const SLOTS: usize = 20;
/// Messages are counted within ten seconds, what takes within a minute.
const MESSAGES_SLOT: i64 = SECOND_NS / 2;
const TAKES_SLOT: i64 = 3 * SECOND_NS;
/// Equity is looked back on for an hour.
const EQUITY_SLOT: i64 = 180 * SECOND_NS;

/// How often something happened lately: counts of the last [`SLOTS`] stretches of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Recent {
    counts: [u32; SLOTS],
    last: i64,
    /// Of all counts.
    sum: u32,
}

impl Recent {
    fn add(&mut self, now: Nanos, slot: i64) {
        let at = now.mantissa() / slot;
        if at > self.last {
            *self = self.at(at);
        }
        if let Some(count) = self.counts.last_mut() {
            *count = count.saturating_add(1);
            self.sum = self.sum.saturating_add(1);
        }
    }

    fn count(&self, now: Nanos, slot: i64) -> u32 {
        // Most of the time nothing was ever counted.
        if self.sum == 0 {
            return 0;
        }
        let at = now.mantissa() / slot;
        if at > self.last { self.at(at).sum } else { self.sum }
    }

    /// The counts as they are at slot `at`: what is older than all of them is gone.
    #[cold]
    fn at(&self, at: i64) -> Self {
        let passed = usize::try_from(at.saturating_sub(self.last)).unwrap_or(0).min(SLOTS);
        let mut counts = [0; SLOTS];
        let kept = self.counts.iter().skip(passed);
        counts.iter_mut().zip(kept).for_each(|(new, old)| *new = *old);
        let sum = counts.iter().fold(0_u32, |sum, count| sum.saturating_add(*count));
        Self { counts, last: at, sum }
    }
}

/// The highest equity of each of the last stretches of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Heights {
    highest: [Option<Amount>; SLOTS],
    last: i64,
    /// Of all of them.
    of_all: Option<Amount>,
}

impl Heights {
    fn add(&mut self, now: Nanos, equity: Amount) {
        let at = now.mantissa() / EQUITY_SLOT;
        let passed = usize::try_from(at.saturating_sub(self.last)).unwrap_or(0).min(SLOTS);
        self.highest.rotate_left(passed % SLOTS);
        self.highest.iter_mut().rev().take(passed).for_each(|slot| *slot = None);
        self.last = at.max(self.last);
        if let Some(newest) = self.highest.last_mut() {
            *newest = Some(newest.map_or(equity, |highest| highest.max(equity)));
        }
        self.of_all = self.highest.iter().flatten().max().copied();
    }

    /// Money came in or went out: it is neither gain nor loss.
    fn moved(mut self, last: Amount, after: Amount) -> Result<Self, Overflow> {
        for highest in self.highest.iter_mut().flatten() {
            *highest = monitor::moved(*highest, last, after)?;
        }
        self.of_all = self.highest.iter().flatten().max().copied();
        Ok(self)
    }
}

/// What one sleeve did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Deeds {
    takes: Recent,
    day: i64,
    cancels: u32,
    fills: u32,
    losses: u32,
    lost: Amount,
    lost_at: Nanos,
    /// The last order that closed something.
    closed: Option<OrderId>,
    lately: [Option<(OrderId, Lately)>; 2],
}

impl Deeds {
    fn on_day(&mut self, now: Nanos) {
        let day = now.closing_day();
        if self.day != day {
            (self.day, self.cancels, self.fills) = (day, 0, 0);
        }
    }
}

/// What all of them did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Doings {
    /// Of each instrument.
    venues: Vec<VenueId>,
    /// To each venue.
    messages: Vec<Recent>,
    /// Of each sleeve.
    deeds: Vec<Deeds>,
    pub(super) equity: Heights,
}

impl Doings {
    pub(super) fn new(instruments: &[Instrument], sleeves: usize) -> Self {
        let venues = venues(instruments);
        Self {
            messages: vec![Recent::default(); venues.len()],
            deeds: vec![Deeds::default(); sleeves],
            venues,
            equity: Heights::default(),
        }
    }

    fn message(&mut self, order: &NewOrder, now: Nanos) {
        let venue = self.venues.get(order.instrument.index()).map(|venue| venue.0 as usize);
        let to = venue.and_then(|venue| self.messages.get_mut(venue));
        if let Some(messages) = to.filter(|_| !order.terms.held) {
            messages.add(now, MESSAGES_SLOT);
        }
    }

    fn of(&mut self, sleeve: SleeveId, now: Nanos) -> Option<&mut Deeds> {
        let mut deeds = self.deeds.get_mut(sleeve.index());
        if let Some(deeds) = &mut deeds {
            deeds.on_day(now);
        }
        deeds
    }

    pub(super) fn on_placed(&mut self, id: OrderId, order: &NewOrder, now: Nanos) {
        self.message(order, now);
        let OrderTerms { post_only, reduce_only, held, .. } = order.terms;
        let takes = takes_at_once(order) && !reduce_only && !held;
        let Some(deeds) = self.of(order.sleeve, now) else {
            return;
        };
        if takes {
            deeds.takes.add(now, TAKES_SLOT);
        }
        if !post_only && !reduce_only && !held {
            let NewOrder { side, size, limit, .. } = *order;
            let [last, _] = deeds.lately;
            deeds.lately = [Some((id, Lately { ts: now, side, size, limit })), last];
        }
    }

    pub(super) fn on_amend(&mut self, order: &NewOrder, now: Nanos) {
        self.message(order, now);
    }

    /// Something was said of an order, which `died` of it without a fill, or not.
    pub(super) fn on_update(
        &mut self,
        (id, order): (OrderId, &NewOrder),
        update: OrderUpdate,
        died: bool,
        now: Nanos,
    ) {
        let cancels = update == OrderUpdate::CancelSent;
        if cancels {
            self.message(order, now);
        }
        let Some(deeds) = self.of(order.sleeve, now) else {
            return;
        };
        if cancels {
            deeds.cancels = deeds.cancels.saturating_add(1);
        }
        if died {
            for slot in &mut deeds.lately {
                *slot = slot.filter(|(lately, _)| *lately != id);
            }
        }
    }

    /// A fill of an order that changed what its sleeve has realised; `first` of that order.
    pub(super) fn on_fill(
        &mut self,
        order: &NewOrder,
        fill: &Fill,
        (first, realised): (bool, Amount),
    ) {
        let Some(deeds) = self.of(order.sleeve, fill.ts) else {
            return;
        };
        deeds.fills = deeds.fills.saturating_add(1);
        let OrderTerms { post_only, reduce_only, stop, .. } = order.terms;
        if first && !takes_at_once(order) && !post_only && !reduce_only && stop.is_none() {
            deeds.takes.add(fill.ts, TAKES_SLOT);
        }
        if realised.is_zero() {
            return;
        }
        let again = deeds.closed == Some(fill.order);
        let loss = realised.is_negative();
        deeds.closed = Some(fill.order);
        if loss {
            let before = if again { deeds.lost } else { Amount::ZERO };
            deeds.lost = before.minus(realised).unwrap_or(Amount::new(i128::MAX));
            deeds.lost_at = fill.ts;
        }
        deeds.losses = match (again, loss) {
            (true, _) => deeds.losses,
            (false, true) => deeds.losses.saturating_add(1),
            (false, false) => 0,
        };
    }

    pub(super) fn on_equity(&mut self, now: Nanos, equity: Amount) {
        self.equity.add(now, equity);
    }

    /// The heights as they are where money made equity of `last` so much.
    pub(super) fn deposited(&self, last: Amount, after: Amount) -> Result<Heights, Overflow> {
        self.equity.moved(last, after)
    }
}

/// Whether it is over at once: what rests may take too, which its first fill tells.
fn takes_at_once(order: &NewOrder) -> bool {
    let at_once = matches!(order.terms.tif, TimeInForce::Ioc | TimeInForce::Fok);
    at_once && order.terms.stop.is_none()
}

impl State {
    /// What a sleeve did, as it is to be judged at `now`.
    #[must_use]
    pub fn conduct(&self, sleeve: SleeveId, venue: VenueId, now: Nanos) -> Conduct {
        let doings = &self.doings;
        let messages = doings.messages.get(venue.0 as usize);
        let messages = messages.map_or(0, |messages| messages.count(now, MESSAGES_SLOT));
        let Some(mut deeds) = doings.deeds.get(sleeve.index()).copied() else {
            return Conduct { messages, ..Conduct::default() };
        };
        deeds.on_day(now);
        Conduct {
            messages,
            takes: deeds.takes.count(now, TAKES_SLOT),
            cancels: deeds.cancels,
            fills: deeds.fills,
            losses: deeds.losses,
            lost: deeds.lost,
            lost_at: deeds.lost_at,
        }
    }

    /// The last orders of a sleeve, those that ended without a fill left out.
    #[must_use]
    pub fn lately(&self, sleeve: SleeveId) -> [Option<Lately>; 2] {
        let deeds = self.doings.deeds.get(sleeve.index());
        let lately = deeds.map(|deeds| deeds.lately).unwrap_or_default();
        lately.map(|lately| lately.map(|(_, lately)| lately))
    }

    /// The highest equity of the last hour; `None` before any was measured.
    #[must_use]
    pub fn equity_of_hour(&self) -> Option<Amount> {
        self.doings.equity.of_all
    }
}
