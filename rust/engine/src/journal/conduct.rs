//! What a sleeve did lately and how it went, folded from records: what the checks on pace, repeats
//! and losses look at. No limit is known here.

use serde::{Deserialize, Serialize};

use super::State;
use crate::event::{Fill, NewOrder, OrderId, OrderTerms, OrderUpdate, SleeveId, TimeInForce};
use crate::exposure::{Conduct, Lately};
use crate::instrument::{Instrument, InstrumentId, VenueId, venues};
use crate::risk::{MESSAGES_S, monitor};
use crate::units::{Amount, Nanos, Overflow};

const SECOND_NS: i64 = 1_000_000_000;
const SLOTS: usize = 20;
const MESSAGES_SLOT: i64 = slot(MESSAGES_S);
/// What takes is counted within a minute.
const TAKES_SLOT: i64 = slot(60);
/// Equity is looked back on for an hour.
const EQUITY_SLOT: i64 = slot(3_600);

/// How long each of the stretches is that so many seconds are counted in.
#[allow(clippy::cast_possible_wrap, reason = "a handful of slots")]
const fn slot(window_s: u32) -> i64 {
    window_s as i64 * SECOND_NS / SLOTS as i64
}

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

/// What one sleeve did, and how it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Own {
    takes: Recent,
    day: i64,
    cancels: u32,
    fills: u32,
    losses: u32,
    lost: Amount,
    lost_at: Nanos,
    /// When it last filled, or an order of it was called back: what protects it follows.
    moved_at: Nanos,
    /// The last order that closed something.
    closed: Option<OrderId>,
    lately: [Option<(OrderId, Lately)>; 2],
}

impl Own {
    fn on_day(&mut self, now: Nanos) {
        let day = now.closing_day();
        if self.day != day {
            (self.day, self.cancels, self.fills) = (day, 0, 0);
        }
    }
}

/// What all of them did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Conducts {
    /// To each venue.
    messages: Vec<Recent>,
    /// Of each sleeve.
    own: Vec<Own>,
    pub(super) equity: Heights,
}

impl Conducts {
    pub(super) fn new(instruments: &[Instrument], sleeves: usize) -> Self {
        let venues = venues(instruments).iter().map(|venue| venue.0 as usize + 1).max();
        Self {
            messages: vec![Recent::default(); venues.unwrap_or(0)],
            own: vec![Own::default(); sleeves],
            equity: Heights::default(),
        }
    }

    /// A venue is told something.
    pub(super) fn on_message(&mut self, to: Option<VenueId>, now: Nanos) {
        let messages = to.and_then(|venue| self.messages.get_mut(venue.0 as usize));
        if let Some(messages) = messages {
            messages.add(now, MESSAGES_SLOT);
        }
    }

    fn of(&mut self, sleeve: SleeveId, now: Nanos) -> Option<&mut Own> {
        let mut own = self.own.get_mut(sleeve.index());
        if let Some(own) = &mut own {
            own.on_day(now);
        }
        own
    }

    pub(super) fn on_placed(&mut self, id: OrderId, order: &NewOrder, now: Nanos) {
        let OrderTerms { post_only, reduce_only, held, .. } = order.terms;
        let takes = takes_at_once(order) && !reduce_only && !held;
        let Some(own) = self.of(order.sleeve, now) else {
            return;
        };
        if takes {
            own.takes.add(now, TAKES_SLOT);
        }
        if !post_only && !reduce_only && !held {
            let NewOrder { side, size, limit, .. } = *order;
            let [last, _] = own.lately;
            own.lately = [Some((id, Lately { ts: now, side, size, limit })), last];
        }
    }

    /// Something was said of an order, which `died` of it without a fill, or not.
    pub(super) fn on_update(
        &mut self,
        (id, order): (OrderId, &NewOrder),
        update: OrderUpdate,
        died: bool,
        now: Nanos,
    ) {
        let Some(own) = self.of(order.sleeve, now) else {
            return;
        };
        if update == OrderUpdate::Released && !order.terms.reduce_only {
            own.takes.add(now, TAKES_SLOT);
        }
        if update == OrderUpdate::CancelSent {
            own.cancels = own.cancels.saturating_add(1);
        }
        if matches!(update, OrderUpdate::CancelSent | OrderUpdate::Canceled) {
            own.moved_at = own.moved_at.max(now);
        }
        if died {
            for slot in &mut own.lately {
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
        let Some(own) = self.of(order.sleeve, fill.ts) else {
            return;
        };
        own.fills = own.fills.saturating_add(1);
        own.moved_at = own.moved_at.max(fill.ts);
        let OrderTerms { post_only, reduce_only, stop, .. } = order.terms;
        if first && !takes_at_once(order) && !post_only && !reduce_only && stop.is_none() {
            own.takes.add(fill.ts, TAKES_SLOT);
        }
        if realised.is_zero() {
            return;
        }
        let again = own.closed == Some(fill.order);
        let loss = realised.is_negative();
        own.closed = Some(fill.order);
        if loss {
            let before = if again { own.lost } else { Amount::ZERO };
            own.lost = before.minus(realised).unwrap_or(Amount::new(i128::MAX));
            own.lost_at = fill.ts;
        }
        own.losses = match (again, loss) {
            (true, _) => own.losses,
            (false, true) => own.losses.saturating_add(1),
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
    pub fn conduct(&self, sleeve: SleeveId, instrument: InstrumentId, now: Nanos) -> Conduct {
        let conducts = &self.conducts;
        let venue = self.board.venue(instrument);
        let messages = venue.and_then(|venue| conducts.messages.get(venue.0 as usize));
        let messages = messages.map_or(0, |messages| messages.count(now, MESSAGES_SLOT));
        let Some(mut own) = conducts.own.get(sleeve.index()).copied() else {
            return Conduct { messages, ..Conduct::default() };
        };
        own.on_day(now);
        Conduct {
            messages,
            takes: own.takes.count(now, TAKES_SLOT),
            cancels: own.cancels,
            fills: own.fills,
            losses: own.losses,
            lost: own.lost,
            lost_at: own.lost_at,
        }
    }

    /// When a sleeve last filled, or called an order back.
    #[must_use]
    pub fn moved_at(&self, sleeve: SleeveId) -> Nanos {
        self.conducts.own.get(sleeve.index()).map_or(Nanos::ZERO, |own| own.moved_at)
    }

    /// The last orders of a sleeve, those that ended without a fill left out.
    #[must_use]
    pub fn lately(&self, sleeve: SleeveId) -> [Option<Lately>; 2] {
        let own = self.conducts.own.get(sleeve.index());
        let lately = own.map(|own| own.lately).unwrap_or_default();
        lately.map(|lately| lately.map(|(_, lately)| lately))
    }

    /// The highest equity of the last hour; `None` before any was measured.
    #[must_use]
    pub fn equity_of_hour(&self) -> Option<Amount> {
        self.conducts.equity.of_all
    }
}
