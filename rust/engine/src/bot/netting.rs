//! Several strategies on one instrument: what they want at the same moment is crossed among them
//! first, and only the rest goes to the venue, so that no order of ours pays for meeting another.
//!
//! A cross moves shares at the mark, in no order and for no fee; the account stays as it is. It is
//! written down behind the intents that led to it, then each sleeve acts on its own intent from
//! what it holds now. What is left lies on one side: where several sleeves are left there, each has
//! an order of its own, since an order says whose fills, fees and refusals it brings.
//!
//! Only targets that cross the spread at once are netted, and only of sleeves of which nothing
//! works: what lies, waits or is called back has its own time.

use core::mem::take;

use super::{Bot, BotError, Decides, Output};
use crate::decision::Decision;
use crate::event::{Cross, Event, Execution, Intent, Side, SleeveId, TradingState, Want};
use crate::instrument::InstrumentId;
use crate::journal::{Carrying, Record};
use crate::risk::breaker::Breakers;
use crate::risk::{self, Offer};
use crate::units::{Overflow, Qty};

/// Hold nothing, whatever it takes.
const FLAT: Want = Want::Target { fraction: 0.0, band: None, execution: Execution::Cross };

/// Room for what is wanted at a moment, so that netting allocates nothing once it is warm.
#[derive(Debug, Default)]
pub(super) struct Netting {
    wants: Vec<Intent>,
    offers: Vec<Offering>,
    /// Of each sleeve, whether its program ran on the present change of a book.
    pub(super) ran: Vec<bool>,
}

/// What a sleeve offers its siblings.
#[derive(Debug, Clone, Copy)]
struct Offering {
    sleeve: SleeveId,
    side: Side,
    left: Qty,
    /// Whether no more is wanted.
    whole: bool,
}

impl Netting {
    pub(super) fn new(sleeves: usize) -> Self {
        Self { ran: vec![false; sleeves], ..Self::default() }
    }
}

impl Bot {
    /// Sleeve `turn` of those that share an instrument.
    pub(super) fn seat(&self, id: InstrumentId, turn: usize) -> Option<SleeveId> {
        self.seats.several(id)?.get(turn).copied()
    }

    /// The sleeves of an instrument that several share decide on what is fresh, all at once.
    #[inline(never)]
    pub(super) fn decide_together(
        &mut self,
        id: InstrumentId,
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let mut wants = self.room();
        let mut turn = 0;
        while let Some(sleeve) = self.seat(id, turn) {
            turn += 1;
            let new = self.decide(sleeve.index(), breakers)?;
            let due = match new {
                Some(intent) if self.is_due(&intent)? => Some(intent),
                Some(_) | None => self.owed(sleeve)?,
            };
            wants.extend(due);
        }
        self.want_together(id, &wants, breakers, out)?;
        self.netting.wants = wants;
        Ok(())
    }

    /// Whether a sleeve that wants nothing held still holds a share, and the account, which had
    /// nothing of it to close when that was wanted, has something now.
    pub(super) fn is_left_open(&self, sleeve: SleeveId, carrying: &Carrying) -> bool {
        let Some(id) = self.sleeves.get(sleeve.index()).map(|seat| seat.instrument) else {
            return false;
        };
        let Want::Target { fraction, .. } = carrying.want() else {
            return false;
        };
        if fraction != 0.0 || self.seats.several(id).is_none() {
            return false;
        }
        let share = self.state.portfolio().share(sleeve).qty;
        let account = self.state.portfolio().position(id).qty;
        let closes = share.is_positive() == account.is_positive()
            && !self.is_dust(id, share)
            && !self.is_dust(id, account);
        let may = self.state.trading_state() != TradingState::Halted;
        closes && may && self.state.frozen(id).is_none()
    }

    /// A target that crosses at once and was missed, where it is to be tried again now.
    fn owed(&self, sleeve: SleeveId) -> Result<Option<Intent>, BotError> {
        let crosses = |one: &_| matches!(one, Want::Target { execution: Execution::Cross, .. });
        let Some(carrying) = self.state.carrying(sleeve).filter(|one| crosses(&one.want())) else {
            return Ok(None);
        };
        let due = self.is_more_due(sleeve, &carrying)? && !self.is_held_back(sleeve);
        Ok(due.then(|| Intent { sleeve, want: carrying.want() }))
    }

