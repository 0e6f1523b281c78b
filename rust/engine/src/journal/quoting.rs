//! What the records say of the markets that are made: what is quoted, and whether it has to be
//! quoted anew.

use serde::{Deserialize, Serialize};

use super::State;
use crate::decision::quote;
use crate::event::{NewOrder, OrderUpdate, SleeveId, TwoSided, Want};

/// The market that a sleeve makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Quoting {
    /// What it wanted last, unless something else came after it.
    last: Option<TwoSided>,
    /// A price of it has no order any more, or it was let go and nothing came of it yet.
    anew: bool,
    /// An order went out that lies at no price of it.
    stray: bool,
}

impl Quoting {
    /// What is quoted once this is wanted.
    pub(super) const fn then(want: &Want) -> Self {
        let last = match want {
            Want::Quote(quote) => Some(*quote),
            Want::Target { .. }
            | Want::Trade { .. }
            | Want::Cancel { .. }
            | Want::Amend { .. }
            | Want::CancelAll
            | Want::Exits(_) => None,
        };
        Self { last, anew: false, stray: false }
    }
}

impl State {
    /// The quote a sleeve wanted last, and whether it is to be wanted anew at the next change.
    #[must_use]
    pub fn quote(&self, sleeve: SleeveId) -> (Option<TwoSided>, bool) {
        let quoting = self.quotes.get(sleeve.index()).copied().unwrap_or_default();
        (quoting.last, quoting.anew | quoting.stray)
    }

    /// Whether an order of a sleeve is to go: it was called back, and is not over.
    #[must_use]
    pub fn is_canceling(&self, sleeve: SleeveId) -> bool {
        let mut working = self.orders.working();
        working.any(|order| order.new_order().sleeve == sleeve && order.is_canceling())
    }

    /// A quote was let go: it is wanted anew unless something comes of it.
    pub(super) fn note_released(&mut self, sleeve: SleeveId) {
        self.mark(sleeve, true);
    }

    /// The last fill of an order leaves its price without one. What waits will see to it.
    pub(super) fn note_filled(&mut self, sleeve: SleeveId) {
        if !self.is_waiting(sleeve) {
            self.mark(sleeve, true);
        }
    }

    /// Risk said no, which holds until something else is wanted.
    pub(super) fn note_refused(&mut self, sleeve: SleeveId) {
        self.mark(sleeve, false);
    }

    /// An order of the quote went out. One at another price was kept from a wider touch, or is one
    /// that a venue brought back after its record was lost: the next quote must meet it.
    pub(super) fn note_placed(&mut self, order: &NewOrder) {
        let (Some(last), Some(rules)) =
            (self.quote(order.sleeve).0, self.instruments.get(order.instrument.index()))
        else {
            return;
        };
        let wanted = quote::side_of(&last, order.side).is_some_and(|quoted| {
            let mut prices = quote::levels(order.side, quoted, last.levels, rules.tick);
            prices.any(|price| order.limit == Some(price))
        });
        self.mark(order.sleeve, false);
        if let Some(quoting) = self.quotes.get_mut(order.sleeve.index()) {
            quoting.stray |= !wanted;
        }
    }

    /// We ask to cancel an order that lives: the quote waits for it. Where a venue will not do so
    /// the quote is wanted anew with the next change, and waits again.
    pub(super) fn note_cancel(&mut self, sleeve: SleeveId, update: OrderUpdate) {
        let Some(last) = self.quote(sleeve).0 else {
            return;
        };
        let waits = match update {
            OrderUpdate::CancelSent => Some(Want::Quote(last)),
            OrderUpdate::CancelRejected => {
                self.mark(sleeve, true);
                None
            }
            OrderUpdate::Released
            | OrderUpdate::Denied
            | OrderUpdate::Sent
            | OrderUpdate::Received
            | OrderUpdate::Acked
            | OrderUpdate::Rejected
            | OrderUpdate::Canceled
            | OrderUpdate::Amended
            | OrderUpdate::AmendRejected
            | OrderUpdate::Expired
            | OrderUpdate::Unanswered
            | OrderUpdate::NotFoundById
            | OrderUpdate::NotFoundOpen
            | OrderUpdate::NotFoundTrades
            | OrderUpdate::NeverArrived
            | OrderUpdate::Gone
            | OrderUpdate::AskedById
            | OrderUpdate::AskedOpen
            | OrderUpdate::AskedTrades => return,
        };
        if let Some(waiting) = self.waiting.get_mut(sleeve.index()) {
            *waiting = waits;
        }
    }

    fn mark(&mut self, sleeve: SleeveId, anew: bool) {
        if let Some(Quoting { last: Some(_), anew: slot, .. }) = self.quotes.get_mut(sleeve.index())
        {
            *slot = anew;
        }
    }
}
