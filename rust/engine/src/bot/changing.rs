//! What a strategy wants of one order of its own that works: its end, or another price or size.

use super::{Bot, BotError, Output};
use crate::event::{Action, OrderId, SleeveId};
use crate::journal::Record;
use crate::order::{Order, OrderState};
use crate::risk::breaker::Breakers;
use crate::risk::{self, Change, Refusal};

impl Bot {
    /// Ask for the end of one order. One that is over, or on its way out, needs nothing more.
    pub(super) fn cancel_one(
        &mut self,
        sleeve: SleeveId,
        id: OrderId,
        out: &mut Output,
    ) -> Result<(), BotError> {
        self.cancel_where(sleeve, |order| order.id() == id, out)
    }

    /// Ask for another price or size of an order, if risk says so.
    pub(super) fn amend(
        &mut self,
        sleeve: SleeveId,
        id: OrderId,
        (qty, limit): (Option<f64>, Option<f64>),
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let ts = self.now;
        let assessed = match self.amendable(sleeve, id) {
            None => Err(Refusal::NotAmendable),
            Some(order) => {
                let (filled, spent) = (order.filled(), order.spent());
                let change = Change { order: order.new_order(), filled, spent, qty, limit };
                risk::assess_change(&change, &self.view(sleeve, breakers)?)
            }
        };
        let to = match assessed {
            Ok(None) => return Ok(()),
            Ok(Some(approved)) => approved.into_amendment(),
            Err(refusal) => return self.refuse(sleeve, refusal, out),
        };
        self.keep(Record::Amend { ts, order: id, to }, out)?;
        out.actions.push(Action::Amend { id, to });
        self.reserve()
    }

    /// An order of a sleeve that its venue has and that nothing else was asked of.
    fn amendable(&self, sleeve: SleeveId, id: OrderId) -> Option<&Order> {
        let order = self.state.orders().get(id)?;
        let works = matches!(order.state(), OrderState::Open | OrderState::PartiallyFilled);
        let mine = order.new_order().sleeve == sleeve;
        (mine && works && !order.is_canceling() && order.amending().is_none()).then_some(order)
    }
}