    /// What a sleeve's program says that it wants, new or not.
    pub(super) fn wanted(
        &self,
        sleeve: SleeveId,
        breakers: Breakers,
    ) -> Result<Option<Intent>, BotError> {
        let seat = self.sleeves.get(sleeve.index()).ok_or(BotError::Unknown)?;
        let Decides::Program { program, decision } = &seat.decides else {
            return Ok(None);
        };
        let want = match *decision {
            Decision::Target { band, execution, .. } => {
                Some(Want::Target { fraction: program.output(0), band, execution })
            }
            Decision::Quote(_) => self.quote_due(sleeve, breakers)?.map(Want::Quote),
        };
        Ok(want.map(|want| Intent { sleeve, want }))
    }

    /// What sleeve `turn` of an instrument wants on the present change of its book, if its program
    /// ran on it and that is anything new.
    pub(super) fn due_on_book(
        &self,
        sleeve: SleeveId,
        breakers: Breakers,
    ) -> Result<Option<Intent>, BotError> {
        if self.netting.ran.get(sleeve.index()) != Some(&true) {
            return Ok(None);
        }
        let Some(intent) = self.wanted(sleeve, breakers)? else {
            return Ok(None);
        };
        Ok(self.is_due(&intent)?.then_some(intent))
    }

    /// Write down what a glance at a book of several led to, and carry it on.
    #[cold]
    pub(super) fn settle_together(
        &mut self,
        sleeve: SleeveId,
        out: &mut Output,
    ) -> Result<(), BotError> {
        let id = self.sleeves.get(sleeve.index()).ok_or(BotError::Unknown)?.instrument;
        let breakers = self.state.breakers();
        let mut wants = self.room();
        let mut turn = 0;
        while let Some(sleeve) = self.seat(id, turn) {
            turn += 1;
            wants.extend(self.due_on_book(sleeve, breakers)?);
        }
        let crossed = self.want_together(id, &wants, breakers, out)?;
        self.netting.wants = wants;
        // What was crossed has its exits now, and not with the next second.
        if crossed { self.cover(&Event::Time(self.now), out) } else { Ok(()) }
    }

    fn room(&mut self) -> Vec<Intent> {
        let mut wants = take(&mut self.netting.wants);
        wants.clear();
        wants
    }

    /// Cross what sleeves of an instrument want at the same moment, then act on the rest, in their
    /// order. Whether anything was crossed.
    fn want_together(
        &mut self,
        id: InstrumentId,
        wants: &[Intent],
        breakers: Breakers,
        out: &mut Output,
    ) -> Result<bool, BotError> {
        let mut offers = take(&mut self.netting.offers);
        offers.clear();
        for Intent { sleeve, want } in wants {
            let (sleeve, view) = (*sleeve, self.view(*sleeve, breakers)?);
            if self.state.is_working(sleeve) {
                continue;
            }
            // What stands against it, the long way says.
            if let Ok(Some(Offer { side, qty, whole })) = risk::offered(want, &view) {
                offers.push(Offering { sleeve, side, left: qty, whole });
            }
        }
        let has = |side: Side| offers.iter().any(|offer| offer.side == side);
        let crosses = has(Side::Buy) && has(Side::Sell);
        if crosses {
            let offered = |intent: &&Intent| offers.iter().any(|o| o.sleeve == intent.sleeve);
            for intent in wants.iter().filter(offered) {
                self.keep(Record::Intent { ts: self.now, intent: *intent }, out)?;
            }
            self.cross(id, &mut offers, out)?;
        }
        for intent in wants {
            let offer = offers.iter().find(|offer| crosses && offer.sleeve == intent.sleeve);
            match offer {
                // All of it was had, or all but what its venue takes no order for.
                Some(offer) if offer.whole && self.is_dust(id, offer.left) => {}
                Some(_) => self.act(intent, breakers, out)?,
                None => self.want_under(intent, breakers, out)?,
            }
        }
        self.netting.offers = offers;
        Ok(crosses)
    }

    /// The first that sells trades with the first that buys, until one side is done.
    fn cross(
        &mut self,
        instrument: InstrumentId,
        offers: &mut [Offering],
        out: &mut Output,
    ) -> Result<(), BotError> {
        let Some(mark) = self.mark_of(instrument) else {
            return Ok(());
        };
        loop {
            let first = |side: Side| {
                let mut left = offers.iter().filter(|one| one.left.is_positive());
                left.find(|one| one.side == side).copied()
            };
            let Some((seller, buyer)) = first(Side::Sell).zip(first(Side::Buy)) else {
                return Ok(());
            };
            let qty = seller.left.min(buyer.left);
            let (seller, buyer, price) = (Some(seller.sleeve), Some(buyer.sleeve), mark.price);
            let cross = Cross { instrument, seller, buyer, price, qty };
            self.keep(Record::Crossed { ts: self.now, cross }, out)?;
            for offer in offers.iter_mut() {
                if Some(offer.sleeve) == seller || Some(offer.sleeve) == buyer {
                    offer.left = offer.left.minus(qty)?;
                }
            }
        }
    }

    /// Hold nothing, whatever the strategies want and however often it was asked for.
    pub(super) fn flatten(&mut self, out: &mut Output) -> Result<(), BotError> {
        let want = FLAT;
        self.gather_all(out)?;
        for sleeve in (0..).map(SleeveId).take(self.sleeves.len()) {
            self.want(&Intent { sleeve, want }, out)?;
        }
        Ok(())
    }

    /// What a flattening left, the venue having had nothing to trade it against: once more.
    pub(super) fn flatten_rest(&mut self, out: &mut Output) -> Result<(), BotError> {
        let want = FLAT;
        self.gather_all(out)?;
        for place in 0..self.sleeves.len() {
            let sleeve = SleeveId(u32::try_from(place).map_err(|_| Overflow)?);
            let held = self.sleeves.get(place).map(|sleeve| sleeve.instrument);
            let held = held.is_some_and(|id| !self.is_dust(id, self.holding_in(id, sleeve).qty));
            if held && self.is_free(sleeve) {
                self.want(&Intent { sleeve, want }, out)?;
            }
        }
        Ok(())
    }

    /// Whether nothing of a sleeve works or waits.
    fn is_free(&self, sleeve: SleeveId) -> bool {
        !self.state.is_working(sleeve) && !self.state.is_waiting(sleeve)
    }

    fn gather_all(&mut self, out: &mut Output) -> Result<(), BotError> {
        for id in (0..).map(InstrumentId).take(self.markets.len()) {
            self.gather(id, out)?;
        }
        Ok(())
    }

    /// All that is held of an instrument comes into the hands of one sleeve, the one that holds
    /// the most, so that one order closes it: shares that lie against each other, dust of several
    /// that is none together, what belongs to no sleeve. Those with orders close theirs themselves.
    fn gather(&mut self, instrument: InstrumentId, out: &mut Output) -> Result<(), BotError> {
        let (mut lead, mut most, mut turn) = (None, Qty::ZERO, 0);
        while let Some(sleeve) = self.seat(instrument, turn) {
            turn += 1;
            let size = self.holding_in(instrument, sleeve).qty.magnitude()?;
            if self.is_free(sleeve) && (lead.is_none() || size > most) {
                (lead, most) = (Some(sleeve), size);
            }
        }
        let Some(lead) = lead else {
            return Ok(());
        };
        let Ok(price) = risk::crossing_price(&self.view(lead, self.state.breakers())?) else {
            return Ok(());
        };
        let mut hand_over = |bot: &mut Self, from: Option<SleeveId>, qty: Qty| {
            let (seller, buyer) =
                if qty.is_positive() { (from, Some(lead)) } else { (Some(lead), from) };
            let cross = Cross { instrument, seller, buyer, price, qty: qty.magnitude()? };
            match qty {
                Qty::ZERO => Ok(()),
                _ => bot.keep(Record::Crossed { ts: bot.now, cross }, out),
            }
        };
        let unclaimed = self.unclaimed(instrument)?.qty;
        hand_over(self, None, unclaimed)?;
        turn = 0;
        while let Some(sleeve) = self.seat(instrument, turn) {
            turn += 1;
            let qty = self.holding_in(instrument, sleeve).qty;
            if sleeve != lead && self.is_free(sleeve) {
                hand_over(self, Some(sleeve), qty)?;
            }
        }
        Ok(())
    }
}
